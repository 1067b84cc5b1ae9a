-- name: versions
-- A page of versions of one kind, newest first, each with its newest metrics, its decision, the jobs that recorded the statistics
-- in use, and its active deployments. What the reader may not see is omitted.
SELECT version.id, version.name AS model, version.number, version.status, version.created_by, version.created_at,
       version.commit, version.job_id,
       -- A value that was stored before there were bounds may be nested too deeply to be read.
       CASE WHEN jsonb_path_exists(evaluation.metrics, 'strict $.**{64}') THEN '{"…": null}' ELSE evaluation.metrics END AS metrics,
       decision.verdict, decision.approver, decision.decided_at,
       decision.comment,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('job_id', recorded.id, 'type', recorded.type) ORDER BY recorded.id), '[]')
        FROM (
        SELECT DISTINCT recording.id, recording.type
        FROM unnest('{feature,prediction}'::modelops.variable_role[]) AS wanted (role)
        JOIN modelops.job AS recording ON recording.id = CASE version.kind
          WHEN 'feature_task' THEN (SELECT tested.job_id FROM modelops.evaluation AS tested
                                    WHERE tested.version_id = version.id ORDER BY tested.id DESC LIMIT 1)
          ELSE coalesce(
            (SELECT reference.job_id FROM modelops.reference
             WHERE reference.version_id = version.id AND EXISTS (
               SELECT FROM modelops.statistics WHERE reference_id = reference.id AND statistics.role = wanted.role)
             ORDER BY reference.id DESC LIMIT 1),
            (SELECT version.job_id WHERE EXISTS (
               SELECT FROM modelops.statistics WHERE version_id = version.id AND statistics.role = wanted.role))) END
        WHERE recording.dag_id = ANY(:dag_ids)) AS recorded) AS statistics_jobs,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('id', deployment.id, 'target', deployment.target) ORDER BY deployment.id), '[]')
        FROM modelops.deployment
        JOIN modelops.decision AS approved ON approved.id = deployment.decision_id
        JOIN modelops.job AS approval ON approval.id = approved.job_id
        JOIN modelops.job AS deploying ON deploying.id = deployment.job_id
        WHERE deployment.version_id = version.id AND deployment.ended_at IS NULL
          AND approval.dag_id = ANY(:dag_ids) AND deploying.dag_id = ANY(:dag_ids)) AS deployments
FROM modelops.version
JOIN modelops.job ON job.id = version.job_id
-- The headline, if the evaluation has one.
LEFT JOIN LATERAL (SELECT CASE WHEN jsonb_array_length(details -> 'headline') > 0
                            THEN (SELECT jsonb_object_agg(wanted.metric, evaluation.metrics -> wanted.metric)
                                  FROM jsonb_array_elements_text(details -> 'headline') AS wanted (metric))
                            ELSE metrics END AS metrics
                   FROM modelops.evaluation JOIN modelops.job AS evaluating ON evaluating.id = evaluation.job_id
                   WHERE evaluation.version_id = version.id AND evaluating.dag_id = ANY(:dag_ids)
                   ORDER BY evaluation.id DESC LIMIT 1) AS evaluation ON true
LEFT JOIN LATERAL (SELECT verdict, approver, decided_at, comment FROM modelops.decision
                   JOIN modelops.job AS approval ON approval.id = decision.job_id
                   WHERE decision.version_id = version.id AND approval.dag_id = ANY(:dag_ids)
                   ORDER BY decision.id DESC LIMIT 1) AS decision ON true
WHERE version.kind = :kind::modelops.version_kind AND job.dag_id = ANY(:dag_ids)
  AND (:model::text IS NULL OR version.name = :model)
  AND (:last_id::bigint IS NULL OR version.id < :last_id)
ORDER BY version.id DESC
LIMIT :limit;

-- name: deployments
-- A page of deployments, newest first, each with its newest batch.
SELECT deployment.id, version.kind, deployment.model, version.number AS version, deployment.engine, deployment.target,
       deployment.dataset ->> 'name' AS dataset, schedule.schedule, schedule.time_zone, schedule.paused,
       schedule.set_by, schedule.set_at, schedule.starts_at,
       schedule.incremental, deployment.deployed_by, deployment.started_at,
       deployment.ended_at, deployment.ended_how, deployment.job_id, decision.approver,
       batch.job_id AS last_job_id, batch.status AS last_status, batch.created_at AS last_created_at, batch.error AS last_error,
       (SELECT count(*) FROM modelops.alert_rule AS rule JOIN modelops.alert ON alert.rule_id = rule.id
        JOIN modelops.batch_run AS met ON met.id = alert.run_id JOIN modelops.job AS by ON by.id = met.job_id
        WHERE rule.deployment_id = deployment.id AND rule.ended_at IS NULL AND deployment.ended_at IS NULL
          AND alert.resolved_at IS NULL AND by.dag_id = ANY(:dag_ids)) AS firing
FROM modelops.deployment
JOIN modelops.version ON version.id = deployment.version_id
JOIN modelops.decision ON decision.id = deployment.decision_id
JOIN modelops.deployment_schedule AS schedule ON schedule.deployment_id = deployment.id
JOIN modelops.job ON job.id = deployment.job_id
JOIN modelops.job AS training ON training.id = version.job_id
JOIN modelops.job AS approval ON approval.id = decision.job_id
LEFT JOIN LATERAL (SELECT ran.id AS job_id, ran.status, ran.created_at, left(ran.error, 1000) AS error
                   FROM modelops.batch_run AS run JOIN modelops.job AS ran ON ran.id = run.job_id
                   WHERE run.deployment_id = deployment.id AND ran.dag_id = ANY(:dag_ids)
                   ORDER BY run.id DESC LIMIT 1) AS batch ON true
WHERE job.dag_id = ANY(:dag_ids) AND training.dag_id = ANY(:dag_ids) AND approval.dag_id = ANY(:dag_ids)
  AND (:model::text IS NULL OR deployment.model = :model)
  AND (NOT :active OR deployment.ended_at IS NULL)
  AND (:search::text IS NULL OR position(lower(:search) IN lower(deployment.model || ' ' || deployment.target)) <> 0)
  AND (:id::bigint IS NULL OR deployment.id = :id)
  AND (:last_id::bigint IS NULL OR deployment.id < :last_id)
ORDER BY deployment.id DESC
LIMIT :limit;

-- name: published_batches
-- The published batches of a deployment, the latest data intervals first. Superseded batches of an interval are omitted.
SELECT run.job_id, lower(run.covers) AS interval_start, upper(run.covers) AS interval_end, run.published_at, run.superseded_at,
       run.rows, run.set_aside
FROM modelops.batch_run AS run JOIN modelops.job ON job.id = run.job_id
WHERE run.deployment_id = :id AND run.published_at IS NOT NULL AND run.part IS NULL AND job.dag_id = ANY(:dag_ids)
  AND (run.superseded_at IS NULL OR run.covers = '(,)')
ORDER BY run.covers DESC, run.published_at DESC
LIMIT :limit;

-- name: production
-- What was in production at a time, with decision and evidence.
SELECT found.kind, found.model, found.version, found.deployment, found.target, found.dataset ->> 'name' AS dataset, found.started_at,
       found.ended_at, found.ended_how, found.deployed_by, found.trained_for, found.commit, found.artifact_sha256,
       found.approver, found.comment, found.decided_at, found.evidence_digest, deployment.job_id,
       decision.job_id AS approval_job_id
FROM modelops.in_production_at(:moment) AS found
JOIN modelops.deployment ON deployment.id = found.deployment
JOIN modelops.decision ON decision.id = found.decision
JOIN modelops.version ON version.id = deployment.version_id
JOIN modelops.job ON job.id = deployment.job_id
JOIN modelops.job AS training ON training.id = version.job_id
JOIN modelops.job AS approval ON approval.id = decision.job_id
WHERE job.dag_id = ANY(:dag_ids) AND training.dag_id = ANY(:dag_ids) AND approval.dag_id = ANY(:dag_ids);
