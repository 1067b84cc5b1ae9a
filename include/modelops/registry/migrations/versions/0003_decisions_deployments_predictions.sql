-- Who allowed what (decisions on evidence), what is in production (deployments), and what it predicted (runs).

-- The state machine, continued --------------------------------------------------------------------------------------

INSERT INTO modelops.transition (kind, from_status, to_status, job_type, meaning) VALUES
  ('model', 'evaluated', 'approved', 'approval',   'a reviewer approved the evidence'),
  ('model', 'evaluated', 'rejected', 'approval',   'a reviewer rejected it'),
  ('model', 'approved',  'deployed', 'deployment', 'it is in production'),
  ('model', 'deployed',  'approved', 'deployment', 'a newer deployment replaced its last one'),
  ('model', 'deployed',  'retired',  'retirement', 'its last deployment was retired');

-- Waiting for a person ----------------------------------------------------------------------------------------------

DROP INDEX modelops.job_open;
CREATE INDEX job_open ON modelops.job (id)
  WHERE status IN ('created', 'scheduled', 'queued', 'running', 'awaiting_approval', 'retrying');

CREATE OR REPLACE FUNCTION modelops.guard_job_status() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
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
  -- The one way back within an attempt: the person has answered, and a worker takes the answer.
  IF NEW.status <> OLD.status AND NEW.attempt = OLD.attempt
     AND NOT (OLD.status = 'awaiting_approval' AND NEW.status = 'running')
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

CREATE OR REPLACE VIEW modelops.job_step_time AS
SELECT job_id, attempt, event, at,
       greatest(lead(at) OVER (PARTITION BY job_id ORDER BY attempt, stage, at, id) - at, interval '0') AS lasted
FROM (
  SELECT *, CASE event WHEN 'created' THEN 1 WHEN 'scheduled' THEN 2 WHEN 'queued' THEN 3
                       WHEN 'running' THEN 4 WHEN 'awaiting_approval' THEN 4 ELSE 5 END AS stage
  FROM modelops.job_event
  WHERE event NOT IN ('step', 'lost', 'repeated', 'refused', 'cleared')
) AS event;
COMMENT ON VIEW modelops.job_step_time IS
  'Each step of a job''s life with the time until the next; null where it still lasts. In the order of a life, as the
clocks of Airflow and of a worker may differ; a job may run, wait for a person and run again within an attempt.';

CREATE OR REPLACE VIEW modelops.job_summary AS
SELECT job.*, time.waited, time.worked
FROM modelops.job
LEFT JOIN LATERAL (
  SELECT sum(lasted) FILTER (WHERE event IN ('created', 'scheduled', 'queued', 'awaiting_approval', 'retrying')) AS waited,
         sum(lasted) FILTER (WHERE event = 'running') AS worked
  FROM modelops.job_step_time WHERE job_step_time.job_id = job.id
) AS time ON true;
COMMENT ON VIEW modelops.job_summary IS
  'A job with the time that it waited (for its turn, a worker, a person, the next attempt) and worked.';

-- Evidence and decisions --------------------------------------------------------------------------------------------

CREATE FUNCTION modelops.requesters(version_id bigint) RETURNS text[] LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  SELECT array_agg(DISTINCT who ORDER BY who) FROM (
    SELECT created_by FROM modelops.version WHERE id = requesters.version_id
    UNION
    SELECT actor FROM modelops.job_event JOIN modelops.version ON version.job_id = job_event.job_id
    WHERE version.id = requesters.version_id AND event = 'cleared'
  ) AS asked (who)
$$;
COMMENT ON FUNCTION modelops.requesters IS
  'Who asked for a version''s training: for the run, or by clearing the task. None of them may decide on it.';

CREATE FUNCTION modelops.evaluation_evidence(evaluation_id bigint) RETURNS jsonb LANGUAGE sql STABLE
SET search_path = pg_catalog AS $$
  SELECT jsonb_build_object('evaluation', id, 'dataset', dataset, 'rows', data_rows, 'data_sha256', data_sha256,
                            'metrics', metrics, 'digest', digest)
  FROM modelops.evaluation WHERE id = evaluation_id
$$;

CREATE FUNCTION modelops.evidence(version_id bigint, champion_evaluation bigint) RETURNS jsonb LANGUAGE sql STABLE
SET search_path = pg_catalog AS $$
  SELECT jsonb_build_object(
    'model', version.name, 'version', version.number, 'requested_by', version.created_by,
    'commit', version.commit, 'dirty', version.dirty, 'hyperparameters', version.hyperparameters,
    'code_sha256', version.code_sha256, 'requirements_sha256', version.requirements_sha256,
    'training', jsonb_build_object('dataset', version.dataset, 'rows', version.data_rows, 'data_sha256', version.data_sha256),
    'artifact_sha256', version.artifact_sha256,
    'evaluations', (SELECT jsonb_agg(modelops.evaluation_evidence(evaluation.id) ORDER BY evaluation.id)
                    FROM modelops.evaluation WHERE evaluation.version_id = version.id),
    'champion', (SELECT jsonb_build_object('version', champion.number) || modelops.evaluation_evidence(compared.id)
                 FROM modelops.evaluation AS compared JOIN modelops.version AS champion ON champion.id = compared.version_id
                 WHERE compared.id = champion_evaluation))
  FROM modelops.version WHERE version.id = evidence.version_id
$$;
COMMENT ON FUNCTION modelops.evidence IS
  'What a reviewer decides on: what a version is made of, all its evaluations, and one evaluation of the champion beside.';

CREATE FUNCTION modelops.digest(content jsonb) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
  SELECT encode(sha256(convert_to(content::text, 'UTF8')), 'hex')
$$;
COMMENT ON FUNCTION modelops.digest IS 'SHA-256 of PostgreSQL''s own text of a jsonb, which is the same for the same content.';

CREATE TYPE modelops.verdict AS ENUM ('approved', 'rejected');

CREATE TABLE modelops.approval_request (
  id                    bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT approval_request_pkey PRIMARY KEY,
  version_id            bigint NOT NULL CONSTRAINT approval_request_version REFERENCES modelops.version,
  job_id                bigint NOT NULL CONSTRAINT approval_request_job REFERENCES modelops.job,
  attempt               integer NOT NULL,
  approvers             text[] NOT NULL,
  champion_evaluation   bigint CONSTRAINT approval_request_champion REFERENCES modelops.evaluation,
  artifact_sha256       modelops.sha256 NOT NULL,
  evidence              jsonb NOT NULL,
  digest                modelops.sha256 NOT NULL,
  asked_at              timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE modelops.approval_request IS
  'What was shown to the reviewers, as it stood then. The database writes the evidence and its digest. Append-only.';
COMMENT ON COLUMN modelops.approval_request.approvers IS
  'Who may decide, by the model''s policy.yaml; empty: anybody but who asked for the training.';
CREATE INDEX approval_request_job ON modelops.approval_request (job_id, id);
CREATE INDEX approval_request_version ON modelops.approval_request (version_id, id);

CREATE FUNCTION modelops.guard_approval_request() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  subject modelops.version;
  same_rows text;
BEGIN
  SELECT * INTO subject FROM modelops.version WHERE id = NEW.version_id FOR SHARE;
  IF subject.status IS DISTINCT FROM 'evaluated' THEN
    RAISE EXCEPTION '% v% is %: only an evaluated version can be put to a decision', subject.name, subject.number, subject.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_request_of_evaluated';
  END IF;
  IF NOT EXISTS (SELECT FROM modelops.job WHERE id = NEW.job_id AND type = 'approval' AND status = 'running'
                 AND attempt = NEW.attempt AND version_id = NEW.version_id) THEN
    RAISE EXCEPTION 'job % isn''t an approval of this version under way in attempt %', NEW.job_id, NEW.attempt
      USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_request_under_way';
  END IF;
  -- The champion's evaluation on the same rows, if there is one; else its newest.
  SELECT data_sha256 INTO same_rows FROM modelops.evaluation WHERE version_id = subject.id ORDER BY id DESC LIMIT 1;
  NEW.champion_evaluation := (
    SELECT evaluation.id
    FROM modelops.deployment JOIN modelops.evaluation USING (version_id)
    WHERE deployment.model = subject.name AND deployment.ended_at IS NULL AND deployment.version_id <> subject.id
    ORDER BY deployment.started_at DESC, (evaluation.data_sha256 = same_rows) DESC, evaluation.id DESC LIMIT 1);
  NEW.artifact_sha256 := subject.artifact_sha256;
  NEW.evidence := modelops.evidence(subject.id, NEW.champion_evaluation);
  NEW.digest := modelops.digest(NEW.evidence);
  RETURN NEW;
END $$;
CREATE TRIGGER approval_request_guard BEFORE INSERT ON modelops.approval_request
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_approval_request();

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
COMMENT ON TABLE modelops.decision IS
  'Who decided what on which evidence, and why. Append-only. It doesn''t depend on Airflow''s own record of the answer.';
COMMENT ON COLUMN modelops.decision.digest IS 'Of the evidence that was shown: the request''s, and still that of the version.';

CREATE FUNCTION modelops.check_isolation() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'this is written in a transaction of READ COMMITTED only, not of %', upper(current_setting('transaction_isolation'))
      USING ERRCODE = 'check_violation', CONSTRAINT = 'read_committed';
  END IF;
END $$;
COMMENT ON FUNCTION modelops.check_isolation IS 'Who has waited for a lock must see what was committed meanwhile.';

CREATE FUNCTION modelops.guard_decision() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
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
    RAISE EXCEPTION '% asked for the training of % and can''t decide on it', NEW.approver, title
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
  IF subject.status IS DISTINCT FROM 'evaluated' THEN
    RAISE EXCEPTION '% is %: there is nothing to decide', title, subject.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'decision_of_evaluated';
  END IF;
  IF NOT EXISTS (SELECT FROM modelops.job WHERE id = NEW.job_id AND type = 'approval' AND status = 'running'
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
CREATE TRIGGER decision_guard BEFORE INSERT ON modelops.decision
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_decision();

-- Deployments -------------------------------------------------------------------------------------------------------

CREATE TYPE modelops.engine AS ENUM ('batch');
CREATE TYPE modelops.deployment_end AS ENUM ('replaced', 'retired');

CREATE TABLE modelops.deployment (
  id                bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT deployment_pkey PRIMARY KEY,
  version_id        bigint NOT NULL,
  model             text NOT NULL,
  artifact_sha256   modelops.sha256 NOT NULL,
  decision_id       bigint NOT NULL CONSTRAINT deployment_decision REFERENCES modelops.decision,
  job_id            bigint NOT NULL CONSTRAINT deployment_job REFERENCES modelops.job,
  engine            modelops.engine NOT NULL,
  dataset           jsonb NOT NULL,
  target            text NOT NULL,
  entity_key        jsonb NOT NULL,
  outputs           jsonb NOT NULL,
  set_aside_budget  integer NOT NULL CONSTRAINT deployment_budget CHECK (set_aside_budget >= 0),
  schedule          text NOT NULL DEFAULT 'manual' CONSTRAINT deployment_schedule CHECK (schedule = 'manual'),
  deployed_by       text NOT NULL,
  started_at        timestamptz NOT NULL,
  ended_at          timestamptz,
  ended_how         modelops.deployment_end,
  ended_by          bigint CONSTRAINT deployment_ended_by REFERENCES modelops.job,
  CONSTRAINT deployment_of_these_artifacts FOREIGN KEY (version_id, artifact_sha256)
    REFERENCES modelops.version (id, artifact_sha256),
  CONSTRAINT deployment_ended_whole CHECK (num_nonnulls(ended_at, ended_how, ended_by) IN (0, 3)),
  CONSTRAINT deployment_lasted CHECK (ended_at >= started_at)
);
COMMENT ON TABLE modelops.deployment IS
  'An approved version in production: on which dataset, into which table, by which decision. Ends once, and stays on record.';
COMMENT ON COLUMN modelops.deployment.model IS 'Of the version; written by the database, as are deployed_by and both times.';
COMMENT ON COLUMN modelops.deployment.target IS 'The view of the predictions, <schema>.<name>; the rows are in <schema>.<name>_rows.';
COMMENT ON COLUMN modelops.deployment.entity_key IS 'Columns of the entity key, in order: [{"name", "type"}], as PostgreSQL names types.';
COMMENT ON COLUMN modelops.deployment.outputs IS 'What the scorer gives: column → its Arrow type.';
COMMENT ON COLUMN modelops.deployment.set_aside_budget IS 'So many rows of a batch may be set aside as they can''t be scored.';
CREATE UNIQUE INDEX deployment_champion ON modelops.deployment (target) WHERE ended_at IS NULL;
CREATE INDEX deployment_model ON modelops.deployment (model, started_at);
CREATE INDEX deployment_version ON modelops.deployment (version_id);

CREATE FUNCTION modelops.guard_deployment() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  subject modelops.version;
  doing modelops.job;
  other text;
BEGIN
  PERFORM modelops.check_isolation();
  IF TG_OP = 'UPDATE' THEN
    IF OLD.ended_at IS NOT NULL OR NEW.ended_how IS NULL
       OR to_jsonb(NEW) - '{ended_at,ended_how,ended_by}'::text[] IS DISTINCT FROM to_jsonb(OLD) - '{ended_at,ended_how,ended_by}'::text[] THEN
      RAISE EXCEPTION 'deployment % can only end, once', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'deployment_ends_once';
    END IF;
    SELECT * INTO doing FROM modelops.job WHERE id = NEW.ended_by AND status = 'running';
    IF doing.type IS DISTINCT FROM
       (CASE NEW.ended_how WHEN 'replaced' THEN 'deployment' ELSE 'retirement' END)::modelops.job_type THEN
      RAISE EXCEPTION 'no job under way has % deployment %', NEW.ended_how, OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'deployment_ended_by_job';
    END IF;
    -- Whoever ends another deployment of this version waits, and then sees whether it was the last one.
    PERFORM FROM modelops.version WHERE id = OLD.version_id FOR UPDATE;
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
  WHERE id = NEW.job_id AND type = 'deployment' AND status = 'running' AND version_id = subject.id;
  IF doing.id IS NULL THEN
    RAISE EXCEPTION 'job % isn''t a deployment of this version under way', NEW.job_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'deployment_under_way';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('modelops.target ' || NEW.target, 0));
  SELECT model INTO other FROM modelops.deployment WHERE target = NEW.target AND model <> subject.name LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '% holds the predictions of %', NEW.target, other
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
CREATE TRIGGER deployment_guard BEFORE INSERT OR UPDATE ON modelops.deployment
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_deployment();

CREATE FUNCTION modelops.follow_deployment() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    UPDATE modelops.version SET status = 'deployed', changed_by = NEW.job_id WHERE id = NEW.version_id AND status = 'approved';
  ELSIF NOT EXISTS (SELECT FROM modelops.deployment WHERE version_id = NEW.version_id AND ended_at IS NULL) THEN
    UPDATE modelops.version
    SET status = (CASE NEW.ended_how WHEN 'replaced' THEN 'approved' ELSE 'retired' END)::modelops.version_status,
        changed_by = NEW.ended_by
    WHERE id = NEW.version_id;
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION modelops.follow_deployment IS 'A version is deployed exactly as long as it has a deployment that hasn''t ended.';
CREATE TRIGGER deployment_followed AFTER INSERT OR UPDATE ON modelops.deployment
  FOR EACH ROW EXECUTE FUNCTION modelops.follow_deployment();

CREATE FUNCTION modelops.guard_version_step() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  active boolean := EXISTS (SELECT FROM modelops.deployment WHERE version_id = NEW.id AND ended_at IS NULL);
BEGIN
  IF OLD.status = 'evaluated' AND NEW.status IN ('approved', 'rejected') AND NOT EXISTS (
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
-- Named so that it comes after version_guard, which knows the steps there are.
CREATE TRIGGER version_guard_step BEFORE UPDATE ON modelops.version
  FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION modelops.guard_version_step();

CREATE FUNCTION modelops.in_production_at(moment timestamptz) RETURNS TABLE (
  model text, version integer, deployment bigint, target text, engine modelops.engine, dataset jsonb,
  started_at timestamptz, ended_at timestamptz, ended_how modelops.deployment_end, deployed_by text,
  trained_for text, commit text, artifact_sha256 text,
  decision bigint, approver text, comment text, decided_at timestamptz, evidence_digest text, evidence jsonb
) LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  SELECT version.name, version.number, deployment.id, deployment.target, deployment.engine, deployment.dataset,
         deployment.started_at, deployment.ended_at, deployment.ended_how, deployment.deployed_by,
         version.created_by, version.commit, deployment.artifact_sha256,
         decision.id, decision.approver, decision.comment, decision.decided_at, decision.digest, request.evidence
  FROM modelops.deployment
  JOIN modelops.version ON version.id = deployment.version_id
  JOIN modelops.decision ON decision.id = deployment.decision_id
  JOIN modelops.approval_request AS request ON request.id = decision.request_id
  WHERE deployment.started_at <= moment AND (deployment.ended_at IS NULL OR moment < deployment.ended_at)
  ORDER BY version.name, deployment.target
$$;
COMMENT ON FUNCTION modelops.in_production_at IS
  'What was in production at a moment, by whose decision, and on what evidence: a row per model and target.';

-- Predictions -------------------------------------------------------------------------------------------------------

CREATE TABLE modelops.prediction_run (
  id             bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT prediction_run_pkey PRIMARY KEY,
  deployment_id  bigint NOT NULL CONSTRAINT prediction_run_deployment REFERENCES modelops.deployment,
  target         text NOT NULL,
  job_id         bigint NOT NULL CONSTRAINT prediction_run_job REFERENCES modelops.job,
  attempt        integer NOT NULL,
  fence          bigint NOT NULL,
  covers         tstzrange NOT NULL DEFAULT '(,)' CONSTRAINT prediction_run_covers CHECK (NOT isempty(covers)),
  started_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  rows           bigint CONSTRAINT prediction_run_rows CHECK (rows >= 0),
  set_aside      bigint CONSTRAINT prediction_run_set_aside CHECK (set_aside >= 0),
  published_at   timestamptz,
  superseded_at  timestamptz,
  superseded_by  bigint CONSTRAINT prediction_run_superseded_by REFERENCES modelops.prediction_run,
  CONSTRAINT prediction_run_once UNIQUE (job_id, fence),
  CONSTRAINT prediction_run_published CHECK (published_at IS NULL OR num_nulls(rows, set_aside) = 0),
  CONSTRAINT prediction_run_superseded CHECK (num_nonnulls(superseded_at, superseded_by) IN (0, 2)
                                              AND (superseded_at IS NULL OR published_at IS NOT NULL))
);
COMMENT ON TABLE modelops.prediction_run IS
  'One attempt to score a batch. Readers see its rows from the moment when it is published until another one supersedes it.';
COMMENT ON COLUMN modelops.prediction_run.covers IS 'The data interval, [start, end); (,) where the batch is of no interval.';
CREATE INDEX prediction_run_visible ON modelops.prediction_run (target) WHERE published_at IS NOT NULL AND superseded_at IS NULL;
CREATE INDEX prediction_run_deployment ON modelops.prediction_run (deployment_id, id);

CREATE FUNCTION modelops.guard_prediction_run() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  serving modelops.deployment;
  other modelops.prediction_run;
BEGIN
  PERFORM modelops.check_isolation();
  IF TG_OP = 'UPDATE' AND OLD.published_at IS NOT NULL THEN
    IF pg_trigger_depth() > 1 AND OLD.superseded_at IS NULL
       AND to_jsonb(NEW) - '{superseded_at,superseded_by}'::text[] = to_jsonb(OLD) - '{superseded_at,superseded_by}'::text[] THEN
      RETURN NEW;
    END IF;
    RAISE EXCEPTION 'run % is published: what is on record of it stays', OLD.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'prediction_run_stays';
  END IF;
  IF NOT EXISTS (SELECT FROM modelops.job WHERE id = NEW.job_id AND type = 'batch_prediction' AND status = 'running'
                 AND attempt = NEW.attempt AND fence = NEW.fence) THEN
    RAISE EXCEPTION 'job % isn''t a batch prediction under way in attempt %', NEW.job_id, NEW.attempt
      USING ERRCODE = 'check_violation', CONSTRAINT = 'prediction_run_under_way';
  END IF;
  -- Whoever ends the deployment waits for this transaction, or this one sees that it has ended.
  SELECT * INTO serving FROM modelops.deployment WHERE id = NEW.deployment_id FOR SHARE;
  IF serving.ended_at IS NOT NULL THEN
    RAISE EXCEPTION 'deployment % was % at %', serving.id, serving.ended_how, to_char(serving.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')
      USING ERRCODE = 'check_violation', CONSTRAINT = 'prediction_run_deployment_active';
  END IF;
  IF TG_OP = 'INSERT' THEN
    NEW.target := serving.target;
    RETURN NEW;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('modelops.target ' || NEW.target, 0));
  NEW.published_at := clock_timestamp();
  SELECT * INTO other FROM modelops.prediction_run
  WHERE target = NEW.target AND published_at IS NOT NULL AND superseded_at IS NULL AND id <> NEW.id
    AND covers && NEW.covers AND NOT covers <@ NEW.covers LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the published run % covers %, which overlaps with %', other.id, other.covers, NEW.covers
      USING ERRCODE = 'check_violation', CONSTRAINT = 'prediction_run_overlap';
  END IF;
  UPDATE modelops.prediction_run SET superseded_at = NEW.published_at, superseded_by = NEW.id
  WHERE target = NEW.target AND published_at IS NOT NULL AND superseded_at IS NULL AND id <> NEW.id AND covers <@ NEW.covers;
  RETURN NEW;
END $$;
CREATE TRIGGER prediction_run_guard BEFORE INSERT OR UPDATE ON modelops.prediction_run
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_prediction_run();

CREATE VIEW modelops.published_run AS
SELECT run.id AS run_id, run.target, version.number AS model_version, run.job_id, run.published_at,
       lower(run.covers) AS interval_start, upper(run.covers) AS interval_end
FROM modelops.prediction_run AS run
JOIN modelops.deployment ON deployment.id = run.deployment_id
JOIN modelops.version ON version.id = deployment.version_id
WHERE run.published_at IS NOT NULL AND run.superseded_at IS NULL;
COMMENT ON VIEW modelops.published_run IS 'The runs whose rows readers see; their intervals never overlap within a target.';

CREATE TABLE modelops.set_aside (
  run_id    bigint NOT NULL CONSTRAINT set_aside_run REFERENCES modelops.prediction_run,
  position  bigint NOT NULL,
  key       jsonb NOT NULL,
  reason    text NOT NULL,
  CONSTRAINT set_aside_pkey PRIMARY KEY (run_id, position)
);
COMMENT ON TABLE modelops.set_aside IS 'Rows of a batch that could not be scored: where in the batch, which entity, why. Append-only.';

CREATE TYPE modelops.variable_role AS ENUM ('feature', 'target', 'prediction');

CREATE TABLE modelops.statistics (
  id          bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT statistics_pkey PRIMARY KEY,
  version_id  bigint CONSTRAINT statistics_version REFERENCES modelops.version,
  run_id      bigint CONSTRAINT statistics_run REFERENCES modelops.prediction_run,
  role        modelops.variable_role NOT NULL,
  variable    text NOT NULL,
  kind        text NOT NULL,
  values      jsonb NOT NULL,
  CONSTRAINT statistics_of_one CHECK (num_nonnulls(version_id, run_id) = 1),
  CONSTRAINT statistics_once_version UNIQUE (version_id, role, variable),
  CONSTRAINT statistics_once_run UNIQUE (run_id, role, variable)
);
COMMENT ON TABLE modelops.statistics IS
  'What the columns of a training''s rows or of a batch were like: moments, histogram, frequencies. Append-only.';

CREATE FUNCTION modelops.guard_of_run() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF TG_TABLE_NAME = 'statistics' AND NEW.run_id IS NULL THEN
    PERFORM FROM modelops.version WHERE id = NEW.version_id AND status = 'created' FOR SHARE;
  ELSE
    PERFORM FROM modelops.prediction_run WHERE id = NEW.run_id AND published_at IS NULL;
  END IF;
  IF FOUND THEN RETURN NEW; END IF;
  RAISE EXCEPTION '%: what it would belong to is finished', TG_TABLE_NAME
    USING ERRCODE = 'check_violation', CONSTRAINT = 'in_the_making';
END $$;
CREATE TRIGGER set_aside_guard BEFORE INSERT ON modelops.set_aside
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_of_run();
CREATE TRIGGER statistics_guard BEFORE INSERT ON modelops.statistics
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_of_run();

-- What is on record stays on record ---------------------------------------------------------------------------------

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['approval_request', 'decision', 'set_aside', 'statistics'] LOOP
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON modelops.%I
      FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change()', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['deployment', 'prediction_run'] LOOP
    EXECUTE format('CREATE TRIGGER append_only BEFORE DELETE ON modelops.%I
      FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change()', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['approval_request', 'decision', 'deployment', 'prediction_run', 'set_aside', 'statistics'] LOOP
    EXECUTE format('CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.%I
      FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change()', t);
  END LOOP;
END $$;

-- Privileges --------------------------------------------------------------------------------------------------------

GRANT SELECT ON modelops.approval_request, modelops.decision, modelops.deployment, modelops.prediction_run,
  modelops.published_run, modelops.set_aside, modelops.statistics TO modelops_jobs, modelops_reader;
GRANT INSERT (version_id, job_id, attempt, approvers) ON modelops.approval_request TO modelops_jobs;
GRANT INSERT (version_id, request_id, job_id, digest, approver, verdict, comment) ON modelops.decision TO modelops_jobs;
GRANT INSERT (version_id, artifact_sha256, decision_id, job_id, engine, dataset, target, entity_key, outputs,
  set_aside_budget, schedule) ON modelops.deployment TO modelops_jobs;
GRANT UPDATE (ended_how, ended_by) ON modelops.deployment TO modelops_jobs;
GRANT INSERT (deployment_id, job_id, attempt, fence, covers) ON modelops.prediction_run TO modelops_jobs;
GRANT UPDATE (rows, set_aside, published_at) ON modelops.prediction_run TO modelops_jobs;
GRANT INSERT ON modelops.set_aside TO modelops_jobs;
GRANT INSERT (version_id, run_id, role, variable, kind, values) ON modelops.statistics TO modelops_jobs;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA modelops FROM PUBLIC;
GRANT EXECUTE ON FUNCTION modelops.requesters, modelops.evaluation_evidence, modelops.evidence, modelops.digest,
  modelops.in_production_at TO modelops_jobs, modelops_reader;
GRANT EXECUTE ON FUNCTION modelops.check_isolation TO modelops_jobs;
