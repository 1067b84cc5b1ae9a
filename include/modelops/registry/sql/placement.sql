-- name: of_deployment
-- The queue and the pool that the version of a deployment requests.
SELECT resources ->> 'queue' AS queue, resources ->> 'pool' AS pool
FROM modelops.version JOIN modelops.deployment ON deployment.version_id = version.id WHERE deployment.id = :deployment_id;

-- name: of_run
-- The queue and the pool that the newest version requests which a DAG run has pinned.
SELECT resources ->> 'queue' AS queue, resources ->> 'pool' AS pool
FROM modelops.version JOIN modelops.job ON job.id = version.job_id
WHERE dag_id = :dag_id AND run_id = :run_id AND resources IS NOT NULL ORDER BY version.id DESC LIMIT 1;

-- name: of_version
-- The queue and the pool that a version requests; without a number, the newest one that is in use.
SELECT resources ->> 'queue' AS queue, resources ->> 'pool' AS pool FROM modelops.version
WHERE kind = :kind AND name = :name AND CASE WHEN :number::integer IS NULL
  THEN status NOT IN ('created', 'failed', 'rejected', 'retired') ELSE number = :number END
ORDER BY number DESC LIMIT 1;
