-- References of versions, beside that of the training: evaluations compute those of predictions, and a job of its own computes all.

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
  CONSTRAINT reference_of_these_artifacts FOREIGN KEY (version_id, artifact_sha256)
    REFERENCES modelops.version (id, artifact_sha256)
);
COMMENT ON TABLE modelops.reference IS
  'Rows whose statistics batches of a version are compared with, in place of or beside those of its training. Append-only.';
CREATE INDEX reference_version ON modelops.reference (version_id, id);
CREATE INDEX reference_job ON modelops.reference (job_id);
GRANT SELECT ON modelops.reference TO modelops_jobs, modelops_reader;
GRANT INSERT (version_id, artifact_sha256, job_id, attempt, dataset, data_sha256, data_rows)
  ON modelops.reference TO modelops_jobs;

ALTER TABLE modelops.statistics
  ADD COLUMN reference_id bigint CONSTRAINT statistics_reference REFERENCES modelops.reference,
  DROP CONSTRAINT statistics_of_one,
  ADD CONSTRAINT statistics_of_one CHECK (num_nonnulls(version_id, run_id, reference_id) = 1),
  ADD CONSTRAINT statistics_once_reference UNIQUE (reference_id, role, variable);
COMMENT ON TABLE modelops.statistics IS
  'Statistics of the columns of a training''s rows, of a batch or of a reference: moments, histogram, frequencies. Append-only.';
GRANT INSERT (reference_id) ON modelops.statistics TO modelops_jobs;
