/** A task's log as Airflow's API gives it, read part by part, and as lines to look at. */
import { useEffect, useState } from "react";

import { type Failure, getLog, type Job, type LogLine, RequestFailed } from "../api/client";

const SECONDS = 1.5;
const IDLE_SECONDS = 10;
const NOT_FOUND = 404;

export type Level = "debug" | "info" | "warning" | "error";
export const LEVELS: Level[] = ["debug", "info", "warning", "error"];

export type Line = { at: string | null; level: Level; text: string };

const levelOf = (name: string | undefined): Level => {
  switch (name) {
    case "error":
    case "critical":
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

const traceback = (failure: Failure): string[] => [
  ...(failure.frames ?? []).map(({ filename, lineno, name }) => `  ${filename}:${String(lineno)} ${name}`),
  `${failure.exc_type}: ${failure.exc_value}`,
];

/** One entry may be several lines; what only marks the end of a group is none. */
export const linesOf = (entry: LogLine): Line[] => {
  if (typeof entry === "string") {
    return entry.split("\n").map((text) => ({ at: null, level: "info", text }));
  }
  const level = levelOf(entry.level);
  const texts = [entry.event, ...(entry.error_detail ?? []).flatMap(traceback)].flatMap((text) => text.split("\n"));
  return texts
    .filter((text) => !text.startsWith("::endgroup::"))
    .map((text) => ({ at: entry.timestamp ?? null, level, text: text.replace(/^::group::/, "▾ ") }));
};

export type Log = { lines: Line[]; loading: boolean; gone: boolean; error: Error | null; again: () => void };
const NOTHING_READ = { lines: [] as Line[], loading: true, gone: false, error: null as Error | null };

/** The log of an attempt: what there is, then what comes, while the attempt goes on and the page is looked at.

Airflow gives a token to read on with as long as it takes the task for running. That may be longer than the ledger does,
and the last lines come then; and it may not have begun to, so a live attempt is asked about anew, though less often.
*/
export const useLog = (job: Job, attempt: number, isLive: boolean): Log => {
  const [log, setLog] = useState(NOTHING_READ);
  const [tries, setTries] = useState(0);
  const { dag_id, run_id, task_id, map_index } = job;

  useEffect(() => {
    const leaving = new AbortController();
    let token: string | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;

    const later = (seconds: number): void => {
      timer = setTimeout(() => (document.hidden ? later(seconds) : void read()), seconds * 1000);
    };
    const read = async (): Promise<void> => {
      try {
        const part = await getLog({ dag_id, run_id, task_id, map_index }, attempt, token, leaving.signal);
        const whole = token === null;
        token = part.continuation_token;
        const lines = part.content.flatMap(linesOf);
        setLog((before) => ({ ...NOTHING_READ, loading: false, lines: whole ? lines : [...before.lines, ...lines] }));
      } catch (error) {
        if (leaving.signal.aborted) {
          return;
        }
        const gone = error instanceof RequestFailed && error.status === NOT_FOUND;
        setLog((before) => ({ ...before, loading: false, gone, error: gone ? null : (error as Error) }));
      }
      if (token !== null || isLive) {
        later(token === null ? IDLE_SECONDS : SECONDS);
      }
    };

    void read();
    return () => {
      leaving.abort();
      clearTimeout(timer);
    };
  }, [dag_id, run_id, task_id, map_index, attempt, isLive, tries]);

  return { ...log, again: () => setTries((number) => number + 1) };
};
