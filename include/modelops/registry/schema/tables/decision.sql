-- Approval requests with their evidence, and decisions.

CREATE TYPE modelops.verdict AS ENUM ('approved', 'rejected');

CREATE TABLE modelops.approval_request (
  id                   bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT approval_request_pkey PRIMARY KEY,
  version_id           bigint NOT NULL CONSTRAINT approval_request_version REFERENCES modelops.version,
  job_id               bigint NOT NULL CONSTRAINT approval_request_job REFERENCES modelops.job,
  attempt              integer NOT NULL,
  approvers            text[] NOT NULL,
  champion_evaluation  bigint CONSTRAINT approval_request_champion REFERENCES modelops.evaluation,
  artifact_sha256      modelops.sha256 NOT NULL,
  evidence             jsonb NOT NULL,
  digest               modelops.sha256 NOT NULL,
  asked_at             timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE modelops.approval_request IS
  'What was shown to the reviewers, as it stood then. The database writes the evidence and its digest. Append-only.';
COMMENT ON COLUMN modelops.approval_request.approvers IS
  'Who may decide, by the model''s policy.yaml; empty: anybody except the requesters of the training.';
CREATE INDEX approval_request_job ON modelops.approval_request (job_id, id);
CREATE INDEX approval_request_version ON modelops.approval_request (version_id, id);

GRANT SELECT ON modelops.approval_request TO modelops_jobs, modelops_reader;
GRANT INSERT (version_id, job_id, attempt, approvers) ON modelops.approval_request TO modelops_jobs;

CREATE TABLE modelops.decision (
  id          bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT decision_pkey PRIMARY KEY,
  version_id  bigint NOT NULL CONSTRAINT decision_version REFERENCES modelops.version,
  request_id  bigint NOT NULL CONSTRAINT decision_request REFERENCES modelops.approval_request,
  job_id      bigint NOT NULL CONSTRAINT decision_job REFERENCES modelops.job,
  digest      modelops.sha256 NOT NULL,
  approver    text NOT NULL CONSTRAINT decision_approver_named CHECK (approver <> ''),
  verdict     modelops.verdict NOT NULL,
  comment     text,
  decided_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT decision_once_per_person UNIQUE (version_id, approver),
  CONSTRAINT decision_rejected_with_reason CHECK (verdict <> 'rejected' OR coalesce(comment, '') ~ '\S')
);
-- Not valid: an installation may hold longer ones, from before there was a bound.
ALTER TABLE modelops.decision ADD CONSTRAINT decision_comment_length CHECK (length(comment) <= 10000) NOT VALID;
COMMENT ON TABLE modelops.decision IS
  'Who decided what on which evidence, and why. Append-only. It doesn''t depend on Airflow''s own record of the answer.';
COMMENT ON COLUMN modelops.decision.digest IS 'Of the evidence that was shown: the request''s, and still that of the version.';

GRANT SELECT ON modelops.decision TO modelops_jobs, modelops_reader;
GRANT INSERT (version_id, request_id, job_id, digest, approver, verdict, comment) ON modelops.decision TO modelops_jobs;
