-- Labels that come late: where a deployment has them, when they are due, and the performance measured with them.

ALTER TABLE modelops.deployment ADD COLUMN truth jsonb, ADD COLUMN maturity interval,
  ADD CONSTRAINT deployment_maturity CHECK ((truth IS NULL) = (maturity IS NULL) AND maturity >= interval '0'),
  ADD CONSTRAINT deployment_truth CHECK (jsonb_typeof(truth) = 'object' AND truth ?& '{name,sql,targets,type}');
COMMENT ON COLUMN modelops.deployment.truth IS
  'Where the labels of the predictions are: {"name", "sql", "targets", "type"}; null: their performance isn''t measured.';
COMMENT ON COLUMN modelops.deployment.maturity IS
  'How long after the end of a data interval, or the publication of a batch without one, its labels are complete.';
GRANT INSERT (truth, maturity) ON modelops.deployment TO modelops_jobs;

ALTER TABLE modelops.batch_run ADD COLUMN labels_due_at timestamptz, ADD COLUMN measured_at timestamptz;
COMMENT ON COLUMN modelops.batch_run.labels_due_at IS
  'When the labels of a published run are looked up next; null: never, or not again. Written by the database.';
COMMENT ON COLUMN modelops.batch_run.measured_at IS 'When its performance was measured last. Written by the database.';
CREATE INDEX batch_run_measured ON modelops.batch_run
  (target, (coalesce(upper(covers), 'infinity')), (coalesce(lower(covers), '-infinity')), id) WHERE measured_at IS NOT NULL;
CREATE INDEX batch_run_labels_due ON modelops.batch_run (deployment_id, labels_due_at) WHERE labels_due_at IS NOT NULL;

DROP FUNCTION IF EXISTS modelops.guard_drift CASCADE; -- guard_finding takes its place

CREATE TABLE modelops.performance (
  id           bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT performance_pkey PRIMARY KEY,
  job_id       bigint NOT NULL CONSTRAINT performance_job REFERENCES modelops.job,
  attempt      integer NOT NULL,
  run_id       bigint NOT NULL CONSTRAINT performance_run REFERENCES modelops.batch_run,
  rows         bigint NOT NULL CONSTRAINT performance_rows CHECK (rows >= 0),
  labelled     bigint NOT NULL CONSTRAINT performance_labelled CHECK (labelled BETWEEN 0 AND rows),
  error        text,
  measured_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT performance_once UNIQUE (job_id, attempt, run_id),
  CONSTRAINT performance_measured CHECK (error IS NULL OR labelled = 0)
);
COMMENT ON TABLE modelops.performance IS
  'One measurement of the predictions of a published run, as they were published, with the labels that were known then. Append-only.';
COMMENT ON COLUMN modelops.performance.labelled IS 'Predictions with a label for each target; the labels of the others are missing.';
COMMENT ON COLUMN modelops.performance.error IS 'Why the run could not be measured; null: it was.';
CREATE INDEX performance_run ON modelops.performance (run_id, id);
GRANT SELECT ON modelops.performance TO modelops_jobs, modelops_reader;
GRANT INSERT (job_id, attempt, run_id, rows, labelled, error) ON modelops.performance TO modelops_jobs;

CREATE TABLE modelops.performance_metric (
  performance_id  bigint NOT NULL CONSTRAINT performance_metric_of REFERENCES modelops.performance,
  target          text NOT NULL,
  metric          text NOT NULL,
  value           double precision NOT NULL CONSTRAINT performance_metric_finite CHECK (abs(value) < 'infinity'),
  lower           double precision,
  upper           double precision,
  CONSTRAINT performance_metric_pkey PRIMARY KEY (performance_id, target, metric),
  CONSTRAINT performance_metric_interval CHECK (num_nulls(lower, upper) IN (0, 2)
    AND (lower IS NULL OR (lower <= value AND value <= upper AND upper - lower < 'infinity')))
);
COMMENT ON TABLE modelops.performance_metric IS 'The metrics of a measurement, by target. Append-only.';
COMMENT ON COLUMN modelops.performance_metric.lower IS 'The lower end of the 95 % confidence interval; null, as the upper end, if there is none.';
GRANT SELECT ON modelops.performance_metric TO modelops_jobs, modelops_reader;
GRANT INSERT (performance_id, target, metric, value, lower, upper) ON modelops.performance_metric TO modelops_jobs;
