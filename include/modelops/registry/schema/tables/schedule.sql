-- The schedules of deployments.

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
  'When a deployment''s batches run, from when on, and who set this. The newest row of a deployment counts. Append-only.';
COMMENT ON COLUMN modelops.schedule.schedule IS
  'Cron''s five fields or a preset, once, manual, ''after <schema>.<feature table>'', or ''publish only''.';
COMMENT ON COLUMN modelops.schedule.time_zone IS 'The time zone of the cron fields.';
COMMENT ON COLUMN modelops.schedule.starts_at IS
  'For a schedule by the clock: its last tick before it was set. Nothing earlier is due.';
COMMENT ON COLUMN modelops.schedule.late_after IS
  'A run that has not ended this long after it was queued is late. Null: never.';
COMMENT ON COLUMN modelops.schedule.set_by IS 'Who requested it; written by the database, as is set_at.';
CREATE INDEX schedule_of_deployment ON modelops.schedule (deployment_id, id DESC);
CREATE INDEX schedule_of_job ON modelops.schedule (job_id);

GRANT SELECT ON modelops.schedule TO modelops_jobs, modelops_reader;
GRANT INSERT (deployment_id, job_id, schedule, time_zone, paused, starts_at, late_after) ON modelops.schedule TO modelops_jobs;
