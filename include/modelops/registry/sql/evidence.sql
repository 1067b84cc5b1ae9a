-- name: add_evaluation
-- Records an evaluation; the database computes its digest.
INSERT INTO modelops.evaluation
  (version_id, artifact_sha256, job_id, attempt, dataset, data_sha256, data_rows, metrics, statistics, details)
VALUES (:version_id, :artifact_sha256, :job_id, :attempt, :dataset, :data_sha256, :data_rows, :metrics, :statistics, :details)
RETURNING id, digest;

-- name: add_artifact!
-- Records a stored file of a version or an evaluation.
INSERT INTO modelops.artifact (version_id, evaluation_id, role, name, sha256, size, media_type, uri)
VALUES (:version_id, :evaluation_id, :role, :name, :sha256, :size, :media_type, :uri);

-- name: artifacts_of_version
-- The files that a version's training pinned or produced.
SELECT role, name, sha256, size, media_type, uri FROM modelops.artifact
WHERE version_id = :version_id ORDER BY role, name;

-- name: evaluations_of_version
-- The evaluations of a version, newest first.
SELECT * FROM modelops.evaluation WHERE version_id = :version_id ORDER BY id DESC;

-- name: newest_evaluation
-- The newest evaluation of a version.
SELECT * FROM modelops.evaluation WHERE version_id = :version_id ORDER BY id DESC LIMIT 1;

-- name: compared_with
-- The champion's evaluation that a version is compared with.
SELECT * FROM modelops.evaluation WHERE id = modelops.champion_evaluation(:version_id);
