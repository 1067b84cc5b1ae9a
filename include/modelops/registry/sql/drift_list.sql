-- name: of_job
-- The results of the newest attempt of a drift check, the greatest changes first.
SELECT role, variable, verdict, psi, shift, p_value, lower_bound, natural_variation, detectable_shift, reference_rows, rows,
       most_moved, reason
FROM modelops.drift
WHERE job_id = :id AND attempt = (SELECT max(attempt) FROM modelops.drift WHERE job_id = :id)
ORDER BY array_position('{major,moderate,moved}'::modelops.drift_verdict[], verdict), psi DESC NULLS LAST, role, variable;

-- name: finding
-- The result of the newest attempt of a drift check for one column, and the job of the batch.
SELECT drift.id, drift.run_id, run.job_id AS batch_job_id
FROM modelops.drift JOIN modelops.batch_run AS run ON run.id = drift.run_id
WHERE drift.job_id = :id AND drift.attempt = (SELECT max(attempt) FROM modelops.drift WHERE job_id = :id)
  AND drift.role = :role::modelops.variable_role AND drift.variable = :variable;

-- name: distribution
-- The distribution of a column in the reference and in a batch run.
SELECT meaning, lower, upper, category, reference_rows, rows FROM modelops.distribution(:drift_id);

-- name: reference_job
-- The job that recorded the newest reference of the features of a deployment, if the reader may see it.
SELECT job.id
FROM modelops.deployment JOIN modelops.version ON version.id = deployment.version_id
JOIN modelops.job ON job.id = CASE version.kind
  WHEN 'feature_task' THEN
    (SELECT job_id FROM modelops.evaluation WHERE version_id = version.id ORDER BY evaluation.id DESC LIMIT 1)
  ELSE coalesce(
    (SELECT job_id FROM modelops.reference WHERE version_id = version.id AND EXISTS (
       SELECT FROM modelops.statistics WHERE reference_id = reference.id AND role = 'feature')
     ORDER BY reference.id DESC LIMIT 1), version.job_id) END
WHERE deployment.id = :deployment_id AND job.dag_id = ANY(:dag_ids);

-- name: batches
-- The batches of a target whose jobs the reader may see, latest data interval first, each with its newest drift check.
-- Superseded batches of an interval are omitted.
WITH page AS MATERIALIZED (
  SELECT run.id, run.job_id, run.deployment_id, run.covers, run.published_at, run.rows
  FROM modelops.batch_run AS run JOIN modelops.job AS batch ON batch.id = run.job_id
  WHERE run.target = :target AND run.published_at IS NOT NULL AND batch.dag_id = ANY(:dag_ids)
    AND (run.superseded_at IS NULL OR run.covers = '(,)')
  ORDER BY coalesce(upper(run.covers), 'infinity') DESC, coalesce(lower(run.covers), '-infinity') DESC, run.id DESC
  LIMIT :limit)
SELECT page.id AS run_id, page.job_id, page.deployment_id, version.number AS version, lower(page.covers) AS interval_start,
       upper(page.covers) AS interval_end, page.published_at, page.rows, last.job_id AS any_check, last.attempt,
       -- The page of a job shows its newest attempt, which may have checked another batch.
       CASE WHEN checking.dag_id = ANY(:dag_ids)
                 AND last.attempt = (SELECT max(attempt) FROM modelops.drift WHERE job_id = last.job_id)
            THEN last.job_id END AS check_job_id
FROM page
JOIN modelops.deployment ON deployment.id = page.deployment_id
JOIN modelops.version ON version.id = deployment.version_id
LEFT JOIN LATERAL (SELECT job_id, attempt FROM modelops.drift WHERE run_id = page.id ORDER BY id DESC LIMIT 1) AS last ON true
LEFT JOIN modelops.job AS checking ON checking.id = last.job_id
ORDER BY coalesce(upper(page.covers), 'infinity') DESC, coalesce(lower(page.covers), '-infinity') DESC, page.id DESC;

-- name: columns
-- The results of these checks for the columns with the greatest changes, the greatest first.
WITH checks AS (
  SELECT * FROM unnest(:run_ids::bigint[], :job_ids::bigint[], :attempts::integer[]) AS checks (run_id, job_id, attempt)),
found AS MATERIALIZED (
  SELECT run_id, role, variable, verdict, psi FROM checks JOIN modelops.drift USING (job_id, attempt, run_id)),
ranked AS (
  SELECT role, variable, count(*) OVER () AS number,
         row_number() OVER (ORDER BY min(array_position('{major,moderate,moved}'::modelops.drift_verdict[], verdict)),
                                     max(psi) DESC NULLS LAST, role, variable) AS place
  FROM found GROUP BY role, variable)
SELECT ranked.role, ranked.variable, ranked.number,
       jsonb_object_agg(found.run_id, jsonb_build_object('verdict', verdict, 'psi', psi)) AS results
FROM ranked JOIN found USING (role, variable)
WHERE place <= :limit
GROUP BY ranked.role, ranked.variable, ranked.number, ranked.place ORDER BY ranked.place;
