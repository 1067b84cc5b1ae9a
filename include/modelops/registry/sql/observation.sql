-- name: open_jobs
-- Jobs that the ledger believes to be under way.
SELECT dag_id, run_id, task_id, map_index, type
FROM modelops.job WHERE ended_at IS NULL ORDER BY id;

-- name: introduce!
-- Makes the row of a job that no worker has taken yet.
INSERT INTO modelops.job AS job (type, dag_id, run_id, task_id, map_index, subject, requested_by, parameters, created_at)
VALUES (:type, :dag_id, :run_id, :task_id, :map_index, :subject, :requested_by, :parameters, :created_at)
ON CONFLICT ON CONSTRAINT job_task DO UPDATE SET created_at = least(job.created_at, EXCLUDED.created_at);

-- name: find
-- What the ledger has of a task, locked; whether it knows who asked for it and when; and since when a person was asked in
-- the attempt that is looked at.
SELECT id, status, attempt, max_tries,
       EXISTS (SELECT FROM modelops.job_event WHERE job_id = job.id AND attempt = 0 AND event = 'created') AS introduced,
       (SELECT min(at) FROM modelops.job_event AS told
        WHERE job_id = job.id AND told.attempt = :attempt AND event = 'awaiting_approval') AS asked_at
FROM modelops.job
WHERE dag_id = :dag_id AND run_id = :run_id AND task_id = :task_id AND map_index = :map_index FOR UPDATE;

-- name: move_on
-- Moves a job on to what Airflow says, unless the ledger already knows more; `ended_at` counts if that ends it.
UPDATE modelops.job SET status = :status, attempt = :attempt, error = coalesce(:error, error), ended_at = :ended_at
WHERE id = :id
  AND (attempt < :attempt
       OR (attempt = :attempt AND status < :status AND ended_at IS NULL))
RETURNING id;

-- name: note_cleared!
-- Puts on record who cleared a task, or may have; told twice, it stands once.
INSERT INTO modelops.job_event (job_id, attempt, event, at, actor, detail)
SELECT id, :attempt, 'cleared', :at, :by, :detail FROM modelops.job
WHERE dag_id = :dag_id AND run_id = :run_id AND task_id = :task_id AND map_index = :map_index AND created_at <= :at
  AND NOT EXISTS (SELECT FROM modelops.job_event AS told
                  WHERE told.job_id = job.id AND told.event = 'cleared' AND told.at = :at);

-- name: renewals
-- Each attempt after the first that a worker has begun, and between which moments somebody may have made it run; then the
-- one that is to run anew and has not begun yet.
WITH begun AS (
  SELECT event.attempt, min(event.at) AS at, bool_or(event.detail @> '{"fresh": true}') AS fresh
  FROM modelops.job JOIN modelops.job_event AS event ON event.job_id = job.id
  WHERE dag_id = :dag_id AND run_id = :run_id AND task_id = :task_id AND map_index = :map_index AND event.event = 'running'
  GROUP BY event.attempt
), later AS (
  SELECT attempt, lag(at) OVER (ORDER BY attempt) AS since, at AS until FROM begun
)
SELECT attempt, since, until FROM later WHERE since IS NOT NULL
UNION ALL
SELECT :first, max(at), NULL FROM begun HAVING max(attempt) < :first
ORDER BY 1;

-- name: note_requests_read!
-- Puts on record that all who made an attempt run are known.
INSERT INTO modelops.requests_read (job_id, attempt)
SELECT id, :attempt FROM modelops.job
WHERE dag_id = :dag_id AND run_id = :run_id AND task_id = :task_id AND map_index = :map_index
ON CONFLICT ON CONSTRAINT requests_read_pkey DO NOTHING;

-- name: note_waiting!
-- Puts on record what a job waits for, unless the newest entry says the same or it waits no more.
INSERT INTO modelops.job_event (job_id, attempt, event, at, actor, detail)
SELECT id, :attempt, 'waiting', :at, :by, :detail FROM modelops.job
WHERE dag_id = :dag_id AND run_id = :run_id AND task_id = :task_id AND map_index = :map_index
  AND status IN ('created', 'scheduled', 'queued', 'retrying')
  AND NOT EXISTS (SELECT FROM (SELECT event, detail FROM modelops.job_event WHERE job_id = job.id
                               ORDER BY at DESC, id DESC LIMIT 1) AS newest
                  WHERE newest.event = 'waiting' AND newest.detail = :detail::jsonb)
ON CONFLICT ON CONSTRAINT job_event_once DO NOTHING;

-- name: note!
-- Remembers up to when the ledger is complete.
INSERT INTO modelops.observation (seen_at) VALUES (:seen_at)
ON CONFLICT ON CONSTRAINT observation_pkey DO UPDATE SET seen_at = EXCLUDED.seen_at;

-- name: last_seen
-- Up to when the ledger is complete.
SELECT seen_at FROM modelops.observation;
