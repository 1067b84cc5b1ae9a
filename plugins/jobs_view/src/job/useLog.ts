import { useEffect, useState } from "react";

import { getLog, type Job, RequestFailed } from "../api/client";
import { type Line, linesOf } from "./log";

const SECONDS = 1.5;
const IDLE_SECONDS = 10;
const NOT_FOUND = 404;

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
