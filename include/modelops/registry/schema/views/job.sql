-- The time that a job spent in each step, and in all on waiting and working.

-- greatest() ignores nulls: without the CASE, the unfinished step would have a duration of zero.
CREATE OR REPLACE VIEW modelops.job_step_time AS
SELECT job_id, attempt, event, at,
       CASE WHEN lead(at) OVER life IS NOT NULL THEN greatest(lead(at) OVER life - at, interval '0') END AS lasted
FROM (SELECT *, CASE event WHEN 'created' THEN 1 WHEN 'scheduled' THEN 2 WHEN 'queued' THEN 3
                           WHEN 'running' THEN 4 WHEN 'awaiting_approval' THEN 4 ELSE 5 END AS stage
      FROM modelops.job_event
      WHERE event IN ('created', 'scheduled', 'queued', 'running', 'awaiting_approval', 'retrying',
                      'completed', 'failed', 'cancelled', 'skipped')) AS event
WINDOW life AS (PARTITION BY job_id ORDER BY attempt, stage, at, id);
COMMENT ON VIEW modelops.job_step_time IS
  'Each step of a job''s life, with the time until the next; null for the step that still lasts. In the order of a life, because the clocks of Airflow and of a worker may differ. A job may run, wait for a person and run again within an attempt.';

CREATE OR REPLACE VIEW modelops.job_summary AS
SELECT job.id, job.type, job.dag_id, job.run_id, job.task_id, job.map_index, job.subject, job.version_id, job.status,
       job.attempt, job.fence, job.requested_by, job.parameters, job.result, job.error, job.created_at,
       time.waited, time.worked, job.started_at, job.ended_at, job.peak_memory, job.peak_allocated, job.cpu_seconds
FROM modelops.job
LEFT JOIN LATERAL (
  SELECT sum(lasting) FILTER (WHERE event IN ('created', 'scheduled', 'queued', 'awaiting_approval', 'retrying')) AS waited,
         sum(lasting) FILTER (WHERE event = 'running') AS worked
  FROM (
    SELECT event, CASE WHEN lasted IS NULL AND job.ended_at IS NULL
                       THEN greatest(now() - at, interval '0') ELSE lasted END AS lasting
    FROM modelops.job_step_time WHERE job_step_time.job_id = job.id
  ) AS step
) AS time ON true;
COMMENT ON VIEW modelops.job_summary IS
  'A job, with the time that it has waited (for its turn, a worker, a person, the next attempt) and worked until now, in all attempts.';

GRANT SELECT ON modelops.job_step_time, modelops.job_summary TO modelops_jobs, modelops_reader;
