-- Files that jobs have stored, by hash.

CREATE TYPE modelops.artifact_role AS ENUM ('code', 'requirements', 'output', 'sample', 'scored_rows');

CREATE TABLE modelops.artifact (
  id             bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT artifact_pkey PRIMARY KEY,
  version_id     bigint CONSTRAINT artifact_version REFERENCES modelops.version,
  evaluation_id  bigint CONSTRAINT artifact_evaluation REFERENCES modelops.evaluation,
  role           modelops.artifact_role NOT NULL,
  name           text NOT NULL CONSTRAINT artifact_named CHECK (name <> '' AND name !~ '[[:cntrl:]]'),
  sha256         modelops.sha256 NOT NULL,
  size           bigint NOT NULL CONSTRAINT artifact_size CHECK (size >= 0),
  media_type     text NOT NULL,
  uri            text NOT NULL,
  CONSTRAINT artifact_of_one CHECK (num_nonnulls(version_id, evaluation_id) = 1),
  CONSTRAINT artifact_name_version UNIQUE (version_id, role, name),
  CONSTRAINT artifact_name_evaluation UNIQUE (evaluation_id, role, name)
);
COMMENT ON TABLE modelops.artifact IS 'A file that a job pinned or left, stored under its own hash. Append-only.';
COMMENT ON COLUMN modelops.artifact.role IS
  'code: archive of the model''s folder; requirements: with versions and hashes; output: what user code left; scored_rows: of an evaluation.';

GRANT SELECT ON modelops.artifact TO modelops_jobs, modelops_reader;
GRANT INSERT (version_id, evaluation_id, role, name, sha256, size, media_type, uri) ON modelops.artifact TO modelops_jobs;
