import assert from "node:assert/strict";
import { test } from "node:test";

import type { BatchOverTime } from "../api/client.ts";
import { rowsOverTime } from "./batches.ts";

const batch = (published_at: string, rows: number, interval_end: string | null = null): BatchOverTime => ({
  job_id: 1,
  interval_start: null,
  interval_end,
  published_at,
  superseded_at: null,
  rows,
  set_aside: 0,
});

test("batches of intervals stand at the ends of these, whenever they were published", () => {
  const found = rowsOverTime([
    batch("2026-03-09T00:00:00Z", 5, "2026-03-02T00:00:00Z"),
    batch("2026-03-05T00:00:00Z", 7, "2026-03-01T00:00:00Z"),
  ]);
  assert.deepEqual(
    found.map(({ seconds, rows }) => [new Date(seconds * 1000).getUTCDate(), rows]),
    [
      [1, 7],
      [2, 5],
    ],
  );
});

test("batches of all rows stand at their publication", () => {
  const found = rowsOverTime([batch("2026-03-09T00:00:00Z", 5), batch("2026-03-05T00:00:00Z", 7)]);
  assert.deepEqual(
    found.map(({ rows }) => rows),
    [7, 5],
  );
  assert.deepEqual(rowsOverTime([]), []);
});
