/** Where things are, for links within Airflow's pages. */
import type { Job, VersionKind } from "./api/client";

const HERE = "/plugin/modelops";

export const listAddress = (search: URLSearchParams | Record<string, string> = {}): string => {
  const text = new URLSearchParams(search).toString();
  return text === "" ? HERE : `${HERE}?${text}`;
};

export type Page = "waiting" | "models" | "features" | "deployments" | "production" | "analysis";

export const pageAddress = (page: Page | "jobs", search: Record<string, string> = {}): string =>
  page === "jobs"
    ? listAddress(search)
    : `${HERE}/${page}?${new URLSearchParams(search).toString()}`.replace(/\?$/, "");

export const MODEL_PAGES = { model: "models", feature_task: "features" } as const satisfies Record<VersionKind, Page>;

/** The page of a model or of a feature task, `<repository>/<name>`. */
export const versionsAddress = ({ kind, model }: { kind: VersionKind; model: string }): string =>
  `${HERE}/${MODEL_PAGES[kind]}/${model.split("/").map(encodeURIComponent).join("/")}`;

/** The page of a model, with two of its versions compared. */
export const comparisonAddress = (of: { kind: VersionKind; model: string }, left: number, right: number): string =>
  `${versionsAddress(of)}?compare=${String(left)},${String(right)}`;

/** A deployment: its state, its batches, and its other pages. */
export const deploymentAddress = (deployment: number): string => `${HERE}/deployments/${String(deployment)}`;

/** The jobs of a deployment. */
export const jobsOfAddress = ({ model, version, id }: { model: string; version: number; id: number }): string =>
  listAddress({ subject: `${model} v${String(version)} (deployment ${String(id)})` });

/** What became of a deployment's data intervals. */
export const intervalsAddress = (deployment: number): string => `${deploymentAddress(deployment)}/intervals`;

/** The drift of a deployment's batches over time. */
export const driftAddress = (deployment: number): string => `${deploymentAddress(deployment)}/drift`;

/** The performance of a deployment's predictions over time. */
export const performanceAddress = (deployment: number): string => `${deploymentAddress(deployment)}/performance`;

/** The alert rules of a deployment, and its alerts. */
export const alertsAddress = (deployment: number): string => `${deploymentAddress(deployment)}/alerts`;

export const dagAddress = (dagId: string): string => `/dags/${encodeURIComponent(dagId)}`;

/** The page of a job, at one of its tabs. */
export const jobAddress = (id: number, tab?: string): string =>
  `${HERE}/jobs/${String(id)}${tab === undefined ? "" : `?tab=${tab}`}`;

/** The name of a column in addresses and on the page of a drift check. */
export const columnKey = ({ role, variable }: { role: string; variable: string }): string => `${role} ${variable}`;

/** The distribution of a column in the reference and in the batch that a drift check has compared. */
export const distributionAddress = (check: number, column: { role: string; variable: string }): string =>
  `${jobAddress(check, "drift")}&${new URLSearchParams({ column: columnKey(column) }).toString()}`;

export const runAddress = (job: Pick<Job, "dag_id" | "run_id">): string =>
  `/dags/${encodeURIComponent(job.dag_id)}/runs/${encodeURIComponent(job.run_id)}`;

export const taskAddress = (job: Job): string => {
  const mapped = job.map_index < 0 ? "" : `/mapped/${String(job.map_index)}`;
  return `${runAddress(job)}/tasks/${encodeURIComponent(job.task_id)}${mapped}`;
};
