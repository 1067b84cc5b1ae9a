import assert from "node:assert/strict";
import { test } from "node:test";

import { GROUPS, groupLabels, JOB_TYPES, typeLabels, typesOf } from "./jobTypes.ts";

test("every type stands in one group, and every group has a type", () => {
  assert.deepEqual(GROUPS.flatMap(typesOf).sort(), Object.keys(JOB_TYPES).sort());
  for (const group of GROUPS) {
    assert.notEqual(typesOf(group).length, 0, group);
  }
});

test("types and groups have the labels of the language", () => {
  assert.equal(typeLabels("fr").training, "Formation");
  assert.equal(typeLabels("en").training, "Training");
  assert.equal(groupLabels("fr").supporting, "Compléments");
});
