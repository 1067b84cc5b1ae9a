-- The registry (versions, artifacts, evaluations) and the ledger (jobs, their events).
-- What must never be wrong is refused here, whoever asks: a constraint, a trigger or a missing privilege.

CREATE SCHEMA IF NOT EXISTS modelops; -- made with the logins, so that modelops_owner need not be able to
COMMENT ON SCHEMA modelops IS 'Registry of model versions and ledger of jobs. Written by modelops_jobs only; closed to users'' SQL.';

CREATE TYPE modelops.version_kind AS ENUM ('model', 'feature_task');
CREATE TYPE modelops.version_status AS ENUM ('created', 'trained', 'evaluated', 'failed');
CREATE TYPE modelops.job_type AS ENUM ('training', 'evaluation');
-- In the order of a life: a job's status only moves to the right, until a newer attempt begins anew.
CREATE TYPE modelops.job_status AS ENUM
  ('created', 'scheduled', 'queued', 'running', 'retrying', 'completed', 'failed', 'cancelled', 'skipped');
CREATE TYPE modelops.event AS ENUM
  ('created', 'scheduled', 'queued', 'running', 'step', 'retrying', 'completed', 'failed', 'cancelled', 'skipped',
   'repeated', 'lost');

CREATE DOMAIN modelops.sha256 AS text CONSTRAINT sha256_hex CHECK (VALUE ~ '^[0-9a-f]{64}$');

-- Jobs ------------------------------------------------------------------------------------------------------------

CREATE TABLE modelops.job (
  id            bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT job_pkey PRIMARY KEY,
  type          modelops.job_type NOT NULL,
  dag_id        text NOT NULL,
  run_id        text NOT NULL,
  task_id       text NOT NULL,
  map_index     integer NOT NULL DEFAULT -1,
  subject       text NOT NULL,
  version_id    bigint,
  status        modelops.job_status NOT NULL DEFAULT 'created',
  attempt       integer NOT NULL DEFAULT 0 CONSTRAINT job_attempt_positive CHECK (attempt >= 0),
  fence         bigint NOT NULL DEFAULT 0,
  requested_by  text NOT NULL,
  parameters    jsonb NOT NULL DEFAULT '{}',
  result        jsonb,
  error         text,
  created_at    timestamptz NOT NULL,
  CONSTRAINT job_task UNIQUE (dag_id, run_id, task_id, map_index),
  CONSTRAINT job_failed_has_reason CHECK (status <> 'failed' OR error IS NOT NULL),
  CONSTRAINT job_completed_has_result CHECK (status <> 'completed' OR result IS NOT NULL)
);
COMMENT ON TABLE modelops.job IS 'One row per Airflow task instance that is a stage in a life cycle. Survives airflow db clean.';
COMMENT ON COLUMN modelops.job.subject IS 'What it is about, in words: the model until its version exists, then the version.';
COMMENT ON COLUMN modelops.job.attempt IS 'Airflow''s try number of the newest attempt that is known.';
COMMENT ON COLUMN modelops.job.fence IS 'Raised by each worker that takes the job; a write that names an older fence is refused.';
COMMENT ON COLUMN modelops.job.requested_by IS 'The person (or the schedule''s author) who asked for the DAG run.';
COMMENT ON COLUMN modelops.job.result IS
  'Set in the transaction that did the work; emptied when a worker takes the job anew after a person cleared the task.';
CREATE INDEX job_open ON modelops.job (id) WHERE status IN ('created', 'scheduled', 'queued', 'running', 'retrying');
CREATE INDEX job_version ON modelops.job (version_id, id);

CREATE TABLE modelops.job_event (
  id           bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT job_event_pkey PRIMARY KEY,
  job_id       bigint NOT NULL CONSTRAINT job_event_job REFERENCES modelops.job,
  attempt      integer NOT NULL,
  event        modelops.event NOT NULL,
  at           timestamptz NOT NULL,
  actor        text NOT NULL,
  detail       jsonb NOT NULL DEFAULT '{}',
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT job_event_once UNIQUE (job_id, attempt, event, at)
);
COMMENT ON TABLE modelops.job_event IS
  'What happened to a job, when, by whom, as its workers and the observer tell it (both are the login modelops_jobs).
Append-only; telling the same thing twice leaves one row.';
COMMENT ON COLUMN modelops.job_event.actor IS 'A person, "airflow" (scheduler, executor) or "worker" (the task itself).';

CREATE FUNCTION modelops.guard_job_status() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status NOT IN ('created', 'running') OR num_nonnulls(NEW.result, NEW.error) > 0 THEN
      RAISE EXCEPTION 'a job begins as created or running, not as %', NEW.status
        USING ERRCODE = 'check_violation', CONSTRAINT = 'job_status_guard';
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.attempt < OLD.attempt OR NEW.fence < OLD.fence THEN
    RAISE EXCEPTION 'job % can''t go back from attempt %, fence % to attempt %, fence %',
      OLD.id, OLD.attempt, OLD.fence, NEW.attempt, NEW.fence
      USING ERRCODE = 'check_violation', CONSTRAINT = 'job_status_guard';
  END IF;
  IF NEW.status <> OLD.status AND NEW.attempt = OLD.attempt
     AND (NEW.status < OLD.status OR OLD.status IN ('completed', 'failed', 'cancelled', 'skipped')) THEN
    RAISE EXCEPTION 'job % is %; within attempt % it can''t become %', OLD.id, OLD.status, OLD.attempt, NEW.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'job_status_guard';
  END IF;
  IF OLD.status IN ('completed', 'failed', 'cancelled', 'skipped') AND NEW.attempt = OLD.attempt
     AND (NEW.subject, NEW.version_id, NEW.fence, NEW.requested_by, NEW.parameters, NEW.result, NEW.error)
       IS DISTINCT FROM
       (OLD.subject, OLD.version_id, OLD.fence, OLD.requested_by, OLD.parameters, OLD.result, OLD.error) THEN
    RAISE EXCEPTION 'job % is %: what is on record of it stays', OLD.id, OLD.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'job_status_guard';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER job_status_guard BEFORE INSERT OR UPDATE ON modelops.job
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_job_status();

-- Versions --------------------------------------------------------------------------------------------------------

CREATE TABLE modelops.transition (
  kind         modelops.version_kind NOT NULL,
  from_status  modelops.version_status,
  to_status    modelops.version_status NOT NULL,
  job_type     modelops.job_type NOT NULL,
  meaning      text NOT NULL,
  CONSTRAINT transition_once UNIQUE NULLS NOT DISTINCT (kind, from_status, to_status, job_type)
);
COMMENT ON TABLE modelops.transition IS 'The state machine of versions. What is not a row here can''t happen.';
INSERT INTO modelops.transition (kind, from_status, to_status, job_type, meaning) VALUES
  ('model', NULL,      'created',   'training',   'training starts'),
  ('model', 'created', 'trained',   'training',   'artifacts are stored'),
  ('model', 'created', 'failed',    'training',   'training failed or was stopped'),
  ('model', 'trained', 'evaluated', 'evaluation', 'metrics are on record');

CREATE TABLE modelops.version (
  id                   bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT version_pkey PRIMARY KEY,
  kind                 modelops.version_kind NOT NULL DEFAULT 'model',
  name                 text NOT NULL,
  number               integer NOT NULL CONSTRAINT version_number_positive CHECK (number > 0),
  status               modelops.version_status NOT NULL DEFAULT 'created',
  job_id               bigint NOT NULL CONSTRAINT version_job REFERENCES modelops.job,
  changed_by           bigint NOT NULL CONSTRAINT version_changed_by REFERENCES modelops.job,
  created_by           text NOT NULL,
  created_at           timestamptz NOT NULL DEFAULT now(),
  hyperparameters      jsonb,
  commit               text,
  dirty                boolean,
  code_sha256          modelops.sha256,
  requirements_sha256  modelops.sha256,
  dataset              jsonb,
  data_sha256          modelops.sha256,
  data_rows            bigint,
  columns              jsonb,
  artifact_sha256      modelops.sha256,
  CONSTRAINT version_number UNIQUE (kind, name, number),
  CONSTRAINT version_artifact UNIQUE (id, artifact_sha256),
  CONSTRAINT version_pinned CHECK (
    status IN ('created', 'failed')
    OR num_nulls(hyperparameters, dirty, code_sha256, requirements_sha256, dataset, data_sha256, data_rows, columns,
      artifact_sha256) = 0)
);
COMMENT ON TABLE modelops.version IS 'The subject of a life cycle. What it pins is written once.';
COMMENT ON COLUMN modelops.version.name IS 'Reference of the model: <repository>/<model>.';
COMMENT ON COLUMN modelops.version.job_id IS 'The job that makes it.';
COMMENT ON COLUMN modelops.version.changed_by IS 'The job that took the last transition.';
COMMENT ON COLUMN modelops.version.hyperparameters IS 'As trained: the repository''s, with the requester''s on top.';
COMMENT ON COLUMN modelops.version.dirty IS 'Trained from files that were not committed, at the requester''s word.';
COMMENT ON COLUMN modelops.version.columns IS 'Column of the training rows → its Arrow type.';
COMMENT ON COLUMN modelops.version.artifact_sha256 IS
  'Computed by the database when the training completes: over role, name and hash of each of its artifacts.';
-- A retry takes up the version that its job began: there is never a second one in the making.
CREATE UNIQUE INDEX version_in_the_making ON modelops.version (job_id) WHERE status = 'created';
ALTER TABLE modelops.job ADD CONSTRAINT job_version_exists FOREIGN KEY (version_id) REFERENCES modelops.version;

CREATE TYPE modelops.artifact_role AS ENUM ('code', 'requirements', 'output');

CREATE TABLE modelops.artifact (
  id             bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT artifact_pkey PRIMARY KEY,
  version_id     bigint CONSTRAINT artifact_version REFERENCES modelops.version,
  evaluation_id  bigint,
  role           modelops.artifact_role NOT NULL,
  name           text NOT NULL CONSTRAINT artifact_named CHECK (name <> '' AND name !~ '[[:cntrl:]]'),
  sha256         modelops.sha256 NOT NULL,
  size           bigint NOT NULL CONSTRAINT artifact_size CHECK (size >= 0),
  media_type     text NOT NULL,
  uri            text NOT NULL,
  CONSTRAINT artifact_of_one CHECK (num_nonnulls(version_id, evaluation_id) = 1),
  CONSTRAINT artifact_name_version UNIQUE (version_id, role, name),
  CONSTRAINT artifact_name_evaluation UNIQUE (evaluation_id, role, name)
);
COMMENT ON TABLE modelops.artifact IS 'A file that a job pinned or left, stored under its own hash. Append-only.';
COMMENT ON COLUMN modelops.artifact.role IS
  'code: archive of the model''s folder; requirements: with versions and hashes; output: what user code left.';

CREATE FUNCTION modelops.artifact_digest(version_id bigint) RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  SELECT encode(sha256(convert_to(
    jsonb_agg(jsonb_build_array(role, name, sha256) ORDER BY role, name COLLATE "C")::text, 'UTF8')), 'hex')
  FROM modelops.artifact WHERE artifact.version_id = artifact_digest.version_id
$$;
COMMENT ON FUNCTION modelops.artifact_digest IS 'One hash for all artifacts of a version; null if it has none.';

CREATE FUNCTION modelops.guard_version() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  before modelops.version_status;
  doing modelops.job_type;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    before := OLD.status;
    IF (NEW.id, NEW.kind, NEW.name, NEW.number, NEW.job_id, NEW.created_by, NEW.created_at)
       IS DISTINCT FROM
       (OLD.id, OLD.kind, OLD.name, OLD.number, OLD.job_id, OLD.created_by, OLD.created_at)
    OR (OLD.code_sha256 IS NOT NULL
        AND (NEW.hyperparameters, NEW.commit, NEW.dirty, NEW.code_sha256, NEW.requirements_sha256)
        IS DISTINCT FROM (OLD.hyperparameters, OLD.commit, OLD.dirty, OLD.code_sha256, OLD.requirements_sha256))
    OR (OLD.artifact_sha256 IS NOT NULL
        AND (NEW.dataset, NEW.data_sha256, NEW.data_rows, NEW.columns, NEW.artifact_sha256)
        IS DISTINCT FROM (OLD.dataset, OLD.data_sha256, OLD.data_rows, OLD.columns, OLD.artifact_sha256)) THEN
      RAISE EXCEPTION '% v%: what a version pins is written once', OLD.name, OLD.number
        USING ERRCODE = 'check_violation', CONSTRAINT = 'version_pinned_once';
    END IF;
    IF NEW.status = OLD.status THEN
      IF NEW.changed_by <> OLD.changed_by THEN
        RAISE EXCEPTION '% v%: no job has changed it', OLD.name, OLD.number
          USING ERRCODE = 'check_violation', CONSTRAINT = 'version_transition';
      END IF;
      RETURN NEW;
    END IF;
  END IF;
  IF NEW.status = 'trained' THEN
    NEW.artifact_sha256 := modelops.artifact_digest(NEW.id);
  END IF;
  SELECT type INTO doing FROM modelops.job
  WHERE id = NEW.changed_by AND (type <> 'training' OR id = NEW.job_id);
  IF NOT EXISTS (
    SELECT FROM modelops.transition
    WHERE kind = NEW.kind AND from_status IS NOT DISTINCT FROM before AND to_status = NEW.status AND job_type = doing)
  THEN
    RAISE EXCEPTION '% v%: there is no transition from % to % by a job of type %',
      NEW.name, NEW.number, coalesce(before::text, 'nothing'), NEW.status, doing
      USING ERRCODE = 'check_violation', CONSTRAINT = 'version_transition';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER version_guard BEFORE INSERT OR UPDATE ON modelops.version
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_version();

CREATE TABLE modelops.evaluation (
  id               bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT evaluation_pkey PRIMARY KEY,
  version_id       bigint NOT NULL,
  artifact_sha256  modelops.sha256 NOT NULL,
  job_id           bigint NOT NULL CONSTRAINT evaluation_job REFERENCES modelops.job,
  attempt          integer NOT NULL,
  dataset          jsonb NOT NULL,
  data_sha256      modelops.sha256 NOT NULL,
  data_rows        bigint NOT NULL,
  metrics          jsonb NOT NULL,
  created_at       timestamptz NOT NULL DEFAULT now(),
  digest           modelops.sha256 NOT NULL,
  CONSTRAINT evaluation_once UNIQUE (job_id, attempt),
  CONSTRAINT evaluation_of_these_artifacts FOREIGN KEY (version_id, artifact_sha256)
    REFERENCES modelops.version (id, artifact_sha256)
);
COMMENT ON TABLE modelops.evaluation IS 'Metrics of exactly these artifacts on exactly these rows. Append-only.';
COMMENT ON COLUMN modelops.evaluation.digest IS 'Computed by the database from the columns before it: what an approval is bound to.';
CREATE INDEX evaluation_version ON modelops.evaluation (version_id, id);

CREATE FUNCTION modelops.digest_evaluation() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM modelops.job
                 WHERE id = NEW.job_id AND type = 'evaluation' AND status = 'running' AND attempt = NEW.attempt) THEN
    RAISE EXCEPTION 'job % isn''t an evaluation under way in attempt %', NEW.job_id, NEW.attempt
      USING ERRCODE = 'check_violation', CONSTRAINT = 'evaluation_under_way';
  END IF;
  NEW.digest := encode(sha256(convert_to(jsonb_build_array(NEW.version_id, NEW.artifact_sha256, NEW.dataset,
    NEW.data_sha256, NEW.data_rows, NEW.metrics)::text, 'UTF8')), 'hex');
  RETURN NEW;
END $$;
CREATE TRIGGER evaluation_digest BEFORE INSERT ON modelops.evaluation
  FOR EACH ROW EXECUTE FUNCTION modelops.digest_evaluation();

ALTER TABLE modelops.artifact ADD CONSTRAINT artifact_evaluation FOREIGN KEY (evaluation_id) REFERENCES modelops.evaluation;

CREATE FUNCTION modelops.guard_artifact() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  PERFORM FROM modelops.version WHERE id = NEW.version_id AND status = 'created' FOR SHARE;
  IF FOUND THEN RETURN NEW; END IF;
  PERFORM FROM modelops.job JOIN modelops.evaluation ON job.id = evaluation.job_id AND job.attempt = evaluation.attempt
  WHERE evaluation.id = NEW.evaluation_id AND job.status = 'running' FOR SHARE OF job;
  IF FOUND THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'artifact %: what it would belong to is finished', NEW.name
    USING ERRCODE = 'check_violation', CONSTRAINT = 'artifact_in_the_making';
END $$;
CREATE TRIGGER artifact_guard BEFORE INSERT ON modelops.artifact
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_artifact();

-- What is on record stays on record -------------------------------------------------------------------------------

CREATE FUNCTION modelops.refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'check_violation', CONSTRAINT = 'append_only',
          HINT = 'What was recorded stays; record what is new beside it.';
END $$;
DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['job_event', 'evaluation', 'artifact', 'transition'] LOOP
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON modelops.%I
      FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change()', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['job', 'version'] LOOP
    EXECUTE format('CREATE TRIGGER append_only BEFORE DELETE ON modelops.%I
      FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change()', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['job', 'job_event', 'version', 'evaluation', 'artifact', 'transition'] LOOP
    EXECUTE format('CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.%I
      FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change()', t);
  END LOOP;
END $$;

-- The observer's own note -----------------------------------------------------------------------------------------

CREATE TABLE modelops.observation (
  singleton  boolean NOT NULL DEFAULT true CONSTRAINT observation_pkey PRIMARY KEY,
  seen_at    timestamptz NOT NULL,
  CONSTRAINT observation_single CHECK (singleton)
);
COMMENT ON TABLE modelops.observation IS 'Up to when the observer has brought Airflow''s news into the ledger.';

-- How long a job stood in each step -------------------------------------------------------------------------------

CREATE VIEW modelops.job_step_time AS
SELECT job_id, attempt, event, at,
       greatest(lead(at) OVER (PARTITION BY job_id ORDER BY attempt, event, at, id) - at, interval '0') AS lasted
FROM modelops.job_event
WHERE event NOT IN ('step', 'lost', 'repeated');
COMMENT ON VIEW modelops.job_step_time IS
  'Each step of a job''s life with the time until the next; null where it still lasts. In the order of a life, as the
clocks of Airflow and of a worker may differ.';

CREATE VIEW modelops.job_summary AS
SELECT job.*, time.waited, time.worked
FROM modelops.job
LEFT JOIN LATERAL (
  SELECT sum(lasted) FILTER (WHERE event IN ('created', 'scheduled', 'queued', 'retrying')) AS waited,
         sum(lasted) FILTER (WHERE event = 'running') AS worked
  FROM modelops.job_step_time WHERE job_step_time.job_id = job.id
) AS time ON true;
COMMENT ON VIEW modelops.job_summary IS 'A job with the time that it waited (for its turn, a worker, the next attempt) and worked.';

-- Privileges ------------------------------------------------------------------------------------------------------

GRANT USAGE ON SCHEMA modelops TO modelops_jobs, modelops_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA modelops TO modelops_jobs, modelops_reader;
GRANT INSERT ON modelops.job TO modelops_jobs;
GRANT INSERT (version_id, evaluation_id, role, name, sha256, size, media_type, uri) ON modelops.artifact TO modelops_jobs;
GRANT INSERT (job_id, attempt, event, at, actor, detail) ON modelops.job_event TO modelops_jobs;
GRANT INSERT (name, number, job_id, changed_by, created_by) ON modelops.version TO modelops_jobs;
GRANT INSERT (version_id, artifact_sha256, job_id, attempt, dataset, data_sha256, data_rows, metrics)
  ON modelops.evaluation TO modelops_jobs;
GRANT UPDATE (subject, version_id, status, attempt, fence, requested_by, parameters, result, error, created_at)
  ON modelops.job TO modelops_jobs;
GRANT UPDATE (status, changed_by, hyperparameters, commit, dirty, code_sha256, requirements_sha256, dataset,
  data_sha256, data_rows, columns) ON modelops.version TO modelops_jobs;
GRANT INSERT, UPDATE ON modelops.observation TO modelops_jobs;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA modelops FROM PUBLIC;
GRANT EXECUTE ON FUNCTION modelops.artifact_digest TO modelops_jobs, modelops_reader;
