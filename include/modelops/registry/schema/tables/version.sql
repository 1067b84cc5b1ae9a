-- The registry: versions of models and feature tasks, and the state machine of their life.

CREATE TYPE modelops.version_kind AS ENUM ('model', 'feature_task');
CREATE TYPE modelops.version_status AS ENUM
  ('created', 'imported', 'trained', 'evaluated', 'tested', 'approved', 'rejected', 'deployed', 'retired', 'failed');
CREATE DOMAIN modelops.sha256 AS text CONSTRAINT sha256_hex CHECK (VALUE ~ '^[0-9a-f]{64}$');

CREATE TABLE modelops.transition (
  kind         modelops.version_kind NOT NULL,
  from_status  modelops.version_status,
  to_status    modelops.version_status NOT NULL,
  job_type     modelops.job_type NOT NULL,
  meaning      text NOT NULL,
  CONSTRAINT transition_once UNIQUE NULLS NOT DISTINCT (kind, from_status, to_status, job_type)
);
COMMENT ON TABLE modelops.transition IS
  'The state machine of versions. What is not a row here can''t happen. `./modelops migrate` writes it from modelops.domain.job_types.';
GRANT SELECT ON modelops.transition TO modelops_jobs, modelops_reader;

CREATE TABLE modelops.stage (
  kind         modelops.version_kind NOT NULL,
  stage        text NOT NULL,
  job_type     modelops.job_type NOT NULL,
  CONSTRAINT stage_pkey PRIMARY KEY (kind, stage)
);
COMMENT ON TABLE modelops.stage IS
  'The type of the jobs of each stage in the life of a version. `./modelops migrate` writes it from modelops.domain.job_types.';
GRANT SELECT ON modelops.stage TO modelops_jobs, modelops_reader;

CREATE TABLE modelops.version (
  id                   bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT version_pkey PRIMARY KEY,
  kind                 modelops.version_kind NOT NULL DEFAULT 'model',
  name                 text NOT NULL,
  number               integer NOT NULL CONSTRAINT version_number_positive CHECK (number > 0),
  status               modelops.version_status NOT NULL DEFAULT 'created',
  job_id               bigint NOT NULL CONSTRAINT version_job REFERENCES modelops.job,
  changed_by           bigint NOT NULL CONSTRAINT version_changed_by REFERENCES modelops.job,
  created_by           text NOT NULL,
  created_at           timestamptz NOT NULL DEFAULT now(),
  hyperparameters      jsonb,
  commit               text,
  dirty                boolean,
  code_sha256          modelops.sha256,
  requirements_sha256  modelops.sha256,
  dataset              jsonb,
  data_sha256          modelops.sha256,
  data_rows            bigint,
  columns              jsonb,
  artifact_sha256      modelops.sha256,
  definition           jsonb,
  columns_with_nulls   text[],
  resources            jsonb,
  CONSTRAINT version_number UNIQUE (kind, name, number),
  CONSTRAINT version_artifact UNIQUE (id, artifact_sha256),
  CONSTRAINT version_pinned CHECK (
    status IN ('created', 'failed')
    OR num_nulls(dirty, code_sha256, requirements_sha256, artifact_sha256) = 0
       AND CASE WHEN kind = 'feature_task' THEN definition IS NOT NULL
                WHEN definition IS NULL
                THEN num_nulls(hyperparameters, dataset, data_sha256, data_rows, columns) = 0 AND status <> 'imported'
                ELSE jsonb_typeof(definition) = 'object' AND definition ->> 'identity' IS NOT NULL AND columns IS NOT NULL AND status <> 'trained'
                     AND num_nonnulls(hyperparameters, dataset, data_sha256, data_rows, columns_with_nulls) = 0 END)
);
COMMENT ON TABLE modelops.version IS 'The subject of a life cycle. What it pins is written once.';
COMMENT ON COLUMN modelops.version.name IS 'Reference of the model or the feature task: <repository>/<name>.';
COMMENT ON COLUMN modelops.version.job_id IS 'The job that makes it.';
COMMENT ON COLUMN modelops.version.changed_by IS 'The job that took the last transition.';
COMMENT ON COLUMN modelops.version.hyperparameters IS 'As trained: the repository''s, with the requester''s on top. Null for imported models and for feature tasks.';
COMMENT ON COLUMN modelops.version.dirty IS 'Trained or imported from files that were not committed, with the requester''s consent.';
COMMENT ON COLUMN modelops.version.columns IS 'Of a model: column of the training rows, or of an imported model''s dataset → its Arrow type. Null for feature tasks.';
COMMENT ON COLUMN modelops.version.artifact_sha256 IS
  'Computed by the database when the training or the import completes: over role, name and hash of each of its artifacts.';
COMMENT ON COLUMN modelops.version.definition IS 'A feature task as its task.yaml declares it: language, inputs, output, key, columns, …; of an imported model, its file and how it is used. Null for trained models.';
COMMENT ON COLUMN modelops.version.columns_with_nulls IS
  'Of a model: columns of the training rows in which a value was null. Null for feature tasks, for imported models, and for what was trained before this was recorded.';
COMMENT ON COLUMN modelops.version.resources IS
  'The section resources of its config.json or task.yaml, memory in bytes. Null for what was pinned before there was one.';
-- A retry continues the version that its job began, so a job never has two unfinished versions.
CREATE UNIQUE INDEX version_in_the_making ON modelops.version (job_id) WHERE status = 'created';
-- The same file, imported by the same request with the same folder and packages, is one version while that is in use.
CREATE UNIQUE INDEX version_of_file ON modelops.version (name, (definition ->> 'identity'), code_sha256, requirements_sha256)
  WHERE kind = 'model' AND definition IS NOT NULL AND status NOT IN ('created', 'failed', 'rejected', 'retired');
ALTER TABLE modelops.job ADD CONSTRAINT job_version_exists FOREIGN KEY (version_id) REFERENCES modelops.version;

GRANT SELECT ON modelops.version TO modelops_jobs, modelops_reader;
GRANT INSERT (kind, name, number, job_id, changed_by, created_by) ON modelops.version TO modelops_jobs;
GRANT UPDATE (status, changed_by, hyperparameters, commit, dirty, code_sha256, requirements_sha256, dataset, data_sha256,
  data_rows, columns, definition, columns_with_nulls, resources) ON modelops.version TO modelops_jobs;
