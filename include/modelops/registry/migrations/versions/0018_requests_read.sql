-- Whoever clears a training while it runs may be taken for nobody: Airflow can count the next attempt as a retry. So each
-- later attempt needs the observer's word that it has read who asked for it.

CREATE TABLE modelops.requests_read (
  job_id   bigint NOT NULL CONSTRAINT requests_read_job REFERENCES modelops.job,
  attempt  integer NOT NULL CONSTRAINT requests_read_later CHECK (attempt > 1),
  read_at  timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT requests_read_pkey PRIMARY KEY (job_id, attempt)
);
COMMENT ON TABLE modelops.requests_read IS
  'The attempts of which the observer has read, in Airflow''s audit log, who made them run: all of them are on record as events `cleared`. Append-only.';

-- What had ended before this table was read by the rules of then.
INSERT INTO modelops.requests_read (job_id, attempt)
SELECT DISTINCT event.job_id, event.attempt
FROM modelops.version JOIN modelops.job ON job.id = version.job_id JOIN modelops.job_event AS event ON event.job_id = job.id
WHERE event.event = 'running' AND event.attempt > 1 AND job.status IN ('completed', 'failed', 'cancelled', 'skipped');

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON modelops.requests_read
  FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.requests_read
  FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
GRANT SELECT, INSERT ON modelops.requests_read TO modelops_jobs;
GRANT SELECT ON modelops.requests_read TO modelops_reader;

-- An attempt that returned the recorded result (`repeated`) did nothing anew. A `cleared` event whose detail says
-- `possible` names a person who may have cleared another task: that person counts as a requester, and the attempt still
-- lacks one.
CREATE OR REPLACE FUNCTION modelops.attempts_without_requester(version_id bigint) RETURNS integer[] LANGUAGE sql STABLE
SET search_path = pg_catalog AS $$
  WITH begun AS (
    SELECT event.job_id, event.attempt, bool_or(event.detail @> '{"fresh": true}') AS fresh
    FROM modelops.job_event AS event JOIN modelops.version ON version.job_id = event.job_id
    WHERE version.id = attempts_without_requester.version_id AND event.event = 'running'
    GROUP BY event.job_id, event.attempt
  ), later AS (
    SELECT job_id, attempt, fresh,
           max(attempt) FILTER (WHERE fresh) OVER (ORDER BY attempt ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before,
           lag(attempt) OVER (ORDER BY attempt) IS NULL AS is_first
    FROM begun
  )
  SELECT coalesce(array_agg(attempt ORDER BY attempt), '{}')
  FROM later
  WHERE NOT is_first
    AND (NOT EXISTS (SELECT FROM modelops.requests_read AS known
                     WHERE known.job_id = later.job_id AND known.attempt = later.attempt)
         OR fresh AND before IS NOT NULL
            AND NOT EXISTS (SELECT FROM modelops.job_event AS told
                            WHERE told.job_id = later.job_id AND told.attempt >= before AND told.attempt < later.attempt
                              AND told.event = 'cleared' AND NOT told.detail @> '{"possible": true}'))
    AND NOT EXISTS (SELECT FROM modelops.job_event AS told
                    WHERE told.job_id = later.job_id AND told.attempt = later.attempt AND told.event = 'repeated')
$$;
COMMENT ON FUNCTION modelops.attempts_without_requester IS
  'The later attempts at a version''s training or import of which it isn''t on record who asked for them: the observer has not read that yet, or one began anew and nobody has surely cleared it. Where there is one, nobody may decide on the version.';
