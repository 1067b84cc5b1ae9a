-- What a deployment that follows a feature table still has to do; what a later try of a job must know of the first.

CREATE TABLE modelops.batch_run_source (
  run_id     bigint NOT NULL CONSTRAINT batch_run_source_run REFERENCES modelops.batch_run,
  source_id  bigint NOT NULL CONSTRAINT batch_run_source_source REFERENCES modelops.batch_run,
  CONSTRAINT batch_run_source_pkey PRIMARY KEY (source_id, run_id)
);
COMMENT ON TABLE modelops.batch_run_source IS
  'Which publications of the table that its deployment follows a run has seen: those that were committed before it read. Append-only.';
COMMENT ON COLUMN modelops.batch_run_source.source_id IS 'The run that published the features.';
CREATE INDEX batch_run_source_of_run ON modelops.batch_run_source (run_id);
CREATE INDEX batch_run_published ON modelops.batch_run (target, published_at) WHERE published_at IS NOT NULL;

-- Of runs from before this table, the times tell what they have seen: what was published before they began.
INSERT INTO modelops.batch_run_source (run_id, source_id)
SELECT run.id, source.id
FROM (
  SELECT DISTINCT deployment.target, substr(plan.schedule, length('after ') + 1) AS follows
  FROM modelops.deployment JOIN modelops.deployment_schedule AS plan ON plan.deployment_id = deployment.id
  WHERE starts_with(plan.schedule, 'after ')
) AS own
JOIN modelops.batch_run AS source ON source.target = own.follows AND source.published_at IS NOT NULL
CROSS JOIN LATERAL (
  SELECT each.id FROM modelops.batch_run AS each
  WHERE each.target = own.target AND each.published_at >= source.published_at AND source.covers <@ each.covers
    AND source.published_at <= coalesce(
      (SELECT min(part.started_at) FROM modelops.batch_run AS part WHERE part.whole_id = each.id), each.started_at)
  ORDER BY each.published_at LIMIT 1
) AS run;

CREATE TRIGGER batch_run_source_guard BEFORE INSERT ON modelops.batch_run_source
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_of_run();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON modelops.batch_run_source
  FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.batch_run_source
  FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
GRANT SELECT, INSERT ON modelops.batch_run_source TO modelops_jobs;
GRANT SELECT ON modelops.batch_run_source TO modelops_reader;

CREATE INDEX batch_run_published_from ON modelops.batch_run (target, (coalesce(lower(covers), '-infinity')))
  WHERE published_at IS NOT NULL;

-- Since when: the target has followed the table without a break, by this deployment and those that it replaced.
CREATE FUNCTION modelops.work_list(deployment_id bigint, within tstzrange DEFAULT '(,)')
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
  'What has been published of the feature table that a deployment follows, since it does, of times within a range; and whether that is still to be made.';
REVOKE ALL ON FUNCTION modelops.work_list FROM PUBLIC;
GRANT EXECUTE ON FUNCTION modelops.work_list TO modelops_jobs, modelops_reader;

ALTER TABLE modelops.job ADD COLUMN max_tries integer, ADD COLUMN asked_at timestamptz;
COMMENT ON COLUMN modelops.job.max_tries IS
  'Airflow''s number when a worker last took the job: clearing the task changes it, a retry doesn''t, whatever becomes of the DAG.';
COMMENT ON COLUMN modelops.job.asked_at IS
  'When its DAG run was asked for, as the first try knew it; null once a person has cleared the task.';
GRANT INSERT (max_tries, asked_at), UPDATE (max_tries, asked_at) ON modelops.job TO modelops_jobs;
