-- The differences between the kinds of versions.

CREATE OR REPLACE FUNCTION modelops.job_type_of(kind modelops.version_kind, stage text) RETURNS modelops.job_type LANGUAGE sql STABLE
SET search_path = pg_catalog AS $$
  SELECT job_type FROM modelops.stage WHERE stage.kind = job_type_of.kind AND stage.stage = job_type_of.stage
$$;
COMMENT ON FUNCTION modelops.job_type_of IS
  'The type of the jobs of a stage (evaluation, approval, deployment, …) for this kind of version; null if the kind has no such stage.';

CREATE OR REPLACE FUNCTION modelops.status_before_decision(kind modelops.version_kind) RETURNS modelops.version_status LANGUAGE sql STABLE
SET search_path = pg_catalog AS $$
  SELECT from_status FROM modelops.transition
  WHERE transition.kind = status_before_decision.kind AND to_status = 'rejected'
$$;
COMMENT ON FUNCTION modelops.status_before_decision IS 'The status of a version of this kind that waits for a decision.';

REVOKE ALL ON FUNCTION modelops.job_type_of, modelops.status_before_decision FROM PUBLIC;
GRANT EXECUTE ON FUNCTION modelops.job_type_of, modelops.status_before_decision TO modelops_jobs, modelops_reader;
