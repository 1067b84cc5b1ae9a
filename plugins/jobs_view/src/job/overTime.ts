/** The measurements of batches, metric by metric and over time. */
import type { Measurement } from "../api/client";

const MOST_DECIMALS = 20;

export type Metric = Measurement["metrics"][number];

export type NamedMetric = {
  key: string;
  metric: string;
  /** Null where all metrics are of one target. */
  target: string | null;
  of: (batch: Measurement) => Metric | undefined;
};

/** The metrics of any of the batches. */
export const metricsOf = (measurements: Measurement[]): NamedMetric[] => {
  const all = measurements.flatMap(({ metrics }) => metrics);
  const several = new Set(all.map(({ target }) => target)).size > 1;
  const named = new Map(all.map(({ target, metric }) => [`${target} ${metric}`, { target, metric }]));
  return [...named].map(([key, { target, metric }]) => ({
    key,
    metric,
    target: several ? target : null,
    of: (batch) => batch.metrics.find((one) => one.target === target && one.metric === metric),
  }));
};

/** The number of decimals at which both ends of an interval differ; without an interval, four significant digits. */
export const decimalsOf = ({ value, lower, upper }: Metric): number => {
  const width = lower === null || upper === null || lower === upper ? Math.abs(value) / 100 : upper - lower;
  return width === 0 ? 0 : Math.min(Math.max(1 - Math.floor(Math.log10(width)), 0), MOST_DECIMALS);
};

/** The time of a batch: the end of its data interval, or its publication; in seconds since 1970. */
export const timeOf = ({ interval_end, published_at }: Measurement): number =>
  new Date(interval_end ?? published_at).getTime() / 1000;

/** The batches with labels in the order of time; of a data interval the one that was published first. */
export const overTime = (measurements: Measurement[]): Measurement[] => {
  const first = new Map<string, Measurement>();
  for (const batch of measurements.filter(({ metrics }) => metrics.length > 0)) {
    const { interval_start, interval_end, run_id } = batch;
    const key = interval_end === null ? `run ${String(run_id)}` : `${interval_start ?? ""} ${interval_end}`;
    const known = first.get(key);
    if (known === undefined || batch.published_at < known.published_at) first.set(key, batch);
  }
  return [...first.values()].sort((one, other) => timeOf(one) - timeOf(other));
};
