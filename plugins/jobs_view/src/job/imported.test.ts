import assert from "node:assert/strict";
import { test } from "node:test";

import { en } from "../texts/en.ts";
import { Formats } from "../texts/formats.ts";
import { fr } from "../texts/fr.ts";
import { fileFacts, type ImportedDefinition, warningText } from "./imported.ts";
import { importedOf, taskOf, warningsOf } from "./measured.ts";

const FORMATS = new Formats("en", "UTC", en);
const DEFINITION: ImportedDefinition = {
  model: { format: "onnx", type: "binary", classes: [0, 1], positive: 1 },
  file: { name: "late.onnx", address: "flights/late.onnx", size: 504, sha256: "0" },
  found: { library: "onnxruntime", library_version: "1.32.0", producer: "" },
  external_id: null,
  mapped: "in_order",
  inputs: [
    ["column 1", "month"],
    ["distance", "distance"],
  ],
  warnings: [{ code: "in_order", file: "late.onnx" }],
};

test("the facts of a file, with the pairs of inputs and features", () => {
  const facts = new Map(fileFacts(DEFINITION, en.imported, FORMATS));
  assert.equal(facts.get(en.imported.format), "onnx, read with onnxruntime 1.32.0");
  assert.equal(facts.get(en.imported.inOrder), "column 1 → month, distance");
  assert.equal(facts.get(en.imported.positive), "1");
  assert.equal(facts.get(en.imported.madeBy), en.imported.unknown);
});

test("of many inputs the first ones and the number of the others", () => {
  const inputs = Array.from({ length: 60 }, (_, place): [string, string] => [`f${String(place)}`, "x"]);
  const facts = new Map(fileFacts({ ...DEFINITION, inputs, mapped: "by_name" }, en.imported, FORMATS));
  assert.match(facts.get(en.imported.byName) ?? "", /f49 → x, and 10 more$/);
});

test("a warning in both languages, and one that this page does not know", () => {
  const warning = { code: "rounding", column: "at", largest: 1.7e9, deviation: 34.5, error: 101 };
  assert.match(
    warningText(warning, en.imported, FORMATS),
    /^at has values up to 1,700,000,000 with a standard deviation/,
  );
  assert.match(warningText(warning, fr.imported, FORMATS), /^at a des valeurs jusqu'à/);
  assert.equal(warningText({ code: "later", a: 1 }, en.imported, FORMATS), '{"code":"later","a":1}');
});

test("a definition is of an imported model or of a feature task", () => {
  const task = { output: "features.rates", language: "sql", key: ["id"], incremental: null };
  assert.equal(importedOf({ definition: task }), undefined);
  assert.equal(taskOf({ definition: DEFINITION }), undefined);
  assert.equal(taskOf({ definition: task }), task);
  const statistics = { rows: 1, data_sha256: "", warnings: [{ code: "rounding" }] };
  assert.equal(warningsOf({ definition: DEFINITION, statistics }).length, 2);
  assert.deepEqual(warningsOf({}), []);
});
