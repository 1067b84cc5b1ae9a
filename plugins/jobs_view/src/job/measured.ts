/** The metrics of a version, and their comparison with the champion. */
import type { WholeJob } from "../api/client";
import type { Formats } from "../texts/formats";
import type { ColumnStatistics } from "./Statistics";
import { JOB_TYPES } from "../texts/jobTypes.ts";
import type { FileWarning, ImportedDefinition } from "./imported.ts";

/** The evidence as the database writes it, see the function `modelops.evidence`. */
export type Measured = {
  digest?: string;
  rows: number;
  statistics?: ColumnStatistics[];
  metrics: Metrics;
  data_sha256: string;
  /** If the evaluation has details: the hash of these, the metrics to show first, and why metrics are null. */
  details_sha256?: string;
  headline?: string[];
  undefined?: Record<string, string>;
};
type Metrics = Record<string, unknown>;
export type TaskDefinition = { output: string; language: string; key: string[]; incremental: string | null };
export type StoredEvidence = {
  version: number;
  requested_by: string;
  commit: string | null;
  dirty: boolean;
  artifact_sha256: string;
  code_sha256: string;
  requirements_sha256: string;
  /** Of a model. */
  hyperparameters?: Record<string, unknown> | null;
  training?: { rows: number | null; data_sha256: string | null };
  /** Of an imported model: the rows of its statistics, and what these warn of. */
  statistics?: { rows: number; data_sha256: string; warnings: FileWarning[] } | null;
  /** Of a feature task: what its task.yaml declares. Of an imported model: its file. */
  definition?: TaskDefinition | ImportedDefinition;
  evaluations: Measured[] | null;
  champion: (Measured & { version: number }) | null;
};

/** What the evidence says of the file of an imported model; undefined for others. */
export const importedOf = ({ definition }: Pick<StoredEvidence, "definition">): ImportedDefinition | undefined =>
  definition !== undefined && "file" in definition ? definition : undefined;

/** The warnings of a file, and of the values that its model gets. */
export const warningsOf = (evidence: Pick<StoredEvidence, "definition" | "statistics">): FileWarning[] => [
  ...(importedOf(evidence)?.warnings ?? []),
  ...(evidence.statistics?.warnings ?? []),
];

/** What the task.yaml of a feature task declares; undefined for models. */
export const taskOf = ({ definition }: Pick<StoredEvidence, "definition">): TaskDefinition | undefined =>
  definition !== undefined && "output" in definition ? definition : undefined;

/** The evaluation to show: for a job of an evaluation or a run its own, otherwise the newest. */
export const measuredBy = (
  job: Pick<WholeJob, "type" | "result">,
  evidence: Pick<StoredEvidence, "evaluations">,
): Measured | undefined => {
  const all = evidence.evaluations ?? [];
  return (
    all.find((measured) => JOB_TYPES[job.type].stage === "evaluation" && measured.digest === job.result?.digest) ??
    all.at(-1)
  );
};

/** The text that compares the rows with the champion's: rows of the evaluation of a model, or rows of a feature task. */
export const rowsBeside = (
  evidence: Pick<StoredEvidence, "definition">,
  newest: Pick<Measured, "data_sha256">,
  champion: Pick<Measured, "data_sha256">,
): "sameRows" | "otherRows" | "sameOutput" | "newRows" => {
  const isSame = champion.data_sha256 === newest.data_sha256;
  if (taskOf(evidence) === undefined) return isSame ? "sameRows" : "otherRows";
  return isSame ? "sameOutput" : "newRows";
};

/** Each metric of the version and of the champion, if there is one: its name, both values and the difference.

What is a number is written so that different ones look different; what isn't, as JSON. The metrics in `first` come first.
*/
export const comparedMetrics = (
  mine: Metrics,
  theirs: Metrics | null,
  formats: Formats,
  first: string[] = [],
): [name: string, mine: string, theirs: string, difference: string][] =>
  [...new Set([...first, ...Object.keys(mine), ...Object.keys(theirs ?? {})])].map((name) => {
    const both = [mine[name], theirs?.[name]] as const;
    const numbers = formats.compared(both.filter((value) => typeof value === "number"));
    const [left = "–", right = "–"] = both.map((value) =>
      typeof value === "number" ? numbers.shift() : (value ?? null) === null ? undefined : JSON.stringify(value),
    );
    const [a, b] = both;
    return [name, left, right, typeof a === "number" && typeof b === "number" ? formats.signed(a - b) : ""];
  });
