-- Statistics of the columns of trainings and batches.

CREATE TYPE modelops.variable_role AS ENUM ('feature', 'target', 'prediction', 'key');

CREATE TABLE modelops.statistics (
  id          bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT statistics_pkey PRIMARY KEY,
  version_id  bigint CONSTRAINT statistics_version REFERENCES modelops.version,
  run_id      bigint CONSTRAINT statistics_run REFERENCES modelops.batch_run,
  role        modelops.variable_role NOT NULL,
  variable    text NOT NULL,
  kind        text NOT NULL,
  values      jsonb NOT NULL,
  CONSTRAINT statistics_of_one CHECK (num_nonnulls(version_id, run_id) = 1),
  CONSTRAINT statistics_once_version UNIQUE (version_id, role, variable),
  CONSTRAINT statistics_once_run UNIQUE (run_id, role, variable)
);
COMMENT ON TABLE modelops.statistics IS
  'Statistics of the columns of a training''s rows or of a batch: moments, histogram, frequencies. Append-only.';
GRANT SELECT ON modelops.statistics TO modelops_jobs, modelops_reader;
GRANT INSERT (version_id, run_id, role, variable, kind, values) ON modelops.statistics TO modelops_jobs;
