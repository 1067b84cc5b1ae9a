-- name: page
-- The newest jobs that fit, older than the last one of the page before. What is null doesn't restrict. Where there is only
-- one DAG, type or status it is asked for by itself: of several, no index has the jobs in their order. By what is rare
-- in a text an index finds it; with the whole text the jobs are compared in a way that no index knows.
SELECT job.id, type, subject, status, attempt, requested_by, created_at, waited, worked, dag_id, run_id, task_id, map_index
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
  AND (:rare::text IS NULL OR lower(subject || ' ' || run_id) LIKE :rare)
  AND (:search::text IS NULL OR position(lower(:search) IN lower(subject || ' ' || run_id)) <> 0)
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
-- How many jobs there are of each type and status, exact up to a bound.
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
-- One job with all that is known of it, whoever may see it.
SELECT id, type, subject, status, attempt, requested_by, created_at, waited, worked, dag_id, run_id, task_id, map_index,
       parameters, result, error
FROM modelops.job_summary WHERE id = :id;

-- name: dag_ids
-- The DAGs that have ever had a job, by a walk from one to the next through the index of `job_task`.
WITH RECURSIVE walk AS (
  (SELECT dag_id FROM modelops.job ORDER BY dag_id LIMIT 1)
  UNION ALL
  SELECT (SELECT dag_id FROM modelops.job WHERE dag_id > walk.dag_id ORDER BY dag_id LIMIT 1)
  FROM walk WHERE dag_id IS NOT NULL
)
SELECT dag_id FROM walk WHERE dag_id IS NOT NULL;

-- name: rare
-- What few jobs have of a text, as a pattern of LIKE with gaps for the rest: an index of trigrams reads through all jobs that
-- have one of them, though it be nearly every job. A sign stays if it is among three in a row that at most a quarter of some
-- jobs have, which are drawn by lot; all stay if none would, or if there are no jobs.
WITH lot AS (
  SELECT ceil(random() * last)::bigint AS id FROM (SELECT max(id) AS last FROM modelops.job) AS job, generate_series(1, 50)
), drawn AS MATERIALIZED (
  SELECT lower(subject || ' ' || run_id) AS known_by FROM lot JOIN modelops.job USING (id)
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
