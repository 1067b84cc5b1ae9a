-- It is on record which runs' rows were removed, so that no batch looks for them again.

ALTER TABLE modelops.batch_run ADD COLUMN swept_at timestamptz;
COMMENT ON COLUMN modelops.batch_run.swept_at IS
  'When its rows were removed: it was superseded, or can never be published. Such a run stays as it is.';
-- What is still to be swept: of runs that were never published, and of superseded ones.
CREATE INDEX batch_run_unpublished ON modelops.batch_run (target, id)
  WHERE published_at IS NULL AND whole_id IS NULL AND swept_at IS NULL;
CREATE INDEX batch_run_superseded_at ON modelops.batch_run (target, superseded_at)
  WHERE superseded_at IS NOT NULL AND swept_at IS NULL;
GRANT UPDATE (swept_at) ON modelops.batch_run TO modelops_jobs;
