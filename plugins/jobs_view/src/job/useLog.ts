import { useEffect, useState } from "react";

import { getKeptLog, getLog, type Job } from "../api/client";
import type { Line } from "./log";
import { BEGINNING, isNotFound, type Place, readLog } from "./sources";

const SECONDS = 1.5;
const IDLE_SECONDS = 10;

/** `isKept`: Airflow has no record of the task, the lines are the log store's; `gone`: that has no log either. */
export type Log = {
  lines: Line[];
  loading: boolean;
  isKept: boolean;
  gone: boolean;
  error: Error | null;
  again: () => void;
};
const NOTHING_READ = { lines: [] as Line[], loading: true, isKept: false, gone: false, error: null as Error | null };

/** The log of an attempt: the existing lines, then new ones while the attempt runs and the page is visible.

Airflow gives a token to read on with as long as it takes the task for running. That may be longer than the ledger does,
and the last lines come then; and it may not have begun to, so a live attempt is asked about anew, though less often.
*/
export const useLog = (job: Job, attempt: number, isLive: boolean): Log => {
  const [log, setLog] = useState(NOTHING_READ);
  const [tries, setTries] = useState(0);
  const { id, dag_id, run_id, task_id, map_index } = job;

  useEffect(() => {
    const leaving = new AbortController();
    let place: Place | null = BEGINNING;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const sources = {
      airflow: (token: string | null) => getLog({ dag_id, run_id, task_id, map_index }, attempt, token, leaving.signal),
      store: (offset: number) => getKeptLog(id, attempt, offset, leaving.signal),
    };

    const later = (seconds: number): void => {
      timer = setTimeout(() => (document.hidden ? later(seconds) : void read()), seconds * 1000);
    };
    const read = async (): Promise<void> => {
      try {
        const part = await readLog(place ?? BEGINNING, sources);
        place = part.next;
        setLog((before) => ({
          ...NOTHING_READ,
          loading: false,
          isKept: part.isKept,
          lines: part.isFirst ? part.lines : [...before.lines, ...part.lines],
        }));
      } catch (error) {
        if (leaving.signal.aborted) {
          return;
        }
        const gone = isNotFound(error);
        setLog((before) => ({ ...before, loading: false, gone, error: gone ? null : (error as Error) }));
        place = gone || place?.from === "store" ? null : place;
      }
      if (place?.from === "store") {
        void read(); // what was written long ago doesn't grow
      } else if ((place !== null && place.token !== null) || isLive) {
        later(place === null || place.token === null ? IDLE_SECONDS : SECONDS);
      }
    };

    void read();
    return () => {
      leaving.abort();
      clearTimeout(timer);
    };
  }, [id, dag_id, run_id, task_id, map_index, attempt, isLive, tries]);

  return { ...log, again: () => setTries((number) => number + 1) };
};
