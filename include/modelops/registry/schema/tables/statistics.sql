-- Statistics of the columns of trainings, batches and references.

CREATE TYPE modelops.variable_role AS ENUM ('feature', 'target', 'prediction', 'key');

CREATE TABLE modelops.statistics (
  id            bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT statistics_pkey PRIMARY KEY,
  version_id    bigint CONSTRAINT statistics_version REFERENCES modelops.version,
  run_id        bigint CONSTRAINT statistics_run REFERENCES modelops.batch_run,
  role          modelops.variable_role NOT NULL,
  variable      text NOT NULL,
  kind          text NOT NULL,
  values        jsonb NOT NULL,
  reference_id  bigint CONSTRAINT statistics_reference REFERENCES modelops.reference,
  CONSTRAINT statistics_of_one CHECK (num_nonnulls(version_id, run_id, reference_id) = 1),
  CONSTRAINT statistics_once_version UNIQUE (version_id, role, variable),
  CONSTRAINT statistics_once_run UNIQUE (run_id, role, variable),
  CONSTRAINT statistics_once_reference UNIQUE (reference_id, role, variable)
);
COMMENT ON TABLE modelops.statistics IS
  'Statistics of the columns of a training''s rows, of a batch or of a reference: moments, histogram, frequencies. Append-only.';
GRANT SELECT ON modelops.statistics TO modelops_jobs, modelops_reader;
GRANT INSERT (version_id, run_id, role, variable, kind, values, reference_id) ON modelops.statistics TO modelops_jobs;
