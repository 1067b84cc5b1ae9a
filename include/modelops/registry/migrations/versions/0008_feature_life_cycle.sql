-- Feature tasks live as models do: the same versions, decisions, deployments and runs, with jobs of their own types.

-- The state machine of feature tasks ---------------------------------------------------------------------------------

INSERT INTO modelops.transition (kind, from_status, to_status, job_type, meaning) VALUES
  ('feature_task', NULL,       'created',  'feature_import',     'its code is pinned'),
  ('feature_task', 'created',  'imported', 'feature_import',     'it is on record'),
  ('feature_task', 'imported', 'tested',   'feature_run',        'it gave the rows that it declares'),
  ('feature_task', 'tested',   'approved', 'feature_approval',   'a reviewer approved the evidence'),
  ('feature_task', 'tested',   'rejected', 'feature_approval',   'a reviewer rejected it'),
  ('feature_task', 'approved', 'deployed', 'feature_deployment', 'it is in production'),
  ('feature_task', 'deployed', 'approved', 'feature_deployment', 'a newer deployment replaced its last one'),
  ('feature_task', 'deployed', 'retired',  'feature_retirement', 'its last deployment was retired');

CREATE FUNCTION modelops.job_type_of(kind modelops.version_kind, stage text) RETURNS modelops.job_type LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog AS $$
  SELECT (CASE kind WHEN 'model' THEN stage
                    ELSE CASE stage WHEN 'evaluation' THEN 'feature_run' WHEN 'batch_prediction' THEN 'feature_batch'
                                    ELSE 'feature_' || stage END END)::modelops.job_type
$$;
COMMENT ON FUNCTION modelops.job_type_of IS
  'The type of the jobs that do for this kind what a stage does for models: evaluation, approval, deployment, …';

CREATE FUNCTION modelops.status_before_decision(kind modelops.version_kind) RETURNS modelops.version_status LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog AS $$
  SELECT (CASE kind WHEN 'model' THEN 'evaluated' ELSE 'tested' END)::modelops.version_status
$$;

-- Versions -----------------------------------------------------------------------------------------------------------

ALTER TABLE modelops.version ADD definition jsonb;
COMMENT ON COLUMN modelops.version.definition IS 'A feature task as its task.yaml declares it: language, inputs, output, key, columns, …';
COMMENT ON COLUMN modelops.version.name IS 'Reference of the model or the feature task: <repository>/<name>.';
COMMENT ON COLUMN modelops.version.columns IS 'Of a model: column of the training rows → its Arrow type. Null for feature tasks.';
ALTER TABLE modelops.version DROP CONSTRAINT version_pinned, ADD CONSTRAINT version_pinned CHECK (
  status IN ('created', 'failed')
  OR num_nulls(dirty, code_sha256, requirements_sha256, artifact_sha256) = 0
     AND CASE kind WHEN 'model' THEN num_nulls(hyperparameters, dataset, data_sha256, data_rows, columns) = 0
                   ELSE definition IS NOT NULL END);

CREATE OR REPLACE FUNCTION modelops.guard_version() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
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
        AND (NEW.hyperparameters, NEW.definition, NEW.commit, NEW.dirty, NEW.code_sha256, NEW.requirements_sha256)
        IS DISTINCT FROM
        (OLD.hyperparameters, OLD.definition, OLD.commit, OLD.dirty, OLD.code_sha256, OLD.requirements_sha256))
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
  IF NEW.status IN ('trained', 'imported') THEN
    NEW.artifact_sha256 := modelops.artifact_digest(NEW.id);
  END IF;
  SELECT type INTO doing FROM modelops.job
  WHERE id = NEW.changed_by AND (type NOT IN ('training', 'feature_import') OR id = NEW.job_id);
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

CREATE OR REPLACE FUNCTION modelops.guard_version_step() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  active boolean := EXISTS (SELECT FROM modelops.deployment WHERE version_id = NEW.id AND ended_at IS NULL);
BEGIN
  IF OLD.status = modelops.status_before_decision(OLD.kind) AND NEW.status IN ('approved', 'rejected') AND NOT EXISTS (
       SELECT FROM modelops.decision
       WHERE version_id = NEW.id AND job_id = NEW.changed_by AND verdict::text = NEW.status::text) THEN
    RAISE EXCEPTION '% v% can''t be % without a decision', NEW.name, NEW.number, NEW.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'version_decided';
  END IF;
  IF (NEW.status = 'deployed') <> active AND 'deployed' IN (NEW.status, OLD.status) THEN
    RAISE EXCEPTION '% v% can''t be %: it has % deployment', NEW.name, NEW.number, NEW.status,
      CASE WHEN active THEN 'a' ELSE 'no' END
      USING ERRCODE = 'check_violation', CONSTRAINT = 'version_deployed';
  END IF;
  RETURN NEW;
END $$;

-- Evidence: what a run of a feature task gave --------------------------------------------------------------------------

ALTER TABLE modelops.evaluation ADD statistics jsonb;
COMMENT ON TABLE modelops.evaluation IS
  'What exactly these artifacts gave on exactly these rows: metrics of a model, or a run of a feature task. Append-only.';
COMMENT ON COLUMN modelops.evaluation.statistics IS 'Of a feature task''s run: statistics of each column of its output. Null for models.';

CREATE OR REPLACE FUNCTION modelops.digest_evaluation() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  of_kind modelops.version_kind := (SELECT kind FROM modelops.version WHERE id = NEW.version_id);
BEGIN
  IF NOT EXISTS (SELECT FROM modelops.job
                 WHERE id = NEW.job_id AND type = modelops.job_type_of(of_kind, 'evaluation') AND status = 'running'
                   AND attempt = NEW.attempt) THEN
    RAISE EXCEPTION 'job % isn''t % under way in attempt %', NEW.job_id,
      CASE of_kind WHEN 'feature_task' THEN 'a run of a feature task' ELSE 'an evaluation' END, NEW.attempt
      USING ERRCODE = 'check_violation', CONSTRAINT = 'evaluation_under_way';
  END IF;
  NEW.digest := encode(sha256(convert_to((jsonb_build_array(NEW.version_id, NEW.artifact_sha256, NEW.dataset,
    NEW.data_sha256, NEW.data_rows, NEW.metrics)
    || CASE WHEN NEW.statistics IS NULL THEN '[]' ELSE jsonb_build_array(NEW.statistics) END)::text, 'UTF8')), 'hex');
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION modelops.evaluation_evidence(evaluation_id bigint) RETURNS jsonb LANGUAGE sql STABLE
SET search_path = pg_catalog AS $$
  SELECT jsonb_build_object('evaluation', id, 'dataset', dataset, 'rows', data_rows, 'data_sha256', data_sha256,
                            'metrics', metrics, 'digest', digest)
         || CASE WHEN statistics IS NULL THEN '{}' ELSE jsonb_build_object('statistics', statistics) END
  FROM modelops.evaluation WHERE id = evaluation_id
$$;

CREATE OR REPLACE FUNCTION modelops.evidence(version_id bigint, champion_evaluation bigint) RETURNS jsonb LANGUAGE sql STABLE
SET search_path = pg_catalog AS $$
  SELECT jsonb_build_object(
    version.kind::text, version.name, 'version', version.number, 'requested_by', version.created_by,
    'commit', version.commit, 'dirty', version.dirty,
    'code_sha256', version.code_sha256, 'requirements_sha256', version.requirements_sha256,
    'artifact_sha256', version.artifact_sha256,
    'evaluations', (SELECT jsonb_agg(modelops.evaluation_evidence(evaluation.id) ORDER BY evaluation.id)
                    FROM modelops.evaluation WHERE evaluation.version_id = version.id),
    'champion', (SELECT jsonb_build_object('version', champion.number) || modelops.evaluation_evidence(compared.id)
                        || CASE champion.kind WHEN 'model' THEN '{}' ELSE jsonb_build_object(
                             'definition', champion.definition, 'code_sha256', champion.code_sha256) END
                 FROM modelops.evaluation AS compared JOIN modelops.version AS champion ON champion.id = compared.version_id
                 WHERE compared.id = champion_evaluation))
    || CASE version.kind
         WHEN 'model' THEN jsonb_build_object('hyperparameters', version.hyperparameters, 'training', jsonb_build_object(
           'dataset', version.dataset, 'rows', version.data_rows, 'data_sha256', version.data_sha256))
         ELSE jsonb_build_object('definition', version.definition) END
  FROM modelops.version WHERE version.id = evidence.version_id
$$;
COMMENT ON FUNCTION modelops.evidence IS
  'What a reviewer decides on: what a version is made of, all its evaluations, and one of what is in production beside.';

CREATE FUNCTION modelops.champion_evaluation(version_id bigint) RETURNS bigint LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  SELECT evaluation.id
  FROM modelops.version AS subject
  JOIN modelops.deployment ON deployment.model = subject.name AND deployment.ended_at IS NULL
                          AND deployment.version_id <> subject.id
  JOIN modelops.version AS champion ON champion.id = deployment.version_id AND champion.kind = subject.kind
  JOIN modelops.evaluation ON evaluation.version_id = champion.id
  WHERE subject.id = champion_evaluation.version_id
  ORDER BY deployment.started_at DESC,
           (evaluation.data_sha256 = (SELECT data_sha256 FROM modelops.evaluation AS own WHERE own.version_id = subject.id
                                      ORDER BY own.id DESC LIMIT 1)) DESC,
           evaluation.id DESC
  LIMIT 1
$$;
COMMENT ON FUNCTION modelops.champion_evaluation IS
  'What a version is compared with: the champion''s evaluation on the same rows, if there is one; else its newest.';

CREATE OR REPLACE FUNCTION modelops.guard_approval_request() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  subject modelops.version;
BEGIN
  SELECT * INTO subject FROM modelops.version WHERE id = NEW.version_id FOR SHARE;
  IF subject.status IS DISTINCT FROM modelops.status_before_decision(subject.kind) THEN
    RAISE EXCEPTION '% v% is %: only % version can be put to a decision', subject.name, subject.number, subject.status,
      CASE subject.kind WHEN 'feature_task' THEN 'a tested' ELSE 'an evaluated' END
      USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_request_of_evaluated';
  END IF;
  IF NOT EXISTS (SELECT FROM modelops.job
                 WHERE id = NEW.job_id AND type = modelops.job_type_of(subject.kind, 'approval') AND status = 'running'
                   AND attempt = NEW.attempt AND version_id = NEW.version_id) THEN
    RAISE EXCEPTION 'job % isn''t an approval of this version under way in attempt %', NEW.job_id, NEW.attempt
      USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_request_under_way';
  END IF;
  NEW.champion_evaluation := modelops.champion_evaluation(subject.id);
  NEW.artifact_sha256 := subject.artifact_sha256;
  NEW.evidence := modelops.evidence(subject.id, NEW.champion_evaluation);
  NEW.digest := modelops.digest(NEW.evidence);
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION modelops.guard_decision() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  subject modelops.version;
  request modelops.approval_request;
  title text;
BEGIN
  PERFORM modelops.check_isolation();
  -- Decisions on one version take turns.
  SELECT * INTO subject FROM modelops.version WHERE id = NEW.version_id FOR UPDATE;
  SELECT * INTO request FROM modelops.approval_request WHERE id = NEW.request_id AND version_id = NEW.version_id;
  title := format('%s v%s', subject.name, subject.number);
  IF NEW.approver = ANY (modelops.requesters(subject.id)) THEN
    RAISE EXCEPTION '% asked for the % of % and can''t decide on it', NEW.approver,
      CASE subject.kind WHEN 'feature_task' THEN 'import' ELSE 'training' END, title
      USING ERRCODE = 'check_violation', CONSTRAINT = 'decision_four_eyes';
  END IF;
  IF cardinality(request.approvers) > 0 AND NEW.approver <> ALL (request.approvers) THEN
    RAISE EXCEPTION '% isn''t among the approvers of %: %', NEW.approver, title, array_to_string(request.approvers, ', ')
      USING ERRCODE = 'check_violation', CONSTRAINT = 'decision_by_policy';
  END IF;
  IF EXISTS (SELECT FROM modelops.decision WHERE version_id = NEW.version_id AND approver = NEW.approver) THEN
    RAISE EXCEPTION '% has decided on % already', NEW.approver, title
      USING ERRCODE = 'unique_violation', CONSTRAINT = 'decision_once_per_person';
  END IF;
  IF subject.status IS DISTINCT FROM modelops.status_before_decision(subject.kind) THEN
    RAISE EXCEPTION '% is %: there is nothing to decide', title, subject.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'decision_of_evaluated';
  END IF;
  IF NOT EXISTS (SELECT FROM modelops.job
                 WHERE id = NEW.job_id AND type = modelops.job_type_of(subject.kind, 'approval') AND status = 'running'
                   AND version_id = NEW.version_id) OR request.job_id IS DISTINCT FROM NEW.job_id THEN
    RAISE EXCEPTION 'job % isn''t an approval of % under way', NEW.job_id, title
      USING ERRCODE = 'check_violation', CONSTRAINT = 'decision_under_way';
  END IF;
  IF NEW.digest IS DISTINCT FROM request.digest
     OR NEW.digest IS DISTINCT FROM modelops.digest(modelops.evidence(subject.id, request.champion_evaluation)) THEN
    RAISE EXCEPTION 'the evidence on % has changed since it was shown', title
      USING ERRCODE = 'check_violation', CONSTRAINT = 'decision_on_this_evidence';
  END IF;
  RETURN NEW;
END $$;

-- Deployments ----------------------------------------------------------------------------------------------------------

COMMENT ON COLUMN modelops.deployment.target IS 'The view of what it produces, <schema>.<name>; the rows are in <schema>.<name>_rows.';
COMMENT ON COLUMN modelops.deployment.dataset IS 'What a model scores: {"name", "sql"}; what a feature task reads: {"inputs"}.';
COMMENT ON COLUMN modelops.deployment.outputs IS
  'Columns beside the key: of a model, column → Arrow type of what the scorer gives; of a feature task, column → PostgreSQL type.';

CREATE OR REPLACE FUNCTION modelops.guard_deployment() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  subject modelops.version;
  doing modelops.job;
  other modelops.version;
BEGIN
  PERFORM modelops.check_isolation();
  IF TG_OP = 'UPDATE' THEN
    IF OLD.ended_at IS NOT NULL OR NEW.ended_how IS NULL
       OR to_jsonb(NEW) - '{ended_at,ended_how,ended_by}'::text[] IS DISTINCT FROM to_jsonb(OLD) - '{ended_at,ended_how,ended_by}'::text[] THEN
      RAISE EXCEPTION 'deployment % can only end, once', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'deployment_ends_once';
    END IF;
    -- Whoever ends another deployment of this version waits, and then sees whether it was the last one.
    SELECT * INTO subject FROM modelops.version WHERE id = OLD.version_id FOR UPDATE;
    SELECT * INTO doing FROM modelops.job WHERE id = NEW.ended_by AND status = 'running';
    IF doing.type IS DISTINCT FROM
       modelops.job_type_of(subject.kind, CASE NEW.ended_how WHEN 'replaced' THEN 'deployment' ELSE 'retirement' END) THEN
      RAISE EXCEPTION 'no job under way has % deployment %', NEW.ended_how, OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'deployment_ended_by_job';
    END IF;
    NEW.ended_at := greatest(clock_timestamp(), OLD.started_at);
    RETURN NEW;
  END IF;
  SELECT * INTO subject FROM modelops.version WHERE id = NEW.version_id FOR UPDATE;
  IF subject.status IS NULL OR subject.status NOT IN ('approved', 'deployed') THEN
    RAISE EXCEPTION '% v% is %: nobody has approved it', subject.name, subject.number, subject.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'deployment_approved';
  END IF;
  IF NEW.artifact_sha256 IS DISTINCT FROM modelops.artifact_digest(subject.id)
     OR NOT EXISTS (SELECT FROM modelops.decision JOIN modelops.approval_request AS request ON request.id = request_id
                    WHERE decision.id = NEW.decision_id AND decision.version_id = subject.id AND verdict = 'approved'
                      AND request.artifact_sha256 = NEW.artifact_sha256) THEN
    RAISE EXCEPTION '% v%: there is no decision that approves exactly these artifacts', subject.name, subject.number
      USING ERRCODE = 'check_violation', CONSTRAINT = 'deployment_approved';
  END IF;
  SELECT * INTO doing FROM modelops.job
  WHERE id = NEW.job_id AND type = modelops.job_type_of(subject.kind, 'deployment') AND status = 'running'
    AND version_id = subject.id;
  IF doing.id IS NULL THEN
    RAISE EXCEPTION 'job % isn''t a deployment of this version under way', NEW.job_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'deployment_under_way';
  END IF;
  IF subject.kind = 'feature_task' AND NEW.target IS DISTINCT FROM subject.definition ->> 'output' THEN
    RAISE EXCEPTION '% v% makes the table %, not %', subject.name, subject.number, subject.definition ->> 'output', NEW.target
      USING ERRCODE = 'check_violation', CONSTRAINT = 'deployment_into_its_output';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('modelops.target ' || NEW.target, 0));
  SELECT version.* INTO other FROM modelops.deployment JOIN modelops.version ON version.id = version_id
  WHERE target = NEW.target AND (version.kind, version.name) <> (subject.kind, subject.name) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '% holds the % of %', NEW.target,
      CASE other.kind WHEN 'model' THEN 'predictions' ELSE 'features' END, other.name
      USING ERRCODE = 'check_violation', CONSTRAINT = 'deployment_target_of_one_model';
  END IF;
  NEW.model := subject.name;
  NEW.deployed_by := doing.requested_by;
  -- What it replaces ends when it begins: there is no moment without a champion, and none with two.
  NEW.started_at := coalesce((SELECT ended_at FROM modelops.deployment
                              WHERE target = NEW.target AND ended_by = NEW.job_id AND ended_how = 'replaced'
                                AND id = (SELECT max(id) FROM modelops.deployment WHERE target = NEW.target)),
                             clock_timestamp());
  RETURN NEW;
END $$;

DROP FUNCTION modelops.in_production_at;
CREATE FUNCTION modelops.in_production_at(moment timestamptz) RETURNS TABLE (
  kind modelops.version_kind, model text, version integer, deployment bigint, target text, engine modelops.engine, dataset jsonb,
  started_at timestamptz, ended_at timestamptz, ended_how modelops.deployment_end, deployed_by text,
  trained_for text, commit text, artifact_sha256 text,
  decision bigint, approver text, comment text, decided_at timestamptz, evidence_digest text, evidence jsonb
) LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  SELECT version.kind, version.name, version.number, deployment.id, deployment.target, deployment.engine, deployment.dataset,
         deployment.started_at, deployment.ended_at, deployment.ended_how, deployment.deployed_by,
         version.created_by, version.commit, deployment.artifact_sha256,
         decision.id, decision.approver, decision.comment, decision.decided_at, decision.digest, request.evidence
  FROM modelops.deployment
  JOIN modelops.version ON version.id = deployment.version_id
  JOIN modelops.decision ON decision.id = deployment.decision_id
  JOIN modelops.approval_request AS request ON request.id = decision.request_id
  WHERE deployment.started_at <= moment AND (deployment.ended_at IS NULL OR moment < deployment.ended_at)
  ORDER BY version.kind, version.name, deployment.target
$$;
COMMENT ON FUNCTION modelops.in_production_at IS
  'What was in production at a moment, by whose decision, and on what evidence: a row per model or feature task and target.';

-- Runs of batches: of predictions, and of feature tables ----------------------------------------------------------------

ALTER TABLE modelops.prediction_run RENAME TO batch_run;
ALTER SEQUENCE modelops.prediction_run_id_seq RENAME TO batch_run_id_seq;
ALTER TRIGGER prediction_run_guard ON modelops.batch_run RENAME TO batch_run_guard;
ALTER FUNCTION modelops.guard_prediction_run RENAME TO guard_batch_run;
DO $$
DECLARE
  named name;
BEGIN
  FOR named IN SELECT conname FROM pg_constraint
               WHERE conrelid = 'modelops.batch_run'::regclass AND conname LIKE 'prediction\_run%' LOOP
    EXECUTE format('ALTER TABLE modelops.batch_run RENAME CONSTRAINT %I TO %I', named, replace(named, 'prediction_run', 'batch_run'));
  END LOOP;
  FOR named IN SELECT indexrelid::regclass::text FROM pg_index
               WHERE indrelid = 'modelops.batch_run'::regclass AND indexrelid::regclass::text LIKE 'modelops.prediction\_run%' LOOP
    EXECUTE format('ALTER INDEX %s RENAME TO %I', named, replace(split_part(named, '.', 2), 'prediction_run', 'batch_run'));
  END LOOP;
END $$;

ALTER TABLE modelops.batch_run
  ADD shows tstzmultirange,
  ADD CONSTRAINT batch_run_shows CHECK (shows <@ tstzmultirange(covers) AND (shows IS NULL OR isempty(shows) = (superseded_at IS NOT NULL)));
COMMENT ON TABLE modelops.batch_run IS
  'One attempt at a batch. Readers see its rows from the moment when it is published until others supersede it.';
COMMENT ON COLUMN modelops.batch_run.shows IS
  'Of an incremental feature task, when it is published: for which times readers still see its rows. Null: for all.';

CREATE OR REPLACE FUNCTION modelops.guard_batch_run() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  serving modelops.deployment;
  subject modelops.version;
  other modelops.batch_run;
  incremental boolean;
BEGIN
  PERFORM modelops.check_isolation();
  IF TG_OP = 'UPDATE' AND OLD.published_at IS NOT NULL THEN
    IF pg_trigger_depth() > 1 AND OLD.superseded_at IS NULL
       AND to_jsonb(NEW) - '{superseded_at,superseded_by,shows}'::text[] = to_jsonb(OLD) - '{superseded_at,superseded_by,shows}'::text[] THEN
      RETURN NEW;
    END IF;
    RAISE EXCEPTION 'run % is published: what is on record of it stays', OLD.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_run_stays';
  END IF;
  -- Whoever ends the deployment waits for this transaction, or this one sees that it has ended.
  SELECT * INTO serving FROM modelops.deployment WHERE id = NEW.deployment_id FOR SHARE;
  SELECT * INTO subject FROM modelops.version WHERE id = serving.version_id;
  IF NOT EXISTS (SELECT FROM modelops.job
                 WHERE id = NEW.job_id AND type = modelops.job_type_of(subject.kind, 'batch_prediction') AND status = 'running'
                   AND attempt = NEW.attempt AND fence = NEW.fence) THEN
    RAISE EXCEPTION 'job % isn''t a % under way in attempt %', NEW.job_id,
      CASE subject.kind WHEN 'feature_task' THEN 'batch run of a feature task' ELSE 'batch prediction' END, NEW.attempt
      USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_run_under_way';
  END IF;
  IF serving.ended_at IS NOT NULL THEN
    RAISE EXCEPTION 'deployment % was % at %', serving.id, serving.ended_how, to_char(serving.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')
      USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_run_deployment_active';
  END IF;
  IF TG_OP = 'INSERT' THEN
    NEW.target := serving.target;
    RETURN NEW;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('modelops.target ' || NEW.target, 0));
  NEW.published_at := clock_timestamp();
  incremental := coalesce(subject.definition ->> 'incremental', '') <> '';
  NEW.shows := CASE WHEN incremental THEN tstzmultirange(NEW.covers) END;
  -- Of an incremental run any part can be superseded; any other is superseded whole.
  SELECT * INTO other FROM modelops.batch_run
  WHERE target = NEW.target AND published_at IS NOT NULL AND superseded_at IS NULL AND id <> NEW.id
    AND covers && NEW.covers AND NOT covers <@ NEW.covers AND (shows IS NULL OR NOT incremental) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the published run % covers %, which overlaps with %', other.id, other.covers, NEW.covers
      USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_run_overlap';
  END IF;
  UPDATE modelops.batch_run AS before
  SET shows = before.shows - NEW.shows,
      superseded_at = CASE WHEN before.shows <@ NEW.shows OR before.shows IS NULL THEN NEW.published_at END,
      superseded_by = CASE WHEN before.shows <@ NEW.shows OR before.shows IS NULL THEN NEW.id END
  WHERE target = NEW.target AND published_at IS NOT NULL AND superseded_at IS NULL AND id <> NEW.id
    AND covers && NEW.covers AND (shows IS NULL OR shows && NEW.covers);
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION modelops.guard_of_run() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF TG_TABLE_NAME = 'statistics' AND NEW.run_id IS NULL THEN
    PERFORM FROM modelops.version WHERE id = NEW.version_id AND status = 'created' FOR SHARE;
  ELSE
    PERFORM FROM modelops.batch_run WHERE id = NEW.run_id AND published_at IS NULL;
  END IF;
  IF FOUND THEN RETURN NEW; END IF;
  RAISE EXCEPTION '%: what it would belong to is finished', TG_TABLE_NAME
    USING ERRCODE = 'check_violation', CONSTRAINT = 'in_the_making';
END $$;

CREATE OR REPLACE VIEW modelops.published_run AS
SELECT run.id AS run_id, run.target, version.number AS model_version, run.job_id, run.published_at,
       lower(run.covers) AS interval_start, upper(run.covers) AS interval_end, run.shows
FROM modelops.batch_run AS run
JOIN modelops.deployment ON deployment.id = run.deployment_id
JOIN modelops.version ON version.id = deployment.version_id
WHERE run.published_at IS NOT NULL AND run.superseded_at IS NULL;
COMMENT ON VIEW modelops.published_run IS
  'The runs whose rows readers see. Within a target their intervals never overlap, or what they show doesn''t.';

-- Privileges -----------------------------------------------------------------------------------------------------------

GRANT INSERT (kind) ON modelops.version TO modelops_jobs;
GRANT UPDATE (definition) ON modelops.version TO modelops_jobs;
GRANT INSERT (statistics) ON modelops.evaluation TO modelops_jobs;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA modelops FROM PUBLIC;
GRANT EXECUTE ON FUNCTION modelops.in_production_at, modelops.champion_evaluation, modelops.job_type_of,
  modelops.status_before_decision TO modelops_jobs, modelops_reader;
