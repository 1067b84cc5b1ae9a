-- name: begin
-- Makes the run that an attempt writes its predictions under.
INSERT INTO modelops.batch_run (deployment_id, job_id, attempt, fence, covers, part)
VALUES (:deployment_id, :job_id, :attempt, :fence, tstzrange(:start, :end), :part)
RETURNING id;

-- name: publish!
-- Makes the run what readers see of its interval; the database supersedes what it takes the place of.
UPDATE modelops.batch_run SET rows = :rows, set_aside = :set_aside, published_at = clock_timestamp() WHERE id = :id;

-- name: add_statistics!
-- Puts the statistics of one column on record, of a run or of a version's training.
INSERT INTO modelops.statistics (version_id, run_id, role, variable, kind, values)
VALUES (:version_id, :run_id, :role, :variable, :kind, :values);

-- name: statistics_of_version
-- The statistics of a version's training.
SELECT role, variable, kind, values FROM modelops.statistics WHERE version_id = :version_id ORDER BY role, variable;

-- name: rows_of_last
-- How many rows the deployment's last published run had.
SELECT rows + set_aside AS rows FROM modelops.batch_run
WHERE deployment_id = :deployment_id AND published_at IS NOT NULL ORDER BY id DESC LIMIT 1;

-- name: unseen
-- The runs of a target that are superseded, or unpublished by an attempt that is over.
SELECT run.id
FROM modelops.batch_run AS run JOIN modelops.job ON job.id = run.job_id
WHERE run.target = :target
  AND (run.superseded_at IS NOT NULL
       OR run.published_at IS NULL
          AND (run.job_id = :job_id AND run.fence < :fence OR run.fence < job.fence
               OR job.ended_at IS NOT NULL));

-- name: same
-- Another job's run of the same interval of the same deployment: under way since before this one; or published, and begun since this one was asked for.
SELECT other.published_at IS NOT NULL AS published, job.id AS job_id, job.result
FROM modelops.batch_run AS mine
JOIN modelops.batch_run AS other ON other.deployment_id = mine.deployment_id AND other.covers = mine.covers
                                AND other.part IS NULL AND other.id < mine.id AND other.job_id <> mine.job_id
JOIN modelops.job ON job.id = other.job_id
JOIN modelops.job AS own ON own.id = mine.job_id AND (own.dag_id, own.run_id) <> (job.dag_id, job.run_id)
WHERE mine.id = :id
  AND (other.published_at IS NOT NULL
       AND coalesce((SELECT min(part.started_at) FROM modelops.batch_run AS part WHERE part.whole_id = other.id), other.started_at)
           >= coalesce(:asked_at::timestamptz, mine.started_at)
       OR other.published_at IS NULL AND job.status = 'running' AND other.fence = job.fence)
ORDER BY other.published_at DESC NULLS LAST, other.id DESC
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
ORDER BY run.part
FOR UPDATE OF run;

-- name: take_parts!
-- Takes parts into the run with which they are published.
UPDATE modelops.batch_run SET whole_id = :whole_id WHERE id = ANY(:ids);

-- name: statistics_of_run
-- The statistics of a run.
SELECT role, variable, kind, values FROM modelops.statistics WHERE run_id = :run_id ORDER BY role, variable;

-- name: intervals
-- What became of the data intervals of a deployment, those that are due among them, latest first: of each what readers see, else its newest attempt.
WITH due AS (
  SELECT tstzrange(due_from, due_to) AS covers, is_pending
  FROM unnest(:due_from::timestamptz[], :due_to::timestamptz[], :due_pending::boolean[]) AS each (due_from, due_to, is_pending)
), made AS (
  SELECT DISTINCT ON (run.covers) run.covers, run.job_id, run.published_at, run.superseded_at,
         CASE WHEN run.part IS NULL THEN run.rows END AS rows,
         job.ended_at IS NOT NULL
           AND (run.part IS NULL OR NOT EXISTS (
             SELECT FROM modelops.job AS beside WHERE beside.dag_id = job.dag_id AND beside.run_id = job.run_id
               AND beside.ended_at IS NULL)) AS is_over
  FROM modelops.batch_run AS run JOIN modelops.job ON job.id = run.job_id
  WHERE run.deployment_id = :deployment_id AND run.whole_id IS NULL
  ORDER BY run.covers,
           (run.published_at IS NOT NULL AND run.superseded_at IS NULL AND run.covers NOT IN (SELECT covers FROM due WHERE is_pending)) DESC,
           run.id DESC
), known AS (
  SELECT coalesce(due.covers, made.covers) AS covers, due.covers IS NOT NULL AS is_due, job_id, rows, published_at,
         superseded_at, is_over, published_at IS NOT NULL AND superseded_at IS NULL AS is_seen,
         coalesce(due.is_pending, false) AS is_pending
  FROM due FULL JOIN made ON made.covers = due.covers
), told AS (
  SELECT known.covers, known.is_due, coalesce(wider.job_id, known.job_id) AS job_id, known.rows,
         coalesce(wider.published_at, known.published_at) AS published_at,
         CASE
           WHEN known.is_pending AND (known.job_id IS NULL OR known.published_at IS NOT NULL) THEN 'missing'
           WHEN known.is_seen OR wider.job_id IS NOT NULL THEN 'done'
           WHEN known.superseded_at IS NOT NULL THEN 'superseded'
           WHEN known.job_id IS NULL THEN 'missing'
           WHEN known.is_over THEN 'failed'
           ELSE 'running'
         END AS state
  FROM known
  LEFT JOIN LATERAL (
    SELECT run.job_id, run.published_at FROM modelops.batch_run AS run
    WHERE known.is_due AND NOT known.is_pending AND NOT coalesce(known.is_seen, false) AND run.deployment_id = :deployment_id
      AND run.published_at IS NOT NULL AND run.superseded_at IS NULL AND run.covers @> known.covers
    ORDER BY run.id DESC LIMIT 1
  ) AS wider ON true
)
SELECT lower(told.covers) AS start, upper(told.covers) AS end,
       told.is_due OR coalesce(job.run_id ~ '^(scheduled|backfill|asset_triggered)__', false) AS is_due,
       told.state, told.rows, told.published_at,
       CASE WHEN job.dag_id = ANY(:dag_ids) THEN job.id END AS job_id
FROM told LEFT JOIN modelops.job ON job.id = told.job_id
WHERE (:last_end::timestamptz IS NULL
       OR (coalesce(upper(told.covers), 'infinity'), coalesce(lower(told.covers), '-infinity')) < (:last_end, :last_start))
ORDER BY coalesce(upper(told.covers), 'infinity') DESC, coalesce(lower(told.covers), '-infinity') DESC
LIMIT :limit;
