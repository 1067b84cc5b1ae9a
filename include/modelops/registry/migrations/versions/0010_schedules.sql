-- When the batches of a deployment run: rows that a job adds, of which the newest counts.

CREATE TABLE modelops.schedule (
  id             bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT schedule_pkey PRIMARY KEY,
  deployment_id  bigint NOT NULL CONSTRAINT schedule_deployment REFERENCES modelops.deployment,
  job_id         bigint NOT NULL CONSTRAINT schedule_job REFERENCES modelops.job,
  schedule       text NOT NULL CONSTRAINT schedule_written CHECK (schedule ~ '\S' AND schedule !~ '[[:cntrl:]]'),
  time_zone      text NOT NULL,
  paused         boolean NOT NULL,
  starts_at      timestamptz,
  late_after     interval CONSTRAINT schedule_late CHECK (late_after > interval '0'),
  set_by         text NOT NULL,
  set_at         timestamptz NOT NULL,
  CONSTRAINT schedule_starts CHECK ((starts_at IS NULL) =
    (schedule IN ('manual', 'publish only') OR starts_with(schedule, 'after ')))
);
COMMENT ON TABLE modelops.schedule IS
  'When a deployment''s batches run, from when on, and who said so. The newest row of a deployment counts. Append-only.';
COMMENT ON COLUMN modelops.schedule.schedule IS
  'Cron''s five fields or a preset, once, manual, ''after <schema>.<feature table>'', or ''publish only''.';
COMMENT ON COLUMN modelops.schedule.time_zone IS 'In which cron''s fields are meant.';
COMMENT ON COLUMN modelops.schedule.starts_at IS
  'The tick of the clock before it was set, of a schedule by the clock: nothing before it is due.';
COMMENT ON COLUMN modelops.schedule.late_after IS 'So long after it was queued, a run that isn''t over is late. Null: never.';
COMMENT ON COLUMN modelops.schedule.set_by IS 'Who asked for it; written by the database, as is set_at.';
CREATE INDEX schedule_of_deployment ON modelops.schedule (deployment_id, id DESC);
CREATE INDEX schedule_of_job ON modelops.schedule (job_id);

CREATE FUNCTION modelops.guard_schedule() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  serving modelops.deployment;
  doing modelops.job;
BEGIN
  PERFORM modelops.check_isolation();
  -- One change after the other, and none after the end.
  SELECT * INTO serving FROM modelops.deployment WHERE id = NEW.deployment_id FOR UPDATE;
  IF serving.ended_at IS NOT NULL THEN
    RAISE EXCEPTION 'deployment % was % at %', serving.id, serving.ended_how, to_char(serving.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')
      USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_deployment_active';
  END IF;
  SELECT * INTO doing FROM modelops.job
  WHERE id = NEW.job_id AND status = 'running' AND (type = 'schedule_change' OR id = serving.job_id);
  IF NOT FOUND THEN
    RAISE EXCEPTION 'job % isn''t one under way that may set the schedule of deployment %', NEW.job_id, NEW.deployment_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_under_way';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_timezone_names WHERE name = NEW.time_zone) THEN
    RAISE EXCEPTION 'there is no time zone %', quote_literal(NEW.time_zone)
      USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_time_zone';
  END IF;
  NEW.set_by := doing.requested_by;
  NEW.set_at := clock_timestamp();
  RETURN NEW;
END $$;
CREATE TRIGGER schedule_guard BEFORE INSERT ON modelops.schedule FOR EACH ROW EXECUTE FUNCTION modelops.guard_schedule();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON modelops.schedule
  FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.schedule
  FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();

-- Deployments from before there were schedules are manual.
ALTER TABLE modelops.deployment DROP COLUMN schedule;
CREATE VIEW modelops.deployment_schedule AS
SELECT deployment.id AS deployment_id, coalesce(newest.schedule, 'manual') AS schedule,
       coalesce(newest.time_zone, 'UTC') AS time_zone, coalesce(newest.paused, false) AS paused, newest.starts_at, newest.late_after,
       coalesce(newest.set_by, deployment.deployed_by) AS set_by, coalesce(newest.set_at, deployment.started_at) AS set_at,
       coalesce(version.definition ->> 'incremental' <> '', deployment.dataset ->> 'sql' ~ 'modelops\.interval_', false)
         AS incremental
FROM modelops.deployment
JOIN modelops.version ON version.id = deployment.version_id
LEFT JOIN LATERAL (SELECT * FROM modelops.schedule WHERE schedule.deployment_id = deployment.id ORDER BY id DESC LIMIT 1)
  AS newest ON true;
COMMENT ON VIEW modelops.deployment_schedule IS 'The schedule that counts, of every deployment, ended or not.';
COMMENT ON COLUMN modelops.deployment_schedule.incremental IS
  'Whether each run is of a data interval: a feature task that says so, or a dataset whose SQL asks for the interval.';

-- What readers saw, and when -----------------------------------------------------------------------------------------

CREATE VIEW modelops.run_history AS
SELECT run.id AS run_id, run.target, version.number AS model_version, run.job_id, run.published_at, run.superseded_at,
       lower(run.covers) AS interval_start, upper(run.covers) AS interval_end
FROM modelops.batch_run AS run
JOIN modelops.deployment ON deployment.id = run.deployment_id
JOIN modelops.version ON version.id = deployment.version_id
WHERE run.published_at IS NOT NULL;
COMMENT ON VIEW modelops.run_history IS 'All runs whose rows readers have ever seen, from published_at to superseded_at.';

GRANT SELECT ON modelops.schedule, modelops.deployment_schedule, modelops.run_history TO modelops_jobs, modelops_reader;
GRANT INSERT (deployment_id, job_id, schedule, time_zone, paused, starts_at, late_after) ON modelops.schedule TO modelops_jobs;
