-- Measurements of performance with their runs, and the newest of each run.

CREATE OR REPLACE VIEW modelops.measurement AS
SELECT performance.id, performance.run_id, run.target, run.deployment_id, version.number AS version,
       lower(run.covers) AS interval_start, upper(run.covers) AS interval_end, run.published_at, run.superseded_at,
       performance.rows, performance.labelled, performance.error, performance.measured_at, performance.job_id,
       run.job_id AS batch_job_id, metric.found AS metrics
FROM modelops.performance
JOIN modelops.batch_run AS run ON run.id = performance.run_id
JOIN modelops.deployment ON deployment.id = run.deployment_id
JOIN modelops.version ON version.id = deployment.version_id
LEFT JOIN LATERAL (
  SELECT jsonb_agg(jsonb_build_object('target', target, 'metric', metric, 'value', value, 'lower', lower, 'upper', upper)
                   ORDER BY target, metric) AS found
  FROM modelops.performance_metric WHERE performance_id = performance.id) AS metric ON true;
COMMENT ON VIEW modelops.measurement IS
  'The measurements of performance, each with its run and its metrics: [{"target", "metric", "value", "lower", "upper"}], null without labels.';

CREATE OR REPLACE VIEW modelops.newest_performance AS
SELECT newest.*
FROM modelops.batch_run AS run
CROSS JOIN LATERAL (SELECT id FROM modelops.performance WHERE run_id = run.id ORDER BY id DESC LIMIT 1) AS last
-- The last two are implied: by them the planner reads the runs of one deployment or target alone.
JOIN modelops.measurement AS newest
  ON newest.id = last.id AND newest.deployment_id = run.deployment_id AND newest.target = run.target
WHERE run.measured_at IS NOT NULL;
COMMENT ON VIEW modelops.newest_performance IS 'The newest measurement of each run whose performance was measured.';

GRANT SELECT ON modelops.measurement, modelops.newest_performance TO modelops_jobs, modelops_reader;
