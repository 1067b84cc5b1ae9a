-- Which columns had nulls when a model was trained: with their Arrow types this fixes the types that its code gets.

ALTER TABLE modelops.version ADD COLUMN columns_with_nulls text[];
COMMENT ON COLUMN modelops.version.columns_with_nulls IS
  'Of a model: columns of the training rows in which a value was null. Null for feature tasks, and for what was trained before this was recorded.';
GRANT UPDATE (columns_with_nulls) ON modelops.version TO modelops_jobs;

CREATE TRIGGER version_nulls_stay BEFORE UPDATE ON modelops.version FOR EACH ROW
  WHEN (OLD.status <> 'created' AND NEW.columns_with_nulls IS DISTINCT FROM OLD.columns_with_nulls)
  EXECUTE FUNCTION modelops.refuse_change();
