-- name: begin
-- Puts a version into production; the database refuses a version that isn't approved.
INSERT INTO modelops.deployment
  (version_id, artifact_sha256, decision_id, job_id, engine, dataset, target, entity_key, outputs, set_aside_budget, empty,
   parts, check_drift, truth, maturity)
VALUES (:version_id, :artifact_sha256, :decision_id, :job_id, :engine, :dataset, :target, :entity_key, :outputs,
  :set_aside_budget, :empty, :parts, :check_drift, :truth, :maturity)
RETURNING id;

-- name: champion
-- Locks a target's current deployment.
SELECT deployment.*, version.kind, version.number AS version
FROM modelops.deployment JOIN modelops.version ON version.id = version_id
WHERE target = :target AND ended_at IS NULL FOR UPDATE OF deployment;

-- name: end
-- Ends a deployment. No row: it had already ended.
UPDATE modelops.deployment SET ended_how = :how, ended_by = :job_id WHERE id = :id AND ended_at IS NULL RETURNING ended_at;

-- name: find
-- A deployment, ended or not.
SELECT deployment.*, version.kind, version.number AS version
FROM modelops.deployment JOIN modelops.version ON version.id = version_id
WHERE deployment.id = :id;

-- name: active
-- The active deployments.
SELECT deployment.*, version.kind, version.number AS version
FROM modelops.deployment JOIN modelops.version ON version.id = version_id
WHERE ended_at IS NULL ORDER BY model, target;

-- name: last_of_target
-- The newest deployment into a target, ended or not.
SELECT deployment.*, version.kind, version.number AS version
FROM modelops.deployment JOIN modelops.version ON version.id = version_id
WHERE target = :target ORDER BY deployment.id DESC LIMIT 1;

-- name: last_seen_of_target
-- The newest deployment into a target, ended or not, whose rows readers can see.
SELECT deployment.*, version.kind, version.number AS version
FROM modelops.deployment JOIN modelops.version ON version.id = version_id
WHERE target = :target
  AND EXISTS (SELECT FROM modelops.batch_run AS run
              WHERE run.deployment_id = deployment.id AND run.published_at IS NOT NULL AND run.superseded_at IS NULL)
ORDER BY deployment.id DESC LIMIT 1;

-- name: owners_of_target
-- The models and feature tasks to which a target belongs.
SELECT kind, name FROM modelops.owners_of_target(:target);

-- name: other_owner_by_name
-- The other model or feature task whose default target this is, before any deployment; null: none.
SELECT modelops.target_bears_name_of(:target, :model) AS owner;

-- name: in_production_at
-- What was in production at a time, with decision and evidence.
SELECT * FROM modelops.in_production_at(:moment);
