import assert from "node:assert/strict";
import { test } from "node:test";

import { folded, withOrWithout } from "./groups.ts";
import type { Line } from "./log.ts";

const line = (text: string, level: Line["level"] = "info"): Line => ({ at: null, level, text });
const begin = (text: string): Line => ({ ...line(text), mark: "begin" });
const END: Line = { ...line(""), mark: "end" };
const LOG = [begin("Pre Execute"), line("parsed"), line("imported"), END, line("trained"), begin("Post Execute"), END];

const shown = (lines: Line[], toggled: number[] = []): string[] =>
  folded(lines, new Set(toggled)).map(({ line: { text }, group, isInside }) =>
    group === null ? `${isInside ? "  " : ""}${text}` : `${group.isOpen ? "-" : "+"} ${text} ${String(group.size)}`,
  );

test("groups are folded, and say how many lines they have", () => {
  assert.deepEqual(shown(LOG), ["+ Pre Execute 2", "trained"]);
  assert.deepEqual(shown(LOG, [0]), ["- Pre Execute 2", "  parsed", "  imported", "trained"]);
  assert.deepEqual(shown([]), []);
});

test("a group with an error is open until it is folded", () => {
  const failed = [begin("Pre Execute"), line("parsed"), line("it can't be imported", "error"), END];
  assert.deepEqual(shown(failed), ["- Pre Execute 2", "  parsed", "  it can't be imported"]);
  assert.deepEqual(shown(failed, [0]), ["+ Pre Execute 2"]);
});

test("the traceback of an error is folded until it is opened", () => {
  const failed = [{ ...begin("Traceback"), level: "error" as const }, line("base.py:7", "error"), END, line("no rows")];
  assert.deepEqual(shown(failed), ["+ Traceback 1", "no rows"]);
  assert.deepEqual(shown(failed, [0]), ["- Traceback 1", "  base.py:7", "no rows"]);
});

test("a group without an end lasts until the next one, or to the end of the log", () => {
  assert.deepEqual(shown([begin("a"), line("1"), begin("b"), line("2")], [2]), ["+ a 1", "- b 1", "  2"]);
});

test("an end without a group is no line", () => {
  assert.deepEqual(shown([line("1"), END, line("2")]), ["1", "2"]);
});

test("the number of a group stays when the log grows", () => {
  const grown = [...LOG.slice(0, 6), line("pushed")];
  const before = folded(grown, new Set([5])).at(-2);
  const after = folded([...grown, line("pushed again"), END, line("ended")], new Set([5])).at(-4);
  assert.deepEqual(before?.group, { number: 5, isOpen: true, size: 1 });
  assert.deepEqual(after?.group, { number: 5, isOpen: true, size: 2 });
});

test("a group that is toggled twice is as it was", () => {
  const once = withOrWithout(new Set([1]), 2);
  assert.deepEqual([...once], [1, 2]);
  assert.deepEqual([...withOrWithout(once, 2)], [1]);
});
