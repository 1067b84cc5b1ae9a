-- What differs between the kinds of versions.

CREATE OR REPLACE FUNCTION modelops.job_type_of(kind modelops.version_kind, stage text) RETURNS modelops.job_type LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog AS $$
  SELECT (CASE kind WHEN 'model' THEN stage
                    ELSE CASE stage WHEN 'evaluation' THEN 'feature_run' WHEN 'batch_prediction' THEN 'feature_batch'
                                    ELSE 'feature_' || stage END END)::modelops.job_type
$$;
COMMENT ON FUNCTION modelops.job_type_of IS
  'The type of the jobs of a stage (evaluation, approval, deployment, …) for this kind of version.';

CREATE OR REPLACE FUNCTION modelops.status_before_decision(kind modelops.version_kind) RETURNS modelops.version_status LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog AS $$
  SELECT (CASE kind WHEN 'model' THEN 'evaluated' ELSE 'tested' END)::modelops.version_status
$$;
COMMENT ON FUNCTION modelops.status_before_decision IS 'The status of a version of this kind that waits for a decision.';

REVOKE ALL ON FUNCTION modelops.job_type_of, modelops.status_before_decision FROM PUBLIC;
GRANT EXECUTE ON FUNCTION modelops.job_type_of, modelops.status_before_decision TO modelops_jobs, modelops_reader;
