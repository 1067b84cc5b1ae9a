-- The schema as all migrations make it; written by `./modelops test integration --write-docs`.
CREATE SCHEMA modelops;
ALTER SCHEMA modelops OWNER TO modelops_owner;
COMMENT ON SCHEMA modelops IS 'Registry of model versions and ledger of jobs. Written by modelops_jobs only; closed to users'' SQL.';
CREATE TYPE modelops.artifact_role AS ENUM (
    'code',
    'requirements',
    'output'
);
ALTER TYPE modelops.artifact_role OWNER TO modelops_owner;
CREATE TYPE modelops.event AS ENUM (
    'created',
    'scheduled',
    'queued',
    'running',
    'step',
    'retrying',
    'completed',
    'failed',
    'cancelled',
    'skipped',
    'repeated',
    'lost'
);
ALTER TYPE modelops.event OWNER TO modelops_owner;
CREATE TYPE modelops.job_status AS ENUM (
    'created',
    'scheduled',
    'queued',
    'running',
    'retrying',
    'completed',
    'failed',
    'cancelled',
    'skipped'
);
ALTER TYPE modelops.job_status OWNER TO modelops_owner;
CREATE TYPE modelops.job_type AS ENUM (
    'training',
    'evaluation'
);
ALTER TYPE modelops.job_type OWNER TO modelops_owner;
CREATE DOMAIN modelops.sha256 AS text
	CONSTRAINT sha256_hex CHECK ((VALUE ~ '^[0-9a-f]{64}$'::text));
ALTER DOMAIN modelops.sha256 OWNER TO modelops_owner;
CREATE TYPE modelops.version_kind AS ENUM (
    'model',
    'feature_task'
);
ALTER TYPE modelops.version_kind OWNER TO modelops_owner;
CREATE TYPE modelops.version_status AS ENUM (
    'created',
    'trained',
    'evaluated',
    'failed'
);
ALTER TYPE modelops.version_status OWNER TO modelops_owner;
CREATE FUNCTION modelops.artifact_digest(version_id bigint) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT encode(sha256(convert_to(
    jsonb_agg(jsonb_build_array(role, name, sha256) ORDER BY role, name COLLATE "C")::text, 'UTF8')), 'hex')
  FROM modelops.artifact WHERE artifact.version_id = artifact_digest.version_id
$$;
ALTER FUNCTION modelops.artifact_digest(version_id bigint) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.artifact_digest(version_id bigint) IS 'One hash for all artifacts of a version; null if it has none.';
CREATE FUNCTION modelops.digest_evaluation() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
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
ALTER FUNCTION modelops.digest_evaluation() OWNER TO modelops_owner;
CREATE FUNCTION modelops.guard_artifact() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  PERFORM FROM modelops.version WHERE id = NEW.version_id AND status = 'created' FOR SHARE;
  IF FOUND THEN RETURN NEW; END IF;
  PERFORM FROM modelops.job JOIN modelops.evaluation ON job.id = evaluation.job_id AND job.attempt = evaluation.attempt
  WHERE evaluation.id = NEW.evaluation_id AND job.status = 'running' FOR SHARE OF job;
  IF FOUND THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'artifact %: what it would belong to is finished', NEW.name
    USING ERRCODE = 'check_violation', CONSTRAINT = 'artifact_in_the_making';
END $$;
ALTER FUNCTION modelops.guard_artifact() OWNER TO modelops_owner;
CREATE FUNCTION modelops.guard_job_status() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
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
ALTER FUNCTION modelops.guard_job_status() OWNER TO modelops_owner;
CREATE FUNCTION modelops.guard_version() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
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
ALTER FUNCTION modelops.guard_version() OWNER TO modelops_owner;
CREATE FUNCTION modelops.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'check_violation', CONSTRAINT = 'append_only',
          HINT = 'What was recorded stays; record what is new beside it.';
END $$;
ALTER FUNCTION modelops.refuse_change() OWNER TO modelops_owner;
CREATE TABLE modelops.artifact (
    id bigint NOT NULL,
    version_id bigint,
    evaluation_id bigint,
    role modelops.artifact_role NOT NULL,
    name text NOT NULL,
    sha256 modelops.sha256 NOT NULL,
    size bigint NOT NULL,
    media_type text NOT NULL,
    uri text NOT NULL,
    CONSTRAINT artifact_named CHECK (((name <> ''::text) AND (name !~ '[[:cntrl:]]'::text))),
    CONSTRAINT artifact_of_one CHECK ((num_nonnulls(version_id, evaluation_id) = 1)),
    CONSTRAINT artifact_size CHECK ((size >= 0))
);
ALTER TABLE modelops.artifact OWNER TO modelops_owner;
COMMENT ON TABLE modelops.artifact IS 'A file that a job pinned or left, stored under its own hash. Append-only.';
COMMENT ON COLUMN modelops.artifact.role IS 'code: archive of the model''s folder; requirements: with versions and hashes; output: what user code left.';
ALTER TABLE modelops.artifact ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME modelops.artifact_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE modelops.evaluation (
    id bigint NOT NULL,
    version_id bigint NOT NULL,
    artifact_sha256 modelops.sha256 NOT NULL,
    job_id bigint NOT NULL,
    attempt integer NOT NULL,
    dataset jsonb NOT NULL,
    data_sha256 modelops.sha256 NOT NULL,
    data_rows bigint NOT NULL,
    metrics jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    digest modelops.sha256 NOT NULL
);
ALTER TABLE modelops.evaluation OWNER TO modelops_owner;
COMMENT ON TABLE modelops.evaluation IS 'Metrics of exactly these artifacts on exactly these rows. Append-only.';
COMMENT ON COLUMN modelops.evaluation.digest IS 'Computed by the database from the columns before it: what an approval is bound to.';
ALTER TABLE modelops.evaluation ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME modelops.evaluation_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE modelops.job (
    id bigint NOT NULL,
    type modelops.job_type NOT NULL,
    dag_id text NOT NULL,
    run_id text NOT NULL,
    task_id text NOT NULL,
    map_index integer DEFAULT '-1'::integer NOT NULL,
    subject text NOT NULL,
    version_id bigint,
    status modelops.job_status DEFAULT 'created'::modelops.job_status NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    fence bigint DEFAULT 0 NOT NULL,
    requested_by text NOT NULL,
    parameters jsonb DEFAULT '{}'::jsonb NOT NULL,
    result jsonb,
    error text,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT job_attempt_positive CHECK ((attempt >= 0)),
    CONSTRAINT job_completed_has_result CHECK (((status <> 'completed'::modelops.job_status) OR (result IS NOT NULL))),
    CONSTRAINT job_failed_has_reason CHECK (((status <> 'failed'::modelops.job_status) OR (error IS NOT NULL)))
);
ALTER TABLE modelops.job OWNER TO modelops_owner;
COMMENT ON TABLE modelops.job IS 'One row per Airflow task instance that is a stage in a life cycle. Survives airflow db clean.';
COMMENT ON COLUMN modelops.job.subject IS 'What it is about, in words: the model until its version exists, then the version.';
COMMENT ON COLUMN modelops.job.attempt IS 'Airflow''s try number of the newest attempt that is known.';
COMMENT ON COLUMN modelops.job.fence IS 'Raised by each worker that takes the job; a write that names an older fence is refused.';
COMMENT ON COLUMN modelops.job.requested_by IS 'The person (or the schedule''s author) who asked for the DAG run.';
COMMENT ON COLUMN modelops.job.result IS 'Set in the transaction that did the work; emptied when a worker takes the job anew after a person cleared the task.';
CREATE TABLE modelops.job_event (
    id bigint NOT NULL,
    job_id bigint NOT NULL,
    attempt integer NOT NULL,
    event modelops.event NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL,
    recorded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
ALTER TABLE modelops.job_event OWNER TO modelops_owner;
COMMENT ON TABLE modelops.job_event IS 'What happened to a job, when, by whom, as its workers and the observer tell it (both are the login modelops_jobs).
Append-only; telling the same thing twice leaves one row.';
COMMENT ON COLUMN modelops.job_event.actor IS 'A person, "airflow" (scheduler, executor) or "worker" (the task itself).';
ALTER TABLE modelops.job_event ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME modelops.job_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE modelops.job ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME modelops.job_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE VIEW modelops.job_step_time AS
 SELECT job_id,
    attempt,
    event,
    at,
    GREATEST((lead(at) OVER (PARTITION BY job_id ORDER BY attempt, event, at, id) - at), '00:00:00'::interval) AS lasted
   FROM modelops.job_event
  WHERE (event <> ALL (ARRAY['step'::modelops.event, 'lost'::modelops.event, 'repeated'::modelops.event]));
ALTER VIEW modelops.job_step_time OWNER TO modelops_owner;
COMMENT ON VIEW modelops.job_step_time IS 'Each step of a job''s life with the time until the next; null where it still lasts. In the order of a life, as the
clocks of Airflow and of a worker may differ.';
CREATE VIEW modelops.job_summary AS
 SELECT job.id,
    job.type,
    job.dag_id,
    job.run_id,
    job.task_id,
    job.map_index,
    job.subject,
    job.version_id,
    job.status,
    job.attempt,
    job.fence,
    job.requested_by,
    job.parameters,
    job.result,
    job.error,
    job.created_at,
    "time".waited,
    "time".worked
   FROM (modelops.job
     LEFT JOIN LATERAL ( SELECT sum(job_step_time.lasted) FILTER (WHERE (job_step_time.event = ANY (ARRAY['created'::modelops.event, 'scheduled'::modelops.event, 'queued'::modelops.event, 'retrying'::modelops.event]))) AS waited,
            sum(job_step_time.lasted) FILTER (WHERE (job_step_time.event = 'running'::modelops.event)) AS worked
           FROM modelops.job_step_time
          WHERE (job_step_time.job_id = job.id)) "time" ON (true));
ALTER VIEW modelops.job_summary OWNER TO modelops_owner;
COMMENT ON VIEW modelops.job_summary IS 'A job with the time that it waited (for its turn, a worker, the next attempt) and worked.';
CREATE TABLE modelops.migration (
    version_num character varying(32) NOT NULL
);
ALTER TABLE modelops.migration OWNER TO modelops_owner;
CREATE TABLE modelops.observation (
    singleton boolean DEFAULT true NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    CONSTRAINT observation_single CHECK (singleton)
);
ALTER TABLE modelops.observation OWNER TO modelops_owner;
COMMENT ON TABLE modelops.observation IS 'Up to when the observer has brought Airflow''s news into the ledger.';
CREATE TABLE modelops.transition (
    kind modelops.version_kind NOT NULL,
    from_status modelops.version_status,
    to_status modelops.version_status NOT NULL,
    job_type modelops.job_type NOT NULL,
    meaning text NOT NULL
);
ALTER TABLE modelops.transition OWNER TO modelops_owner;
COMMENT ON TABLE modelops.transition IS 'The state machine of versions. What is not a row here can''t happen.';
CREATE TABLE modelops.version (
    id bigint NOT NULL,
    kind modelops.version_kind DEFAULT 'model'::modelops.version_kind NOT NULL,
    name text NOT NULL,
    number integer NOT NULL,
    status modelops.version_status DEFAULT 'created'::modelops.version_status NOT NULL,
    job_id bigint NOT NULL,
    changed_by bigint NOT NULL,
    created_by text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    hyperparameters jsonb,
    commit text,
    dirty boolean,
    code_sha256 modelops.sha256,
    requirements_sha256 modelops.sha256,
    dataset jsonb,
    data_sha256 modelops.sha256,
    data_rows bigint,
    columns jsonb,
    artifact_sha256 modelops.sha256,
    CONSTRAINT version_number_positive CHECK ((number > 0)),
    CONSTRAINT version_pinned CHECK (((status = ANY (ARRAY['created'::modelops.version_status, 'failed'::modelops.version_status])) OR (num_nulls(hyperparameters, dirty, code_sha256, requirements_sha256, dataset, data_sha256, data_rows, columns, artifact_sha256) = 0)))
);
ALTER TABLE modelops.version OWNER TO modelops_owner;
COMMENT ON TABLE modelops.version IS 'The subject of a life cycle. What it pins is written once.';
COMMENT ON COLUMN modelops.version.name IS 'Reference of the model: <repository>/<model>.';
COMMENT ON COLUMN modelops.version.job_id IS 'The job that makes it.';
COMMENT ON COLUMN modelops.version.changed_by IS 'The job that took the last transition.';
COMMENT ON COLUMN modelops.version.hyperparameters IS 'As trained: the repository''s, with the requester''s on top.';
COMMENT ON COLUMN modelops.version.dirty IS 'Trained from files that were not committed, at the requester''s word.';
COMMENT ON COLUMN modelops.version.columns IS 'Column of the training rows → its Arrow type.';
COMMENT ON COLUMN modelops.version.artifact_sha256 IS 'Computed by the database when the training completes: over role, name and hash of each of its artifacts.';
ALTER TABLE modelops.version ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME modelops.version_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE ONLY modelops.artifact
    ADD CONSTRAINT artifact_name_evaluation UNIQUE (evaluation_id, role, name);
ALTER TABLE ONLY modelops.artifact
    ADD CONSTRAINT artifact_name_version UNIQUE (version_id, role, name);
ALTER TABLE ONLY modelops.artifact
    ADD CONSTRAINT artifact_pkey PRIMARY KEY (id);
ALTER TABLE ONLY modelops.evaluation
    ADD CONSTRAINT evaluation_once UNIQUE (job_id, attempt);
ALTER TABLE ONLY modelops.evaluation
    ADD CONSTRAINT evaluation_pkey PRIMARY KEY (id);
ALTER TABLE ONLY modelops.job_event
    ADD CONSTRAINT job_event_once UNIQUE (job_id, attempt, event, at);
ALTER TABLE ONLY modelops.job_event
    ADD CONSTRAINT job_event_pkey PRIMARY KEY (id);
ALTER TABLE ONLY modelops.job
    ADD CONSTRAINT job_pkey PRIMARY KEY (id);
ALTER TABLE ONLY modelops.job
    ADD CONSTRAINT job_task UNIQUE (dag_id, run_id, task_id, map_index);
ALTER TABLE ONLY modelops.migration
    ADD CONSTRAINT migration_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY modelops.observation
    ADD CONSTRAINT observation_pkey PRIMARY KEY (singleton);
ALTER TABLE ONLY modelops.transition
    ADD CONSTRAINT transition_once UNIQUE NULLS NOT DISTINCT (kind, from_status, to_status, job_type);
ALTER TABLE ONLY modelops.version
    ADD CONSTRAINT version_artifact UNIQUE (id, artifact_sha256);
ALTER TABLE ONLY modelops.version
    ADD CONSTRAINT version_number UNIQUE (kind, name, number);
ALTER TABLE ONLY modelops.version
    ADD CONSTRAINT version_pkey PRIMARY KEY (id);
CREATE INDEX evaluation_version ON modelops.evaluation USING btree (version_id, id);
CREATE INDEX job_open ON modelops.job USING btree (id) WHERE (status = ANY (ARRAY['created'::modelops.job_status, 'scheduled'::modelops.job_status, 'queued'::modelops.job_status, 'running'::modelops.job_status, 'retrying'::modelops.job_status]));
CREATE INDEX job_version ON modelops.job USING btree (version_id, id);
CREATE UNIQUE INDEX version_in_the_making ON modelops.version USING btree (job_id) WHERE (status = 'created'::modelops.version_status);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON modelops.artifact FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON modelops.evaluation FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE ON modelops.job FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON modelops.job_event FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON modelops.transition FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE ON modelops.version FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER artifact_guard BEFORE INSERT ON modelops.artifact FOR EACH ROW EXECUTE FUNCTION modelops.guard_artifact();
CREATE TRIGGER evaluation_digest BEFORE INSERT ON modelops.evaluation FOR EACH ROW EXECUTE FUNCTION modelops.digest_evaluation();
CREATE TRIGGER job_status_guard BEFORE INSERT OR UPDATE ON modelops.job FOR EACH ROW EXECUTE FUNCTION modelops.guard_job_status();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.artifact FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.evaluation FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.job FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.job_event FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.transition FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.version FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER version_guard BEFORE INSERT OR UPDATE ON modelops.version FOR EACH ROW EXECUTE FUNCTION modelops.guard_version();
ALTER TABLE ONLY modelops.artifact
    ADD CONSTRAINT artifact_evaluation FOREIGN KEY (evaluation_id) REFERENCES modelops.evaluation(id);
ALTER TABLE ONLY modelops.artifact
    ADD CONSTRAINT artifact_version FOREIGN KEY (version_id) REFERENCES modelops.version(id);
ALTER TABLE ONLY modelops.evaluation
    ADD CONSTRAINT evaluation_job FOREIGN KEY (job_id) REFERENCES modelops.job(id);
ALTER TABLE ONLY modelops.evaluation
    ADD CONSTRAINT evaluation_of_these_artifacts FOREIGN KEY (version_id, artifact_sha256) REFERENCES modelops.version(id, artifact_sha256);
ALTER TABLE ONLY modelops.job_event
    ADD CONSTRAINT job_event_job FOREIGN KEY (job_id) REFERENCES modelops.job(id);
ALTER TABLE ONLY modelops.job
    ADD CONSTRAINT job_version_exists FOREIGN KEY (version_id) REFERENCES modelops.version(id);
ALTER TABLE ONLY modelops.version
    ADD CONSTRAINT version_changed_by FOREIGN KEY (changed_by) REFERENCES modelops.job(id);
ALTER TABLE ONLY modelops.version
    ADD CONSTRAINT version_job FOREIGN KEY (job_id) REFERENCES modelops.job(id);
GRANT USAGE ON SCHEMA modelops TO modelops_jobs;
GRANT USAGE ON SCHEMA modelops TO modelops_reader;
REVOKE ALL ON FUNCTION modelops.artifact_digest(version_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.artifact_digest(version_id bigint) TO modelops_jobs;
GRANT ALL ON FUNCTION modelops.artifact_digest(version_id bigint) TO modelops_reader;
REVOKE ALL ON FUNCTION modelops.digest_evaluation() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.guard_artifact() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.guard_job_status() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.guard_version() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.refuse_change() FROM PUBLIC;
GRANT SELECT ON TABLE modelops.artifact TO modelops_jobs;
GRANT SELECT ON TABLE modelops.artifact TO modelops_reader;
GRANT INSERT(version_id) ON TABLE modelops.artifact TO modelops_jobs;
GRANT INSERT(evaluation_id) ON TABLE modelops.artifact TO modelops_jobs;
GRANT INSERT(role) ON TABLE modelops.artifact TO modelops_jobs;
GRANT INSERT(name) ON TABLE modelops.artifact TO modelops_jobs;
GRANT INSERT(sha256) ON TABLE modelops.artifact TO modelops_jobs;
GRANT INSERT(size) ON TABLE modelops.artifact TO modelops_jobs;
GRANT INSERT(media_type) ON TABLE modelops.artifact TO modelops_jobs;
GRANT INSERT(uri) ON TABLE modelops.artifact TO modelops_jobs;
GRANT SELECT ON TABLE modelops.evaluation TO modelops_jobs;
GRANT SELECT ON TABLE modelops.evaluation TO modelops_reader;
GRANT INSERT(version_id) ON TABLE modelops.evaluation TO modelops_jobs;
GRANT INSERT(artifact_sha256) ON TABLE modelops.evaluation TO modelops_jobs;
GRANT INSERT(job_id) ON TABLE modelops.evaluation TO modelops_jobs;
GRANT INSERT(attempt) ON TABLE modelops.evaluation TO modelops_jobs;
GRANT INSERT(dataset) ON TABLE modelops.evaluation TO modelops_jobs;
GRANT INSERT(data_sha256) ON TABLE modelops.evaluation TO modelops_jobs;
GRANT INSERT(data_rows) ON TABLE modelops.evaluation TO modelops_jobs;
GRANT INSERT(metrics) ON TABLE modelops.evaluation TO modelops_jobs;
GRANT SELECT,INSERT ON TABLE modelops.job TO modelops_jobs;
GRANT SELECT ON TABLE modelops.job TO modelops_reader;
GRANT UPDATE(subject) ON TABLE modelops.job TO modelops_jobs;
GRANT UPDATE(version_id) ON TABLE modelops.job TO modelops_jobs;
GRANT UPDATE(status) ON TABLE modelops.job TO modelops_jobs;
GRANT UPDATE(attempt) ON TABLE modelops.job TO modelops_jobs;
GRANT UPDATE(fence) ON TABLE modelops.job TO modelops_jobs;
GRANT UPDATE(requested_by) ON TABLE modelops.job TO modelops_jobs;
GRANT UPDATE(parameters) ON TABLE modelops.job TO modelops_jobs;
GRANT UPDATE(result) ON TABLE modelops.job TO modelops_jobs;
GRANT UPDATE(error) ON TABLE modelops.job TO modelops_jobs;
GRANT UPDATE(created_at) ON TABLE modelops.job TO modelops_jobs;
GRANT SELECT ON TABLE modelops.job_event TO modelops_jobs;
GRANT SELECT ON TABLE modelops.job_event TO modelops_reader;
GRANT INSERT(job_id) ON TABLE modelops.job_event TO modelops_jobs;
GRANT INSERT(attempt) ON TABLE modelops.job_event TO modelops_jobs;
GRANT INSERT(event) ON TABLE modelops.job_event TO modelops_jobs;
GRANT INSERT(at) ON TABLE modelops.job_event TO modelops_jobs;
GRANT INSERT(actor) ON TABLE modelops.job_event TO modelops_jobs;
GRANT INSERT(detail) ON TABLE modelops.job_event TO modelops_jobs;
GRANT SELECT ON TABLE modelops.job_step_time TO modelops_jobs;
GRANT SELECT ON TABLE modelops.job_step_time TO modelops_reader;
GRANT SELECT ON TABLE modelops.job_summary TO modelops_jobs;
GRANT SELECT ON TABLE modelops.job_summary TO modelops_reader;
GRANT SELECT ON TABLE modelops.migration TO modelops_jobs;
GRANT SELECT ON TABLE modelops.migration TO modelops_reader;
GRANT SELECT,INSERT,UPDATE ON TABLE modelops.observation TO modelops_jobs;
GRANT SELECT ON TABLE modelops.observation TO modelops_reader;
GRANT SELECT ON TABLE modelops.transition TO modelops_jobs;
GRANT SELECT ON TABLE modelops.transition TO modelops_reader;
GRANT SELECT ON TABLE modelops.version TO modelops_jobs;
GRANT SELECT ON TABLE modelops.version TO modelops_reader;
GRANT INSERT(name) ON TABLE modelops.version TO modelops_jobs;
GRANT INSERT(number) ON TABLE modelops.version TO modelops_jobs;
GRANT UPDATE(status) ON TABLE modelops.version TO modelops_jobs;
GRANT INSERT(job_id) ON TABLE modelops.version TO modelops_jobs;
GRANT INSERT(changed_by),UPDATE(changed_by) ON TABLE modelops.version TO modelops_jobs;
GRANT INSERT(created_by) ON TABLE modelops.version TO modelops_jobs;
GRANT UPDATE(hyperparameters) ON TABLE modelops.version TO modelops_jobs;
GRANT UPDATE(commit) ON TABLE modelops.version TO modelops_jobs;
GRANT UPDATE(dirty) ON TABLE modelops.version TO modelops_jobs;
GRANT UPDATE(code_sha256) ON TABLE modelops.version TO modelops_jobs;
GRANT UPDATE(requirements_sha256) ON TABLE modelops.version TO modelops_jobs;
GRANT UPDATE(dataset) ON TABLE modelops.version TO modelops_jobs;
GRANT UPDATE(data_sha256) ON TABLE modelops.version TO modelops_jobs;
GRANT UPDATE(data_rows) ON TABLE modelops.version TO modelops_jobs;
GRANT UPDATE(columns) ON TABLE modelops.version TO modelops_jobs;
