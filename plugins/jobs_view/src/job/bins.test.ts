import assert from "node:assert/strict";
import { test } from "node:test";

import { mostMoved } from "./bins.ts";

const bin = (name: string, before: number, now: number) => ({ name, before, now });

test("the bins that have moved most are shown in their order", () => {
  const bins = [bin("a", 0.5, 0.5), bin("b", 0.3, 0.1), bin("c", 0.2, 0.1), bin("d", 0, 0.3)];
  assert.deepEqual(
    mostMoved(bins, 2).map(({ name }) => name),
    ["b", "d"],
  );
  assert.deepEqual(mostMoved(bins, 9), bins);
});
