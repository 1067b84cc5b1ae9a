-- Findings about published runs, which the job under way of the stage adds: drift checks, and measurements of performance.

CREATE OR REPLACE FUNCTION modelops.guard_finding() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  PERFORM FROM modelops.batch_run AS run
  JOIN modelops.deployment ON deployment.id = run.deployment_id
  JOIN modelops.version ON version.id = deployment.version_id
  JOIN modelops.job ON job.id = NEW.job_id
  WHERE run.id = NEW.run_id AND run.published_at IS NOT NULL
    AND job.type = modelops.job_type_of(version.kind, TG_ARGV[0]) AND job.version_id = version.id
    AND job.status = 'running' AND job.attempt = NEW.attempt
    AND (TG_ARGV[0] <> 'performance'
         OR run.rows = NEW.rows AND run.swept_at IS NULL AND deployment.truth IS NOT NULL);
  IF FOUND THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'job % isn''t a % under way in attempt %, of the version of the published run %',
    NEW.job_id, replace(modelops.job_type_of('model', TG_ARGV[0])::text, '_', ' '), NEW.attempt, NEW.run_id
    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_under_way';
END $$;
COMMENT ON FUNCTION modelops.guard_finding IS
  'Lets only a job under way of a stage add rows, of a published run of the version that it is about; a measurement is of all of its rows.';
CREATE OR REPLACE TRIGGER drift_guard BEFORE INSERT ON modelops.drift
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_finding('drift');
CREATE OR REPLACE TRIGGER performance_guard BEFORE INSERT ON modelops.performance
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_finding('performance');

-- Metrics are written by the job that measures.
CREATE OR REPLACE FUNCTION modelops.guard_metric() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  PERFORM FROM modelops.performance JOIN modelops.job ON job.id = performance.job_id
  WHERE performance.id = NEW.performance_id AND performance.labelled > 0
    AND job.status = 'running' AND job.attempt = performance.attempt;
  IF FOUND THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'measurement % has no labels, or is finished', NEW.performance_id
    USING ERRCODE = 'check_violation', CONSTRAINT = 'performance_metric_in_the_making';
END $$;
COMMENT ON FUNCTION modelops.guard_metric IS
  'Lets metrics be added to a measurement with labels, as long as its job is under way.';
CREATE OR REPLACE TRIGGER performance_metric_guard BEFORE INSERT ON modelops.performance_metric
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_metric();

CREATE OR REPLACE FUNCTION modelops.labels_complete_at(covers tstzrange, published_at timestamptz, maturity interval) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  -- Added as seconds, so that a day has 24 hours in every time zone.
  SELECT CASE WHEN maturity IS NOT NULL THEN -- greatest() ignores nulls
    greatest(coalesce(upper(covers), published_at) + make_interval(secs => extract(epoch FROM maturity)), published_at)
  END
$$;
COMMENT ON FUNCTION modelops.labels_complete_at IS
  'When the labels of a published run are complete, and its rows are there; null: it has no labels.';

-- Labels that are missing may come later, and an error may be corrected: they are looked up again each time when the time
-- since they were due has doubled.
CREATE OR REPLACE FUNCTION modelops.note_measurement() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  due timestamptz;
BEGIN
  SELECT modelops.labels_complete_at(run.covers, run.published_at, deployment.maturity) INTO due
  FROM modelops.batch_run AS run JOIN modelops.deployment ON deployment.id = run.deployment_id
  WHERE run.id = NEW.run_id;
  UPDATE modelops.batch_run
  SET measured_at = NEW.measured_at,
      labels_due_at = CASE WHEN due > NEW.measured_at THEN labels_due_at
                           WHEN NEW.labelled < NEW.rows
                           THEN greatest(due + 2 * (NEW.measured_at - due), NEW.measured_at + interval '1 hour') END
  WHERE id = NEW.run_id;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION modelops.note_measurement IS
  'Sets when a run was measured, and when its labels are looked up again: if some were missing, or it could not be measured.';
CREATE OR REPLACE TRIGGER performance_noted AFTER INSERT ON modelops.performance
  FOR EACH ROW EXECUTE FUNCTION modelops.note_measurement();

REVOKE ALL ON FUNCTION modelops.guard_finding, modelops.guard_metric, modelops.labels_complete_at, modelops.note_measurement FROM PUBLIC;
GRANT EXECUTE ON FUNCTION modelops.labels_complete_at TO modelops_jobs, modelops_reader;
