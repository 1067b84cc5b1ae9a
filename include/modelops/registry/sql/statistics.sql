-- name: add_statistics!
-- Records the statistics of one column: of a run, of a version's training, or of a reference.
INSERT INTO modelops.statistics (version_id, run_id, reference_id, role, variable, kind, values)
VALUES (:version_id, :run_id, :reference_id, :role, :variable, :kind, :values);

-- name: add_reference
-- Records a reference, with whose statistics batches of a version are compared.
INSERT INTO modelops.reference (version_id, artifact_sha256, job_id, attempt, dataset, data_sha256, data_rows, warnings)
VALUES (:version_id, :artifact_sha256, :job_id, :attempt, :dataset, :data_sha256, :data_rows, :warnings)
RETURNING id;

-- name: in_use
-- The statistics in whose bins batches of a version are counted.
SELECT role, variable, kind, values, reference_id FROM modelops.statistics_in_use WHERE version_id = :version_id ORDER BY role, variable;

-- name: has_reference
-- Whether a version has a reference for this role, besides that of its training.
SELECT EXISTS (SELECT FROM modelops.reference JOIN modelops.statistics ON statistics.reference_id = reference.id
               WHERE reference.version_id = :version_id AND statistics.role = :role) AS found;

-- name: of_run
-- The statistics of a run.
SELECT role, variable, kind, values FROM modelops.statistics WHERE run_id = :run_id ORDER BY role, variable;
