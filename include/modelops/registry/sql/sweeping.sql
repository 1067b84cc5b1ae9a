-- name: given_up
-- The oldest runs of a target that can never be published, locked, and whether all writing under each is surely over.
SELECT run.id, run.staged_at IS NOT NULL OR run.started_at < now() - interval '1 day' AS is_finished
FROM modelops.batch_run AS run
JOIN modelops.job ON job.id = run.job_id
JOIN modelops.deployment ON deployment.id = run.deployment_id
WHERE run.target = :target AND run.published_at IS NULL AND run.whole_id IS NULL AND run.swept_at IS NULL
  AND CASE
    WHEN run.staged_at IS NULL THEN run.fence < job.fence OR job.ended_at IS NOT NULL
    -- A partition: made anew since, of a deployment that has ended, or its batch is over and wasn't published with it.
    WHEN (job.result ->> 'run')::bigint IS DISTINCT FROM run.id OR deployment.ended_at IS NOT NULL THEN true
    ELSE NOT EXISTS (SELECT FROM modelops.job AS beside
                     WHERE beside.dag_id = job.dag_id AND beside.run_id = job.run_id AND beside.ended_at IS NULL)
      AND (EXISTS (SELECT FROM modelops.job AS publisher
                   WHERE publisher.dag_id = job.dag_id AND publisher.run_id = job.run_id AND publisher.type = job.type
                     AND publisher.map_index < 0 AND publisher.started_at IS NOT NULL)
           OR (SELECT max(beside.ended_at) FROM modelops.job AS beside
               WHERE beside.dag_id = job.dag_id AND beside.run_id = job.run_id) < now() - interval '7 days')
  END
ORDER BY run.id LIMIT :most
FOR UPDATE OF run SKIP LOCKED;

-- name: superseded
-- The runs of a target that were superseded first, before so many days, locked, each with what it published.
SELECT run.id, run.rows
FROM modelops.batch_run AS run
WHERE run.target = :target AND run.superseded_at <= now() - make_interval(days => :days) AND run.swept_at IS NULL
  AND (run.labels_due_at IS NULL OR run.measured_at IS NOT NULL) -- else its performance could never be measured
ORDER BY run.superseded_at LIMIT :most
FOR UPDATE SKIP LOCKED;

-- name: holding
-- The runs under which the rows of these published ones lie.
SELECT id FROM modelops.batch_run WHERE id = ANY(:ids) UNION ALL SELECT id FROM modelops.batch_run WHERE whole_id = ANY(:ids);

-- name: note_swept!
-- The rows of these runs were removed.
UPDATE modelops.batch_run SET swept_at = clock_timestamp() WHERE id = ANY(:ids) AND swept_at IS NULL;

-- name: prunable
-- By target, what was superseded before so many days: batches, rows, and about how many bytes these take.
SELECT target, old.runs, old.rows,
       (pg_total_relation_size(to_regclass(target || '_rows')) * old.rows / greatest(stored.rows, 1))::bigint AS bytes
FROM (SELECT target, count(*) AS runs, coalesce(sum(rows), 0)::bigint AS rows FROM modelops.batch_run
      WHERE superseded_at <= now() - make_interval(days => :days) AND swept_at IS NULL
        AND (labels_due_at IS NULL OR measured_at IS NOT NULL) GROUP BY target) AS old
JOIN (SELECT target, sum(rows) AS rows FROM modelops.batch_run
      WHERE published_at IS NOT NULL AND swept_at IS NULL GROUP BY target) AS stored USING (target)
WHERE to_regclass(target || '_rows') IS NOT NULL
ORDER BY target;

-- name: needed_requirements
-- The pinned packages of the versions that a job may still run: those that are neither failed, rejected nor retired.
SELECT DISTINCT requirements_sha256 AS sha256 FROM modelops.version
WHERE requirements_sha256 IS NOT NULL AND status NOT IN ('failed', 'rejected', 'retired');
