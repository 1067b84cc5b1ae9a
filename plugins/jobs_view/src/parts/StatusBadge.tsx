import { Badge } from "@chakra-ui/react";
import type { FC } from "react";

import type { JobStatus } from "../api/client";
import { useTexts } from "../texts/language";

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

export const StatusBadge: FC<{ status: JobStatus }> = ({ status }) => {
  const texts = useTexts();
  return (
    <Badge data-status={status} colorPalette={PALETTES[status]} variant="surface" whiteSpace="nowrap">
      {texts.statuses[status]}
    </Badge>
  );
};
