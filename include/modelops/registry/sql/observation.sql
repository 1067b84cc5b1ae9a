-- name: open_jobs
-- Jobs that the ledger believes to be under way.
SELECT dag_id, run_id, task_id, map_index, type
FROM modelops.job WHERE status IN ('created', 'scheduled', 'queued', 'running', 'retrying') ORDER BY id;

-- name: introduce!
-- Makes the row of a job that no worker has taken yet.
INSERT INTO modelops.job AS job (type, dag_id, run_id, task_id, map_index, subject, requested_by, parameters, created_at)
VALUES (:type, :dag_id, :run_id, :task_id, :map_index, :subject, :requested_by, :parameters, :created_at)
ON CONFLICT ON CONSTRAINT job_task DO UPDATE SET created_at = least(job.created_at, EXCLUDED.created_at);

-- name: find
-- What the ledger has of a task, locked, and whether it knows who asked for it and when.
SELECT id, status, attempt,
       EXISTS (SELECT FROM modelops.job_event WHERE job_id = job.id AND attempt = 0 AND event = 'created') AS introduced
FROM modelops.job
WHERE dag_id = :dag_id AND run_id = :run_id AND task_id = :task_id AND map_index = :map_index FOR UPDATE;

-- name: move_on
-- Moves a job on to what Airflow says, unless the ledger already knows more.
UPDATE modelops.job SET status = :status, attempt = :attempt, error = coalesce(:error, error)
WHERE id = :id
  AND (attempt < :attempt
       OR (attempt = :attempt AND status < :status AND status NOT IN ('completed', 'failed', 'cancelled', 'skipped')))
RETURNING id;

-- name: note!
-- Remembers up to when the ledger is complete.
INSERT INTO modelops.observation (seen_at) VALUES (:seen_at)
ON CONFLICT ON CONSTRAINT observation_pkey DO UPDATE SET seen_at = EXCLUDED.seen_at;

-- name: last_seen
-- Up to when the ledger is complete.
SELECT seen_at FROM modelops.observation;
