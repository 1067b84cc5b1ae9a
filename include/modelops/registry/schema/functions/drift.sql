-- Drift: a drift check under way writes what it has found of a published run of its deployment.

CREATE OR REPLACE FUNCTION modelops.guard_drift() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  PERFORM FROM modelops.batch_run AS run
  JOIN modelops.deployment ON deployment.id = run.deployment_id
  JOIN modelops.version ON version.id = deployment.version_id
  JOIN modelops.job ON job.id = NEW.job_id
  WHERE run.id = NEW.run_id AND run.published_at IS NOT NULL
    AND job.type = modelops.job_type_of(version.kind, 'drift') AND job.version_id = version.id
    AND job.status = 'running' AND job.attempt = NEW.attempt;
  IF FOUND THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'job % isn''t a drift check under way in attempt %, of the version of the published run %',
    NEW.job_id, NEW.attempt, NEW.run_id
    USING ERRCODE = 'check_violation', CONSTRAINT = 'drift_under_way';
END $$;
COMMENT ON FUNCTION modelops.guard_drift IS
  'Lets only a drift check under way add rows, of a published run of the version that it is about.';
CREATE OR REPLACE TRIGGER drift_guard BEFORE INSERT ON modelops.drift
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_drift();

REVOKE ALL ON FUNCTION modelops.guard_drift FROM PUBLIC;
