-- name: by_type
-- Of the jobs that were created in a time, by type: how many, how they ended, how long those that ended waited and worked;
-- in all, where `start` is null, and by period. A job that has not ended has neither time.
SELECT type, start, count(*) AS number,
       count(*) FILTER (WHERE status = 'completed') AS completed,
       count(*) FILTER (WHERE status = 'failed') AS failed,
       percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY waited) AS waited,
       percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY worked) AS worked
FROM (
  SELECT type, date_trunc(:unit, created_at, :zone) AS start, status,
         extract(epoch FROM waited)::float8 AS waited, extract(epoch FROM worked)::float8 AS worked
  FROM modelops.job
  WHERE type = ANY(:types::modelops.job_type[]) AND dag_id = ANY(:dag_ids)
    AND created_at >= :created_from AND created_at < :created_before
) AS job
GROUP BY GROUPING SETS ((type), (type, start))
ORDER BY type, start NULLS FIRST;

-- name: slowest
-- The jobs that worked longest, among those that were created in a time and have ended.
SELECT job.id, type, subject, status, attempt, requested_by, created_at, waited, worked, dag_id, run_id, task_id, map_index
FROM (
  SELECT id FROM modelops.job
  WHERE type = ANY(:types::modelops.job_type[]) AND dag_id = ANY(:dag_ids)
    AND created_at >= :created_from AND created_at < :created_before
    AND worked IS NOT NULL -- it has ended
  ORDER BY worked DESC, id DESC
  LIMIT :limit
) AS slow
JOIN modelops.job_summary AS job USING (id)
ORDER BY worked DESC, id DESC;
