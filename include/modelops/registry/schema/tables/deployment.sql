-- Deployments, active and ended.

CREATE TYPE modelops.engine AS ENUM ('batch', 'sql', 'python');
CREATE TYPE modelops.deployment_end AS ENUM ('replaced', 'retired');

CREATE TABLE modelops.deployment (
  id                bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT deployment_pkey PRIMARY KEY,
  version_id        bigint NOT NULL,
  model             text NOT NULL,
  artifact_sha256   modelops.sha256 NOT NULL,
  decision_id       bigint NOT NULL CONSTRAINT deployment_decision REFERENCES modelops.decision,
  job_id            bigint NOT NULL CONSTRAINT deployment_job REFERENCES modelops.job,
  engine            modelops.engine NOT NULL,
  dataset           jsonb NOT NULL,
  target            text NOT NULL,
  entity_key        jsonb NOT NULL,
  outputs           jsonb NOT NULL,
  set_aside_budget  integer NOT NULL CONSTRAINT deployment_budget CHECK (set_aside_budget >= 0),
  deployed_by       text NOT NULL,
  started_at        timestamptz NOT NULL,
  ended_at          timestamptz,
  ended_how         modelops.deployment_end,
  ended_by          bigint CONSTRAINT deployment_ended_by REFERENCES modelops.job,
  parts             smallint NOT NULL DEFAULT 1 CONSTRAINT deployment_parts CHECK (parts BETWEEN 1 AND 64),
  empty             text NOT NULL DEFAULT 'intervals'
    CONSTRAINT deployment_empty CHECK (empty IN ('never', 'intervals', 'always')),
  check_drift       boolean NOT NULL DEFAULT true,
  truth             jsonb,
  maturity          interval,
  CONSTRAINT deployment_of_these_artifacts FOREIGN KEY (version_id, artifact_sha256)
    REFERENCES modelops.version (id, artifact_sha256),
  CONSTRAINT deployment_ended_whole CHECK (num_nonnulls(ended_at, ended_how, ended_by) IN (0, 3)),
  CONSTRAINT deployment_lasted CHECK (ended_at >= started_at),
  CONSTRAINT deployment_maturity CHECK ((truth IS NULL) = (maturity IS NULL) AND maturity >= interval '0'),
  CONSTRAINT deployment_truth CHECK (jsonb_typeof(truth) = 'object' AND truth ?& '{name,sql,targets,type}')
);
COMMENT ON TABLE modelops.deployment IS
  'An approved version in production: on which dataset, into which table, by which decision. Ends once, and stays on record.';
COMMENT ON COLUMN modelops.deployment.model IS 'Of the version; written by the database, as are deployed_by and both times.';
COMMENT ON COLUMN modelops.deployment.dataset IS 'What a model scores: {"name", "sql"}; what a feature task reads: {"inputs"}.';
COMMENT ON COLUMN modelops.deployment.target IS 'The view of what it produces, <schema>.<name>; the rows are in <schema>.<name>_rows.';
COMMENT ON COLUMN modelops.deployment.entity_key IS 'Columns of the entity key, in order: [{"name", "type"}], as PostgreSQL names types.';
COMMENT ON COLUMN modelops.deployment.outputs IS
  'Columns other than the key: for a model, column → Arrow type of the scorer''s result; for a feature task, column → PostgreSQL type.';
COMMENT ON COLUMN modelops.deployment.set_aside_budget IS
  'How many rows of a batch may be rejected because they can''t be scored.';
COMMENT ON COLUMN modelops.deployment.parts IS
  'The number of partitions of a batch; each is a job, and one more job publishes them.';
COMMENT ON COLUMN modelops.deployment.empty IS 'Which batches may have no row: none, those for a data interval, or all.';
COMMENT ON COLUMN modelops.deployment.check_drift IS 'Whether each batch is compared with the reference once it is published.';
COMMENT ON COLUMN modelops.deployment.truth IS
  'Where the labels of the predictions are: {"name", "sql", "targets", "type"}; null: their performance isn''t measured.';
COMMENT ON COLUMN modelops.deployment.maturity IS
  'How long after the end of a data interval, or the publication of a batch without one, its labels are complete.';
CREATE UNIQUE INDEX deployment_champion ON modelops.deployment (target) WHERE ended_at IS NULL;
CREATE INDEX deployment_model ON modelops.deployment (model, started_at);
CREATE INDEX deployment_version ON modelops.deployment (version_id);

GRANT SELECT ON modelops.deployment TO modelops_jobs, modelops_reader;
GRANT INSERT (version_id, artifact_sha256, decision_id, job_id, engine, dataset, target, entity_key, outputs,
  set_aside_budget, parts, empty, check_drift, truth, maturity) ON modelops.deployment TO modelops_jobs;
GRANT UPDATE (ended_how, ended_by) ON modelops.deployment TO modelops_jobs;
