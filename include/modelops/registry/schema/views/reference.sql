-- The statistics in whose bins batches of a version are counted.

CREATE OR REPLACE VIEW modelops.statistics_in_use AS
SELECT DISTINCT ON (version_id, role, variable) version_id, role, variable, kind, values, reference_id, job_id
FROM (
  SELECT reference.version_id, statistics.role, statistics.variable, statistics.kind, statistics.values,
         reference.id AS reference_id, reference.job_id
  FROM modelops.reference JOIN modelops.statistics ON statistics.reference_id = reference.id
  UNION ALL
  SELECT version.id, statistics.role, statistics.variable, statistics.kind, statistics.values, NULL, version.job_id
  FROM modelops.version JOIN modelops.statistics ON statistics.version_id = version.id
) AS recorded
ORDER BY version_id, role, variable, reference_id DESC NULLS LAST;
COMMENT ON VIEW modelops.statistics_in_use IS
  'Each version''s newest statistics of each column, by the job that recorded them: batches are counted in their bins.';
GRANT SELECT ON modelops.statistics_in_use TO modelops_jobs, modelops_reader;
