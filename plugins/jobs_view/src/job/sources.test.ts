import assert from "node:assert/strict";
import { test } from "node:test";

import { type KeptLog, type LogPart, RequestFailed } from "../api/client.ts";
import { attemptsOf, BEGINNING, isNotFound, readLog, type Sources } from "./sources.ts";

const GONE = new RequestFailed(404, "TaskInstance not found");

/** Sources that say one thing each, and note what they are asked. */
const saying = (airflow: LogPart | Error, store: KeptLog | Error): Sources & { asked: unknown[] } => {
  const asked: unknown[] = [];
  const answer = <T>(said: T | Error): Promise<T> =>
    said instanceof Error ? Promise.reject(said) : Promise.resolve(said);
  return {
    asked,
    airflow: (token) => (asked.push(token), answer(airflow)),
    store: (offset) => (asked.push(offset), answer(store)),
  };
};
const NEVER = new Error("nobody asks for this");
const texts = (part: { lines: { text: string }[] }): string[] => part.lines.map(({ text }) => text);

test("Airflow's log is read on from its token until there is none", async () => {
  const sources = saying({ content: ["one"], continuation_token: "on" }, NEVER);
  const first = await readLog(BEGINNING, sources);
  assert.deepEqual([texts(first), first.isFirst, first.isKept], [["one"], true, false]);
  assert.deepEqual(first.next, { from: "airflow", token: "on" });
  const second = await readLog(first.next ?? BEGINNING, sources);
  assert.deepEqual([second.isFirst, sources.asked], [false, [null, "on"]]);
  const last = await readLog(BEGINNING, saying({ content: [], continuation_token: null }, NEVER));
  assert.equal(last.next, null);
});

test("where Airflow has no record of the task, the log is the log store's, page by page", async () => {
  const sources = saying(GONE, { content: [{ event: "kept" }], next: 20_000 });
  const first = await readLog(BEGINNING, sources);
  assert.deepEqual([texts(first), first.isFirst, first.isKept], [["kept"], true, true]);
  assert.deepEqual(first.next, { from: "store", offset: 20_000 });
  const second = await readLog(first.next ?? BEGINNING, sources);
  assert.deepEqual([second.isFirst, second.isKept], [false, true]);
  assert.deepEqual(sources.asked, [null, 0, 20_000]);
  assert.equal((await readLog(BEGINNING, saying(GONE, { content: [], next: null }))).next, null);
});

test("a record that goes while the log is read: the log store has the whole log", async () => {
  const part = await readLog({ from: "airflow", token: "on" }, saying(GONE, { content: ["all"], next: null }));
  assert.deepEqual([texts(part), part.isFirst, part.isKept], [["all"], true, true]);
});

test("where neither has the log, that is what is said", async () => {
  await assert.rejects(readLog(BEGINNING, saying(GONE, GONE)), isNotFound);
});

test("another failure of Airflow's says nothing about its record", async () => {
  for (const status of [0, 401, 403, 500, 503]) {
    const sources = saying(new RequestFailed(status, "x"), NEVER);
    await assert.rejects(readLog(BEGINNING, sources), (error: RequestFailed) => error.status === status);
    assert.deepEqual(sources.asked, [null]);
  }
  await assert.rejects(readLog(BEGINNING, saying(GONE, new RequestFailed(503, "x"))), { status: 503 });
});

test("the attempts are those that the ledger has an event of", () => {
  const events = [0, 2, 2, 1, 10, 4].map((attempt) => ({ attempt }));
  assert.deepEqual(attemptsOf(events), [1, 2, 4, 10]);
  assert.deepEqual(attemptsOf([]), []);
});
