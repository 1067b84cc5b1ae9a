-- Versions of imported models: their constraint, that a file is one version, and warnings with a reference.

ALTER TABLE modelops.version
  DROP CONSTRAINT version_pinned,
  ADD CONSTRAINT version_pinned CHECK (
    status IN ('created', 'failed')
    OR num_nulls(dirty, code_sha256, requirements_sha256, artifact_sha256) = 0
       AND CASE WHEN kind = 'feature_task' THEN definition IS NOT NULL
                WHEN definition IS NULL
                THEN num_nulls(hyperparameters, dataset, data_sha256, data_rows, columns) = 0 AND status <> 'imported'
                ELSE jsonb_typeof(definition) = 'object' AND definition ->> 'identity' IS NOT NULL AND columns IS NOT NULL AND status <> 'trained'
                     AND num_nonnulls(hyperparameters, dataset, data_sha256, data_rows, columns_with_nulls) = 0 END);
CREATE UNIQUE INDEX version_of_file ON modelops.version (name, (definition ->> 'identity'), code_sha256, requirements_sha256)
  WHERE kind = 'model' AND definition IS NOT NULL AND status NOT IN ('created', 'failed', 'rejected', 'retired');
COMMENT ON COLUMN modelops.version.hyperparameters IS 'As trained: the repository''s, with the requester''s on top. Null for imported models and for feature tasks.';
COMMENT ON COLUMN modelops.version.dirty IS 'Trained or imported from files that were not committed, with the requester''s consent.';
COMMENT ON COLUMN modelops.version.columns IS 'Of a model: column of the training rows, or of an imported model''s dataset → its Arrow type. Null for feature tasks.';
COMMENT ON COLUMN modelops.version.artifact_sha256 IS
  'Computed by the database when the training or the import completes: over role, name and hash of each of its artifacts.';
COMMENT ON COLUMN modelops.version.definition IS 'A feature task as its task.yaml declares it: language, inputs, output, key, columns, …; of an imported model, its file and how it is used. Null for trained models.';
COMMENT ON COLUMN modelops.version.columns_with_nulls IS
  'Of a model: columns of the training rows in which a value was null. Null for feature tasks, for imported models, and for what was trained before this was recorded.';

ALTER TABLE modelops.reference
  ADD COLUMN warnings jsonb CONSTRAINT reference_warnings CHECK (jsonb_typeof(warnings) = 'array');
COMMENT ON COLUMN modelops.reference.warnings IS
  'Of features of an imported model: what about their values the model may not represent, as codes with values. Null for other references.';
GRANT INSERT (warnings) ON modelops.reference TO modelops_jobs;
