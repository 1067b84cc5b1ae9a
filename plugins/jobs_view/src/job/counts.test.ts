import assert from "node:assert/strict";
import { test } from "node:test";

import { countsOf } from "./counts.ts";

const numbers = (edges: number[], counts: number[], { below = 0, above = 0, nulls = 0, rows = 10 } = {}) => ({
  rows,
  nulls,
  histogram: { edges, counts, below, above },
});
const words = (frequencies: Record<string, number>, rows: number, nulls = 0) => ({ rows, nulls, frequencies });
const told = ({ bins }: { bins: { bin: string; reference_rows: number; rows: number }[] }) =>
  bins.map(({ bin, reference_rows, rows }) => [bin, reference_rows, rows]);

test("the bins of a column have all of its rows", () => {
  const values = numbers([0, 0.5, 1], [3, 2], { below: 1, above: 1, nulls: 2 });
  const [only, ...more] = countsOf({ values });
  assert.ok(only);
  assert.deepEqual(more, []);
  assert.equal(only.of, "now");
  assert.deepEqual(told(only), [
    ["below 0", 0, 1],
    ["0 … 0.5", 0, 3],
    ["0.5 … 1", 0, 2],
    ["above 1", 0, 1],
    ["null", 0, 2],
    ["not finite", 0, 1],
  ]);
  assert.deepEqual(
    only.bins.map(({ now }) => now),
    [0.1, 0.3, 0.2, 0.1, 0.2, 0.1],
  );
  const [plain] = countsOf({ values: numbers([0, 1, 2], [4, 6]) });
  assert.deepEqual(plain && told(plain), [
    ["0 … 1", 0, 4],
    ["1 … 2", 0, 6],
  ]);
});

test("edges have as many digits as tell them apart", () => {
  const [found] = countsOf({ values: numbers([1000.001, 1000.002, 1000.003], [5, 5]) });
  assert.deepEqual(
    found?.bins.map(({ bin }) => bin),
    ["1000.001 … 1000.002", "1000.002 … 1000.003"],
  );
});

test("categories come by their number of rows, those that are not named together", () => {
  const [found] = countsOf({ values: words({ a: 1, b: 6 }, 10, 2) });
  assert.deepEqual(found && told(found), [
    ["“b”", 0, 6],
    ["“a”", 0, 1],
    ["others", 0, 1],
    ["null", 0, 2],
  ]);
});

test("what has neither bins nor categories has no numbers", () => {
  assert.deepEqual(countsOf({ values: { rows: 3, nulls: 0 } }), []);
  assert.deepEqual(countsOf({ values: { rows: 3, nulls: 0 } }, { rows: 3, nulls: 0 }), []);
});

test("a run that was counted in the bins of what is deployed is shown beside it", () => {
  const bins = [
    { bin: "0 … 1", reference_rows: 30, rows: 1 },
    { bin: "above 1", reference_rows: 10, rows: 3 },
  ];
  const drift = { verdict: "major", index: 1, shift: 1, natural: null, detectable: null, bins };
  const [found, ...more] = countsOf({ values: numbers([0, 9], [4]), drift }, numbers([0, 1], [40]));
  assert.deepEqual(more, []);
  assert.equal(found?.of, "both");
  assert.deepEqual(
    found?.bins.map(({ before, now }) => [before, now]),
    [
      [0.75, 0.25],
      [0.25, 0.75],
    ],
  );
});

test("a run of an earlier release has its own bins, and what is deployed has others", () => {
  const found = countsOf({ values: numbers([0, 2], [10]), drift: 0.3 }, numbers([0, 1], [10]));
  assert.deepEqual(
    found.map(({ of, bins }) => [of, bins.map(({ bin }) => bin)]),
    [
      ["deployed", ["0 … 1"]],
      ["now", ["0 … 2"]],
    ],
  );
  const [categories] = countsOf({ values: words({ a: 1, b: 3 }, 5) }, words({ a: 10, c: 10 }, 20));
  assert.deepEqual(categories && told(categories), [
    ["“b”", 0, 3],
    ["“a”", 10, 1],
    ["“c”", 10, 0],
    ["others", 0, 1],
  ]);
});
