/** The shape of a column, as bars in a square of side 1. */
import type { ColumnStatistics } from "./Statistics";

export type Bar = { start: number; end: number; height: number };
type Values = ColumnStatistics["values"];

const MOST_BARS = 20;

const sum = (counts: number[]): number => counts.reduce((total, count) => total + count, 0);

/** Bars of equal width. */
const evenly = (counts: number[], most: number): Bar[] =>
  counts.map((count, place) => ({
    start: place / counts.length,
    end: (place + 1) / counts.length,
    height: count / (most || 1),
  }));

/** A bar for each bin of equal width, or for each of the most frequent categories.

Of a batch, whose bins are those of its reference, the rows below and above them have bars too.
*/
export const barsOf = ({ histogram, frequencies }: Values): Bar[] => {
  let counts = Object.values(frequencies ?? {})
    .sort((mine, theirs) => theirs - mine)
    .slice(0, MOST_BARS);
  if (histogram !== null && histogram !== undefined) {
    const { below, above } = histogram;
    counts = below > 0 || above > 0 ? [below, ...histogram.counts, above] : histogram.counts;
  }
  return evenly(counts, Math.max(...counts));
};

/** The bars of a column and of another one, on the same axes: shares of the rows, by density if the bins differ. */
export const comparedBars = (values: Values, other: Values): [Bar[], Bar[]] => {
  if (values.histogram && other.histogram) {
    return onOneScale(values.histogram, other.histogram);
  }
  if (values.frequencies && other.frequencies) {
    const both = [values.frequencies, other.frequencies];
    const shares = both.map((counts) => {
      const total = sum(Object.values(counts)) || 1;
      return (name: string) => (counts[name] ?? 0) / total;
    });
    const most = (name: string) => Math.max(...shares.map((share) => share(name)));
    const names = [...new Set(both.flatMap((counts) => Object.keys(counts)))]
      .sort((mine, theirs) => most(theirs) - most(mine))
      .slice(0, MOST_BARS);
    const highest = Math.max(...names.map(most));
    const [mine, theirs] = shares.map((share) => evenly(names.map(share), highest));
    return [mine ?? [], theirs ?? []];
  }
  return [barsOf(values), barsOf(other)];
};

type Histogram = NonNullable<Values["histogram"]>;

const onOneScale = (...both: [Histogram, Histogram]): [Bar[], Bar[]] => {
  const edges = both.flatMap((one) => one.edges);
  const [first, last] = [Math.min(...edges), Math.max(...edges)];
  const place = (value: number) => (value - first) / (last - first);
  const bars = both.map(({ edges: ends, counts }) => {
    const total = sum(counts) || 1;
    return counts.map((count, bin) => {
      const [start, end] = [place(ends[bin] ?? first), place(ends[bin + 1] ?? last)];
      return { start, end, height: count / total / (end - start) };
    });
  });
  const highest = Math.max(...bars.flat().map(({ height }) => height), Number.MIN_VALUE);
  const [mine, theirs] = bars.map((each) => each.map((bar) => ({ ...bar, height: bar.height / highest })));
  return [mine ?? [], theirs ?? []];
};
