/** Which bins of a column are shown. */
type Shares = { before: number; now: number };

/** Those whose shares have changed most, in their order. */
export const mostMoved = <Bin extends Shares>(bins: Bin[], most: number): Bin[] => {
  const change = ({ before, now }: Shares) => Math.abs(now - before);
  const chosen = new Set(bins.toSorted((mine, theirs) => change(theirs) - change(mine)).slice(0, most));
  return bins.filter((bin) => chosen.has(bin));
};
