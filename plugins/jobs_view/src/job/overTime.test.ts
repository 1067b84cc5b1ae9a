import assert from "node:assert/strict";
import { test } from "node:test";

import type { Measurement } from "../api/client";
import { decimalsOf, metricsOf, overTime, timeOf } from "./overTime.ts";

const metric = (name: string, target = "late") => ({ target, metric: name, value: 0.5, lower: null, upper: null });

const measured = (run: number, values: Partial<Measurement>): Measurement => ({
  run_id: run,
  deployment_id: 1,
  error: null,
  version: 1,
  interval_start: null,
  interval_end: null,
  published_at: `2013-09-0${String(run)}T00:00:00Z`,
  superseded_at: null,
  rows: 1,
  labelled: 1,
  measured_at: "2013-10-01T00:00:00Z",
  job_id: 1,
  metrics: [metric("auc")],
  ...values,
});

const august = { interval_start: "2013-08-01T00:00:00Z", interval_end: "2013-09-01T00:00:00Z" };

test("of a data interval the batch that was published first is shown over time", () => {
  const found = overTime([measured(3, august), measured(2, august), measured(4, {}), measured(5, {})]);
  assert.deepEqual(
    found.map(({ run_id }) => run_id),
    [2, 4, 5],
  );
});

test("batches without labels have no place over time", () => {
  assert.deepEqual(overTime([measured(1, { metrics: [], labelled: 0 })]), []);
});

test("the time of a batch is the end of its interval, else its publication", () => {
  assert.equal(timeOf(measured(2, august)), Date.parse("2013-09-01T00:00:00Z") / 1000);
  assert.equal(timeOf(measured(2, {})), Date.parse("2013-09-02T00:00:00Z") / 1000);
});

test("metrics name their target only where there are several", () => {
  assert.deepEqual(
    metricsOf([measured(1, {}), measured(2, { metrics: [metric("brier")] })]).map(({ target, metric }) => [
      target,
      metric,
    ]),
    [
      [null, "auc"],
      [null, "brier"],
    ],
  );
  const both = [measured(1, { metrics: [metric("mae", "cost"), metric("mae", "days")] })];
  assert.deepEqual(
    metricsOf(both).map(({ target }) => target),
    ["cost", "days"],
  );
});

test("both ends of an interval are shown apart", () => {
  const decimals = (value: number, lower: number | null, upper: number | null) =>
    decimalsOf({ target: "y", metric: "mae", value, lower, upper });
  assert.equal(decimals(0.8623, 0.8582, 0.8664), 4);
  assert.equal(decimals(12350, 12340, 12351), 0);
  assert.equal(decimals(0.75, null, null), 4);
  assert.equal(decimals(0, null, null), 0);
});
