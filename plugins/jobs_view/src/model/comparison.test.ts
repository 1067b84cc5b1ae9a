import assert from "node:assert/strict";
import { test } from "node:test";

import { differences, pinned, sameness } from "./comparison.ts";
import { objectOf } from "./hyperparameters.ts";

test("only what differs is told, with what is missing on one side", () => {
  assert.deepEqual(
    differences({ depth: 3, same: [1, { a: 1, b: 2 }], gone: null }, { depth: 4, same: [1, { b: 2, a: 1 }], new: "x" }),
    [
      ["depth", "3", "4"],
      ["gone", "null", null],
      ["new", null, "x"],
    ],
  );
  assert.deepEqual(differences(null, {}), []);
});

test("names of users' code are names like others", () => {
  assert.deepEqual(differences({ constructor: 1 }, {}), [["constructor", "1", null]]);
  assert.deepEqual(differences(JSON.parse('{"__proto__": 1}') as Record<string, unknown>, {}), [
    ["__proto__", "1", null],
  ]);
});

test("hashes are the same, different or not recorded", () => {
  assert.deepEqual(
    [sameness("a", "a"), sameness("a", "b"), sameness(null, "b"), sameness(null, null)],
    ["same", "different", "unknown", "unknown"],
  );
  const one = { code_sha256: "a", requirements_sha256: "b", data_sha256: null, artifact_sha256: "c", commit: null };
  assert.deepEqual(pinned(one, { ...one, code_sha256: "x" }), [
    ["code", "different"],
    ["packages", "same"],
    ["trainingRows", "unknown"],
    ["artifacts", "same"],
    ["commit", "unknown"],
  ]);
});

test("hyperparameters are an object", () => {
  assert.deepEqual(objectOf('{"depth": 3}'), { depth: 3 });
  for (const text of ["", "[]", "null", "3", "{", '"x"']) {
    assert.equal(objectOf(text), null, text);
  }
});
