-- name: unpublishable_runs
-- Locks the oldest runs of a target that can never be published, and returns whether no attempt can still write to each.
SELECT run.id, run.staged_at IS NOT NULL OR run.started_at < now() - interval '1 day' AS is_finished
FROM modelops.batch_run AS run
JOIN modelops.job ON job.id = run.job_id
JOIN modelops.deployment ON deployment.id = run.deployment_id
WHERE run.target = :target AND run.published_at IS NULL AND run.whole_id IS NULL AND run.swept_at IS NULL
  AND CASE
    WHEN run.staged_at IS NULL THEN run.fence < job.fence OR job.ended_at IS NOT NULL
    -- A partition that was made again, whose deployment has ended, or whose batch has ended without publishing it.
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
-- Locks the runs of a target that were superseded first, at least :days days ago; returns the number of rows of each.
SELECT run.id, run.rows
FROM modelops.batch_run AS run
WHERE run.target = :target AND run.superseded_at <= now() - make_interval(days => :days) AND run.swept_at IS NULL
  AND (run.labels_due_at IS NULL OR run.measured_at IS NOT NULL) -- else its performance could never be measured
ORDER BY run.superseded_at LIMIT :most
FOR UPDATE SKIP LOCKED;

-- name: runs_with_rows
-- The runs that hold the rows of these published runs.
SELECT id FROM modelops.batch_run WHERE id = ANY(:ids) UNION ALL SELECT id FROM modelops.batch_run WHERE whole_id = ANY(:ids);

-- name: note_swept!
-- Records that the rows of these runs were removed.
UPDATE modelops.batch_run SET swept_at = clock_timestamp() WHERE id = ANY(:ids) AND swept_at IS NULL;

-- name: prunable
-- What was superseded at least :days days ago, by target: the number of runs and rows, and an estimate of their bytes.
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
-- The pinned packages of all versions that are neither failed, rejected nor retired.
SELECT DISTINCT requirements_sha256 AS sha256 FROM modelops.version
WHERE requirements_sha256 IS NOT NULL AND status NOT IN ('failed', 'rejected', 'retired');
