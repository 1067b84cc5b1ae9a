/** What differs between two versions of a model. */
import type { ComparedVersion } from "../api/client";

export type Difference = [name: string, left: string | null, right: string | null];
export type Sameness = "same" | "different" | "unknown";

const shown = (value: unknown): string | null =>
  value === undefined ? null : typeof value === "string" ? value : JSON.stringify(value);

type Values = Record<string, unknown> | null;

/** Text that is the same for equal values, whatever the order of their keys. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );

/** The names whose values differ, with both values; null where there is none. */
export const differences = (left: Values, right: Values): Difference[] => {
  const [mine, theirs] = [new Map(Object.entries(left ?? {})), new Map(Object.entries(right ?? {}))];
  return [...new Set([...mine.keys(), ...theirs.keys()])]
    .filter((name) => mine.has(name) !== theirs.has(name) || canonical(mine.get(name)) !== canonical(theirs.get(name)))
    .map((name) => [name, shown(mine.get(name)), shown(theirs.get(name))]);
};

/** Whether two hashes are of the same content. */
export const sameness = (left: string | null, right: string | null): Sameness =>
  left === null || right === null ? "unknown" : left === right ? "same" : "different";

type Pinned = Pick<
  ComparedVersion,
  "code_sha256" | "requirements_sha256" | "data_sha256" | "artifact_sha256" | "commit"
>;

/** What versions pin by hash. */
export const PINNED = {
  code: "code_sha256",
  packages: "requirements_sha256",
  trainingRows: "data_sha256",
  artifacts: "artifact_sha256",
  commit: "commit",
} as const satisfies Record<string, keyof Pinned>;

export const pinned = (left: Pinned, right: Pinned): [what: keyof typeof PINNED, sameness: Sameness][] =>
  Object.entries(PINNED).map(([what, name]) => [what as keyof typeof PINNED, sameness(left[name], right[name])]);
