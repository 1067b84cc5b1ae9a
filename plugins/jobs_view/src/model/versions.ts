/** The versions of a model as its page lists and draws them. */
import type { Direction, Version, VersionStatus } from "../api/client";

export const ORDERS = ["newest", "oldest", "best"] as const;
export type Order = (typeof ORDERS)[number];

/** What is shown of the versions; kept in the address. */
export type Choice = { status: VersionStatus | ""; search: string; order: Order; failed: boolean };

export const choiceOf = (search: URLSearchParams): Choice => ({
  status: (search.get("status") ?? "") as Choice["status"],
  search: search.get("search") ?? "",
  order: ORDERS.find((order) => order === search.get("sort")) ?? "newest",
  failed: search.get("failed") === "1",
});

/** A metric of a version that is a number, else null. */
export const valueOf = ({ metrics }: Pick<Version, "metrics">, metric: string | null): number | null => {
  const value: unknown = metric === null || !Object.hasOwn(metrics ?? {}, metric) ? null : metrics?.[metric];
  return typeof value === "number" ? value : null;
};

/** Whether the first value is better than the second; null if that isn't known. */
export const isBetter = (value: number, than: number, better: Direction | null): boolean | null =>
  better === null || value === than ? null : better === "higher" ? value > than : value < than;

/** Attempts that failed before their version was complete. */
export const isFailed = ({ status }: Pick<Version, "status">): boolean => status === "failed";

const textOf = ({ number, created_by, approver, comment, commit, deployments }: Version): string =>
  [`v${String(number)}`, created_by, approver, comment, commit, ...deployments.map(({ target }) => target)]
    .filter((part) => part !== null)
    .join("\n")
    .toLowerCase();

/** The versions to list, in order, and how many failed attempts are folded away. */
export const listed = (
  versions: Version[],
  { status, search, order, failed }: Choice,
  metric: string | null,
  better: Direction | null,
): { shown: Version[]; folded: number } => {
  const wanted = search.trim().toLowerCase();
  const fitting = versions.filter(
    (version) => (status === "" || version.status === status) && (wanted === "" || textOf(version).includes(wanted)),
  );
  const folds = !failed && status !== "failed";
  const shown = fitting.filter((version) => !(folds && isFailed(version)));
  const sign = better === "lower" ? 1 : -1;
  shown.sort((one, other) => {
    const [a, b] = [valueOf(one, metric), valueOf(other, metric)];
    const byNumber = order === "oldest" ? one.number - other.number : other.number - one.number;
    if (order !== "best" || a === b) return byNumber;
    if (a === null || b === null) return a === null ? 1 : -1;
    return (a - b) * sign;
  });
  return { shown, folded: fitting.length - shown.length };
};

/** The names of the metrics that are numbers in some version, the preferred one first. */
export const numericMetrics = (versions: Pick<Version, "metrics">[], first: string | null): string[] => {
  const names = versions.flatMap(({ metrics }) =>
    Object.entries(metrics ?? {})
      .filter(([, value]) => typeof value === "number")
      .map(([name]) => name),
  );
  return [...new Set([...(first !== null && names.includes(first) ? [first] : []), ...names])];
};

export type Point = { number: number; value: number | null; inProduction: boolean };

/** The values of a metric by version, oldest first; versions that failed are left out. */
export const pointsOf = (versions: Version[], metric: string): Point[] =>
  versions
    .filter((version) => !isFailed(version))
    .map((version) => ({
      number: version.number,
      value: valueOf(version, metric),
      inProduction: version.deployments.length > 0,
    }))
    .sort((one, other) => one.number - other.number);

type Known = { number: number; value: number };

/** What a chart says at a glance: the newest value, the best one, and those in production. */
export const glanceOf = (
  points: Point[],
  better: Direction | null,
): { newest: Known | null; best: Known | null; production: Known[] } => {
  const known = points.filter((point): point is Point & Known => point.value !== null);
  const best =
    better === null
      ? null
      : known.reduce<Known | null>(
          (found, point) => (found === null || isBetter(point.value, found.value, better) === true ? point : found),
          null,
        );
  return { newest: known.at(-1) ?? null, best, production: known.filter(({ inProduction }) => inProduction) };
};

/** The two versions that are compared unless others are chosen: the newest, with what is in production or came before. */
export const comparedFirst = (versions: Version[]): [left: number, right: number] | null => {
  const made = versions.filter((version) => !isFailed(version)).sort((one, other) => other.number - one.number);
  const [newest] = made;
  const other = made.find((one) => one.deployments.length > 0 && one !== newest) ?? made[1];
  return newest === undefined || other === undefined ? null : [newest.number, other.number];
};

/** The versions in an address, such as `3,5`; null if that isn't two. */
export const comparedIn = (text: string | null): [left: number, right: number] | null => {
  const [left, right, ...others] = (text ?? "").split(",").map(Number);
  const isNumber = (number: number | undefined): number is number => Number.isSafeInteger(number) && Number(number) > 0;
  return others.length === 0 && isNumber(left) && isNumber(right) ? [left, right] : null;
};
