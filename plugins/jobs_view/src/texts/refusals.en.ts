/** The sentences for the API's refusals, by code. Values that name a status or an action are translated here. */
import type { RefusalCode } from "../api/client";

export type Refusals = Record<RefusalCode, (values: Record<string, string>) => string>;

export const refusals: Refusals = {
  own_request: ({ person, work, subject }) => `${person} requested the ${work} of ${subject} and can't decide on it.`,
  requester_unknown: ({ subject, work, attempts }) =>
    `Nobody can decide on ${subject} yet: it isn't on record who cleared its ${work} before attempt ${attempts}. ` +
    "Try again in a moment, when the observer has recorded who cleared it. If Airflow's audit log doesn't say, make a version in a new run.",
  not_an_approver: ({ person, subject, approvers }) =>
    `${person} isn't among the approvers of ${subject}: ${approvers}.`,
  comment_missing: () => "A rejection needs a comment that says why.",
  comment_too_long: ({ length, most }) => `The comment has ${length} characters; at most ${most} are possible.`,
  unstorable: () =>
    "An answer can't contain NUL characters or unpaired surrogates, because the database can't store them. Remove them from the comment.",
  answer_out_of_bounds: ({ wrong }) => `The answer is out of bounds: ${wrong}.`,
  other_card: () => "The answer is for a card that showed other evidence. Review the evidence that is shown now.",
  evidence_changed: () =>
    "The evidence has changed since it was shown. The new evidence appears in a moment: review it, and answer again.",
  no_decision_awaited: () => "This version isn't waiting for a decision.",
  decided_already: ({ person, subject }) => `${person} has already decided on ${subject}.`,
  approval_ended: ({ status }) =>
    `This approval has ended (${status}), so it takes no answer; clear its task to ask again.`,
  too_early: () => "Too early: Airflow can't take an answer to this approval yet. Try again in a moment.",
  approval_unknown: () =>
    "The ledger does not have the job of this approval, so nothing is decided; clear its task to ask again.",
  undecided_away: () => "The ledger can't be reached, so nothing is decided; try again in a moment.",
  undecided_busy: () => "The ledger is busy, so nothing is decided; try again in a moment.",
  ledger_away: () => "The ledger can't be reached or is too busy. Nothing is lost; try again in a moment.",
  unknown_job: ({ job }) => `There is no job ${job}, or you are not allowed to see it.`,
  unknown_attempt: ({ job, attempt }) => `Job ${job} has no attempt ${attempt}.`,
  unknown_deployment: ({ deployment }) => `There is no deployment ${deployment}, or you are not allowed to see it.`,
  unknown_model: ({ model }) => `There is no ${model}, or you are not allowed to see it.`,
  unknown_version: ({ model, version }) => `${model} has no version ${version}, or you are not allowed to see it.`,
  not_in_production: ({ model, target }) =>
    `No version of ${model} is in production in ${target}, or you are not allowed to see it.`,
  unknown_file: ({ job, sha256 }) => `Job ${job} has no such file with the SHA-256 ${sha256}.`,
  unknown_evaluation: ({ job, sha256 }) => `Job ${job} has no evaluation with the digest ${sha256}.`,
  unknown_page: ({ after }) => `No page ends at ${after}. Go back to the first page.`,
  unknown_zone: ({ zone }) => `There is no time zone ${zone}. Choose one such as Europe/Paris, or UTC.`,
  no_log: ({ job, attempt }) => `The log store has no log of attempt ${attempt} of job ${job}.`,
  log_store_away: () => "The log store can't be read; try again in a moment.",
  log_too_long: ({ line, seconds }) =>
    `The log is too long: line ${line} can't be reached within ${seconds} seconds. The whole log is in the log store.`,
  too_many_logs: () => "Too many logs are being read at once; try again in a moment.",
  too_many_files: () => "Too many files are being checked at once; try again in a moment.",
  too_many_periods: ({ most }) =>
    `There are more than ${most} periods in this time; choose a shorter time or longer periods.`,
  empty_period: () => "The beginning of the period isn't before its end.",
  nothing_checked: ({ job }) => `Job ${job} has no drift results.`,
  nothing_published: ({ job }) => `Job ${job} has published nothing.`,
  predictions_unreadable: ({ target, reason }) => `The rows in ${target} can't be read: ${reason}.`,
  artifact_changed: ({ name }) =>
    `The artifact ${name} is missing or was changed after it was recorded, so it can't be downloaded.`,
  not_allowed: ({ dag }) => `Airflow doesn't let you do this with the DAG ${dag}.`,
  audit_log_hidden: () => "You are not allowed to read the audit log of all DAGs.",
  other_site: () => "The request comes from a page of another site; only Airflow's own pages may make it.",
  not_json: () => "The body must be JSON, with Content-Type: application/json.",
  not_now: ({ job, status, action }) => `Job ${job} has the status ${status}, so ${action} isn't possible now.`,
  deployment_ended: ({ deployment, ending }) => `Deployment ${deployment} was ${ending}, so it runs no more batches.`,
  no_training: ({ model }) => `${model} was imported from a file: import another file with the DAG byom_lifecycle.`,
  no_version: () => "The request needs the number of a version.",
  not_deployable: ({ subject, version_status }) =>
    `${subject} has the status ${version_status}; only an approved version can be deployed.`,
  no_dag: () => "Airflow doesn't have the DAG that does this.",
  no_dag_yet: () =>
    "Airflow has no DAG of this deployment yet. It appears some seconds after the deployment: try again then.",
  record_gone: () =>
    "Airflow no longer has the record of this task (it was cleaned up), so this can't be done; trigger its DAG anew.",
  airflow_failed: ({ status }) =>
    `Airflow failed to process the request (status ${status}); see the log of its API server.`,
};
