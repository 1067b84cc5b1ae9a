/** Requests to the API of the jobs and to Airflow's own, with the person's session. Addresses follow Airflow's base. */
import type { components, paths } from "./schema";

type Schemas = components["schemas"];
export type Job = Schemas["Job"];
export type JobUsage = Schemas["JobUsage"];
export type WholeJob = Schemas["WholeJob"];
export type JobEvent = Schemas["JobEvent"];
export type JobsPage = Schemas["Page"];
export type JobCount = Schemas["JobCount"];
export type JobType = Schemas["JobType"];
export type JobStatus = Schemas["JobStatus"];
export type Event = Schemas["Event"];
export type Action = Schemas["Action"];
export type ActionBody = Schemas["ActionBody"];
export type RefusalCode = Schemas["Code"];
export type ApprovalRequest = Schemas["Request"];
export type Evidence = Schemas["Evidence"];
export type EvaluationDetails = Schemas["EvaluationDetails"];
export type EvaluationPlot = EvaluationDetails["plots"][number];
export type EvaluationSlice = Schemas["Slice"];
export type Recorded = Schemas["ColumnStatistics"];
export type CheckedBatch = Schemas["CheckedBatch"];
export type ComparedBin = Schemas["ComparedBin"];
export type ColumnOverTime = Schemas["ColumnOverTime"];
export type DriftCheck = Schemas["DriftCheck"];
export type DriftOverTime = Schemas["DriftOverTime"];
export type MeasurementPage = Schemas["MeasurementPage"];
export type Measurement = Schemas["Measurement"];
export type Performance = Schemas["Performance"];
export type Alerts = Schemas["Alerts"];
export type Alert = Schemas["Alert"];
export type AlertRule = Schemas["AlertRule"];
export type ArtifactFile = Schemas["ArtifactFile"];
export type Predictions = Schemas["Predictions"];
export type Version = Schemas["Version"];
export type VersionKind = Schemas["VersionKind"];
export type VersionStatus = Schemas["VersionStatus"];
export type Direction = Schemas["Direction"];
export type Model = Schemas["Model"];
export type ModelPage = Schemas["ModelPage"];
export type ModelAction = Schemas["ModelAction"];
export type ModelActionBody = Schemas["ModelActionBody"];
export type ProductionOfModel = Schemas["ProductionOfModel"];
export type ComparedVersion = Schemas["ComparedVersion"];
export type Comparison = Schemas["Comparison"];
export type Decision = Schemas["Decision"];
export type Deployment = Schemas["Deployment"];
export type WholeDeployment = Schemas["WholeDeployment"];
export type BatchOverTime = Schemas["BatchOverTime"];
export type Intervals = Schemas["Intervals"];
export type DataInterval = Schemas["DataInterval"];
export type IntervalState = Schemas["IntervalState"];
export type InProduction = Schemas["InProduction"];
export type Analysis = Schemas["Analysis"];
export type TypeAnalysis = Schemas["TypeAnalysis"];
export type JobFigures = Schemas["JobFigures"];
export type Period = Schemas["Period"];
export type Unit = Schemas["Unit"];
export type JobFilter = NonNullable<paths["/api/jobs"]["get"]["parameters"]["query"]>;

const SECONDS = 15;

/** A response with an error status; `status` is 0 if there was no response. */
export class RequestFailed extends Error {
  readonly status: number;
  readonly reason: Reason | null;

  constructor(status: number, detail: string, reason: Reason | null = null) {
    super(detail);
    this.status = status;
    this.reason = reason;
  }
}

/** The reason of a refusal of the jobs API. A newer server may send unknown codes; Airflow sends none. */
export type Reason = { code: string; values: Record<string, string | number> };

const reasonOf = (body: unknown): Reason | null =>
  typeof body === "object" && body !== null && "code" in body && "values" in body && typeof body.code === "string"
    ? { code: body.code, values: body.values as Reason["values"] }
    : null;

/** Whether the same request may succeed soon. */
export const isWorthAnotherTry = (error: unknown): boolean =>
  error instanceof RequestFailed && (error.status === 0 || error.status >= 500);

const detailOf = (body: unknown): string => {
  const detail = typeof body === "object" && body !== null && "detail" in body ? body.detail : body;
  return typeof detail === "string" ? detail : JSON.stringify(detail);
};

/** @throws {RequestFailed} */
const ask = async <T>(address: URL, how: RequestInit, signal?: AbortSignal): Promise<T> => {
  const patience = AbortSignal.timeout(SECONDS * 1000);
  let answer: Response;
  try {
    answer = await fetch(address, {
      ...how,
      headers: { Accept: "application/json", ...how.headers },
      signal: signal === undefined ? patience : AbortSignal.any([signal, patience]),
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw new RequestFailed(0, error instanceof Error ? error.message : String(error));
  }
  if (!answer.ok) {
    const body: unknown = await answer.json().catch(() => answer.statusText);
    throw new RequestFailed(answer.status, detailOf(body), reasonOf(body));
  }
  try {
    return (await answer.json()) as T;
  } catch (error) {
    // An incomplete response, or one from another server.
    signal?.throwIfAborted();
    throw new RequestFailed(0, error instanceof Error ? error.message : String(error));
  }
};

type Value = string | number | null | undefined;

/** @throws {RequestFailed} */
const get = <T>(path: string, parameters: Record<string, Value | Value[]>, signal: AbortSignal): Promise<T> => {
  const address = new URL(path, document.baseURI);
  for (const [name, value] of Object.entries(parameters)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined && each !== null && each !== "") {
        address.searchParams.append(name, String(each));
      }
    }
  }
  return ask(address, {}, signal);
};

export const getJobs = (wanted: JobFilter, signal: AbortSignal) => get<JobsPage>("modelops/api/jobs", wanted, signal);

export const getCounts = (signal: AbortSignal) => get<JobCount[]>("modelops/api/jobs/counts", {}, signal);

export const getJob = (id: number, signal: AbortSignal) => get<WholeJob>(`modelops/api/jobs/${String(id)}`, {}, signal);

export const getEvidence = (id: number, signal: AbortSignal) =>
  get<Evidence>(`modelops/api/jobs/${String(id)}/evidence`, {}, signal);

export const getEvaluation = (id: number, digest: string, signal: AbortSignal) =>
  get<EvaluationDetails>(`modelops/api/jobs/${String(id)}/evaluations/${digest}`, {}, signal);

export const getDrift = (id: number, signal: AbortSignal) =>
  get<DriftCheck>(`modelops/api/jobs/${String(id)}/drift`, {}, signal);

export const getDistribution = (id: number, role: string, variable: string, signal: AbortSignal) =>
  get<Schemas["Distribution"]>(`modelops/api/jobs/${String(id)}/distribution`, { role, variable }, signal);

export const getDriftOverTime = (deployment: string, signal: AbortSignal) =>
  get<DriftOverTime>(`modelops/api/deployments/${encodeURIComponent(deployment)}/drift`, {}, signal);

export const getPredictions = (id: number, signal: AbortSignal) =>
  get<Predictions>(`modelops/api/jobs/${String(id)}/predictions`, {}, signal);

export const getVersions = (kind: VersionKind, model: string, limit: number, signal: AbortSignal) =>
  get<Schemas["Versions"]>("modelops/api/versions", { kind, model, limit }, signal);

export const getModels = (kind: VersionKind, search: string, after: string, signal: AbortSignal) =>
  get<Schemas["Models"]>("modelops/api/models", { kind, search, after }, signal);

/** The path of a model, `<repository>/<name>`, in the API. */
const modelPath = (model: string): string =>
  `modelops/api/models/${model.split("/").map(encodeURIComponent).join("/")}`;

export const getModel = (kind: VersionKind, model: string, signal: AbortSignal) =>
  get<ModelPage>(modelPath(model), { kind }, signal);

export const getComparison = (kind: VersionKind, model: string, version: number[], signal: AbortSignal) =>
  get<Comparison>(`${modelPath(model)}/comparison`, { kind, version }, signal);

export const getDecisions = (signal: AbortSignal) => get<Schemas["Decisions"]>("modelops/api/decisions", {}, signal);

export const countDecisions = (signal: AbortSignal) =>
  get<Schemas["DecisionCount"]>("modelops/api/decisions/count", {}, signal);

export const getDeployments = (
  wanted: { model: string; search: string; active: string; after: string },
  signal: AbortSignal,
) => get<Schemas["Deployments"]>("modelops/api/deployments", wanted, signal);

export const getDeployment = (deployment: string, signal: AbortSignal) =>
  get<WholeDeployment>(`modelops/api/deployments/${encodeURIComponent(deployment)}`, {}, signal);

export const getIntervals = (deployment: string, last: { start: string; end: string } | null, signal: AbortSignal) =>
  get<Intervals>(
    `modelops/api/deployments/${encodeURIComponent(deployment)}/intervals`,
    { last_start: last?.start, last_end: last?.end },
    signal,
  );

export const getUsage = (job: number, signal: AbortSignal) =>
  get<JobUsage>(`modelops/api/jobs/${String(job)}/usage`, {}, signal);

export const getMeasured = (job: number, signal: AbortSignal) =>
  get<MeasurementPage>(`modelops/api/jobs/${String(job)}/performance`, {}, signal);

export const getPerformance = (deployment: string, signal: AbortSignal) =>
  get<Performance>(`modelops/api/deployments/${encodeURIComponent(deployment)}/performance`, {}, signal);

export const getAlerts = (deployment: string, signal: AbortSignal) =>
  get<Alerts>(`modelops/api/deployments/${encodeURIComponent(deployment)}/alerts`, {}, signal);

export const getProduction = (at: string, signal: AbortSignal) =>
  get<Schemas["Production"]>("modelops/api/production", { at }, signal);

type Span = { from: string; before: string };

export const getAnalysis = (span: Span & { unit: Unit }, zone: string, signal: AbortSignal) =>
  get<Analysis>(
    "modelops/api/analysis",
    { created_from: span.from, created_before: span.before, unit: span.unit, zone },
    signal,
  );

export const getSlowest = (type: JobType, span: Span, limit: number, signal: AbortSignal) =>
  get<Schemas["Slowest"]>(
    "modelops/api/analysis/slowest",
    { type, created_from: span.from, created_before: span.before, limit },
    signal,
  );

/** The URL of a job's file. */
export const artifactAddress = (id: number, file: ArtifactFile): string =>
  new URL(
    `modelops/api/jobs/${String(id)}/artifacts/${file.sha256}?${new URLSearchParams({ name: file.name }).toString()}`,
    document.baseURI,
  ).href;

/** Perform an action on a job; resolves when Airflow has accepted it. */
export const act = (id: number, action: Action, given: ActionBody) =>
  ask<Schemas["AcceptedAction"]>(new URL(`modelops/api/jobs/${String(id)}/${action}`, document.baseURI), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(given),
  });

/** Perform an action on a model; resolves when Airflow has accepted it. */
export const actOnModel = (kind: VersionKind, model: string, action: ModelAction, given: Partial<ModelActionBody>) =>
  ask<Schemas["AcceptedModelAction"]>(new URL(`${modelPath(model)}/${action}?kind=${kind}`, document.baseURI), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(given),
  });

/** Request a batch of a deployment; resolves when Airflow has accepted it. */
export const runDeployment = (id: number) =>
  ask<Schemas["AcceptedAction"]>(new URL(`modelops/api/deployments/${String(id)}/run_now`, document.baseURI), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: "{}",
  });

/** A structured line of a task's log, or a line that is only text. */
export type LogLine = string | { event: string; timestamp?: string | null; level?: string; error_detail?: Failure[] };
export type Failure = {
  exc_type: string;
  exc_value: string;
  frames?: { filename: string; lineno: number; name: string }[];
};
export type KeptLog = { content: LogLine[]; next: number | null };
export type LogPart = { content: LogLine[]; continuation_token: string | null };

/** What Airflow has of an attempt's log from where the last part ended; it alone knows where logs are kept. */
type TaskOf = Pick<Job, "dag_id" | "run_id" | "task_id" | "map_index">;

export const getLog = (job: TaskOf, attempt: number, token: string | null, signal: AbortSignal) => {
  const [dag, run, task] = [job.dag_id, job.run_id, job.task_id].map(encodeURIComponent) as [string, string, string];
  return get<LogPart>(
    `api/v2/dags/${dag}/dagRuns/${run}/taskInstances/${task}/logs/${String(attempt)}`,
    { map_index: job.map_index, token },
    signal,
  );
};

/** A page of what the log store has of an attempt's log, also when Airflow has no record of the task. */
export const getKeptLog = (id: number, attempt: number, offset: number, signal: AbortSignal) =>
  get<KeptLog>(`modelops/api/jobs/${String(id)}/logs/${String(attempt)}`, { offset }, signal);
