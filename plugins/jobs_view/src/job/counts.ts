/** The bins of a column as numbers: of one run alone, or of what is deployed and of this run. */
import type { ComparedBin } from "../api/client";
import type { ColumnStatistics } from "./Statistics";

type Values = ColumnStatistics["values"];
type Counted = { bin: string; rows: number };

/** Bins, and whose rows they count: of `both`, or of one side only because the bins of the sides differ. */
export type Counts = { of: "both" | "deployed" | "now"; bins: ComparedBin[] };

/** Categories that are named. Rows of the others are counted together. */
const MOST_CATEGORIES = 20;
const DIGITS = [4, 6, 9, 12];

/** The numbers with as few digits, four at least, as let all look different; as the names of recorded bins have them. */
const shown = (numbers: number[]): string[] => {
  for (const digits of DIGITS) {
    const texts = numbers.map((number) => String(Number(number.toPrecision(digits))));
    if (new Set(texts).size === numbers.length) return texts;
  }
  return numbers.map(String);
};

/** The rows beside the bins, where there are any. */
const others = (counts: [bin: string, rows: number][]): Counted[] =>
  counts.filter(([, rows]) => rows > 0).map(([bin, rows]) => ({ bin, rows }));

/** The bins of a column, with all of its rows. The names are those that `texts.drift.bin` translates. */
const countedBins = (values: Values): Counted[] => {
  const { rows, nulls, histogram, frequencies } = values;
  if (histogram !== null && histogram !== undefined) {
    const edges = shown(histogram.edges);
    const inner = histogram.counts.map((count, place) => ({
      bin: `${edges[place] ?? ""} … ${edges[place + 1] ?? ""}`,
      rows: count,
    }));
    const { below, above } = histogram;
    const finite = inner.reduce((total, bin) => total + bin.rows, below + above);
    return [
      ...others([[`below ${edges[0] ?? ""}`, below]]),
      ...inner,
      ...others([
        [`above ${edges.at(-1) ?? ""}`, above],
        ["null", nulls],
        ["not finite", rows - nulls - finite],
      ]),
    ];
  }
  if (frequencies === undefined) return [];
  const named = Object.entries(frequencies)
    .sort(([, mine], [, theirs]) => theirs - mine)
    .slice(0, MOST_CATEGORIES)
    .map(([name, count]) => ({ bin: `“${name}”`, rows: count }));
  const counted = named.reduce((total, bin) => total + bin.rows, nulls);
  return [
    ...named,
    ...others([
      ["others", rows - counted],
      ["null", nulls],
    ]),
  ];
};

/** Bins with the rows of both sides, and their shares. */
const compared = (bins: { bin: string; reference_rows: number; rows: number }[]): ComparedBin[] => {
  const before = bins.reduce((total, bin) => total + bin.reference_rows, 0) || 1;
  const now = bins.reduce((total, bin) => total + bin.rows, 0) || 1;
  return bins.map((bin) => ({ ...bin, before: bin.reference_rows / before, now: bin.rows / now }));
};

const alone = (of: "deployed" | "now", values: Values): Counts[] => {
  const bins = compared(countedBins(values).map((bin) => ({ ...bin, reference_rows: 0 })));
  return bins.length === 0 ? [] : [{ of, bins }];
};

/** The numbers of a column: beside those of what is deployed in the same bins where they were counted so.

Runs of earlier releases did not count their rows in the bins of what is deployed: then each side has bins of its own,
unless they happen to be the same.
*/
export const countsOf = (
  { values, drift }: Pick<ColumnStatistics, "values" | "drift">,
  deployed?: Values,
): Counts[] => {
  if (deployed === undefined) return alone("now", values);
  const recorded = typeof drift === "object" && drift !== null ? (drift.bins ?? []) : [];
  if (recorded.length > 0) return [{ of: "both", bins: compared(recorded) }];
  if (values.frequencies !== undefined && deployed.frequencies !== undefined) {
    return [{ of: "both", bins: compared(categories(values, deployed)) }];
  }
  return [...alone("deployed", deployed), ...alone("now", values)];
};

/** The most frequent categories of either side, and the other rows. */
const categories = (values: Values, deployed: Values) => {
  const sides = [deployed, values] as const;
  const share = ({ frequencies, rows }: Values, name: string) => (frequencies?.[name] ?? 0) / (rows || 1);
  const most = (name: string) => Math.max(...sides.map((side) => share(side, name)));
  const names = [...new Set(sides.flatMap(({ frequencies }) => Object.keys(frequencies ?? {})))]
    .sort((mine, theirs) => most(theirs) - most(mine))
    .slice(0, MOST_CATEGORIES);
  const of = (name: string) => sides.map(({ frequencies }) => frequencies?.[name] ?? 0);
  const named = names.map((name) => ({ bin: `“${name}”`, counts: of(name) }));
  const nulls = sides.map((side) => side.nulls);
  const rest = sides.map(
    ({ rows }, side) => named.reduce((left, { counts }) => left - (counts[side] ?? 0), rows) - (nulls[side] ?? 0),
  );
  return [...named, { bin: "others", counts: rest }, { bin: "null", counts: nulls }]
    .filter(({ bin, counts }) => bin.startsWith("“") || counts.some((count) => count > 0))
    .map(({ bin, counts }) => ({ bin, reference_rows: counts[0] ?? 0, rows: counts[1] ?? 0 }));
};
