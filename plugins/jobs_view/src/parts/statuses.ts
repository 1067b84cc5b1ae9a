/** The colours of job statuses, and which statuses are final. */
import type { JobStatus } from "../api/client";

/** Airflow's colours for the same states. */
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

/** Whether the error of a job with this status says why it has the status: after a clear, an old error may still be there. */
export const isExplained = (status: JobStatus): boolean => status === "failed" || status === "retrying";

/** Whether a job has ended. */
export const isFinal = (status: JobStatus): boolean => FINAL.has(status);
