-- The details of an evaluation (plots, classes, slices), to whose digest they belong, and its scored rows as an artifact.

ALTER TYPE modelops.artifact_role ADD VALUE 'scored_rows';
COMMENT ON COLUMN modelops.artifact.role IS
  'code: archive of the model''s folder; requirements: with versions and hashes; output: what user code left; scored_rows: of an evaluation.';

ALTER TABLE modelops.evaluation ADD COLUMN details jsonb;
COMMENT ON COLUMN modelops.evaluation.details IS
  'Of a model: headline metrics, why metrics are undefined, plots as data, figures by class and by slice, hash of the scored rows. Null where there are none.';
COMMENT ON COLUMN modelops.evaluation.digest IS
  'Computed by the database from the columns before it, statistics and details: what an approval is bound to.';
GRANT INSERT (details) ON modelops.evaluation TO modelops_jobs;
