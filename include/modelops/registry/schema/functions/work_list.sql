-- The data intervals that a deployment after a feature table has to make.

-- The publications count from when the target began to follow the table, without a break since, by this deployment or by
-- those that it replaced.
CREATE OR REPLACE FUNCTION modelops.work_list(deployment_id bigint, within tstzrange DEFAULT '(,)')
RETURNS TABLE (source_id bigint, covers tstzrange, is_pending boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  WITH own AS (
    SELECT deployment.target, plan.schedule, plan.incremental, substr(plan.schedule, length('after ') + 1) AS follows
    FROM modelops.deployment JOIN modelops.deployment_schedule AS plan ON plan.deployment_id = deployment.id
    WHERE deployment.id = work_list.deployment_id AND starts_with(plan.schedule, 'after ')
  ), said AS (
    SELECT plan.id, plan.set_at, plan.paused OR plan.schedule <> own.schedule OR serving.ended_how IS NOT DISTINCT FROM 'retired' AS is_break
    FROM own JOIN modelops.deployment AS serving ON serving.target = own.target
    JOIN modelops.schedule AS plan ON plan.deployment_id = serving.id
  ), since AS (
    SELECT min(set_at) AS at FROM said WHERE id > coalesce((SELECT max(id) FROM said WHERE is_break), 0)
  )
  SELECT source.id, source.covers, NOT EXISTS (
           SELECT FROM modelops.batch_run_source AS seen JOIN modelops.batch_run AS run ON run.id = seen.run_id
           WHERE seen.source_id = source.id AND run.target = own.target AND run.published_at IS NOT NULL)
  FROM own CROSS JOIN since JOIN modelops.batch_run AS source ON source.target = own.follows
  WHERE source.published_at >= since.at
    AND source.covers <@ within
    -- The same again, for the index.
    AND coalesce(lower(source.covers), '-infinity') BETWEEN coalesce(lower(within), '-infinity') AND coalesce(upper(within), 'infinity')
    AND (NOT own.incremental OR source.covers <> '(,)')
    AND (source.superseded_at IS NULL
         -- What a whole run took the place of is still an interval to be made.
         OR own.incremental AND (SELECT covers FROM modelops.batch_run AS by WHERE by.id = source.superseded_by) = '(,)')
$$;
COMMENT ON FUNCTION modelops.work_list IS
  'The publications, within a range of times, of the feature table that a deployment follows, since it follows it; and whether each is still to be processed.';

REVOKE ALL ON FUNCTION modelops.work_list FROM PUBLIC;
GRANT EXECUTE ON FUNCTION modelops.work_list TO modelops_jobs, modelops_reader;
