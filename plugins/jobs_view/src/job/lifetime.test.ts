import assert from "node:assert/strict";
import { test } from "node:test";

import type { Event, JobEvent, JobStatus, WholeJob } from "../api/client.ts";
import { en } from "../texts/en.ts";
import { fr } from "../texts/fr.ts";
import { paletteOf, shares, stepOf, stretches, waitOf } from "./lifetime.ts";

const START = Date.parse("2026-03-29T00:00:00Z");
/** A job with these events, each so many seconds after the start. */
const job = (status: JobStatus, ...events: [Event, number][]): WholeJob =>
  ({
    status,
    events: events.map(([event, seconds]) => ({ event, at: new Date(START + seconds * 1000).toISOString() })),
  }) as unknown as WholeJob;
const at = (seconds: number): number => START + seconds * 1000;
const lasted = (whole: WholeJob, now = 1000) => stretches(whole, at(now)).map((stretch) => stretch.lasted);
const shared = (whole: WholeJob, now = 1000) =>
  shares(stretches(whole, at(now))).map(({ event, seconds }) => [event, seconds]);

test("an event lasts until the next one, and the end of a job lasts no time", () => {
  const done = job("completed", ["created", 0], ["queued", 2], ["running", 2.5], ["completed", 10]);
  assert.deepEqual(lasted(done), [2, 0.5, 7.5, null]);
  assert.deepEqual(
    stretches(done, at(1000)).map(({ open }) => open),
    [false, false, false, false],
  );
});

test("the last event of a job that goes on lasts until now, and is open", () => {
  const running = job("running", ["created", 0], ["running", 5]);
  assert.deepEqual(lasted(running, 65), [5, 60]);
  assert.deepEqual(
    stretches(running, at(65)).map(({ open }) => open),
    [false, true],
  );
});

test("a job without events has no stretches", () => {
  assert.deepEqual(stretches(job("created"), at(0)), []);
  assert.deepEqual(shares([]), []);
});

test("clocks that differ make no negative times", () => {
  assert.deepEqual(lasted(job("running", ["created", 10], ["running", 7]), 3), [0, 0]);
});

test("time between an end and being cleared is nobody's", () => {
  const again = job("completed", ["running", 0], ["failed", 5], ["cleared", 500], ["running", 510], ["completed", 520]);
  assert.deepEqual(lasted(again), [5, null, 10, 10, null]);
  assert.deepEqual(shared(again), [
    ["running", 15],
    ["cleared", 10],
  ]);
});

test("each way to end is one", () => {
  for (const end of ["completed", "failed", "cancelled", "skipped", "repeated"] as const) {
    assert.deepEqual(lasted(job("running", ["running", 0], [end, 5], ["cleared", 9]), 9)[1], null, end);
  }
});

test("steps are parts of running; reasons to wait, of where the job is; a refused answer, of awaiting approval", () => {
  assert.deepEqual(shared(job("completed", ["running", 0], ["step", 3], ["step", 4], ["completed", 10])), [
    ["running", 10],
  ]);
  assert.deepEqual(shared(job("queued", ["created", 0], ["waiting", 5], ["queued", 20], ["waiting", 30]), 100), [
    ["created", 20],
    ["queued", 80],
  ]);
  assert.deepEqual(shared(job("completed", ["awaiting_approval", 0], ["refused", 60], ["completed", 100])), [
    ["awaiting_approval", 100],
  ]);
});

test("time after a worker was lost is not counted until the job is tried again", () => {
  assert.deepEqual(
    shared(job("completed", ["running", 0], ["lost", 10], ["retrying", 70], ["running", 100], ["completed", 105])),
    [
      ["running", 15],
      ["retrying", 30],
    ],
  );
});

test("shares stand in the order in which the job first came there", () => {
  const whole = job("completed", ["created", 0], ["queued", 1], ["running", 2], ["queued", 3], ["completed", 9]);
  assert.deepEqual(
    shared(whole).map(([event]) => event),
    ["created", "queued", "running"],
  );
});

test("each event has a colour", () => {
  for (const event of Object.keys(en.events) as Event[]) {
    assert.match(paletteOf(event), /^[a-z_]+$/, event);
  }
});

const told = (detail: Record<string, unknown>): JobEvent => ({ detail }) as JobEvent;

test("a step has its name in the reader's language, else its own in words", () => {
  assert.equal(stepOf(told({ step: "train_started" }), fr.steps), "entraînement commencé");
  assert.equal(stepOf(told({ step: "train_started" }), en.steps), "train started");
  assert.equal(stepOf(told({ step: "a_new_step" }), fr.steps), "a new step");
  assert.equal(stepOf(told({ step: "constructor" }), en.steps), "constructor");
});

test("what a job waits for is said by its cause, else in the words of the ledger", () => {
  assert.equal(waitOf(told({ cause: "pool", pool: "gpu", reason: "x" }), en.waits), "The pool gpu has no free slot.");
  assert.equal(waitOf(told({ cause: "moon", reason: "It waits for the moon." }), fr.waits), "It waits for the moon.");
  assert.equal(waitOf(told({ cause: "toString", reason: "It waits." }), en.waits), "It waits.");
});
