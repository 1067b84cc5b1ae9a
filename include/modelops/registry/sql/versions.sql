-- name: lock_numbers
-- Versions of one model or feature task are numbered one after the other.
SELECT modelops.take_lock('version ' || :name);

-- name: begin
-- Makes the version that a job works on.
INSERT INTO modelops.version (kind, name, number, job_id, changed_by, created_by)
SELECT :kind, :name, coalesce(max(number), 0) + 1, :job_id, :job_id, :created_by
FROM modelops.version WHERE kind = :kind AND name = :name
RETURNING *;

-- name: in_the_making
-- The version that this job began and hasn't finished.
SELECT * FROM modelops.version WHERE job_id = :job_id AND status = 'created';

-- name: of_job
-- The version that a job is about.
SELECT version.* FROM modelops.version JOIN modelops.job ON job.version_id = version.id WHERE job.id = :job_id;

-- name: find
-- A version by number.
SELECT * FROM modelops.version WHERE kind = :kind AND name = :name AND number = :number;

-- name: newest
-- The newest version with artifacts that there may be more to do with.
SELECT * FROM modelops.version
WHERE kind = :kind AND name = :name AND status NOT IN ('created', 'failed', 'rejected', 'retired')
ORDER BY number DESC LIMIT 1;

-- name: lock
-- Locks a version until the end of the transaction.
SELECT id FROM modelops.version WHERE id = :id FOR UPDATE;

-- name: highest
-- The greatest number that a version has; null where there is none.
SELECT max(number) AS number FROM modelops.version WHERE kind = :kind AND name = :name;

-- name: pin
-- Writes down which code, requirements and hyperparameters the version is made of.
UPDATE modelops.version
SET hyperparameters = :hyperparameters, commit = :commit, dirty = :dirty, code_sha256 = :code_sha256,
    requirements_sha256 = :requirements_sha256
WHERE id = :id RETURNING *;

-- name: trained
-- The version is trained on these rows; the database computes the hash of its artifacts.
UPDATE modelops.version
SET status = 'trained', changed_by = :job_id, dataset = :dataset, data_sha256 = :data_sha256, data_rows = :data_rows,
    columns = :columns, columns_with_nulls = :columns_with_nulls
WHERE id = :id RETURNING artifact_sha256;

-- name: import!
-- Writes down what a feature task's version is made of, before it is on record with its files.
UPDATE modelops.version
SET definition = :definition, commit = :commit, dirty = :dirty, code_sha256 = :code_sha256,
    requirements_sha256 = :requirements_sha256
WHERE id = :id;

-- name: imported
-- The version is on record; the database computes the hash of its artifacts.
UPDATE modelops.version SET status = 'imported', changed_by = :job_id WHERE id = :id RETURNING *;

-- name: evaluated!
-- The first evaluation moves a trained version on, the first run an imported one; what has got further stays where it is.
UPDATE modelops.version
SET status = (CASE status WHEN 'trained' THEN 'evaluated' ELSE 'tested' END)::modelops.version_status, changed_by = :job_id
WHERE id = :id AND status IN ('trained', 'imported');

-- name: newest_with
-- The newest version in one of these statuses.
SELECT * FROM modelops.version
WHERE kind = :kind AND name = :name AND status = ANY(:statuses::modelops.version_status[]) ORDER BY number DESC LIMIT 1;

-- name: decided!
-- A reviewer's word moves a version on; the database refuses it without the decision.
UPDATE modelops.version SET status = :verdict, changed_by = :job_id WHERE id = :id;

-- name: artifact_digest
-- The hash over a version's artifacts as they are on record now.
SELECT modelops.artifact_digest(:id) AS digest;

-- name: fail_in_the_making!
-- A training that is over without a result leaves a failed version.
UPDATE modelops.version SET status = 'failed', changed_by = :job_id WHERE job_id = :job_id AND status = 'created';

-- name: names
-- The models or feature tasks that have a version, those with the newest versions first.
SELECT name FROM modelops.version WHERE kind = :kind AND status NOT IN ('created', 'failed')
GROUP BY name ORDER BY max(id) DESC LIMIT :limit;
