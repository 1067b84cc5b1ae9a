-- name: evidence
-- The provenance and the evaluations of a job's version, and the champion's evaluation, on the same rows if there is one. For an
-- approval: the evidence of its newest request; for other jobs: the evidence now. No row if the reader may not see the
-- training of the version.
SELECT coalesce(
  (SELECT request.evidence FROM modelops.approval_request AS request WHERE request.job_id = job.id ORDER BY request.id DESC LIMIT 1),
  modelops.evidence(version.id, modelops.champion_evaluation(version.id))) AS evidence
FROM modelops.job
JOIN modelops.version ON version.id = job.version_id
JOIN modelops.job AS training ON training.id = version.job_id
WHERE job.id = :id AND job.type = ANY(:with_evidence::modelops.job_type[]) AND training.dag_id = ANY(:dag_ids);

-- name: artifacts
-- The files of a job: those that a training pinned and produced, that an evaluation produced, or that belong to the version
-- that was decided on or deployed. Files of jobs that the reader may not see are omitted.
SELECT artifact.role, artifact.name, artifact.sha256, artifact.size, artifact.media_type, artifact.uri,
       source.id AS job_id, source.type AS job_type
FROM modelops.job
JOIN modelops.artifact ON
  (job.type = ANY(:of_version::modelops.job_type[]) AND artifact.version_id = job.version_id)
  OR artifact.evaluation_id IN (
    SELECT evaluation.id FROM modelops.evaluation
    WHERE evaluation.version_id = job.version_id
      AND (evaluation.job_id = job.id OR job.type = ANY(:of_all_evaluations::modelops.job_type[])))
LEFT JOIN modelops.version ON version.id = artifact.version_id
LEFT JOIN modelops.evaluation ON evaluation.id = artifact.evaluation_id
JOIN modelops.job AS source ON source.id = coalesce(version.job_id, evaluation.job_id)
WHERE job.id = :id AND job.type = ANY(:with_evidence::modelops.job_type[]) AND source.dag_id = ANY(:dag_ids)
ORDER BY artifact.role, artifact.name, artifact.id DESC;

-- name: statistics
-- The column statistics that a job recorded for its version, or for the batch that it published, without the counts of their
-- references.
SELECT role, variable, kind, values - '{reference,bins}'::text[] AS values
FROM (
  SELECT statistics.*, reference.attempt, max(reference.attempt) OVER () AS newest
  FROM modelops.reference JOIN modelops.statistics ON statistics.reference_id = reference.id
  WHERE reference.job_id = :id
  UNION ALL
  SELECT statistics.*, 0, 0
  FROM modelops.version JOIN modelops.statistics ON statistics.version_id = version.id
  WHERE version.job_id = :id AND version.id = (SELECT version_id FROM modelops.job WHERE id = :id)
  UNION ALL
  SELECT statistics.*, 0, 0
  FROM modelops.batch_run AS run JOIN modelops.statistics ON statistics.run_id = run.id
  WHERE run.id = (SELECT max(id) FROM modelops.batch_run WHERE job_id = :id AND published_at IS NOT NULL)
) AS recorded
WHERE attempt = newest
ORDER BY role, id;

-- name: published
-- The run that a job published: its rows, whether readers still see it, and its newest drift check.
SELECT target, rows, set_aside, published_at, superseded_at, deployment_id,
       (SELECT checking.id
        FROM (SELECT job_id, attempt FROM modelops.drift WHERE run_id = run.id ORDER BY id DESC LIMIT 1) AS last
        JOIN modelops.job AS checking ON checking.id = last.job_id
        WHERE checking.dag_id = ANY(:dag_ids)
          AND last.attempt = (SELECT max(attempt) FROM modelops.drift WHERE job_id = last.job_id)) AS check_job_id
FROM modelops.batch_run AS run WHERE job_id = :id AND published_at IS NOT NULL ORDER BY id DESC LIMIT 1;

-- name: evaluation_details
-- The details of an evaluation of a job's version, by its digest. No row if the reader may not see the training of the
-- version.
SELECT evaluation.details
FROM modelops.job
JOIN modelops.version ON version.id = job.version_id
JOIN modelops.job AS training ON training.id = version.job_id
JOIN modelops.evaluation ON evaluation.version_id = version.id AND evaluation.digest = :digest
WHERE job.id = :id AND job.type = ANY(:with_evidence::modelops.job_type[]) AND training.dag_id = ANY(:dag_ids)
ORDER BY evaluation.id DESC LIMIT 1;
