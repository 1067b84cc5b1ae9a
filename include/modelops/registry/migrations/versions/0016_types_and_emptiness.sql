-- Which columns had nulls when a model was trained, which with their Arrow types fixes the types that its code gets; and
-- which batches of a deployment may have no row.

ALTER TABLE modelops.version ADD COLUMN columns_with_nulls text[];
COMMENT ON COLUMN modelops.version.columns_with_nulls IS
  'Of a model: columns of the training rows in which a value was null. Null for feature tasks, and for what was trained before this was recorded.';
GRANT UPDATE (columns_with_nulls) ON modelops.version TO modelops_jobs;

CREATE TRIGGER version_nulls_stay BEFORE UPDATE ON modelops.version FOR EACH ROW
  WHEN (OLD.status <> 'created' AND NEW.columns_with_nulls IS DISTINCT FROM OLD.columns_with_nulls)
  EXECUTE FUNCTION modelops.refuse_change();

ALTER TABLE modelops.deployment ADD COLUMN empty text NOT NULL DEFAULT 'intervals'
  CONSTRAINT deployment_empty CHECK (empty IN ('never', 'intervals', 'always'));
COMMENT ON COLUMN modelops.deployment.empty IS 'Which batches may have no row: none, those for a data interval, or all.';
GRANT INSERT (empty) ON modelops.deployment TO modelops_jobs;
