import assert from "node:assert/strict";
import { test } from "node:test";

import type { Version } from "../api/client.ts";
import {
  type Choice,
  choiceOf,
  comparedFirst,
  comparedIn,
  glanceOf,
  isBetter,
  listed,
  numericMetrics,
  pointsOf,
  valueOf,
} from "./versions.ts";

const version = (number: number, parts: Partial<Version> = {}): Version => ({
  id: number,
  model: "here/quick",
  number,
  status: "evaluated",
  created_by: "ada",
  created_at: "2026-03-29T00:00:00Z",
  commit: null,
  job_id: number,
  metrics: { auc: number / 10 },
  verdict: null,
  approver: null,
  decided_at: null,
  comment: null,
  statistics_jobs: [],
  deployments: [],
  ...parts,
});
const deployed = { deployments: [{ id: 7, target: "predictions.quick" }] };
const ALL: Choice = { status: "", search: "", order: "newest", failed: false };
const numbers = (versions: Version[], choice: Partial<Choice>, better: "higher" | "lower" | null = "higher") =>
  listed(versions, { ...ALL, ...choice }, "auc", better).shown.map(({ number }) => number);

const FOUR = [
  version(1, { status: "approved", approver: "Grace" }),
  version(2, { status: "failed", metrics: null }),
  version(3, { metrics: { auc: 0.05 }, commit: "abc123" }),
  version(4, deployed),
];

test("failed attempts are folded away, and counted", () => {
  assert.deepEqual(listed(FOUR, ALL, "auc", "higher").folded, 1);
  assert.deepEqual(numbers(FOUR, {}), [4, 3, 1]);
  assert.deepEqual(numbers(FOUR, { failed: true }), [4, 3, 2, 1]);
  assert.deepEqual(numbers(FOUR, { status: "failed" }), [2]);
});

test("versions are found by what is shown of them", () => {
  for (const [search, found] of [
    ["grace", [1]],
    [" ABC1", [3]],
    ["v4", [4]],
    ["predictions.", [4]],
    ["ada", [4, 3, 1]],
    ["nobody", []],
  ] as const) {
    assert.deepEqual(numbers(FOUR, { search }), found, search);
  }
});

test("the best come first by the direction of the metric, those without a value last", () => {
  const versions = [...FOUR, version(5, { metrics: { auc: "high" } })];
  assert.deepEqual(numbers(versions, { order: "best" }), [4, 1, 3, 5]);
  assert.deepEqual(numbers(versions, { order: "best" }, "lower"), [3, 1, 4, 5]);
  assert.deepEqual(numbers(versions, { order: "oldest" }), [1, 3, 4, 5]);
});

test("what an address doesn't say is as on the first visit", () => {
  assert.deepEqual(choiceOf(new URLSearchParams()), ALL);
  assert.deepEqual(choiceOf(new URLSearchParams("status=failed&search=x&sort=best&failed=1")), {
    status: "failed",
    search: "x",
    order: "best",
    failed: true,
  });
  assert.equal(choiceOf(new URLSearchParams("sort=constructor")).order, "newest");
});

test("only own numbers are values", () => {
  assert.equal(valueOf({ metrics: { auc: 0 } }, "auc"), 0);
  for (const metric of ["constructor", "text", null]) {
    assert.equal(valueOf({ metrics: { text: "0.5" } }, metric), null);
  }
  assert.equal(valueOf({ metrics: null }, "auc"), null);
});

test("better needs a direction and a difference", () => {
  assert.equal(isBetter(2, 1, "higher"), true);
  assert.equal(isBetter(2, 1, "lower"), false);
  assert.equal(isBetter(2, 2, "lower"), null);
  assert.equal(isBetter(2, 1, null), null);
});

test("the metrics to choose from are numbers, the preferred one first", () => {
  const versions = [version(1, { metrics: { rows: 9, kind: "x" } }), version(2)];
  assert.deepEqual(numericMetrics(versions, "auc"), ["auc", "rows"]);
  assert.deepEqual(numericMetrics(versions, "gone"), ["rows", "auc"]);
  assert.deepEqual(numericMetrics([], null), []);
});

test("a chart has the versions in their order, and marks those in production", () => {
  const points = pointsOf(FOUR, "auc");
  assert.deepEqual(
    points.map(({ number, value, inProduction }) => [number, value, inProduction]),
    [
      [1, 0.1, false],
      [3, 0.05, false],
      [4, 0.4, true],
    ],
  );
  const glance = glanceOf(points, "higher");
  assert.deepEqual([glance.newest?.number, glance.best?.number, glance.production.length], [4, 4, 1]);
  assert.equal(glanceOf(points, "lower").best?.number, 3);
  assert.equal(glanceOf(points, null).best, null);
  assert.deepEqual(glanceOf([], "higher"), { newest: null, best: null, production: [] });
});

test("the newest version is compared with what is in production, else with the one before", () => {
  assert.deepEqual(comparedFirst([...FOUR, version(5)]), [5, 4]);
  assert.deepEqual(comparedFirst(FOUR), [4, 3]);
  assert.equal(comparedFirst([version(1), version(2, { status: "failed" })]), null);
});

test("an address names two versions", () => {
  assert.deepEqual(comparedIn("3,5"), [3, 5]);
  for (const text of [null, "", "3", "3,", "3,x", "0,1", "1,2,3", "1.5,2"]) {
    assert.equal(comparedIn(text), null, String(text));
  }
});
