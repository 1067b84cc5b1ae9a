-- name: before
-- Locks the job of a task; returns it, and whether a worker has started it since a person last requested the work.
SELECT id, status, attempt, fence, result, max_tries, requested_by,
       EXISTS (SELECT FROM modelops.job_event WHERE job_id = job.id AND attempt >= :first AND event = 'running') AS begun
FROM modelops.job
WHERE dag_id = :dag_id AND run_id = :run_id AND task_id = :task_id AND map_index = :map_index FOR UPDATE;

-- name: take
-- A worker claims the job: creates the row if there is none, raises the fence, and clears the result if the job starts again.
INSERT INTO modelops.job AS job
  (type, dag_id, run_id, task_id, map_index, subject, status, attempt, fence, requested_by, parameters, created_at, max_tries, asked_at)
VALUES
  (:type, :dag_id, :run_id, :task_id, :map_index, :subject, 'running', :attempt, 1, :requested_by, :parameters, now(), :max_tries, :asked_at)
ON CONFLICT ON CONSTRAINT job_task DO UPDATE SET
  -- A retry of a completed job repeats its result.
  status = CASE WHEN job.result IS NULL OR :forget THEN 'running' ELSE 'completed' END::modelops.job_status,
  attempt = EXCLUDED.attempt,
  fence = job.fence + 1,
  requested_by = EXCLUDED.requested_by,
  parameters = EXCLUDED.parameters,
  subject = CASE WHEN :forget THEN EXCLUDED.subject ELSE job.subject END,
  version_id = CASE WHEN :forget THEN NULL ELSE job.version_id END,
  result = CASE WHEN :forget THEN NULL ELSE job.result END,
  error = NULL,
  -- What the newest attempt uses is recorded at its end; a repeated result keeps what it took.
  peak_memory = CASE WHEN job.result IS NULL OR :forget THEN NULL ELSE job.peak_memory END,
  peak_allocated = CASE WHEN job.result IS NULL OR :forget THEN NULL ELSE job.peak_allocated END,
  cpu_seconds = CASE WHEN job.result IS NULL OR :forget THEN NULL ELSE job.cpu_seconds END,
  max_tries = EXCLUDED.max_tries,
  asked_at = CASE WHEN :fresh THEN EXCLUDED.asked_at ELSE job.asked_at END
RETURNING id, fence, result, asked_at;

-- name: awaited
-- Locks the job of a task that a person answers, so that concurrent answers are processed one after another.
SELECT id, status, attempt, subject, requested_by, result FROM modelops.job
WHERE dag_id = :dag_id AND run_id = :run_id AND task_id = :task_id AND map_index = :map_index FOR UPDATE;

-- name: resume
-- Resumes a job that waits for a person, in the transaction that completes it.
UPDATE modelops.job SET status = 'running', fence = fence + 1 WHERE id = :id AND status = 'awaiting_approval' RETURNING fence;

-- name: hold
-- Locks the job if this fence is still its newest. No row: a newer attempt has the job.
SELECT id FROM modelops.job WHERE id = :id AND fence = :fence AND status = 'running' FOR UPDATE;

-- name: add_event!
-- Adds an event to the job; an event that is added twice is stored once.
INSERT INTO modelops.job_event (job_id, attempt, event, at, actor, detail)
VALUES (:job_id, :attempt, :event, coalesce(:at, clock_timestamp()), :actor, :detail)
ON CONFLICT ON CONSTRAINT job_event_once DO NOTHING;

-- name: name_subject!
-- Sets the version that the job is about.
UPDATE modelops.job SET version_id = :version_id, subject = :subject WHERE id = :id;

-- name: finish!
-- Ends the attempt: the job's status, with its result or its error, and what its user code has used.
UPDATE modelops.job SET status = :status, result = coalesce(:result, result), error = :error,
  peak_memory = :peak_memory, peak_allocated = :peak_allocated, cpu_seconds = :cpu_seconds
WHERE id = :id;

-- name: set_status!
-- Sets the status of the job within an attempt.
UPDATE modelops.job SET status = :status WHERE id = :id;

-- name: ended_among
-- Which of these jobs have ended.
SELECT id FROM modelops.job WHERE id = ANY(:ids) AND ended_at IS NOT NULL;

-- name: of_runs
-- The jobs of these DAG runs, with the time that they have waited and worked.
SELECT id, type, subject, status, attempt, requested_by, result, error, created_at, waited, worked,
       dag_id, run_id, task_id, map_index
FROM modelops.job_summary
WHERE run_id = ANY(:run_ids)
ORDER BY id;

-- name: events
-- The events of a job, in order.
SELECT attempt, event, at, actor, detail FROM modelops.job_event WHERE job_id = :job_id ORDER BY at, id;

-- name: now
-- The time of the database's clock.
SELECT clock_timestamp() AS now;
