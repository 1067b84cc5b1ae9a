-- name: open_jobs
-- The jobs that the ledger has as unfinished.
SELECT dag_id, run_id, task_id, map_index, type
FROM modelops.job WHERE ended_at IS NULL ORDER BY id;

-- name: introduce!
-- Creates the row of a job that no worker has claimed yet.
INSERT INTO modelops.job AS job (type, dag_id, run_id, task_id, map_index, subject, requested_by, parameters, created_at)
VALUES (:type, :dag_id, :run_id, :task_id, :map_index, :subject, :requested_by, :parameters, :created_at)
ON CONFLICT ON CONSTRAINT job_task DO UPDATE SET created_at = least(job.created_at, EXCLUDED.created_at);

-- name: find
-- Locks the job of a task; returns it, whether its requester and the time of the request are known, and since when the
-- attempt waits for a person.
SELECT id, status, attempt, max_tries,
       EXISTS (SELECT FROM modelops.job_event WHERE job_id = job.id AND attempt = 0 AND event = 'created') AS introduced,
       (SELECT min(at) FROM modelops.job_event AS told
        WHERE job_id = job.id AND told.attempt = :attempt AND event = 'awaiting_approval') AS asked_at
FROM modelops.job
WHERE dag_id = :dag_id AND run_id = :run_id AND task_id = :task_id AND map_index = :map_index FOR UPDATE;

-- name: move_on
-- Sets a job to the status in Airflow, unless the ledger is ahead; `ended_at` applies if this ends the job.
UPDATE modelops.job SET status = :status, attempt = :attempt, error = coalesce(:error, error), ended_at = :ended_at
WHERE id = :id
  AND (attempt < :attempt
       OR (attempt = :attempt AND status < :status AND ended_at IS NULL))
RETURNING id;

-- name: note_cleared!
-- Records who cleared a task, or may have; a record that is added twice is stored once.
INSERT INTO modelops.job_event (job_id, attempt, event, at, actor, detail)
SELECT id, :attempt, 'cleared', :at, :by, :detail FROM modelops.job
WHERE dag_id = :dag_id AND run_id = :run_id AND task_id = :task_id AND map_index = :map_index AND created_at <= :at
  AND NOT EXISTS (SELECT FROM modelops.job_event AS told
                  WHERE told.job_id = job.id AND told.event = 'cleared' AND told.at = :at);

-- name: renewals
-- Each attempt after the first that a worker has started, with the time range in which a person may have requested it; then
-- the attempt that was requested and has not started yet.
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
-- Records that all requesters of an attempt are known.
INSERT INTO modelops.requests_read (job_id, attempt)
SELECT id, :attempt FROM modelops.job
WHERE dag_id = :dag_id AND run_id = :run_id AND task_id = :task_id AND map_index = :map_index
ON CONFLICT ON CONSTRAINT requests_read_pkey DO NOTHING;

-- name: note_waiting!
-- Records what a job waits for, unless the newest event says the same or the job no longer waits.
INSERT INTO modelops.job_event (job_id, attempt, event, at, actor, detail)
SELECT id, :attempt, 'waiting', :at, :by, :detail FROM modelops.job
WHERE dag_id = :dag_id AND run_id = :run_id AND task_id = :task_id AND map_index = :map_index
  AND status IN ('created', 'scheduled', 'queued', 'retrying')
  AND NOT EXISTS (SELECT FROM (SELECT event, detail FROM modelops.job_event WHERE job_id = job.id
                               ORDER BY at DESC, id DESC LIMIT 1) AS newest
                  WHERE newest.event = 'waiting' AND newest.detail = :detail::jsonb)
ON CONFLICT ON CONSTRAINT job_event_once DO NOTHING;

-- name: record_last_seen!
-- Records the time up to which the ledger is complete.
INSERT INTO modelops.observation (seen_at) VALUES (:seen_at)
ON CONFLICT ON CONSTRAINT observation_pkey DO UPDATE SET seen_at = EXCLUDED.seen_at;

-- name: last_seen
-- The time up to which the ledger is complete.
SELECT seen_at FROM modelops.observation;

-- name: become_active
-- Whether this session is, or has just become, that of the active observer. The end of the session releases the lock.
SELECT pg_try_advisory_lock(:key);
