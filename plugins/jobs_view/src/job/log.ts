/** The lines of a task's log, from the entries that Airflow's API gives, and a search in them. */
import type { Failure, LogLine } from "../api/client";

export type Level = "debug" | "info" | "warning" | "error";
export const LEVELS: Level[] = ["debug", "info", "warning", "error"];

/** `mark`: the line is the title of a group, or the end of one and nothing to show; see groups.ts. */
export type Line = { at: string | null; level: Level; text: string; mark?: "begin" | "end" };

const BEGIN = "::group::";
const END = "::endgroup::";

/** Colours and movements of the cursor, which programs write for a terminal. */
// eslint-disable-next-line no-control-regex -- these begin with a control character
const TERMINAL = /\u001b\[[0-?]*[ -/]*[@-~]/g;

const levelOf = (name: unknown): Level => {
  switch (typeof name === "string" ? name.toLowerCase() : "") {
    case "error":
    case "critical":
    case "fatal":
    case "exception":
      return "error";
    case "warning":
    case "warn":
      return "warning";
    case "debug":
      return "debug";
    default:
      return "info";
  }
};

const traceback = ({ frames, exc_type, exc_value }: Failure): string[] => {
  const places = (frames ?? []).map(({ filename, lineno, name }) => `  ${filename}:${String(lineno)} ${name}`);
  return [...(places.length > 0 ? [`${BEGIN}Traceback`, ...places, END] : []), `${exc_type}: ${exc_value}`];
};

const split = (text: string): string[] => text.replace(TERMINAL, "").split(/\r?\n/);

const marked = (text: string): Pick<Line, "text" | "mark"> =>
  text.startsWith(BEGIN)
    ? { text: text.slice(BEGIN.length), mark: "begin" }
    : text.startsWith(END)
      ? { text: "", mark: "end" }
      : { text };

/** The lines of an entry: several for a text with line breaks. */
export const linesOf = (entry: LogLine): Line[] => {
  if (typeof entry === "string") {
    return split(entry).map((text) => ({ at: null, level: "info", text }));
  }
  const level = levelOf(entry.level);
  return [entry.event, ...(entry.error_detail ?? []).flatMap(traceback)]
    .flatMap(split)
    .map((text) => ({ at: entry.timestamp ?? null, level, ...marked(text) }));
};

/** Where a text is first found in a line, without regard to case: what is before it, itself, and what follows. */
export const found = (text: string, search: string): [string, string, string] | null => {
  if (search === "") {
    return null;
  }
  // In lower case a text may be longer, and in Turkish differ; a pattern that ignores case finds the place in the text itself.
  const at = new RegExp(search.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "iu").exec(text);
  return at && [text.slice(0, at.index), at[0], text.slice(at.index + at[0].length)];
};

const withoutEnds = (lines: Line[]): Line[] => lines.filter(({ mark }) => mark !== "end");

/** The lines of a level and above in which a text is found. */
export const fitting = (lines: Line[], from: Level, search: string): Line[] => {
  const levels = LEVELS.slice(LEVELS.indexOf(from));
  return withoutEnds(lines).filter(
    ({ level, text }) => levels.includes(level) && (search === "" || found(text, search) !== null),
  );
};

/** Lines as a file: each with its time, where it has one, and its level. */
export const fileOf = (lines: Line[]): string =>
  withoutEnds(lines)
    .map(({ at, level, text }) => `${[at, level.toUpperCase(), text].filter(Boolean).join(" ")}\n`)
    .join("");
