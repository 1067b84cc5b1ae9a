-- name: add_evaluation
-- Puts metrics on record; the database computes the digest.
INSERT INTO modelops.evaluation
  (version_id, artifact_sha256, job_id, attempt, dataset, data_sha256, data_rows, metrics, statistics)
VALUES (:version_id, :artifact_sha256, :job_id, :attempt, :dataset, :data_sha256, :data_rows, :metrics, :statistics)
RETURNING id, digest;

-- name: add_artifact!
-- Puts a stored file on record, of a version or of an evaluation.
INSERT INTO modelops.artifact (version_id, evaluation_id, role, name, sha256, size, media_type, uri)
VALUES (:version_id, :evaluation_id, :role, :name, :sha256, :size, :media_type, :uri);

-- name: artifacts_of_version
-- The files that a version's training pinned or left.
SELECT role, name, sha256, size, media_type, uri FROM modelops.artifact
WHERE version_id = :version_id ORDER BY role, name;

-- name: evaluations_of_version
-- The evaluations of a version, newest first.
SELECT * FROM modelops.evaluation WHERE version_id = :version_id ORDER BY id DESC;

-- name: newest_evaluation
-- The newest evaluation of a version.
SELECT * FROM modelops.evaluation WHERE version_id = :version_id ORDER BY id DESC LIMIT 1;

-- name: compared_with
-- The evaluation of what is in production that a version is compared with.
SELECT * FROM modelops.evaluation WHERE id = modelops.champion_evaluation(:version_id);
