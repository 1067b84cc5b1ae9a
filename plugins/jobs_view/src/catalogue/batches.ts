/** Published batches over time. */
import type { BatchOverTime } from "../api/client";

export type Point = { seconds: number; rows: number };

const momentOf = (batch: BatchOverTime): string => batch.interval_end ?? batch.published_at;

/** The rows of each batch, oldest first: at the end of its data interval, or at its publication. */
export const rowsOverTime = (batches: BatchOverTime[]): Point[] =>
  batches
    .map((batch) => ({
      seconds: Date.parse(momentOf(batch)) / 1000,
      rows: batch.rows,
    }))
    .sort((one, other) => one.seconds - other.seconds);
