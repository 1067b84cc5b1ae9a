-- Evaluations: the results of a version on rows other than those it was made from.

CREATE TABLE modelops.evaluation (
  id               bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT evaluation_pkey PRIMARY KEY,
  version_id       bigint NOT NULL,
  artifact_sha256  modelops.sha256 NOT NULL,
  job_id           bigint NOT NULL CONSTRAINT evaluation_job REFERENCES modelops.job,
  attempt          integer NOT NULL,
  dataset          jsonb NOT NULL,
  data_sha256      modelops.sha256 NOT NULL,
  data_rows        bigint NOT NULL,
  metrics          jsonb NOT NULL,
  created_at       timestamptz NOT NULL DEFAULT now(),
  digest           modelops.sha256 NOT NULL,
  statistics       jsonb,
  details          jsonb,
  CONSTRAINT evaluation_once UNIQUE (job_id, attempt),
  CONSTRAINT evaluation_of_these_artifacts FOREIGN KEY (version_id, artifact_sha256)
    REFERENCES modelops.version (id, artifact_sha256)
);
COMMENT ON TABLE modelops.evaluation IS
  'What exactly these artifacts gave on exactly these rows: metrics of a model, or a run of a feature task. Append-only.';
COMMENT ON COLUMN modelops.evaluation.digest IS 'Computed by the database from the columns before it, statistics and details: what an approval is bound to.';
COMMENT ON COLUMN modelops.evaluation.statistics IS 'Of a feature task''s run: statistics of each column of its output. Null for models.';
COMMENT ON COLUMN modelops.evaluation.details IS
  'Of a model: headline metrics, why metrics are undefined, plots as data, figures by class and by slice, hash of the scored rows. Null where there are none.';
CREATE INDEX evaluation_version ON modelops.evaluation (version_id, id);

GRANT SELECT ON modelops.evaluation TO modelops_jobs, modelops_reader;
GRANT INSERT (version_id, artifact_sha256, job_id, attempt, dataset, data_sha256, data_rows, metrics, statistics, details)
  ON modelops.evaluation TO modelops_jobs;
