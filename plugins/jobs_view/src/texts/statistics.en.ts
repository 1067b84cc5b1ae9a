/** The English texts on statistics and drift. */
export const statistics = {
  title: "Column statistics",
  column: "Column",
  nulls: "Nulls",
  least: "Minimum",
  most: "Maximum",
  mean: "Mean",
  distribution: "Distribution",
  mostFrequent: "Most frequent",
  roles: { feature: "Features", target: "Targets", prediction: "Predictions" } as Record<string, string>,
  ofRows: (role: string, rows: string) => `${role} (${rows} rows)`,
  aboutReference: "Batches that start after this job are counted in the bins of these columns.",
  drift: "Drift",
  verdicts: {
    stable: "stable",
    moved: "moved",
    moderate: "moderate",
    major: "major",
    not_enough_rows: "not enough rows",
    not_comparable: "not comparable with the deployed run",
  } as Record<string, string>,
  tooSmall: (shift: string) => `reference too small to see a shift below ${shift} standard deviations`,
  shift: (index: string, shift: string) => `PSI ${index}, as if shifted by ${shift} standard deviations`,
  natural: (index: string) => `within the deployed run: ${index}`,
  aboutDrift:
    "Population stability index (PSI) against what is deployed. A column has moved if the index is significantly above 0.005 (0.5 % false findings over all columns). The change is moderate from 0.1 and major from 0.25 on, by the lower confidence bound of the index. “Within the deployed run”: the largest index between a tenth of its rows and the others. Columns of the entity key, times and bytes are not compared.",
};

export const drift = {
  title: "Drift from the reference",
  nothing: "There is no result yet.",
  nothingCompared: "The batch has no columns to compare.",
  verdict: "Verdict",
  index: "PSI",
  shift: "As if shifted by (σ)",
  natural: "Within the reference",
  mostMoved: "Bins that moved most",
  prediction: "prediction",
  bin: (name: string) => name,
  inSql: "The same figures in SQL",
  about:
    "Population stability index (PSI) of each column against the reference of the version; σ: standard deviation. A column has moved if the index is significantly above the tolerance (0.5 % false findings over all features, and over all predictions). The change is moderate or major by the lower confidence bound of the index. “Within the reference”: the largest index between a tenth of its rows and the others.",
};
