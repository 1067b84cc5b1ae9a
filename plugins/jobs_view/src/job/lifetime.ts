/** The timeline of a job: its events, how long each state lasted, and whether it was waiting or working. */
import type { Event, JobEvent, JobStatus, WholeJob } from "../api/client";
import { isFinal, PALETTES } from "../parts/statuses.ts";
import type { Texts } from "../texts/en";

export type Stretch = {
  jobEvent: JobEvent;
  /** Seconds until the next event, or until now for the last event of an unfinished job; null for the end. */
  lasted: number | null;
  /** Whether the state still lasts. */
  open: boolean;
};

const ENDS: ReadonlySet<Event> = new Set<Event>(["completed", "failed", "cancelled", "skipped", "repeated"]);

export const stretches = (job: WholeJob, now: number): Stretch[] =>
  job.events.map((jobEvent, index) => {
    const next = job.events[index + 1];
    const open = next === undefined && !isFinal(job.status);
    const until = next === undefined ? now : new Date(next.at).getTime();
    const ended = ENDS.has(jobEvent.event) || (next === undefined && !open);
    const lasted = ended ? null : Math.max(0, (until - new Date(jobEvent.at).getTime()) / 1000);
    return { jobEvent, lasted, open };
  });

export type Share = { event: Event; seconds: number; palette: string };

/** The time that a job spent in each state, in the order of first entry. Steps belong to running; `waiting` events
 * belong to the state before them. */
export const shares = (all: Stretch[]): Share[] => {
  const sums = new Map<Event, number>();
  let event: Event = "created";
  for (const { jobEvent, lasted } of all) {
    if (jobEvent.event !== "waiting") {
      event =
        jobEvent.event === "step" ? "running" : jobEvent.event === "refused" ? "awaiting_approval" : jobEvent.event;
    }
    if (lasted !== null && event !== "lost") {
      sums.set(event, (sums.get(event) ?? 0) + lasted);
    }
  }
  return [...sums].map(([event, seconds]) => ({ event, seconds, palette: paletteOf(event) }));
};

export const paletteOf = (event: Event): string => {
  switch (event) {
    case "step":
    case "repeated":
      return PALETTES.running;
    case "cleared":
      return PALETTES.created;
    case "refused":
      return PALETTES.awaiting_approval;
    case "waiting":
      return PALETTES.queued;
    case "lost":
      return PALETTES.retrying;
    default:
      return PALETTES[event satisfies JobStatus];
  }
};

/** A step's name. */
export const stepOf = (jobEvent: JobEvent, names: Record<string, string>): string => {
  const step = String(jobEvent.detail.step);
  return (Object.hasOwn(names, step) ? names[step] : undefined) ?? step.replaceAll("_", " ");
};

/** What a job waits for, in the language of the reader if the cause is known, otherwise in the words of the ledger. */
export const waitOf = ({ detail }: JobEvent, words: Texts["waits"]): string => {
  const cause = String(detail.cause);
  return (Object.hasOwn(words, cause) ? words[cause]?.(detail) : undefined) ?? String(detail.reason);
};
