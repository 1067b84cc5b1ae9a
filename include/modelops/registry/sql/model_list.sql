-- name: models
-- A page of models or feature tasks by name: newest version, newest evaluated version, what is in production, what waits for a
-- decision, and the newest job. The names are found one after another in an index, so that the number of versions doesn't matter.
WITH RECURSIVE walk (name, place) AS (
  SELECT (SELECT version.name FROM modelops.version JOIN modelops.job ON job.id = version.job_id
          WHERE version.kind = :kind::modelops.version_kind AND job.dag_id = ANY(:dag_ids)
            AND version.name > coalesce(:after::text, '')
            AND (:name::text IS NULL OR version.name = :name)
            AND (:search::text IS NULL OR position(lower(:search) IN lower(version.name)) > 0)
          ORDER BY version.name LIMIT 1), 1
  UNION ALL
  SELECT (SELECT version.name FROM modelops.version JOIN modelops.job ON job.id = version.job_id
          WHERE version.kind = :kind::modelops.version_kind AND job.dag_id = ANY(:dag_ids) AND version.name > walk.name
            AND (:name::text IS NULL OR version.name = :name)
            AND (:search::text IS NULL OR position(lower(:search) IN lower(version.name)) > 0)
          ORDER BY version.name LIMIT 1), place + 1
  FROM walk WHERE walk.name IS NOT NULL AND place < :limit
), awaiting AS MATERIALIZED (
  SELECT version.name, job.id AS job_id, version.number
  FROM modelops.job JOIN modelops.version ON version.id = job.version_id
  JOIN modelops.job AS making ON making.id = version.job_id AND making.dag_id = ANY(:dag_ids)
  WHERE job.status = 'awaiting_approval' AND job.type = ANY(:approvals::modelops.job_type[]) AND job.dag_id = ANY(:dag_ids)
    AND version.kind = :kind::modelops.version_kind
  ORDER BY job.created_at DESC, job.id DESC LIMIT 1000
)
SELECT walk.name AS model, newest.number, newest.status, newest.created_at, newest.created_by, newest.description, newest.imported,
       measured.number AS measured_number, measured.rows AS measured_rows, measured.metrics, measured.headline,
       production.found AS production, waiting.found AS waiting,
       activity.id AS last_job_id, activity.type AS last_type, activity.status AS last_status, activity.created_at AS last_at
FROM walk
JOIN LATERAL (SELECT version.number, version.status, version.created_at, version.created_by,
                     version.definition ->> 'description' AS description,
                     version.kind = 'model' AND version.definition IS NOT NULL AS imported
              FROM modelops.version JOIN modelops.job ON job.id = version.job_id
              WHERE version.kind = :kind::modelops.version_kind AND version.name = walk.name AND job.dag_id = ANY(:dag_ids)
              ORDER BY version.number DESC LIMIT 1) AS newest ON true
LEFT JOIN LATERAL (SELECT version.number, evaluation.data_rows AS rows, evaluation.details -> 'headline' AS headline,
                          -- A value that was stored before there were bounds may be nested too deeply to be read.
                          CASE WHEN jsonb_path_exists(evaluation.metrics, 'strict $.**{64}') THEN '{}'
                               ELSE evaluation.metrics END AS metrics
                   FROM modelops.version JOIN modelops.job ON job.id = version.job_id
                   CROSS JOIN LATERAL (SELECT made.data_rows, made.metrics, made.details FROM modelops.evaluation AS made
                                       JOIN modelops.job AS evaluating ON evaluating.id = made.job_id
                                       WHERE made.version_id = version.id AND evaluating.dag_id = ANY(:dag_ids)
                                       ORDER BY made.id DESC LIMIT 1) AS evaluation
                   WHERE version.kind = :kind::modelops.version_kind AND version.name = walk.name AND job.dag_id = ANY(:dag_ids)
                     AND version.status NOT IN ('created', 'failed')
                   ORDER BY version.number DESC LIMIT 1) AS measured ON true
CROSS JOIN LATERAL (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'target', target, 'version', number,
                                                                  'started_at', started_at) ORDER BY target), '[]') AS found
                    FROM (SELECT deployment.id, deployment.target, version.number, deployment.started_at
                          FROM modelops.deployment
                          JOIN modelops.version ON version.id = deployment.version_id
                          JOIN modelops.job AS training ON training.id = version.job_id
                          JOIN modelops.decision ON decision.id = deployment.decision_id
                          JOIN modelops.job AS approval ON approval.id = decision.job_id
                          JOIN modelops.job AS deploying ON deploying.id = deployment.job_id
                          WHERE deployment.model = walk.name AND deployment.ended_at IS NULL
                            AND version.kind = :kind::modelops.version_kind AND training.dag_id = ANY(:dag_ids)
                            AND approval.dag_id = ANY(:dag_ids) AND deploying.dag_id = ANY(:dag_ids)
                          ORDER BY deployment.target LIMIT 20) AS active) AS production
CROSS JOIN LATERAL (SELECT coalesce(jsonb_agg(jsonb_build_object('job_id', job_id, 'version', number) ORDER BY number DESC), '[]')
                      AS found
                    FROM (SELECT * FROM awaiting WHERE awaiting.name = walk.name ORDER BY number DESC LIMIT 20) AS own) AS waiting
LEFT JOIN LATERAL (SELECT job.id, job.type, job.status, job.created_at FROM modelops.job
                   WHERE split_part(left(subject, 250), ' ', 1) = walk.name AND job.dag_id = ANY(:dag_ids)
                   ORDER BY job.created_at DESC, job.id DESC LIMIT 1) AS activity ON true
WHERE walk.name IS NOT NULL
ORDER BY walk.name;

-- name: production
-- The active deployments of a model or feature task, each with its decision, and the version that it replaced, if this is one of
-- the same model that may be deployed again.
SELECT deployment.id, deployment.target, version.number AS version, deployment.started_at, deployment.deployed_by,
       deployment.job_id, decision.approver, decision.decided_at, decision.comment, decision.job_id AS approval_job_id,
       (SELECT earlier.number
        FROM modelops.deployment AS replaced
        JOIN modelops.version AS earlier ON earlier.id = replaced.version_id
        JOIN modelops.job AS making ON making.id = earlier.job_id
        JOIN modelops.job AS replacing ON replacing.id = replaced.job_id AND replacing.dag_id = ANY(:dag_ids)
        WHERE replaced.model = deployment.model AND replaced.target = deployment.target AND replaced.id < deployment.id
          AND earlier.kind = version.kind AND earlier.id <> version.id AND earlier.status IN ('approved', 'deployed')
          AND making.dag_id = ANY(:dag_ids)
        ORDER BY replaced.started_at DESC, replaced.id DESC LIMIT 1) AS previous
FROM modelops.deployment
JOIN modelops.version ON version.id = deployment.version_id
JOIN modelops.decision ON decision.id = deployment.decision_id
JOIN modelops.job ON job.id = deployment.job_id
JOIN modelops.job AS training ON training.id = version.job_id
JOIN modelops.job AS approval ON approval.id = decision.job_id
WHERE deployment.model = :name AND deployment.ended_at IS NULL AND version.kind = :kind::modelops.version_kind
  AND job.dag_id = ANY(:dag_ids) AND training.dag_id = ANY(:dag_ids) AND approval.dag_id = ANY(:dag_ids)
ORDER BY deployment.target LIMIT :limit;

-- name: hyperparameters
-- The hyperparameters of the newest version that was trained; those of a failed attempt may be why it failed.
SELECT version.number, version.hyperparameters
FROM modelops.version JOIN modelops.job ON job.id = version.job_id
WHERE version.kind = :kind::modelops.version_kind AND version.name = :name AND job.dag_id = ANY(:dag_ids)
  AND version.hyperparameters IS NOT NULL AND version.status NOT IN ('created', 'failed')
ORDER BY version.number DESC LIMIT 1;

-- name: versions
-- Versions of a model or feature task by number, with all that they pin, and their newest evaluation.
SELECT version.id, version.number, version.status, version.created_at, version.created_by, version.job_id, version.commit,
       version.dirty, version.code_sha256, version.requirements_sha256, version.artifact_sha256, version.data_sha256,
       version.data_rows, version.columns, version.hyperparameters, version.definition,
       evaluation.data_sha256 AS evaluation_sha256, evaluation.data_rows AS evaluation_rows,
       evaluation.details -> 'headline' AS headline,
       CASE WHEN jsonb_path_exists(evaluation.metrics, 'strict $.**{64}') THEN '{}' ELSE evaluation.metrics END AS metrics
FROM modelops.version
JOIN modelops.job ON job.id = version.job_id
LEFT JOIN LATERAL (SELECT made.data_sha256, made.data_rows, made.details, made.metrics FROM modelops.evaluation AS made
                   JOIN modelops.job AS evaluating ON evaluating.id = made.job_id
                   WHERE made.version_id = version.id AND evaluating.dag_id = ANY(:dag_ids)
                   ORDER BY made.id DESC LIMIT 1) AS evaluation ON true
WHERE version.kind = :kind::modelops.version_kind AND version.name = :name AND version.number = ANY(:numbers)
  AND job.dag_id = ANY(:dag_ids)
ORDER BY version.number;
