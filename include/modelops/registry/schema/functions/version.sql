-- Versions: their inputs are written once, and their status changes only by the steps in `modelops.transition`.

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
        AND (NEW.hyperparameters, NEW.definition, NEW.resources, NEW.commit, NEW.dirty, NEW.code_sha256, NEW.requirements_sha256)
        IS DISTINCT FROM
        (OLD.hyperparameters, OLD.definition, OLD.resources, OLD.commit, OLD.dirty, OLD.code_sha256, OLD.requirements_sha256))
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
  WHERE id = NEW.changed_by
    AND (id = NEW.job_id
         -- A job that makes a version changes no other one.
         OR type NOT IN (SELECT job_type FROM modelops.transition WHERE from_status IS NULL));
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
COMMENT ON FUNCTION modelops.guard_version IS
  'Refuses changes of what a version pins, and steps that are not rows of `modelops.transition`; writes the hash of the artifacts.';
CREATE OR REPLACE TRIGGER version_guard BEFORE INSERT OR UPDATE ON modelops.version
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_version();
CREATE OR REPLACE TRIGGER version_nulls_stay BEFORE UPDATE ON modelops.version FOR EACH ROW
  WHEN (OLD.status <> 'created' AND NEW.columns_with_nulls IS DISTINCT FROM OLD.columns_with_nulls)
  EXECUTE FUNCTION modelops.refuse_change();

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
  IF OLD.status = 'imported' AND NEW.status = 'evaluated' AND NOT EXISTS (
       SELECT FROM modelops.reference JOIN modelops.job ON job.id = reference.job_id
       WHERE reference.version_id = NEW.id AND job.type = modelops.job_type_of(NEW.kind, 'statistics')) THEN
    RAISE EXCEPTION '% v% can''t be evaluated: its statistics are not computed', NEW.name, NEW.number
      USING ERRCODE = 'check_violation', CONSTRAINT = 'version_statistics';
  END IF;
  IF (NEW.status = 'deployed') <> active AND 'deployed' IN (NEW.status, OLD.status) THEN
    RAISE EXCEPTION '% v% can''t be %: it has % deployment', NEW.name, NEW.number, NEW.status,
      CASE WHEN active THEN 'a' ELSE 'no' END
      USING ERRCODE = 'check_violation', CONSTRAINT = 'version_deployed';
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION modelops.guard_version_step IS
  'Refuses `approved` and `rejected` without a decision, `deployed` without a deployment, and `evaluated` of an imported model without statistics.';
CREATE OR REPLACE TRIGGER version_guard_step BEFORE UPDATE ON modelops.version
  FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION modelops.guard_version_step();

REVOKE ALL ON FUNCTION modelops.guard_version, modelops.guard_version_step FROM PUBLIC;
