-- name: begin
-- Creates the run to which the rows of an attempt belong.
INSERT INTO modelops.batch_run (deployment_id, job_id, attempt, fence, covers, part)
VALUES (:deployment_id, :job_id, :attempt, :fence, tstzrange(:start, :end), :part)
RETURNING id;

-- name: publish!
-- Publishes the run; the database supersedes the runs that it replaces.
UPDATE modelops.batch_run SET rows = :rows, set_aside = :set_aside, published_at = clock_timestamp() WHERE id = :id;

-- name: rows_of_last
-- The number of rows of the deployment's last published run.
SELECT rows + set_aside AS rows FROM modelops.batch_run
WHERE deployment_id = :deployment_id AND published_at IS NOT NULL ORDER BY id DESC LIMIT 1;

-- name: equivalent_run
-- Another job's run for the same interval of the same deployment: one that is still running and began before this run, or a
-- published one that began after this run was requested.
WITH mine AS (
  SELECT run.id, run.deployment_id, run.covers, run.job_id, job.dag_id, job.run_id,
         coalesce(:asked_at::timestamptz, run.started_at) AS since
  FROM modelops.batch_run AS run JOIN modelops.job ON job.id = run.job_id
  WHERE run.id = :id
), published AS (
  -- Implied, so that an index can be used: a run that began after that time was published after it.
  SELECT true AS published, job.id AS job_id, job.result
  FROM mine
  JOIN modelops.batch_run AS other ON other.deployment_id = mine.deployment_id AND other.covers = mine.covers
                                  AND other.part IS NULL AND other.id < mine.id AND other.job_id <> mine.job_id
                                  AND other.published_at >= mine.since AND other.swept_at IS NULL
  JOIN modelops.job ON job.id = other.job_id AND (mine.dag_id, mine.run_id) <> (job.dag_id, job.run_id)
  WHERE coalesce((SELECT min(part.started_at) FROM modelops.batch_run AS part WHERE part.whole_id = other.id), other.started_at)
        >= mine.since
  ORDER BY other.published_at DESC, other.id DESC
  LIMIT 1
), under_way AS (
  -- Starts from the running jobs, which are few; an attempt has one run.
  SELECT false AS published, job.id AS job_id, job.result
  FROM mine
  JOIN modelops.job ON job.status = 'running' AND job.id <> mine.job_id AND (mine.dag_id, mine.run_id) <> (job.dag_id, job.run_id)
  JOIN modelops.batch_run AS other ON other.job_id = job.id AND other.fence = job.fence
  WHERE other.deployment_id = mine.deployment_id AND other.covers = mine.covers
    AND other.part IS NULL AND other.id < mine.id AND other.published_at IS NULL
  ORDER BY other.id DESC
  LIMIT 1
)
SELECT published, job_id, result FROM (TABLE published UNION ALL TABLE under_way) AS other
ORDER BY published DESC
LIMIT 1;

-- name: stage!
-- Records that all rows of a partition are written; it is published together with the others.
UPDATE modelops.batch_run SET rows = :rows, set_aside = :set_aside, staged_at = clock_timestamp() WHERE id = :id;

-- name: parts
-- Locks the partitions of a batch that the jobs of a DAG run have written, as named in their results.
SELECT run.id, run.part, run.rows, run.set_aside, run.whole_id
FROM modelops.batch_run AS whole CROSS JOIN modelops.job
JOIN modelops.batch_run AS run ON run.id = (job.result ->> 'run')::bigint
WHERE whole.id = :whole_id AND job.dag_id = :dag_id AND job.run_id = :run_id AND job.map_index >= 0 AND job.status = 'completed'
  AND run.deployment_id = whole.deployment_id AND run.covers = whole.covers AND run.part IS NOT NULL AND run.staged_at IS NOT NULL
  AND run.swept_at IS NULL
ORDER BY run.part
FOR UPDATE OF run;

-- name: take_parts!
-- Adds partitions to the run that publishes them.
UPDATE modelops.batch_run SET whole_id = :whole_id WHERE id = ANY(:ids);

-- name: intervals
-- The data intervals of a deployment, including due ones, latest first: for each the run that readers see, else the newest one.
WITH RECURSIVE due AS (
  SELECT tstzrange(due_from, due_to) AS covers, is_pending
  FROM unnest(:due_from::timestamptz[], :due_to::timestamptz[], :due_pending::boolean[]) AS each (due_from, due_to, is_pending)
), made AS (
  -- Goes from interval to interval in the index and skips the other runs of each.
  SELECT latest.*, 1 AS number FROM (
    SELECT run.covers FROM modelops.batch_run AS run
    WHERE run.deployment_id = :deployment_id AND run.whole_id IS NULL
      AND (coalesce(upper(run.covers), 'infinity'), coalesce(lower(run.covers), '-infinity'))
          < (coalesce(:last_end::timestamptz, 'infinity'), coalesce(:last_start::timestamptz, 'infinity'))
    ORDER BY coalesce(upper(run.covers), 'infinity') DESC, coalesce(lower(run.covers), '-infinity') DESC LIMIT 1
  ) AS latest
  UNION ALL
  SELECT earlier.covers, made.number + 1
  FROM made CROSS JOIN LATERAL (
    SELECT run.covers FROM modelops.batch_run AS run
    WHERE run.deployment_id = :deployment_id AND run.whole_id IS NULL
      AND (coalesce(upper(run.covers), 'infinity'), coalesce(lower(run.covers), '-infinity'))
          < (coalesce(upper(made.covers), 'infinity'), coalesce(lower(made.covers), '-infinity'))
    ORDER BY coalesce(upper(run.covers), 'infinity') DESC, coalesce(lower(run.covers), '-infinity') DESC LIMIT 1
  ) AS earlier
  WHERE made.number < :limit
), shown AS (
  SELECT coalesce(due.covers, made.covers) AS covers, due.covers IS NOT NULL AS is_due, coalesce(due.is_pending, false) AS is_pending
  FROM due FULL JOIN made ON made.covers = due.covers
  WHERE :last_end::timestamptz IS NULL
     OR (coalesce(upper(coalesce(due.covers, made.covers)), 'infinity'), coalesce(lower(coalesce(due.covers, made.covers)), '-infinity'))
        < (:last_end, :last_start)
  ORDER BY coalesce(upper(coalesce(due.covers, made.covers)), 'infinity') DESC,
           coalesce(lower(coalesce(due.covers, made.covers)), '-infinity') DESC
  LIMIT :limit
), known AS (
  SELECT shown.*, best.job_id, best.published_at, best.superseded_at,
         best.part, CASE WHEN best.part IS NULL THEN best.rows END AS rows,
         best.published_at IS NOT NULL AND best.superseded_at IS NULL AS is_seen
  FROM shown LEFT JOIN LATERAL (
    SELECT * FROM (
      (SELECT 1 AS place, run.* FROM modelops.batch_run AS run
       WHERE NOT shown.is_pending AND run.deployment_id = :deployment_id AND run.visible_covers = shown.covers)
      UNION ALL
      (SELECT 2, run.* FROM modelops.batch_run AS run
       WHERE run.deployment_id = :deployment_id AND run.whole_id IS NULL
         AND coalesce(upper(run.covers), 'infinity') = coalesce(upper(shown.covers), 'infinity')
         AND coalesce(lower(run.covers), '-infinity') = coalesce(lower(shown.covers), '-infinity')
       ORDER BY run.id DESC LIMIT 1)
    ) AS run ORDER BY place LIMIT 1
  ) AS best ON true
), told AS (
  SELECT known.covers, known.is_due, coalesce(wider.job_id, known.job_id) AS job_id, known.rows,
         coalesce(wider.published_at, known.published_at) AS published_at,
         CASE
           WHEN known.is_pending AND (known.job_id IS NULL OR known.published_at IS NOT NULL) THEN 'missing'
           WHEN known.is_seen OR wider.job_id IS NOT NULL THEN 'done'
           WHEN known.superseded_at IS NOT NULL THEN 'superseded'
           WHEN known.job_id IS NULL THEN 'missing'
           WHEN job.ended_at IS NOT NULL
             AND (known.part IS NULL OR NOT EXISTS (
               SELECT FROM modelops.job AS beside WHERE beside.dag_id = job.dag_id AND beside.run_id = job.run_id
                 AND beside.ended_at IS NULL)) THEN 'failed'
           ELSE 'running'
         END AS state
  FROM known
  LEFT JOIN modelops.job ON job.id = known.job_id
  LEFT JOIN LATERAL (
    SELECT * FROM (
      SELECT run.id, run.job_id, run.published_at FROM modelops.batch_run AS run
      WHERE known.is_due AND NOT known.is_pending AND NOT coalesce(known.is_seen, false)
        AND run.deployment_id = :deployment_id AND run.visible_covers @> known.covers
      OFFSET 0 -- else the planner looks for it from the newest run on
    ) AS run ORDER BY id DESC LIMIT 1
  ) AS wider ON true
)
SELECT lower(told.covers) AS start, upper(told.covers) AS end,
       told.is_due OR coalesce(job.run_id ~ '^(scheduled|backfill|asset_triggered)__', false) AS is_due,
       told.state, told.rows, told.published_at,
       CASE WHEN job.dag_id = ANY(:dag_ids) THEN job.id END AS job_id
FROM told LEFT JOIN modelops.job ON job.id = told.job_id
ORDER BY coalesce(upper(told.covers), 'infinity') DESC, coalesce(lower(told.covers), '-infinity') DESC;
