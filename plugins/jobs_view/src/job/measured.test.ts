import assert from "node:assert/strict";
import { test } from "node:test";

import type { WholeJob } from "../api/client.ts";
import { en } from "../texts/en.ts";
import { Formats } from "../texts/formats.ts";
import { comparedMetrics, type Measured, measuredBy, rowsBeside } from "./measured.ts";

const FORMATS = new Formats("en", "UTC", en);
const measured = (digest?: string): Measured => ({ digest, rows: 1, metrics: {}, data_sha256: "" });
const job = (type: WholeJob["type"], digest?: string) => ({ type, result: digest === undefined ? null : { digest } });

test("an evaluation's own measurement counts, though there are newer ones", () => {
  const evaluations = [measured("a"), measured("b"), measured("c")];
  assert.equal(measuredBy(job("evaluation", "a"), { evaluations })?.digest, "a");
  assert.equal(measuredBy(job("feature_run", "b"), { evaluations })?.digest, "b");
});

test("for another job, and for one whose own there is not, the newest counts", () => {
  const evaluations = [measured("a"), measured("b")];
  assert.equal(measuredBy(job("approval", "a"), { evaluations })?.digest, "b");
  assert.equal(measuredBy(job("evaluation", "z"), { evaluations })?.digest, "b");
  assert.equal(measuredBy(job("evaluation"), { evaluations })?.digest, "b");
});

test("nothing was measured yet", () => {
  assert.equal(measuredBy(job("approval"), { evaluations: null }), undefined);
  assert.equal(measuredBy(job("approval"), { evaluations: [] }), undefined);
});

test("metrics that differ look different, with the difference", () => {
  assert.deepEqual(comparedMetrics({ auc: 0.72345678, rows: 1000 }, { auc: 0.72345671, rows: 1000 }, FORMATS), [
    ["auc", "0.7234568", "0.7234567", "+7E-8"],
    ["rows", "1,000", "1,000", "0"],
  ]);
});

test("without a champion there is nothing beside a metric", () => {
  assert.deepEqual(comparedMetrics({ auc: 0.5 }, null, FORMATS), [["auc", "0.5", "–", ""]]);
  assert.deepEqual(comparedMetrics({}, null, FORMATS), []);
});

test("a metric that only one of both has is shown, the version's own first", () => {
  assert.deepEqual(comparedMetrics({ f1: 0 }, { auc: 0.7, f1: -0.5 }, FORMATS), [
    ["f1", "0", "-0.5", "+0.5"],
    ["auc", "–", "0.7", ""],
  ]);
});

test("metrics that are no numbers are shown as JSON, without a difference", () => {
  const mine = { matrix: [[1, 2]], best: "tree", none: null, ok: true, mixed: 1 };
  assert.deepEqual(comparedMetrics(mine, { best: "forest", mixed: "1" }, FORMATS), [
    ["matrix", "[[1,2]]", "–", ""],
    ["best", '"tree"', '"forest"', ""],
    ["none", "–", "–", ""],
    ["ok", "true", "–", ""],
    ["mixed", "1", '"1"', ""],
  ]);
});

test("the headline comes first, in its order", () => {
  const shown = comparedMetrics({ mcc: 0.3, auc: null, f1: 0.5 }, { auc: 0.7, brier: 0.1 }, FORMATS, ["f1", "auc"]);
  assert.deepEqual(
    shown.map(([name, mine]) => [name, mine]),
    [
      ["f1", "0.5"],
      ["auc", "–"],
      ["mcc", "0.3"],
      ["brier", "–"],
    ],
  );
});

test("rows are said to be the same only if they have the same hash", () => {
  const [one, another] = [{ data_sha256: "a" }, { data_sha256: "b" }];
  const task = { definition: { output: "features.x", language: "sql", key: ["id"], incremental: null } };
  assert.equal(rowsBeside({}, one, one), "sameRows");
  assert.equal(rowsBeside({}, one, another), "otherRows");
  assert.equal(rowsBeside(task, one, one), "sameOutput");
  assert.equal(rowsBeside(task, one, another), "newRows");
});
