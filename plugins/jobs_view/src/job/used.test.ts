import assert from "node:assert/strict";
import { suite, test } from "node:test";

import type { JobUsage } from "../api/client";
import { en } from "../texts/en.ts";
import { Formats } from "../texts/formats.ts";
import { fr } from "../texts/fr.ts";
import { mostUsed, nextRequest, requested, sizeToWrite, used } from "./used.ts";

const GIB = 2 ** 30;
const NOTHING = { queue: null, pool: null, memory: null, cpu_seconds: null, seconds: null };
const RECENT = {
  jobs: 10,
  peak_memory: GIB,
  peak_allocated: GIB,
  cpu_seconds: 40,
  memory: 1.25 * GIB,
  cpu_seconds_to_request: 120,
};
const usage = (values: Partial<JobUsage> = {}): JobUsage => ({
  peak_memory: GIB,
  peak_allocated: 2 * GIB,
  cpu_seconds: 90,
  requested: NOTHING,
  recent: RECENT,
  ...values,
});
const english = new Formats("en", "UTC", en);
const french = new Formats("fr", "UTC", fr);

suite("what a job has used", () => {
  test("is named in both languages", () => {
    assert.deepEqual(used(usage(), en.usage, english), [
      ["Peak memory", "1 GiB"],
      ["Largest allocation", "2 GiB"],
      ["CPU time", "1 min 30 s"],
    ]);
    assert.deepEqual(used(usage(), fr.usage, french)[0], ["Pic de mémoire", "1 Gio"]);
  });

  test("is empty if no code was measured", () => {
    const nothing = { peak_memory: null, peak_allocated: null, cpu_seconds: null };
    assert.deepEqual(used(usage(nothing), en.usage, english), []);
  });
});

test("what the version requests", () => {
  const all = { queue: "gpu", pool: "database", memory: 4 * GIB, cpu_seconds: 3600, seconds: 90 };
  assert.deepEqual(requested(usage({ requested: all }), en.usage, english), [
    "queue gpu",
    "pool database",
    "4 GiB of memory",
    "1 h 00 min of CPU time",
    "1 min 30 s of time",
  ]);
  assert.deepEqual(requested(usage(), en.usage, english), []);
});

test("the most that recent jobs have used", () => {
  assert.deepEqual(mostUsed(RECENT, en.usage, english), ["1 GiB of memory", "1 GiB allocated", "40 s of CPU time"]);
});

suite("the next request", () => {
  test("is what can be written into config.json", () => {
    const text = nextRequest(usage()) ?? "";
    assert.equal(text, '"resources": {"memory": "1.25 GiB", "cpu_seconds": 120}');
    assert.deepEqual(JSON.parse(`{${text}}`), { resources: { memory: "1.25 GiB", cpu_seconds: 120 } });
  });

  test("keeps what is not measured", () => {
    const requested = { ...NOTHING, queue: "gpu", pool: "database", seconds: 60, memory: 1 };
    assert.deepEqual(JSON.parse(`{${nextRequest(usage({ requested })) ?? ""}}`), {
      resources: { queue: "gpu", pool: "database", memory: "1.25 GiB", cpu_seconds: 120, seconds: 60 },
    });
  });

  test("is not made without measurements", () => {
    assert.equal(nextRequest(usage({ recent: null })), null);
  });

  test("has sizes in units that the file may have", () => {
    assert.deepEqual([0.5 * GIB, 1.5 * GIB, GIB + 1].map(sizeToWrite), ["512 MiB", "1.5 GiB", "1025 MiB"]);
  });
});
