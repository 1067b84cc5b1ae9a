-- name: lock_numbers
-- Locks the version numbers of a model or feature task, which are assigned one after another.
SELECT modelops.take_lock('version ' || :name);

-- name: begin
-- Creates the version that a job makes.
INSERT INTO modelops.version (kind, name, number, job_id, changed_by, created_by)
SELECT :kind, :name, coalesce(max(number), 0) + 1, :job_id, :job_id, :created_by
FROM modelops.version WHERE kind = :kind AND name = :name
RETURNING *;

-- name: in_the_making
-- The unfinished version of this job.
SELECT * FROM modelops.version WHERE job_id = :job_id AND status = 'created';

-- name: of_job
-- The version that a job is about.
SELECT version.* FROM modelops.version JOIN modelops.job ON job.version_id = version.id WHERE job.id = :job_id;

-- name: find
-- A version by number.
SELECT * FROM modelops.version WHERE kind = :kind AND name = :name AND number = :number;

-- name: newest
-- The newest version with artifacts that is neither rejected nor retired.
SELECT * FROM modelops.version
WHERE kind = :kind AND name = :name AND status NOT IN ('created', 'failed', 'rejected', 'retired')
ORDER BY number DESC LIMIT 1;

-- name: lock
-- Locks a version until the end of the transaction.
SELECT id FROM modelops.version WHERE id = :id FOR UPDATE;

-- name: highest
-- The greatest version number; null if there is no version.
SELECT max(number) AS number FROM modelops.version WHERE kind = :kind AND name = :name;

-- name: pin
-- Records the code, requirements and hyperparameters of the version.
UPDATE modelops.version
SET hyperparameters = :hyperparameters, commit = :commit, dirty = :dirty, code_sha256 = :code_sha256,
    requirements_sha256 = :requirements_sha256, resources = :resources
WHERE id = :id RETURNING *;

-- name: trained
-- Sets the version to trained, with the rows of its training; the database computes the hash of its artifacts.
UPDATE modelops.version
SET status = 'trained', changed_by = :job_id, dataset = :dataset, data_sha256 = :data_sha256, data_rows = :data_rows,
    columns = :columns, columns_with_nulls = :columns_with_nulls
WHERE id = :id RETURNING artifact_sha256;

-- name: import!
-- Records the definition of an imported version, before its files are recorded; of a model's, the types of its columns too.
UPDATE modelops.version
SET definition = :definition, columns = :columns, commit = :commit, dirty = :dirty, code_sha256 = :code_sha256,
    requirements_sha256 = :requirements_sha256, resources = :resources
WHERE id = :id;

-- name: of_file
-- The version in use that the same file became, imported by the same request with the same folder and packages.
SELECT * FROM modelops.version
WHERE name = :name AND definition ->> 'identity' = :identity AND code_sha256 = :code_sha256
  AND requirements_sha256 = :requirements_sha256
  AND kind = 'model' AND definition IS NOT NULL AND status NOT IN ('created', 'failed', 'rejected', 'retired');

-- name: imported
-- Sets the version to imported; the database computes the hash of its artifacts.
UPDATE modelops.version SET status = 'imported', changed_by = :job_id WHERE id = :id RETURNING *;

-- name: evaluated!
-- Sets a model's version to evaluated, or a feature task's to tested; versions in later statuses stay unchanged.
UPDATE modelops.version
SET status = (CASE kind WHEN 'model' THEN 'evaluated' ELSE 'tested' END)::modelops.version_status, changed_by = :job_id
WHERE id = :id AND status IN ('trained', 'imported');

-- name: newest_with
-- The newest version in one of these statuses.
SELECT * FROM modelops.version
WHERE kind = :kind AND name = :name AND status = ANY(:statuses::modelops.version_status[]) ORDER BY number DESC LIMIT 1;

-- name: decided!
-- Sets the status that a decision gives a version; the database refuses it without the decision.
UPDATE modelops.version SET status = :verdict, changed_by = :job_id WHERE id = :id;

-- name: artifact_digest
-- The hash of a version's recorded artifacts.
SELECT modelops.artifact_digest(:id) AS digest;

-- name: fail_in_the_making!
-- Sets the unfinished version of a job that ended without a result to failed.
UPDATE modelops.version SET status = 'failed', changed_by = :job_id WHERE job_id = :job_id AND status = 'created';

-- name: names
-- The models or feature tasks that have a version, those with the newest versions first.
SELECT name FROM modelops.version WHERE kind = :kind AND status NOT IN ('created', 'failed')
GROUP BY name ORDER BY max(id) DESC LIMIT :limit;
