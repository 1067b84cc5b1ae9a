-- name: due_deployments
-- The deployments with labels that are due, those that wait longest first.
SELECT deployment.id
FROM modelops.deployment
CROSS JOIN LATERAL (SELECT labels_due_at FROM modelops.batch_run
                    WHERE deployment_id = deployment.id AND labels_due_at <= now() ORDER BY labels_due_at LIMIT 1) AS first
WHERE deployment.maturity IS NOT NULL
ORDER BY first.labels_due_at, deployment.id LIMIT :most;

-- name: due
-- The runs of a deployment whose labels are due, those that wait longest first. With :also_missing, runs with missing labels
-- that are due later follow.
SELECT run.id, run.job_id, run.published_at, run.rows, lower(run.covers) AS start, upper(run.covers) AS end
FROM modelops.batch_run AS run JOIN modelops.deployment ON deployment.id = run.deployment_id
WHERE run.deployment_id = :deployment_id AND run.labels_due_at IS NOT NULL
  AND (run.labels_due_at <= now()
       OR :also_missing AND modelops.labels_complete_at(run.covers, run.published_at, deployment.maturity) <= now())
ORDER BY run.labels_due_at, run.id LIMIT :most;

-- name: next_due
-- When the next labels of a deployment are due.
SELECT min(labels_due_at) AS at FROM modelops.batch_run WHERE deployment_id = :deployment_id AND labels_due_at IS NOT NULL;

-- name: of_interval
-- The published runs of a deployment for a data interval whose rows were not removed, the earliest first.
SELECT run.id, run.job_id, run.published_at, run.rows, lower(run.covers) AS start, upper(run.covers) AS end
FROM modelops.batch_run AS run
WHERE run.deployment_id = :deployment_id AND run.covers = tstzrange(:start, :end) AND run.part IS NULL
  AND run.published_at IS NOT NULL AND run.swept_at IS NULL
ORDER BY run.id LIMIT :most;

-- name: add
-- Records a measurement.
INSERT INTO modelops.performance (job_id, attempt, run_id, rows, labelled, error)
VALUES (:job_id, :attempt, :run_id, :rows, :labelled, :error) RETURNING id;

-- name: add_metric!
-- Records a metric of a measurement.
INSERT INTO modelops.performance_metric (performance_id, target, metric, value, lower, upper)
VALUES (:performance_id, :target, :metric, :value, :lower, :upper);

-- name: newest
-- The newest measurement of each measured run of these deployments, in the order of the runs.
SELECT newest.*, deployment.model
FROM modelops.newest_performance AS newest JOIN modelops.deployment ON deployment.id = newest.deployment_id
WHERE newest.deployment_id = ANY(:deployment_ids)
ORDER BY newest.run_id;
