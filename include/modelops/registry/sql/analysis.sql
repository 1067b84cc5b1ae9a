-- name: by_type
-- The jobs created in a time range, by type: their number, how many completed and failed, and quantiles of the time that ended
-- jobs waited and worked. Each period has a row; the row of the whole range has `start` null.
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
-- The jobs created in a time range that have ended and worked longest.
SELECT job.id, type, subject, status, attempt, requested_by, created_at, waited, worked, dag_id, run_id, task_id,
       map_index, left(error, 1000) AS error
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
