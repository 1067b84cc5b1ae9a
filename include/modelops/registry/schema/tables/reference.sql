-- What batches of a version are compared with: rows that an evaluation or a job of their own has read.

CREATE TABLE modelops.reference (
  id               bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT reference_pkey PRIMARY KEY,
  version_id       bigint NOT NULL,
  artifact_sha256  modelops.sha256 NOT NULL,
  job_id           bigint NOT NULL CONSTRAINT reference_job REFERENCES modelops.job,
  attempt          integer NOT NULL,
  dataset          jsonb NOT NULL,
  data_sha256      modelops.sha256 NOT NULL,
  data_rows        bigint NOT NULL CONSTRAINT reference_has_rows CHECK (data_rows > 0),
  created_at       timestamptz NOT NULL DEFAULT now(),
  warnings         jsonb CONSTRAINT reference_warnings CHECK (jsonb_typeof(warnings) = 'array'),
  CONSTRAINT reference_of_these_artifacts FOREIGN KEY (version_id, artifact_sha256)
    REFERENCES modelops.version (id, artifact_sha256)
);
COMMENT ON TABLE modelops.reference IS
  'Rows whose statistics batches of a version are compared with, in place of or beside those of its training. Append-only.';
COMMENT ON COLUMN modelops.reference.warnings IS
  'Of features of an imported model: what about their values the model may not represent, as codes with values. Null for other references.';
CREATE INDEX reference_version ON modelops.reference (version_id, id);
CREATE INDEX reference_job ON modelops.reference (job_id);
GRANT SELECT ON modelops.reference TO modelops_jobs, modelops_reader;
GRANT INSERT (version_id, artifact_sha256, job_id, attempt, dataset, data_sha256, data_rows, warnings)
  ON modelops.reference TO modelops_jobs;
