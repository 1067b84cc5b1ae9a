-- name: begin
-- Makes the run that an attempt writes its predictions under.
INSERT INTO modelops.batch_run (deployment_id, job_id, attempt, fence, covers)
VALUES (:deployment_id, :job_id, :attempt, :fence, tstzrange(:start, :end))
RETURNING id;

-- name: publish!
-- Makes the run what readers see of its interval; the database supersedes what it takes the place of.
UPDATE modelops.batch_run SET rows = :rows, set_aside = :set_aside, published_at = clock_timestamp() WHERE id = :id;

-- name: add_set_aside!
-- Puts a row that can't be scored on record.
INSERT INTO modelops.set_aside (run_id, position, key, reason) VALUES (:run_id, :position, :key, :reason);

-- name: add_statistics!
-- Puts the statistics of one column on record, of a run or of a version's training.
INSERT INTO modelops.statistics (version_id, run_id, role, variable, kind, values)
VALUES (:version_id, :run_id, :role, :variable, :kind, :values);

-- name: statistics_of_version
-- The statistics of a version's training.
SELECT role, variable, kind, values FROM modelops.statistics WHERE version_id = :version_id ORDER BY role, variable;

-- name: rows_of_last
-- How many rows the deployment's last published run had.
SELECT rows + set_aside AS rows FROM modelops.batch_run
WHERE deployment_id = :deployment_id AND published_at IS NOT NULL ORDER BY id DESC LIMIT 1;

-- name: unseen
-- The runs of a target that are superseded, or unpublished by an attempt that is over.
SELECT run.id
FROM modelops.batch_run AS run JOIN modelops.job ON job.id = run.job_id
WHERE run.target = :target
  AND (run.superseded_at IS NOT NULL
       OR run.published_at IS NULL
          AND (run.job_id = :job_id AND run.fence < :fence OR run.fence < job.fence
               OR job.status IN ('completed', 'failed', 'cancelled', 'skipped')));
