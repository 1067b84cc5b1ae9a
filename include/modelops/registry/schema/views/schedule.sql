-- The newest schedule of a deployment is in force. A deployment without a row, from an earlier release, is manual.

CREATE OR REPLACE VIEW modelops.deployment_schedule AS
SELECT deployment.id AS deployment_id, coalesce(newest.schedule, 'manual') AS schedule,
       coalesce(newest.time_zone, 'UTC') AS time_zone, coalesce(newest.paused, false) AS paused, newest.starts_at, newest.late_after,
       coalesce(newest.set_by, deployment.deployed_by) AS set_by, coalesce(newest.set_at, deployment.started_at) AS set_at,
       coalesce(version.definition ->> 'incremental' <> '', deployment.dataset ->> 'sql' ~ 'modelops\.interval_', false)
         AS incremental
FROM modelops.deployment
JOIN modelops.version ON version.id = deployment.version_id
LEFT JOIN LATERAL (SELECT * FROM modelops.schedule WHERE schedule.deployment_id = deployment.id ORDER BY id DESC LIMIT 1)
  AS newest ON true;
COMMENT ON VIEW modelops.deployment_schedule IS 'The schedule in force for each deployment, ended or not.';
COMMENT ON COLUMN modelops.deployment_schedule.incremental IS
  'Whether each run is of a data interval: a feature task that says so, or a dataset whose SQL asks for the interval.';

GRANT SELECT ON modelops.deployment_schedule TO modelops_jobs, modelops_reader;
