-- Reads of a deployment's history that take as long after a year of batches as after a day.

ALTER TABLE modelops.batch_run ADD COLUMN visible_covers tstzrange
  GENERATED ALWAYS AS (CASE WHEN published_at IS NOT NULL AND superseded_at IS NULL THEN covers END) STORED;
COMMENT ON COLUMN modelops.batch_run.visible_covers IS
  'The data interval while readers see the run, else null; for the planner, which knows how its values are spread.';
-- From one interval to the next, and the newest run of each.
CREATE INDEX batch_run_interval ON modelops.batch_run
  (deployment_id, (coalesce(upper(covers), 'infinity')), (coalesce(lower(covers), '-infinity')), id) WHERE whole_id IS NULL;
-- What was published of an interval since a time.
CREATE INDEX batch_run_published_of ON modelops.batch_run (deployment_id, covers, published_at)
  WHERE published_at IS NOT NULL AND part IS NULL;
-- What readers see of a range of times, whichever target it is of.
CREATE INDEX batch_run_visible_covers ON modelops.batch_run USING gist (visible_covers) WHERE visible_covers IS NOT NULL;
