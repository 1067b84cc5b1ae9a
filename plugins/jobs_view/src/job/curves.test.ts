import assert from "node:assert/strict";
import { test } from "node:test";

import { columnsOf, pathOf, placeOf, shareOf, zeroOf } from "./curves.ts";

const AREA = { left: 40, top: 10, width: 200, height: 100 };

test("a curve goes from the lower left to the upper right", () => {
  assert.deepEqual(placeOf(AREA, [0, 0]), [40, 110]);
  assert.equal(
    pathOf(AREA, [
      [0, 0],
      [1 / 3, 0.5],
      [1, 1],
    ]),
    "M40 110L106.67 60L240 10",
  );
});

test("columns are as wide as their bins, and as high as their share of the greatest", () => {
  assert.deepEqual(columnsOf(AREA, [-1, 0, 3], [5, 10]), [
    { x: 40, y: 60, width: 49, height: 50 },
    { x: 90, y: 10, width: 149, height: 100 },
  ]);
});

test("a bin with few rows is visible, and an empty one is not", () => {
  assert.deepEqual(
    columnsOf(AREA, [0, 1, 2, 3], [1, 100_000, 0]).map(({ height }) => height),
    [1, 100, 0],
  );
  assert.deepEqual(
    columnsOf(AREA, [0, 1], [0]).map(({ height }) => height),
    [0],
  );
});

test("zero has a place where it is among the bins", () => {
  assert.equal(zeroOf(AREA, [-1, 0, 3]), 90);
  assert.equal(zeroOf(AREA, [0.5, 1]), null);
});

test("shares are those of the rows with the label", () => {
  assert.equal(shareOf([6, 2], 2), 0.25);
  assert.equal(shareOf([0, 0], 0), 0);
});
