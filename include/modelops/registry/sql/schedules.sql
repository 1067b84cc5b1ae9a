-- name: set!
-- Sets the schedule of a deployment; the newest one is in force.
INSERT INTO modelops.schedule (deployment_id, job_id, schedule, time_zone, paused, starts_at, late_after)
VALUES (:deployment_id, :job_id, :schedule, :time_zone, :paused, :starts_at, :late_after);

-- name: knows_zone
-- Whether PostgreSQL has a time zone of this name.
SELECT EXISTS (SELECT FROM pg_timezone_names WHERE name = :time_zone) AS knows;

-- name: current
-- The schedule in force of a deployment.
SELECT schedule, time_zone, paused, late_after, starts_at FROM modelops.deployment_schedule
WHERE deployment_id = :deployment_id;

-- name: of_target
-- The schedule of a target's current deployment.
SELECT schedule.schedule, schedule.time_zone, schedule.paused, schedule.late_after, schedule.starts_at
FROM modelops.deployment JOIN modelops.deployment_schedule AS schedule ON schedule.deployment_id = deployment.id
WHERE target = :target AND ended_at IS NULL;

-- name: deployed
-- The deployments that have a DAG: active ones, and those that ended a short while ago or have running jobs; all, or one of them.
SELECT deployment.id, version.kind, deployment.model, version.number AS version, deployment.target, deployment.job_id,
       deployment.started_at, deployment.ended_at IS NOT NULL AS ended, decision.approver, decision.decided_at,
       decision.job_id AS approval_job_id,
       schedule.incremental, deployment.parts, deployment.check_drift,
       schedule.schedule, schedule.time_zone, schedule.paused, schedule.late_after, schedule.starts_at,
       schedule.set_by, schedule.set_at, version.resources ->> 'queue' AS queue, version.resources ->> 'pool' AS pool
FROM modelops.deployment
JOIN modelops.version ON version.id = deployment.version_id
JOIN modelops.decision ON decision.id = deployment.decision_id
JOIN modelops.deployment_schedule AS schedule ON schedule.deployment_id = deployment.id
WHERE (:deployment_id::bigint IS NULL OR deployment.id = :deployment_id)
  AND ((deployment.ended_at IS NULL OR deployment.ended_at > now() - :kept::interval)
       AND (schedule.schedule <> 'publish only' OR schedule.set_at > now() - :kept::interval
            AND EXISTS (SELECT FROM modelops.schedule AS before
                        WHERE before.deployment_id = deployment.id AND before.schedule <> 'publish only'))
       OR 'deployment_' || deployment.id IN (
         SELECT dag_id FROM modelops.job WHERE ended_at IS NULL))
ORDER BY deployment.id;

-- name: publishers
-- The feature tables that have an active deployment.
SELECT target FROM modelops.deployment JOIN modelops.version ON version.id = version_id
WHERE kind = 'feature_task' AND ended_at IS NULL ORDER BY target;

-- name: declared
-- The feature tables that a version of a feature task declares, deployed or not.
SELECT DISTINCT definition ->> 'output' AS output FROM modelops.version
WHERE kind = 'feature_task' AND status <> 'rejected' ORDER BY output;
