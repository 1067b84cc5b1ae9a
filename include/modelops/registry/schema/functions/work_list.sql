-- The data intervals that a deployment after a feature table has to make.

-- The publications of the table count from when the target began to follow it, without a break since, by this deployment
-- or by those that it replaced.
CREATE OR REPLACE FUNCTION modelops.following(deployment_id bigint)
RETURNS TABLE (target text, follows text, incremental boolean, since timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  WITH own AS (
    SELECT deployment.target, plan.schedule, plan.incremental, substr(plan.schedule, length('after ') + 1) AS follows
    FROM modelops.deployment JOIN modelops.deployment_schedule AS plan ON plan.deployment_id = deployment.id
    WHERE deployment.id = following.deployment_id AND starts_with(plan.schedule, 'after ')
  ), said AS (
    SELECT plan.id, plan.set_at, plan.paused OR plan.schedule <> own.schedule OR serving.ended_how IS NOT DISTINCT FROM 'retired' AS is_break
    FROM own JOIN modelops.deployment AS serving ON serving.target = own.target
    JOIN modelops.schedule AS plan ON plan.deployment_id = serving.id
  )
  SELECT own.target, own.follows, own.incremental,
         (SELECT min(set_at) FROM said WHERE id > coalesce((SELECT max(id) FROM said WHERE is_break), 0))
  FROM own
$$;
COMMENT ON FUNCTION modelops.following IS
  'The feature table that a deployment follows, and since when; no row for other deployments.';

-- Without SET, so that the planner can put the body into the query; and without a join, so that it can read publications
-- in the order of an index.
CREATE OR REPLACE FUNCTION modelops.work_list(deployment_id bigint)
RETURNS TABLE (source_id bigint, covers tstzrange, published_at timestamptz, is_pending boolean)
LANGUAGE sql STABLE AS $$
  SELECT source.id, source.covers, source.published_at, (
           -- Not EXISTS, which the planner may answer for all publications at once.
           SELECT 1 FROM modelops.batch_run_source AS seen JOIN modelops.batch_run AS run ON run.id = seen.run_id
           WHERE seen.source_id = source.id AND run.target = (SELECT target FROM modelops.following(work_list.deployment_id))
             AND run.published_at IS NOT NULL LIMIT 1) IS NULL
  FROM modelops.batch_run AS source
  WHERE source.target = (SELECT follows FROM modelops.following(work_list.deployment_id))
    AND source.published_at >= (SELECT since FROM modelops.following(work_list.deployment_id))
    AND CASE WHEN (SELECT incremental FROM modelops.following(work_list.deployment_id))
             -- An interval that a whole run superseded still has to be made.
             THEN source.covers <> '(,)' AND (source.superseded_at IS NULL OR
                  (SELECT covers FROM modelops.batch_run AS by WHERE by.id = source.superseded_by) = '(,)')
             ELSE source.superseded_at IS NULL END
$$;
COMMENT ON FUNCTION modelops.work_list IS
  'The publications of the feature table that a deployment follows, since it follows it; and whether each is still to be processed.';

CREATE OR REPLACE FUNCTION modelops.processed_until(deployment_id bigint) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  SELECT coalesce((SELECT progress.processed_until FROM modelops.work_list_progress AS progress
                   WHERE progress.deployment_id = processed_until.deployment_id
                     AND progress.follows = (SELECT follows FROM modelops.following(processed_until.deployment_id))), '-infinity')
$$;
COMMENT ON FUNCTION modelops.processed_until IS
  'A time before which no publication in the work list of a deployment is pending.';

-- Publications of a table are committed one after another in the order of their times, see modelops.guard_batch_run: no
-- earlier one can still appear. And a processed publication never becomes pending again.
CREATE OR REPLACE FUNCTION modelops.note_progress(deployment_id bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  INSERT INTO modelops.work_list_progress AS progress (deployment_id, follows, processed_until)
  SELECT note_progress.deployment_id, own.follows,
         coalesce(min(list.published_at) FILTER (WHERE list.is_pending), max(list.published_at))
  FROM modelops.following(note_progress.deployment_id) AS own
  CROSS JOIN modelops.work_list(note_progress.deployment_id) AS list
  WHERE list.published_at >= modelops.processed_until(note_progress.deployment_id)
  GROUP BY own.follows
  ON CONFLICT ON CONSTRAINT work_list_progress_pkey DO UPDATE SET processed_until = excluded.processed_until
  WHERE progress.processed_until < excluded.processed_until
$$;
COMMENT ON FUNCTION modelops.note_progress IS
  'Records until when all publications in the work list of a deployment are processed, so that they are not read again.';

REVOKE ALL ON FUNCTION modelops.following, modelops.work_list, modelops.processed_until, modelops.note_progress FROM PUBLIC;
GRANT EXECUTE ON FUNCTION modelops.following, modelops.work_list, modelops.processed_until TO modelops_jobs, modelops_reader;
GRANT EXECUTE ON FUNCTION modelops.note_progress TO modelops_jobs;
