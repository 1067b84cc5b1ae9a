import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import {
  act,
  type ArtifactFile,
  artifactAddress,
  getJobs,
  getLog,
  isWorthAnotherTry,
  RequestFailed,
  type JobFilter,
} from "./client.ts";

const BASE = "https://airflow.example/team/";
const NEVER = new AbortController().signal;

/** Answers all requests, and keeps them. */
const answering = (answer: () => Response | Promise<Response>): URL[] => {
  const asked: URL[] = [];
  mock.method(globalThis, "fetch", (address: URL) => {
    asked.push(address);
    return Promise.resolve(answer());
  });
  return asked;
};

const failure = async (answer: () => Response | Promise<Response>): Promise<RequestFailed> => {
  answering(answer);
  const error: unknown = await getJobs({}, NEVER).then(
    () => undefined,
    (each: unknown) => each,
  );
  assert.ok(error instanceof RequestFailed);
  return error;
};

beforeEach(() => {
  Reflect.set(globalThis, "document", { baseURI: BASE });
});
afterEach(() => {
  Reflect.deleteProperty(globalThis, "document");
  mock.restoreAll();
});

test("what is asked for is below Airflow's own address, several values one after the other, without empty ones", async () => {
  const asked = answering(() => Response.json({ jobs: [] }));
  const wanted: JobFilter = {
    type: ["training", "evaluation"],
    status: [],
    subject: "a&b +1/é",
    search: undefined,
    person: "",
    limit: 0,
  };
  await getJobs(wanted, NEVER);
  assert.deepEqual(asked.map(String), [
    `${BASE}modelops/api/jobs?type=training&type=evaluation&subject=a%26b+%2B1%2F%C3%A9&limit=0`,
  ]);
});

test("the ids of a task are parts of the path of its log, whatever characters they have", async () => {
  const asked = answering(() => Response.json({ content: [], continuation_token: null }));
  const job = { dag_id: "a/b", run_id: "manual__2026-03-29T00:00:00+00:00", task_id: "g.t?", map_index: -1 };
  await getLog(job, 2, null, NEVER);
  await getLog(job, 2, "eyJ+/=", NEVER);
  const path = `${BASE}api/v2/dags/a%2Fb/dagRuns/manual__2026-03-29T00%3A00%3A00%2B00%3A00/taskInstances/g.t%3F/logs/2`;
  assert.deepEqual(asked.map(String), [`${path}?map_index=-1`, `${path}?map_index=-1&token=eyJ%2B%2F%3D`]);
});

test("the name of a job's file is in its address", () => {
  const file = { name: "a b&c/é.png", sha256: "0f" } as ArtifactFile;
  assert.equal(artifactAddress(5, file), `${BASE}modelops/api/jobs/5/artifacts/0f?name=a+b%26c%2F%C3%A9.png`);
});

test("an action is sent with what was given", async () => {
  answering(() => Response.json({}));
  await act(5, "reject", { comment: "no" });
  const [address, how] = (fetch as unknown as { mock: { calls: { arguments: [URL, RequestInit] }[] } }).mock.calls.map(
    (call) => call.arguments,
  )[0] ?? [new URL(BASE), {}];
  assert.deepEqual(
    [String(address), how.method, how.body, (how.headers as Record<string, string>)["Content-Type"]],
    [`${BASE}modelops/api/jobs/5/reject`, "POST", '{"comment":"no"}', "application/json"],
  );
});

test("a refusal has its status and the server's words", async () => {
  const error = await failure(() => Response.json({ detail: "it has ended" }, { status: 409 }));
  assert.deepEqual([error.status, error.message], [409, "it has ended"]);
});

test("a refusal has the code and the values of its reason, where the server gives them", async () => {
  const reason = { code: "not_now", values: { job: 5 } };
  const coded = await failure(() => Response.json({ detail: "not now", ...reason }, { status: 409 }));
  assert.deepEqual([coded.message, coded.reason], ["not now", reason]);
  assert.equal((await failure(() => Response.json({ detail: "x" }, { status: 409 }))).reason, null);
  assert.equal((await failure(() => Response.json({ detail: "x", code: 7 }, { status: 409 }))).reason, null);
});

test("words that are no text are shown as JSON; an answer that is no JSON, by its status", async () => {
  const detail = [{ loc: ["query", "type"], msg: "Input should be 'training'" }];
  const invalid = await failure(() => Response.json({ detail }, { status: 422 }));
  assert.deepEqual([invalid.status, invalid.message], [422, JSON.stringify(detail)]);
  const proxy = await failure(() => new Response("<html>", { status: 502, statusText: "Bad Gateway" }));
  assert.deepEqual([proxy.status, proxy.message], [502, "Bad Gateway"]);
});

test("no answer, or one that is cut off, has the status 0", async () => {
  const away = await failure(() => Promise.reject(new TypeError("Failed to fetch")));
  assert.deepEqual([away.status, away.message], [0, "Failed to fetch"]);
  assert.equal((await failure(() => new Response('{"jobs": ['))).status, 0);
});

test("a request that was called off is no failure", async () => {
  const leaving = new AbortController();
  leaving.abort(new Error("left"));
  answering(() => Promise.reject(leaving.signal.reason as Error));
  await assert.rejects(getJobs({}, leaving.signal), (error) => !(error instanceof RequestFailed));
});

test("what may pass by itself is worth another try", () => {
  for (const [status, worth] of [
    [0, true],
    [500, true],
    [503, true],
    [401, false],
    [404, false],
    [422, false],
  ] as const) {
    assert.equal(isWorthAnotherTry(new RequestFailed(status, "")), worth, String(status));
  }
  assert.equal(isWorthAnotherTry(new TypeError("a fault of ours")), false);
});
