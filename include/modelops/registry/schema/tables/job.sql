-- The ledger: jobs, and what happened to each.

-- The type modelops.job_type is made from the declared job types before this file runs: see modelops.registry.declarations.
-- Within an attempt, the status of a job only moves to the right.
CREATE TYPE modelops.job_status AS ENUM
  ('created', 'scheduled', 'queued', 'running', 'awaiting_approval', 'retrying',
   'completed', 'failed', 'cancelled', 'skipped');
CREATE TYPE modelops.event AS ENUM
  ('created', 'cleared', 'scheduled', 'queued', 'waiting', 'running', 'step', 'awaiting_approval', 'refused', 'retrying',
   'completed', 'failed', 'cancelled', 'skipped', 'repeated', 'lost');

CREATE TABLE modelops.job (
  id            bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT job_pkey PRIMARY KEY,
  type          modelops.job_type NOT NULL,
  dag_id        text NOT NULL,
  run_id        text NOT NULL,
  task_id       text NOT NULL,
  map_index     integer NOT NULL DEFAULT -1,
  subject       text NOT NULL,
  version_id    bigint, -- references modelops.version, see version.sql
  status        modelops.job_status NOT NULL DEFAULT 'created',
  attempt       integer NOT NULL DEFAULT 0 CONSTRAINT job_attempt_positive CHECK (attempt >= 0),
  fence         bigint NOT NULL DEFAULT 0,
  requested_by  text NOT NULL,
  parameters    jsonb NOT NULL DEFAULT '{}',
  result        jsonb,
  error         text,
  created_at    timestamptz NOT NULL,
  waited        interval,
  worked        interval,
  max_tries     integer,
  asked_at      timestamptz,
  started_at    timestamptz,
  ended_at      timestamptz,
  peak_memory     bigint CONSTRAINT job_peak_memory CHECK (peak_memory >= 0),
  peak_allocated  bigint CONSTRAINT job_peak_allocated CHECK (peak_allocated >= 0),
  cpu_seconds     double precision CONSTRAINT job_cpu_seconds CHECK (cpu_seconds >= 0 AND cpu_seconds < 'infinity'),
  CONSTRAINT job_task UNIQUE (dag_id, run_id, task_id, map_index),
  CONSTRAINT job_failed_has_reason CHECK (status <> 'failed' OR error IS NOT NULL),
  CONSTRAINT job_completed_has_result CHECK (status <> 'completed' OR result IS NOT NULL),
  CONSTRAINT job_ended CHECK ((ended_at IS NOT NULL) = (status IN ('completed', 'failed', 'cancelled', 'skipped'))),
  CONSTRAINT job_times_when_ended CHECK (ended_at IS NOT NULL OR num_nonnulls(waited, worked) = 0)
);
COMMENT ON TABLE modelops.job IS 'One row per Airflow task instance that is a stage in a life cycle. Survives airflow db clean.';
COMMENT ON COLUMN modelops.job.subject IS 'What it is about, in words: the model until its version exists, then the version.';
COMMENT ON COLUMN modelops.job.attempt IS 'Airflow''s try number of the newest attempt that is known.';
COMMENT ON COLUMN modelops.job.fence IS 'Raised by each worker that takes the job; a write that names an older fence is refused.';
COMMENT ON COLUMN modelops.job.requested_by IS 'The person who requested the DAG run, or the author of its schedule.';
COMMENT ON COLUMN modelops.job.result IS
  'Set in the transaction that did the work; emptied when a worker takes the job anew after a person cleared the task.';
COMMENT ON COLUMN modelops.job.waited IS 'As in job_summary, of all attempts; null while the job has not ended. The trigger job_summed_up writes it.';
COMMENT ON COLUMN modelops.job.worked IS 'As in job_summary, of all attempts; null while the job has not ended. The trigger job_summed_up writes it.';
COMMENT ON COLUMN modelops.job.max_tries IS
  'Airflow''s number when a worker last took the job: clearing the task changes it, a retry doesn''t, whatever becomes of the DAG.';
COMMENT ON COLUMN modelops.job.asked_at IS
  'When its DAG run was requested, as the first attempt found it; null once a person has cleared the task.';
COMMENT ON COLUMN modelops.job.started_at IS
  'When a worker first took the newest attempt; null while none has. The trigger job_times writes it.';
COMMENT ON COLUMN modelops.job.ended_at IS
  'When the newest attempt ended the job: its status is completed, failed, cancelled or skipped. Null while it has not ended. The trigger job_times keeps it.';
COMMENT ON COLUMN modelops.job.peak_memory IS
  'Bytes of resident memory that user code of the newest attempt had at most: its largest process, or several at one time. Null: none was measured.';
COMMENT ON COLUMN modelops.job.peak_allocated IS
  'Bytes that a process of that code had allocated at most, used or not; or all together had in use, if that is more. Measured now and then.';
COMMENT ON COLUMN modelops.job.cpu_seconds IS 'CPU time of all processes of that code together.';

CREATE INDEX job_open ON modelops.job (id) WHERE ended_at IS NULL;
CREATE INDEX job_version ON modelops.job (version_id, id);

-- Lists of jobs, newest first: whole, or by one property, a page at a time, whatever their number.
CREATE INDEX job_newest ON modelops.job (created_at, id);
CREATE INDEX job_newest_of_dag ON modelops.job (dag_id, created_at, id);
CREATE INDEX job_newest_of_status ON modelops.job (status, created_at, id);
CREATE INDEX job_newest_of_person ON modelops.job (requested_by, created_at, id);
CREATE INDEX job_newest_of_person_by_status ON modelops.job (requested_by, status, created_at, id);
-- A covering index for analyses of all jobs of a type.
CREATE INDEX job_newest_of_type ON modelops.job (type, created_at, id) INCLUDE (dag_id, status, waited, worked);
CREATE INDEX job_newest_of_type_by_status ON modelops.job (type, status, created_at, id);
-- The jobs of a model, a version or a deployment, each by equality, so that an index has them in this order: how many jobs
-- a pattern of LIKE fits, the planner can't estimate. The first word of a subject is the model, the second the version;
-- left(): an index takes no text of any length.
CREATE INDEX job_newest_of_model ON modelops.job (split_part(left(subject, 250), ' ', 1), created_at, id);
CREATE INDEX job_newest_of_version ON modelops.job
  ((split_part(left(subject, 250), ' ', 1) || ' ' || split_part(left(subject, 250), ' ', 2)), created_at, id);
CREATE INDEX job_newest_of_subject ON modelops.job (left(subject, 250), created_at, id);

-- The last measured jobs of a model and a type.
CREATE INDEX job_measured ON modelops.job (split_part(left(subject, 250), ' ', 1), type, created_at, id)
  WHERE peak_memory IS NOT NULL AND status = 'completed';

-- For counting with an index-only scan.
CREATE INDEX job_counted ON modelops.job (type, status, dag_id);

-- For searches of a text anywhere in a job's names and in the beginning of its error. The extension is trusted: the database owner may create it.
CREATE SCHEMA IF NOT EXISTS modelops_extensions;
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA modelops_extensions;
DO $$
DECLARE
  home regnamespace := (SELECT extnamespace FROM pg_extension WHERE extname = 'pg_trgm'); -- it may have been there before
BEGIN
  EXECUTE format('CREATE INDEX job_known_by ON modelops.job USING gin
                  (lower(subject || '' '' || run_id || coalesce('' '' || left(error, 300), '''')) %s.gin_trgm_ops)', home);
END $$;

GRANT SELECT ON modelops.job TO modelops_jobs, modelops_reader;
GRANT INSERT (type, dag_id, run_id, task_id, map_index, subject, status, attempt, fence, requested_by, parameters,
  created_at, max_tries, asked_at) ON modelops.job TO modelops_jobs;
GRANT UPDATE (subject, version_id, status, attempt, fence, requested_by, parameters, result, error, created_at, max_tries,
  asked_at, ended_at, peak_memory, peak_allocated, cpu_seconds) ON modelops.job TO modelops_jobs;

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
  'What happened to a job, when, and by whom, reported by its workers and the observer (both use the login modelops_jobs). Append-only; an event that is reported twice leaves one row.';
COMMENT ON COLUMN modelops.job_event.actor IS 'A person, "airflow" (scheduler, executor) or "worker" (the task itself).';
GRANT SELECT ON modelops.job_event TO modelops_jobs, modelops_reader;
GRANT INSERT (job_id, attempt, event, at, actor, detail) ON modelops.job_event TO modelops_jobs;
