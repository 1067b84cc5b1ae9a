-- name: page
-- A page of the newest jobs that match. Null parameters do not restrict. A single DAG, type or status is compared by equality, so
-- that an index returns the jobs in order. The pattern :rare finds jobs with an index; the whole text is then compared without
-- one. Errors are searched in :open_dags only.
SELECT job.id, type, subject, status, attempt, requested_by, created_at, waited, worked, dag_id, run_id, task_id,
       map_index, left(error, 1000) AS error
FROM modelops.job_summary AS job
WHERE (:dag_ids::text[] IS NULL OR dag_id = ANY(:dag_ids::text[]))
  AND (:only_dag::text IS NULL OR dag_id = :only_dag)
  AND (:types::modelops.job_type[] IS NULL OR type = ANY(:types::modelops.job_type[]))
  AND (:only_type::modelops.job_type IS NULL OR type = :only_type)
  AND (:statuses::modelops.job_status[] IS NULL OR status = ANY(:statuses::modelops.job_status[]))
  AND (:only_status::modelops.job_status IS NULL OR status = :only_status)
  AND (:model::text IS NULL OR split_part(left(subject, 250), ' ', 1) = :model)
  AND (:version::text IS NULL
       OR split_part(left(subject, 250), ' ', 1) || ' ' || split_part(left(subject, 250), ' ', 2) = :version)
  AND (:subject::text IS NULL OR left(subject, 250) = :subject)
  AND (:rare::text IS NULL OR lower(subject || ' ' || run_id || coalesce(' ' || left(error, 300), '')) LIKE :rare)
  AND (:search::text IS NULL
       OR position(lower(:search) IN lower(subject || ' ' || run_id || CASE WHEN dag_id = ANY(:open_dags::text[])
                                           THEN coalesce(' ' || left(error, 300), '') ELSE '' END)) <> 0)
  AND (:person::text IS NULL OR requested_by = :person)
  AND (:dag_id::text IS NULL OR dag_id = :dag_id)
  AND (:run_id::text IS NULL OR run_id = :run_id)
  AND (:task_id::text IS NULL OR task_id = :task_id)
  AND (:map_index::int IS NULL OR map_index = :map_index)
  AND (:created_from::timestamptz IS NULL OR created_at >= :created_from)
  AND (:created_before::timestamptz IS NULL OR created_at < :created_before)
  AND (:last_created_at::timestamptz IS NULL OR (created_at, id) < (:last_created_at, :last_id))
ORDER BY created_at DESC, id DESC
LIMIT :limit;

-- name: counts
-- The number of jobs by type and status, exact up to a bound.
SELECT type, status, number
FROM unnest(enum_range(NULL::modelops.job_type)) AS type
CROSS JOIN unnest(enum_range(NULL::modelops.job_status)) AS status
CROSS JOIN LATERAL (
  SELECT count(*) AS number
  FROM (SELECT FROM modelops.job
        WHERE job.type = type.type AND job.status = status.status AND dag_id = ANY(:dag_ids) LIMIT :bound + 1) AS counted
) AS counted
WHERE number > 0
ORDER BY type, status;

-- name: find
-- A job with everything on record, regardless of who may see it.
SELECT id, type, subject, status, attempt, requested_by, created_at, waited, worked, dag_id, run_id, task_id, map_index,
       parameters, result, error
FROM modelops.job_summary WHERE id = :id;

-- name: dag_ids
-- The DAGs that have ever had a job, by a skip scan of the index of `job_task`.
WITH RECURSIVE walk AS (
  (SELECT dag_id FROM modelops.job ORDER BY dag_id LIMIT 1)
  UNION ALL
  SELECT (SELECT dag_id FROM modelops.job WHERE dag_id > walk.dag_id ORDER BY dag_id LIMIT 1)
  FROM walk WHERE dag_id IS NOT NULL
)
SELECT dag_id FROM walk WHERE dag_id IS NOT NULL;

-- name: rare
-- A LIKE pattern of the rare trigrams of a text, with wildcards in place of the rest. A search with common trigrams would read
-- nearly every job. A character is kept if it is in a trigram that at most a quarter of a random sample of jobs have; all are
-- kept if none would be, or if there are no jobs.
WITH lot AS (
  SELECT ceil(random() * last)::bigint AS id FROM (SELECT max(id) AS last FROM modelops.job) AS job, generate_series(1, 50)
), drawn AS MATERIALIZED (
  SELECT lower(subject || ' ' || run_id || coalesce(' ' || left(error, 300), '')) AS known_by
  FROM lot JOIN modelops.job USING (id)
), signs AS MATERIALIZED (
  SELECT place, substr(text, place, 1) AS sign,
         (SELECT avg((position(substr(text, place, 3) IN known_by) > 0)::int) FROM drawn) > 0.25 IS NOT TRUE AS rare
  FROM lower(:text) AS text, generate_series(1, length(text)) AS place
), chosen AS (
  SELECT place, sign, bool_or(rare) OVER (ORDER BY place ROWS 2 PRECEDING) OR NOT bool_or(rare) OVER () AS stays FROM signs
)
SELECT '%%' || string_agg(CASE WHEN stays THEN regexp_replace(sign, '[\\%%_]', '\\\&') ELSE '%%' END, '' ORDER BY place) || '%%'
  AS pattern
FROM chosen;
