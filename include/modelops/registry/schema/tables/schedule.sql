-- When the batches of a deployment run.

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

GRANT SELECT ON modelops.schedule TO modelops_jobs, modelops_reader;
GRANT INSERT (deployment_id, job_id, schedule, time_zone, paused, starts_at, late_after) ON modelops.schedule TO modelops_jobs;
