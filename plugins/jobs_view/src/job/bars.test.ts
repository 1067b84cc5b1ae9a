import assert from "node:assert/strict";
import { test } from "node:test";

import { barsOf, comparedBars } from "./bars.ts";

const numbers = (edges: number[], counts: number[], below = 0) => ({
  rows: 10,
  nulls: 0,
  histogram: { edges, counts, below, above: 0 },
});
const words = (frequencies: Record<string, number>) => ({ rows: 10, nulls: 0, frequencies });
const heights = (bars: { height: number }[]) => bars.map(({ height }) => height);

test("a bin has a bar as high as it has rows", () => {
  assert.deepEqual(heights(barsOf(numbers([0, 1, 2], [2, 4]))), [0.5, 1]);
  assert.deepEqual(
    heights(barsOf(numbers([0, 1, 2], [2, 4], 4))),
    [1, 0.5, 1, 0],
    "rows below the bins of a reference",
  );
  assert.deepEqual(heights(barsOf(words({ a: 1, b: 4 }))), [1, 0.25]);
  assert.deepEqual(barsOf({ rows: 0, nulls: 0 }), []);
});

test("two columns are drawn on the same axes", () => {
  const [mine, theirs] = comparedBars(numbers([0, 1, 2], [5, 5]), numbers([0, 2, 4], [50, 50]));
  assert.deepEqual(
    mine.map(({ start, end }) => [start, end]),
    [
      [0, 0.25],
      [0.25, 0.5],
    ],
  );
  assert.deepEqual(heights(mine), [1, 1]);
  assert.deepEqual(heights(theirs), [0.5, 0.5], "as many rows on twice the width");
});

test("two columns of categories have their bars in the same order", () => {
  // c is half of the others and none of these; b is most of these and none of the others; a is in both.
  const [mine, theirs] = comparedBars(words({ a: 1, b: 3 }), words({ a: 10, c: 10 }));
  assert.deepEqual(heights(mine), [1, 1 / 3, 0]);
  assert.deepEqual(heights(theirs), [0, 2 / 3, 2 / 3]);
});
