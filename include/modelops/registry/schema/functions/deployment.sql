-- Deployments: an approved version serves a target. A target has one active deployment at a time, and each ends once.

CREATE OR REPLACE FUNCTION modelops.owners_of_target(target text) RETURNS TABLE (kind modelops.version_kind, name text)
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  SELECT DISTINCT version.kind, version.name
  FROM modelops.deployment JOIN modelops.version ON version.id = deployment.version_id
  WHERE deployment.target = owners_of_target.target
    -- A replaced deployment has ended, and its successor begins in the same transaction.
    AND (deployment.ended_how IS DISTINCT FROM 'retired'
           AND deployment.id = (SELECT max(id) FROM modelops.deployment AS newest WHERE newest.target = owners_of_target.target)
         OR EXISTS (SELECT FROM modelops.batch_run AS run
                    WHERE run.deployment_id = deployment.id AND run.published_at IS NOT NULL AND run.part IS NULL))
$$;
COMMENT ON FUNCTION modelops.owners_of_target IS
  'The models and feature tasks to which a target belongs: those in production there, and those that have published into it.';

CREATE OR REPLACE FUNCTION modelops.target_is_released(target text) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog AS $$
  SELECT EXISTS (SELECT FROM modelops.deployment WHERE deployment.target = target_is_released.target)
     AND NOT EXISTS (SELECT FROM modelops.owners_of_target(target_is_released.target))
$$;
COMMENT ON FUNCTION modelops.target_is_released IS
  'Whether every deployment into the target ended before it published anything; another model may then use it.';

CREATE OR REPLACE FUNCTION modelops.guard_deployment() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  subject modelops.version;
  doing modelops.job;
  other record;
BEGIN
  PERFORM modelops.check_isolation();
  IF TG_OP = 'UPDATE' THEN
    IF OLD.ended_at IS NOT NULL OR NEW.ended_how IS NULL
       OR to_jsonb(NEW) - '{ended_at,ended_how,ended_by}'::text[] IS DISTINCT FROM to_jsonb(OLD) - '{ended_at,ended_how,ended_by}'::text[] THEN
      RAISE EXCEPTION 'deployment % can only end, once', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'deployment_ends_once';
    END IF;
    -- Serializes the ends of deployments of a version, so that each sees whether it is the last one.
    SELECT * INTO subject FROM modelops.version WHERE id = OLD.version_id FOR UPDATE;
    SELECT * INTO doing FROM modelops.job WHERE id = NEW.ended_by AND status = 'running';
    IF doing.id IS NULL OR doing.type IS DISTINCT FROM
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
  PERFORM modelops.take_lock('target ' || NEW.target);
  SELECT kind, name INTO other FROM modelops.owners_of_target(NEW.target)
  WHERE (kind, name) <> (subject.kind, subject.name) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '% holds the % of %', NEW.target,
      CASE other.kind WHEN 'model' THEN 'predictions' ELSE 'features' END, other.name
      USING ERRCODE = 'check_violation', CONSTRAINT = 'deployment_target_of_one_model';
  END IF;
  NEW.model := subject.name;
  NEW.deployed_by := doing.requested_by;
  -- The replaced deployment ends when this one begins, so there is always exactly one champion.
  NEW.started_at := coalesce((SELECT ended_at FROM modelops.deployment
                              WHERE target = NEW.target AND ended_by = NEW.job_id AND ended_how = 'replaced'
                                AND id = (SELECT max(id) FROM modelops.deployment WHERE target = NEW.target)),
                             clock_timestamp());
  RETURN NEW;
END $$;
COMMENT ON FUNCTION modelops.guard_deployment IS
  'Lets a deployment begin for an approved version with exactly the approved artifacts, and end once; both by a job under way.';
CREATE OR REPLACE TRIGGER deployment_guard BEFORE INSERT OR UPDATE ON modelops.deployment
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_deployment();

CREATE OR REPLACE FUNCTION modelops.follow_deployment() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
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
COMMENT ON FUNCTION modelops.follow_deployment IS
  'Makes a version deployed exactly as long as it has a deployment that has not ended.';
CREATE OR REPLACE TRIGGER deployment_followed AFTER INSERT OR UPDATE ON modelops.deployment
  FOR EACH ROW EXECUTE FUNCTION modelops.follow_deployment();

CREATE OR REPLACE FUNCTION modelops.own_target(kind modelops.version_kind, name text, definition jsonb) RETURNS text LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog AS $$
  SELECT CASE kind
    WHEN 'model' THEN 'predictions.' || regexp_replace(lower(regexp_replace(name, '^.*/', '')), '[^a-z0-9]', '_', 'g')
    ELSE definition ->> 'output'
  END
$$;
COMMENT ON FUNCTION modelops.own_target IS
  'The target that has the name of a model, or that a feature task declares as its output.';

CREATE OR REPLACE FUNCTION modelops.target_bears_name_of(target text, model text) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog AS $$
  SELECT min(version.name)
  FROM modelops.version
  WHERE (kind, name) <> ('model', target_bears_name_of.model)
    AND status NOT IN ('failed', 'rejected')
    AND modelops.own_target(kind, name, definition) = target_bears_name_of.target
    AND modelops.own_target('model', target_bears_name_of.model, NULL) <> target_bears_name_of.target
    AND NOT EXISTS (SELECT FROM modelops.owners_of_target(target_bears_name_of.target) AS holder
                    WHERE (holder.kind, holder.name) = ('model', target_bears_name_of.model))
$$;
COMMENT ON FUNCTION modelops.target_bears_name_of IS
  'The other model or feature task whose default target this is, so that the model may not use it; null if there is none.';

CREATE OR REPLACE FUNCTION modelops.guard_deployment_target() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  subject modelops.version;
  other text;
BEGIN
  SELECT * INTO subject FROM modelops.version WHERE id = NEW.version_id;
  IF subject.kind = 'model' THEN
    other := modelops.target_bears_name_of(NEW.target, subject.name);
    IF other IS NOT NULL THEN
      RAISE EXCEPTION '% is the default target of %', NEW.target, other
        USING ERRCODE = 'check_violation', CONSTRAINT = 'deployment_target_of_one_model';
    END IF;
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION modelops.guard_deployment_target IS
  'Refuses a target that has the name of another model or feature task.';
-- Triggers fire in the order of their names, so this one runs after deployment_guard.
CREATE OR REPLACE TRIGGER deployment_target_guard BEFORE INSERT ON modelops.deployment
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_deployment_target();

CREATE OR REPLACE FUNCTION modelops.in_production_at(moment timestamptz) RETURNS TABLE (
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

REVOKE ALL ON FUNCTION
  modelops.owners_of_target, modelops.target_is_released, modelops.guard_deployment, modelops.follow_deployment, modelops.own_target, modelops.target_bears_name_of,
  modelops.guard_deployment_target, modelops.in_production_at
  FROM PUBLIC;
GRANT EXECUTE ON FUNCTION modelops.in_production_at TO modelops_jobs, modelops_reader;
GRANT EXECUTE ON FUNCTION modelops.owners_of_target, modelops.target_is_released, modelops.own_target,
  modelops.target_bears_name_of TO modelops_jobs;
