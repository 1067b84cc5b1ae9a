-- name: begin
-- Makes the run that an attempt writes its predictions under.
INSERT INTO modelops.batch_run (deployment_id, job_id, attempt, fence, covers, part)
VALUES (:deployment_id, :job_id, :attempt, :fence, tstzrange(:start, :end), :part)
RETURNING id;

-- name: publish!
-- Makes the run what readers see of its interval; the database supersedes what it takes the place of.
UPDATE modelops.batch_run SET rows = :rows, set_aside = :set_aside, published_at = clock_timestamp() WHERE id = :id;

-- name: rows_of_last
-- How many rows the deployment's last published run had.
SELECT rows + set_aside AS rows FROM modelops.batch_run
WHERE deployment_id = :deployment_id AND published_at IS NOT NULL ORDER BY id DESC LIMIT 1;

-- name: same
-- Another job's run of the same interval of the same deployment: under way since before this one; or published, and begun since this one was asked for.
WITH mine AS (
  SELECT run.id, run.deployment_id, run.covers, run.job_id, job.dag_id, job.run_id,
         coalesce(:asked_at::timestamptz, run.started_at) AS since
  FROM modelops.batch_run AS run JOIN modelops.job ON job.id = run.job_id
  WHERE run.id = :id
), published AS (
  -- Whatever began since then was published since then: for the index.
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
  -- From the jobs, of which few are running: an attempt has one run.
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
-- All rows of a part are there, for whoever publishes it with the others.
UPDATE modelops.batch_run SET rows = :rows, set_aside = :set_aside, staged_at = clock_timestamp() WHERE id = :id;

-- name: parts
-- The parts of a batch that a DAG run's jobs have left, as their results name them, locked.
SELECT run.id, run.part, run.rows, run.set_aside, run.whole_id
FROM modelops.batch_run AS whole CROSS JOIN modelops.job
JOIN modelops.batch_run AS run ON run.id = (job.result ->> 'run')::bigint
WHERE whole.id = :whole_id AND job.dag_id = :dag_id AND job.run_id = :run_id AND job.map_index >= 0 AND job.status = 'completed'
  AND run.deployment_id = whole.deployment_id AND run.covers = whole.covers AND run.part IS NOT NULL AND run.staged_at IS NOT NULL
  AND run.swept_at IS NULL
ORDER BY run.part
FOR UPDATE OF run;

-- name: take_parts!
-- Takes parts into the run with which they are published.
UPDATE modelops.batch_run SET whole_id = :whole_id WHERE id = ANY(:ids);

-- name: intervals
-- What became of the data intervals of a deployment, those that are due among them, latest first: of each what readers see, else its newest attempt.
WITH RECURSIVE due AS (
  SELECT tstzrange(due_from, due_to) AS covers, is_pending
  FROM unnest(:due_from::timestamptz[], :due_to::timestamptz[], :due_pending::boolean[]) AS each (due_from, due_to, is_pending)
), made AS (
  -- From one interval to the next by the index, past all other runs of it.
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
