-- References: only a job under way on the version adds one.

CREATE OR REPLACE FUNCTION modelops.guard_reference() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  PERFORM FROM modelops.version JOIN modelops.job ON job.version_id = version.id
  WHERE version.id = NEW.version_id
    AND job.id = NEW.job_id AND job.status = 'running' AND job.attempt = NEW.attempt
    AND job.type IN (modelops.job_type_of(version.kind, 'evaluation'), modelops.job_type_of(version.kind, 'statistics'));
  IF FOUND THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'job % isn''t an evaluation or a computation of statistics of this version under way in attempt %',
    NEW.job_id, NEW.attempt
    USING ERRCODE = 'check_violation', CONSTRAINT = 'reference_under_way';
END $$;
COMMENT ON FUNCTION modelops.guard_reference IS
  'Lets only an evaluation or a computation of statistics under way on a version add a reference to it.';
CREATE OR REPLACE TRIGGER reference_guard BEFORE INSERT ON modelops.reference
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_reference();

REVOKE ALL ON FUNCTION modelops.guard_reference FROM PUBLIC;
