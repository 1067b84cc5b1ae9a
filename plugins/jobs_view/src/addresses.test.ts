import assert from "node:assert/strict";
import { test } from "node:test";

import {
  deploymentAddress,
  jobsOfAddress,
  dagAddress,
  distributionAddress,
  intervalsAddress,
  jobAddress,
  listAddress,
  pageAddress,
  runAddress,
  taskAddress,
  versionsAddress,
} from "./addresses.ts";
import type { Job } from "./api/client.ts";

const job = (parts: Partial<Job>): Job =>
  ({ dag_id: "model_lifecycle", run_id: "r", task_id: "train", map_index: -1, ...parts }) as Job;

test("a run's id is one part of the path, whatever characters it has", () => {
  assert.equal(
    runAddress({ dag_id: "a b", run_id: "scheduled__2026-03-29T00:00:00+00:00" }),
    "/dags/a%20b/runs/scheduled__2026-03-29T00%3A00%3A00%2B00%3A00",
  );
  const ids = { dag_id: "dag/é", run_id: "a/b?c=d&e#f%2F g\u{1F40D}" };
  const parts = new URL(runAddress(ids), "https://airflow.example").pathname.split("/").map(decodeURIComponent);
  assert.deepEqual(parts, ["", "dags", ids.dag_id, "runs", ids.run_id]);
});

test("a column of a drift check is opened whatever its name is", () => {
  const { searchParams } = new URL(
    distributionAddress(7, { role: "feature", variable: "a&b #1" }),
    "https://a.example",
  );
  assert.deepEqual([...searchParams.values()], ["drift", "feature a&b #1"]);
});

test("a task that is mapped has its index in the address, 0 included", () => {
  assert.equal(taskAddress(job({})), "/dags/model_lifecycle/runs/r/tasks/train");
  assert.equal(taskAddress(job({ map_index: 0 })), "/dags/model_lifecycle/runs/r/tasks/train/mapped/0");
  assert.equal(
    taskAddress(job({ map_index: 12, task_id: "g/t 1" })),
    "/dags/model_lifecycle/runs/r/tasks/g%2Ft%201/mapped/12",
  );
});

test("the list has its filters in the address, and no question mark without", () => {
  assert.equal(listAddress(), "/plugin/modelops");
  assert.equal(listAddress({}), "/plugin/modelops");
  assert.equal(listAddress(new URLSearchParams()), "/plugin/modelops");
  assert.equal(listAddress({ subject: "a&b +1" }), "/plugin/modelops?subject=a%26b+%2B1");
});

test("pages", () => {
  assert.equal(pageAddress("jobs"), listAddress());
  assert.equal(pageAddress("jobs", { type: "training" }), "/plugin/modelops?type=training");
  assert.equal(pageAddress("production"), "/plugin/modelops/production");
  assert.equal(
    pageAddress("production", { at: "2026-03-29T02:30" }),
    "/plugin/modelops/production?at=2026-03-29T02%3A30",
  );
  assert.equal(pageAddress("models", { model: "why?" }), "/plugin/modelops/models?model=why%3F");
});

test("versions of models and of feature tasks have pages of their own", () => {
  assert.equal(versionsAddress({ kind: "model", model: "here/quick" }), "/plugin/modelops/models/here/quick");
  assert.equal(versionsAddress({ kind: "feature_task", model: "a b/ö?" }), "/plugin/modelops/features/a%20b/%C3%B6%3F");
});

test("things with a number or a name", () => {
  assert.equal(jobAddress(9_007_199_254_740_991), "/plugin/modelops/jobs/9007199254740991");
  assert.equal(deploymentAddress(7), "/plugin/modelops/deployments/7");
  assert.equal(intervalsAddress(7), "/plugin/modelops/deployments/7/intervals");
  assert.equal(
    jobsOfAddress({ model: "a/b", version: 2, id: 7 }),
    "/plugin/modelops?subject=a%2Fb+v2+%28deployment+7%29",
  );
  assert.equal(dagAddress("deployment_7/é"), "/dags/deployment_7%2F%C3%A9");
});
