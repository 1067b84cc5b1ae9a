-- The reference that a drift check has compared a column with, and batches of a target in order; as in schema/tables.

ALTER TABLE modelops.drift
  ADD COLUMN reference_id  bigint CONSTRAINT drift_reference REFERENCES modelops.reference,
  ADD COLUMN evaluation_id bigint CONSTRAINT drift_evaluation REFERENCES modelops.evaluation,
  ADD CONSTRAINT drift_one_reference CHECK (num_nonnulls(reference_id, evaluation_id) <= 1);
COMMENT ON COLUMN modelops.drift.reference_id IS
  'The reference that the column was compared with; null, as evaluation_id: the statistics of the training.';
COMMENT ON COLUMN modelops.drift.evaluation_id IS 'The run of a feature task that the column was compared with.';
GRANT INSERT (reference_id, evaluation_id) ON modelops.drift TO modelops_jobs;

DROP INDEX modelops.batch_run_published_interval;
CREATE INDEX batch_run_published_interval ON modelops.batch_run
  (target, (coalesce(upper(covers), 'infinity')), (coalesce(lower(covers), '-infinity')), id) WHERE published_at IS NOT NULL;
