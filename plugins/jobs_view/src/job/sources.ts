/** Where the log of an attempt is read: at Airflow, and in the log store where Airflow has no record of the task. */
import { type JobEvent, type KeptLog, type LogPart, RequestFailed } from "../api/client.ts";
import { type Line, linesOf } from "./log.ts";

const NOT_FOUND = 404;

/** Where to read on. Airflow gives a token; the log store counts lines. */
export type Place = { from: "airflow"; token: string | null } | { from: "store"; offset: number };
export const BEGINNING: Place = { from: "airflow", token: null };

/** What was read: `isFirst` if nothing was before it, `isKept` if Airflow has no record; `next` is null at the end. */
export type Part = { lines: Line[]; isFirst: boolean; isKept: boolean; next: Place | null };

export type Sources = {
  airflow: (token: string | null) => Promise<LogPart>;
  store: (offset: number) => Promise<KeptLog>;
};

export const isNotFound = (error: unknown): boolean => error instanceof RequestFailed && error.status === NOT_FOUND;

/** @throws {RequestFailed} with 404, neither has the log. */
export const readLog = async (place: Place, sources: Sources): Promise<Part> => {
  if (place.from === "airflow") {
    try {
      const { content, continuation_token: token } = await sources.airflow(place.token);
      const next: Place | null = token === null ? null : { from: "airflow", token };
      return { lines: content.flatMap(linesOf), isFirst: place.token === null, isKept: false, next };
    } catch (error) {
      if (!isNotFound(error)) {
        throw error;
      }
      // The record may go while the log is read; the log store has the whole of it.
      return readLog({ from: "store", offset: 0 }, sources);
    }
  }
  const { content, next } = await sources.store(place.offset);
  return {
    lines: content.flatMap(linesOf),
    isFirst: place.offset === 0,
    isKept: true,
    next: next === null ? null : { from: "store", offset: next },
  };
};

/** The attempts that the ledger has an event of, in order. */
export const attemptsOf = (events: Pick<JobEvent, "attempt">[]): number[] =>
  [...new Set(events.map(({ attempt }) => attempt))].filter((attempt) => attempt > 0).toSorted((one, two) => one - two);
