-- The runs whose rows readers see now, and those that they have ever seen. Rows belong to the run that wrote them: a
-- whole run or a partition. The views of predictions and features join these views, so their columns must not change.

CREATE OR REPLACE VIEW modelops.published_run AS
SELECT holding.id AS run_id, run.target, version.number AS model_version, run.job_id, run.published_at,
       lower(run.covers) AS interval_start, upper(run.covers) AS interval_end, run.shows
FROM modelops.batch_run AS run
JOIN modelops.deployment ON deployment.id = run.deployment_id
JOIN modelops.version ON version.id = deployment.version_id
CROSS JOIN LATERAL (SELECT run.id UNION ALL SELECT part.id FROM modelops.batch_run AS part WHERE part.whole_id = run.id)
  AS holding (id)
WHERE run.published_at IS NOT NULL AND run.superseded_at IS NULL;
COMMENT ON VIEW modelops.published_run IS
  'The runs whose rows readers see. Within a target, the times that they show never overlap.';

CREATE OR REPLACE VIEW modelops.run_history AS
SELECT holding.id AS run_id, run.target, version.number AS model_version, run.job_id, run.published_at, run.superseded_at,
       lower(run.covers) AS interval_start, upper(run.covers) AS interval_end
FROM modelops.batch_run AS run
JOIN modelops.deployment ON deployment.id = run.deployment_id
JOIN modelops.version ON version.id = deployment.version_id
CROSS JOIN LATERAL (SELECT run.id UNION ALL SELECT part.id FROM modelops.batch_run AS part WHERE part.whole_id = run.id)
  AS holding (id)
WHERE run.published_at IS NOT NULL;
COMMENT ON VIEW modelops.run_history IS 'All runs whose rows readers have ever seen, from published_at to superseded_at.';

GRANT SELECT ON modelops.published_run, modelops.run_history TO modelops_jobs, modelops_reader;
