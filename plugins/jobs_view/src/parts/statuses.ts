/** What a job's status looks like, and whether it is the last one. */
import type { JobStatus } from "../api/client";

/** Airflow's colours for what is the same there. */
export const PALETTES: Record<JobStatus, string> = {
  created: "gray",
  scheduled: "scheduled",
  queued: "queued",
  running: "running",
  awaiting_approval: "awaiting_input",
  retrying: "up_for_retry",
  completed: "success",
  failed: "failed",
  cancelled: "removed",
  skipped: "skipped",
};

const FINAL: ReadonlySet<JobStatus> = new Set<JobStatus>(["completed", "failed", "cancelled", "skipped"]);

/** Whether a job goes on by itself no more. */
export const isFinal = (status: JobStatus): boolean => FINAL.has(status);
