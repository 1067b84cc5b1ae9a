-- Drift checks of published batches.

CREATE TYPE modelops.drift_verdict AS ENUM
  ('stable', 'moved', 'moderate', 'major', 'not_enough_rows', 'reference_too_small', 'not_comparable');

CREATE TABLE modelops.drift (
  id                 bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT drift_pkey PRIMARY KEY,
  job_id             bigint NOT NULL CONSTRAINT drift_job REFERENCES modelops.job,
  attempt            integer NOT NULL,
  run_id             bigint NOT NULL CONSTRAINT drift_run REFERENCES modelops.batch_run,
  role               modelops.variable_role NOT NULL,
  variable           text NOT NULL,
  verdict            modelops.drift_verdict NOT NULL,
  reason             text,
  reference_rows     bigint NOT NULL,
  rows               bigint NOT NULL,
  bins               integer NOT NULL,
  psi                double precision,
  shift              double precision,
  p_value            double precision,
  lower_bound        double precision,
  natural_variation  double precision,
  detectable_shift   double precision,
  most_moved         jsonb NOT NULL,
  reference_id       bigint CONSTRAINT drift_reference REFERENCES modelops.reference,
  evaluation_id      bigint CONSTRAINT drift_evaluation REFERENCES modelops.evaluation,
  CONSTRAINT drift_one_reference CHECK (num_nonnulls(reference_id, evaluation_id) <= 1),
  CONSTRAINT drift_once UNIQUE (job_id, attempt, role, variable),
  CONSTRAINT drift_has_reason CHECK (verdict <> 'not_comparable' OR reason IS NOT NULL),
  CONSTRAINT drift_measured CHECK (num_nulls(psi, shift, p_value, lower_bound) = 0
    OR verdict IN ('not_enough_rows', 'not_comparable'))
);
COMMENT ON TABLE modelops.drift IS
  'How far each column of a published batch has moved from the reference, as a drift check has found. Append-only.';
COMMENT ON COLUMN modelops.drift.psi IS 'Population stability index.';
COMMENT ON COLUMN modelops.drift.shift IS 'The shift of a normal distribution that has the same index, in standard deviations.';
COMMENT ON COLUMN modelops.drift.p_value IS 'Of "the index is at most the tolerance", adjusted for the columns that are checked together.';
COMMENT ON COLUMN modelops.drift.lower_bound IS 'The lower confidence bound of the index, of which the level is.';
COMMENT ON COLUMN modelops.drift.natural_variation IS
  'The largest index of a block of the reference against its other blocks, less what random blocks have.';
COMMENT ON COLUMN modelops.drift.detectable_shift IS 'The smallest shift that would be found with a probability of 99 %.';
COMMENT ON COLUMN modelops.drift.most_moved IS 'The three bins whose shares have changed most: [{"bin", "before", "now"}].';
COMMENT ON COLUMN modelops.drift.reference_id IS
  'The reference that the column was compared with; null, as evaluation_id: the statistics of the training.';
COMMENT ON COLUMN modelops.drift.evaluation_id IS 'The run of a feature task that the column was compared with.';
CREATE INDEX drift_run ON modelops.drift (run_id, id);
GRANT SELECT ON modelops.drift TO modelops_jobs, modelops_reader;
GRANT INSERT (job_id, attempt, run_id, role, variable, verdict, reason, reference_rows, rows, bins, psi, shift, p_value,
  lower_bound, natural_variation, detectable_shift, most_moved, reference_id, evaluation_id) ON modelops.drift TO modelops_jobs;
