import assert from "node:assert/strict";
import { test } from "node:test";

import type { LogLine } from "../api/client.ts";
import { fileOf, fitting, found, LEVELS, type Line, linesOf } from "./log.ts";

const AT = "2026-03-29T01:02:03.456789Z";
const texts = (entry: LogLine): string[] => linesOf(entry).map(({ text }) => text);
const line = (text: string, level: Line["level"] = "info"): Line => ({ at: AT, level, text });

test("an entry is a line with its time and level", () => {
  assert.deepEqual(linesOf({ event: "train finished", timestamp: AT, level: "info" }), [
    { at: AT, level: "info", text: "train finished" },
  ]);
});

const LEVEL_OF = {
  debug: "debug",
  info: "info",
  notset: "info",
  "": "info",
  warn: "warning",
  warning: "warning",
  WARNING: "warning",
  error: "error",
  Error: "error",
  exception: "error",
  critical: "error",
  fatal: "error",
};
for (const [name, level] of Object.entries(LEVEL_OF)) {
  test(`the level ${JSON.stringify(name)} of a logger counts as ${level}`, () => {
    assert.equal(linesOf({ event: "x", level: name })[0]?.level, level);
  });
}

test("an entry without a level or a time, or with a level that is no text, is information", () => {
  assert.deepEqual(linesOf({ event: "x" }), [{ at: null, level: "info", text: "x" }]);
  assert.deepEqual(linesOf({ event: "x", timestamp: null }), [{ at: null, level: "info", text: "x" }]);
  const numbered = { event: "x", level: 40 } as unknown as LogLine;
  assert.deepEqual(linesOf(numbered), [{ at: null, level: "info", text: "x" }]);
});

test("each line of an entry is a line with the entry's time and level", () => {
  assert.deepEqual(linesOf({ event: "one\n\n  two\r\nthree", timestamp: AT, level: "error" }), [
    line("one", "error"),
    line("", "error"),
    line("  two", "error"),
    line("three", "error"),
  ]);
});

test("a text that is no JSON is shown as it is", () => {
  assert.deepEqual(linesOf("plain\n{not json"), [
    { at: null, level: "info", text: "plain" },
    { at: null, level: "info", text: "{not json" },
  ]);
  assert.deepEqual(texts(""), [""]);
});

test("fields that the view doesn't know are left out", () => {
  const entry = { event: "x", logger: "task.stdout", extra: { a: [1] } };
  assert.deepEqual(linesOf(entry), [{ at: null, level: "info", text: "x" }]);
});

test("an error follows its message: where it came from, then what it was", () => {
  const entry: LogLine = {
    event: "Task failed with exception",
    timestamp: AT,
    level: "error",
    error_detail: [
      {
        exc_type: "ValueError",
        exc_value: "bad\nrow",
        frames: [
          { filename: "/a/model.py", lineno: 7, name: "train" },
          { filename: "/a/b.py", lineno: 12, name: "<module>" },
        ],
      },
      { exc_type: "KeyError", exc_value: "'x'" },
    ],
  };
  assert.deepEqual(texts(entry), [
    "Task failed with exception",
    "Traceback",
    "  /a/model.py:7 train",
    "  /a/b.py:12 <module>",
    "",
    "ValueError: bad",
    "row",
    "KeyError: 'x'",
  ]);
  assert.deepEqual(new Set(linesOf(entry).map(({ level }) => level)), new Set(["error"]));
});

test("an empty list of errors adds nothing", () => {
  assert.deepEqual(texts({ event: "x", error_detail: [] }), ["x"]);
});

test("the start and the end of a group are marked, and the end is not shown", () => {
  const [begin, end] = [...linesOf({ event: "::group::Pre task" }), ...linesOf({ event: "::endgroup::" })];
  assert.deepEqual(begin, { at: null, level: "info", text: "Pre task", mark: "begin" });
  assert.deepEqual(end, { at: null, level: "info", text: "", mark: "end" });
  assert.ok(begin !== undefined && end !== undefined);
  assert.deepEqual(fitting([begin, end], "debug", ""), [begin]);
  assert.equal(fileOf([begin, end]), "INFO Pre task\n");
  assert.deepEqual(texts({ event: "a ::group:: within a line" }), ["a ::group:: within a line"]);
});

test("colours and other signs for a terminal are left out", () => {
  assert.deepEqual(texts({ event: "\u001b[1;31merror\u001b[0m: \u001b[38;5;208mlate\u001b[K" }), ["error: late"]);
  assert.deepEqual(texts("\u001b[2K\u001b[?25l50%\u001b[?25h"), ["50%"]);
  assert.deepEqual(texts("[31m is no sign, nor is a[0]"), ["[31m is no sign, nor is a[0]"]);
});

test("a text is found without regard to case, and shown in the case that it has", () => {
  assert.deepEqual(found("Rows WRITTEN: 5", "written"), ["Rows ", "WRITTEN", ": 5"]);
  assert.deepEqual(found("été", "ÉTÉ"), ["", "été", ""]);
  assert.equal(found("abc", "abd"), null);
  assert.equal(found("abc", ""), null);
});

test("signs of patterns are searched for as they are", () => {
  for (const search of ["a.b", "a+b", "(a", "a|b", "[x]", "^a$", "\\d", "{1}", "a/b", "*", "a-b"]) {
    assert.deepEqual(found(`<${search}>`, search), ["<", search, ">"], search);
  }
  assert.equal(found("axb", "a.b"), null);
});

test("what is found is marked where it is, after letters that are longer in lower case", () => {
  assert.deepEqual(found("İİİ loss=0.5", "LOSS"), ["İİİ ", "loss", "=0.5"]);
  assert.deepEqual(found("\u{1F40D} INFO", "info"), ["\u{1F40D} ", "INFO", ""]);
});

test("a level shows the lines of the graver ones too", () => {
  const lines = LEVELS.map((level) => line(level, level));
  const shown = (from: Line["level"]) => fitting(lines, from, "").map(({ level }) => level);
  assert.deepEqual(shown("debug"), ["debug", "info", "warning", "error"]);
  assert.deepEqual(shown("warning"), ["warning", "error"]);
  assert.deepEqual(shown("error"), ["error"]);
});

test("level and search must both fit", () => {
  const lines = [line("loss 1", "info"), line("LOSS 2", "error"), line("gain", "error")];
  assert.deepEqual(fitting(lines, "warning", "loss"), [line("LOSS 2", "error")]);
  assert.deepEqual(fitting(lines, "debug", "no such text"), []);
  assert.deepEqual(fitting([], "debug", ""), []);
});

test("the file of a log has a line for each, with time and level", () => {
  const lines: Line[] = [line("late", "warning"), { at: null, level: "info", text: "plain" }];
  assert.equal(fileOf(lines), `${AT} WARNING late\nINFO plain\n`);
  assert.equal(fileOf([]), "");
});
