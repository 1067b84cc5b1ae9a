/** A job's events as a line of time: what came when, how long it lasted, and whether that was waiting or working. */
import type { Event, JobEvent, JobStatus, WholeJob } from "../api/client";
import { isFinal, PALETTES } from "../parts/statuses.ts";
import type { Texts } from "../texts/en";

export type Stretch = {
  jobEvent: JobEvent;
  /** Seconds until the next event, or until now for the last one of a job that goes on; null at the end. */
  lasted: number | null;
  /** Whether that time isn't over. */
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

/** How long a job was where, in the order in which it first came there. Its steps are parts of running; what it waits
 * for is said of where it is. */
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

/** What a job waits for: in the reader's words, else in the ledger's. */
export const waitOf = ({ detail }: JobEvent, words: Texts["waits"]): string => {
  const cause = String(detail.cause);
  return (Object.hasOwn(words, cause) ? words[cause]?.(detail) : undefined) ?? String(detail.reason);
};
