-- name: begin
-- Makes the run that an attempt writes its predictions under.
INSERT INTO modelops.batch_run (deployment_id, job_id, attempt, fence, covers)
VALUES (:deployment_id, :job_id, :attempt, :fence, tstzrange(:start, :end))
RETURNING id;

-- name: publish!
-- Makes the run what readers see of its interval; the database supersedes what it takes the place of.
UPDATE modelops.batch_run SET rows = :rows, set_aside = :set_aside, published_at = clock_timestamp() WHERE id = :id;

-- name: add_set_aside!
-- Puts a row that can't be scored on record.
INSERT INTO modelops.set_aside (run_id, position, key, reason) VALUES (:run_id, :position, :key, :reason);

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
               OR job.status IN ('completed', 'failed', 'cancelled', 'skipped')));

-- name: same
-- Another job's run of the same interval of the same deployment: under way since before this one, or published since this one was asked for.
SELECT other.published_at IS NOT NULL AS published, job.id AS job_id, job.result
FROM modelops.batch_run AS mine
JOIN modelops.job AS asked ON asked.id = mine.job_id
JOIN modelops.batch_run AS other ON other.deployment_id = mine.deployment_id AND other.covers = mine.covers
                                AND other.id < mine.id AND other.job_id <> mine.job_id
JOIN modelops.job ON job.id = other.job_id
WHERE mine.id = :id
  AND (other.published_at >= CASE mine.attempt WHEN 1 THEN asked.created_at ELSE mine.started_at END
       OR other.published_at IS NULL AND job.status = 'running' AND other.fence = job.fence)
ORDER BY other.published_at DESC NULLS LAST, other.id DESC
LIMIT 1;

-- name: intervals
-- What became of the data intervals of a deployment, those that are due among them, latest first: of each what readers see, else its newest attempt.
WITH due AS (
  SELECT tstzrange(due_from, due_to) AS covers FROM unnest(:due_from::timestamptz[], :due_to::timestamptz[]) AS each (due_from, due_to)
), made AS (
  SELECT DISTINCT ON (run.covers) run.covers, run.job_id, run.rows, run.published_at, run.superseded_at, job.status
  FROM modelops.batch_run AS run JOIN modelops.job ON job.id = run.job_id
  WHERE run.deployment_id = :deployment_id
  ORDER BY run.covers, (run.published_at IS NOT NULL AND run.superseded_at IS NULL) DESC, run.id DESC
), known AS (
  SELECT coalesce(due.covers, made.covers) AS covers, due.covers IS NOT NULL AS is_due, job_id, rows, published_at,
         superseded_at, status
  FROM due FULL JOIN made ON made.covers = due.covers
)
SELECT lower(known.covers) AS start, upper(known.covers) AS end, known.is_due,
       coalesce(known.job_id, wider.job_id) AS job_id, known.rows, coalesce(known.published_at, wider.published_at) AS published_at,
       CASE
         WHEN known.published_at IS NOT NULL AND known.superseded_at IS NULL OR wider.job_id IS NOT NULL THEN 'done'
         WHEN known.superseded_at IS NOT NULL THEN 'superseded'
         WHEN known.job_id IS NULL THEN 'missing'
         WHEN known.status IN ('completed', 'failed', 'cancelled', 'skipped') THEN 'failed'
         ELSE 'running'
       END AS state
FROM known
LEFT JOIN LATERAL (
  SELECT run.job_id, run.published_at FROM modelops.batch_run AS run
  WHERE known.job_id IS NULL AND run.deployment_id = :deployment_id AND run.published_at IS NOT NULL
    AND run.superseded_at IS NULL AND run.covers @> known.covers
  ORDER BY run.id DESC LIMIT 1
) AS wider ON true
WHERE (:last_end::timestamptz IS NULL
       OR (coalesce(upper(known.covers), 'infinity'), coalesce(lower(known.covers), '-infinity')) < (:last_end, :last_start))
ORDER BY coalesce(upper(known.covers), 'infinity') DESC, coalesce(lower(known.covers), '-infinity') DESC
LIMIT :limit;
