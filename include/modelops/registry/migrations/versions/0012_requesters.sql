-- A training that began anew although nobody is on record as having cleared it can't be decided on.

-- An attempt that returned the recorded result (`repeated`) did nothing anew. A `cleared` event whose detail says
-- `possible` names a person who may have cleared another task: that person counts as a requester, and the attempt still
-- lacks one.
CREATE FUNCTION modelops.attempts_without_requester(version_id bigint) RETURNS integer[] LANGUAGE sql STABLE
SET search_path = pg_catalog AS $$
  WITH begun AS (
    SELECT DISTINCT event.job_id, event.attempt
    FROM modelops.job_event AS event JOIN modelops.version ON version.job_id = event.job_id
    WHERE version.id = attempts_without_requester.version_id
      AND event.event = 'running' AND event.detail @> '{"fresh": true}'
  ), renewal AS (
    SELECT job_id, attempt, lag(attempt) OVER (ORDER BY attempt) AS before FROM begun
  )
  SELECT coalesce(array_agg(attempt ORDER BY attempt), '{}')
  FROM renewal
  WHERE before IS NOT NULL
    AND NOT EXISTS (SELECT FROM modelops.job_event AS told
                    WHERE told.job_id = renewal.job_id AND told.attempt >= before AND told.attempt < renewal.attempt
                      AND told.event = 'cleared' AND NOT told.detail @> '{"possible": true}')
    AND NOT EXISTS (SELECT FROM modelops.job_event AS told
                    WHERE told.job_id = renewal.job_id AND told.attempt = renewal.attempt AND told.event = 'repeated')
$$;
COMMENT ON FUNCTION modelops.attempts_without_requester IS
  'The attempts that began a version''s training or import anew while nobody is on record as having cleared it. Where there is one, nobody may decide on the version.';
REVOKE ALL ON FUNCTION modelops.attempts_without_requester FROM PUBLIC;
GRANT EXECUTE ON FUNCTION modelops.attempts_without_requester TO modelops_jobs, modelops_reader;

-- As before, and: no decision as long as the requester of an attempt is unknown.
CREATE OR REPLACE FUNCTION modelops.guard_decision() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  subject modelops.version;
  request modelops.approval_request;
  title text;
  work text;
  unrequested integer[];
BEGIN
  PERFORM modelops.check_isolation();
  -- Decisions on one version take turns.
  SELECT * INTO subject FROM modelops.version WHERE id = NEW.version_id FOR UPDATE;
  SELECT * INTO request FROM modelops.approval_request WHERE id = NEW.request_id AND version_id = NEW.version_id;
  title := format('%s v%s', subject.name, subject.number);
  work := CASE subject.kind WHEN 'feature_task' THEN 'import' ELSE 'training' END;
  IF NEW.approver = ANY (modelops.requesters(subject.id)) THEN
    RAISE EXCEPTION '% asked for the % of % and can''t decide on it', NEW.approver, work, title
      USING ERRCODE = 'check_violation', CONSTRAINT = 'decision_four_eyes';
  END IF;
  unrequested := modelops.attempts_without_requester(subject.id);
  IF cardinality(unrequested) > 0 THEN
    RAISE EXCEPTION 'nobody can decide on % yet: it isn''t on record who cleared its % before attempt %',
      title, work, array_to_string(unrequested, ', ')
      USING ERRCODE = 'check_violation', CONSTRAINT = 'decision_requesters_known';
  END IF;
  IF cardinality(request.approvers) > 0 AND NEW.approver <> ALL (request.approvers) THEN
    RAISE EXCEPTION '% isn''t among the approvers of %: %', NEW.approver, title, array_to_string(request.approvers, ', ')
      USING ERRCODE = 'check_violation', CONSTRAINT = 'decision_by_policy';
  END IF;
  IF EXISTS (SELECT FROM modelops.decision WHERE version_id = NEW.version_id AND approver = NEW.approver) THEN
    RAISE EXCEPTION '% has decided on % already', NEW.approver, title
      USING ERRCODE = 'unique_violation', CONSTRAINT = 'decision_once_per_person';
  END IF;
  IF subject.status IS DISTINCT FROM modelops.status_before_decision(subject.kind) THEN
    RAISE EXCEPTION '% is %: there is nothing to decide', title, subject.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'decision_of_evaluated';
  END IF;
  IF NOT EXISTS (SELECT FROM modelops.job
                 WHERE id = NEW.job_id AND type = modelops.job_type_of(subject.kind, 'approval') AND status = 'running'
                   AND version_id = NEW.version_id) OR request.job_id IS DISTINCT FROM NEW.job_id THEN
    RAISE EXCEPTION 'job % isn''t an approval of % under way', NEW.job_id, title
      USING ERRCODE = 'check_violation', CONSTRAINT = 'decision_under_way';
  END IF;
  IF NEW.digest IS DISTINCT FROM request.digest
     OR NEW.digest IS DISTINCT FROM modelops.digest(modelops.evidence(subject.id, request.champion_evaluation)) THEN
    RAISE EXCEPTION 'the evidence on % has changed since it was shown', title
      USING ERRCODE = 'check_violation', CONSTRAINT = 'decision_on_this_evidence';
  END IF;
  RETURN NEW;
END $$;
