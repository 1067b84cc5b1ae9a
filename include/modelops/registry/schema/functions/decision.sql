-- Decisions: a reviewer who is not a requester decides once, on evidence that has not changed.

CREATE OR REPLACE FUNCTION modelops.requesters(version_id bigint) RETURNS text[] LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  SELECT array_agg(DISTINCT who ORDER BY who) FROM (
    SELECT created_by FROM modelops.version WHERE id = requesters.version_id
    UNION
    SELECT actor FROM modelops.job_event JOIN modelops.version ON version.job_id = job_event.job_id
    WHERE version.id = requesters.version_id AND event = 'cleared'
    UNION
    SELECT challenger.requested_by FROM modelops.challenger
    JOIN modelops.job ON job.run_id = challenger.run_id
    JOIN modelops.version ON version.job_id = job.id WHERE version.id = requesters.version_id
  ) AS asked (who)
$$;
COMMENT ON FUNCTION modelops.requesters IS
  'The persons who requested a version''s training or import, by the DAG run, by clearing the task, or as the author of the alert rule that started it. None of them may decide on the version.';

-- An attempt that returned the recorded result (`repeated`) did no work. A `cleared` event whose detail has `possible`
-- names a person who may have cleared another task instead: that person counts as a requester, and the attempt still
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
  'The attempts after the first at a version''s training or import whose requester is not on record: the observer has not read the audit log yet, or nobody is known for certain to have cleared the task. While there is one, nobody may decide on the version.';

CREATE OR REPLACE FUNCTION modelops.guard_approval_request() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  subject modelops.version;
BEGIN
  SELECT * INTO subject FROM modelops.version WHERE id = NEW.version_id FOR SHARE;
  IF subject.status IS DISTINCT FROM modelops.status_before_decision(subject.kind) THEN
    RAISE EXCEPTION '% v% is %: only % version can be put to a decision', subject.name, subject.number, subject.status,
      CASE subject.kind WHEN 'feature_task' THEN 'a tested' ELSE 'an evaluated' END
      USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_request_of_evaluated';
  END IF;
  IF NOT EXISTS (SELECT FROM modelops.job
                 WHERE id = NEW.job_id AND type = modelops.job_type_of(subject.kind, 'approval') AND status = 'running'
                   AND attempt = NEW.attempt AND version_id = NEW.version_id) THEN
    RAISE EXCEPTION 'job % isn''t an approval of this version under way in attempt %', NEW.job_id, NEW.attempt
      USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_request_under_way';
  END IF;
  NEW.champion_evaluation := modelops.champion_evaluation(subject.id);
  NEW.artifact_sha256 := subject.artifact_sha256;
  NEW.evidence := modelops.evidence(subject.id, NEW.champion_evaluation);
  NEW.digest := modelops.digest(NEW.evidence);
  RETURN NEW;
END $$;
COMMENT ON FUNCTION modelops.guard_approval_request IS
  'Writes the evidence of a version that waits for a decision, its digest, and the evaluation that it is compared with.';
CREATE OR REPLACE TRIGGER approval_request_guard BEFORE INSERT ON modelops.approval_request
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_approval_request();

CREATE OR REPLACE FUNCTION modelops.guard_decision() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  subject modelops.version;
  request modelops.approval_request;
  title text;
  work text;
  unrequested integer[];
BEGIN
  PERFORM modelops.check_isolation();
  -- Serializes the decisions on a version.
  SELECT * INTO subject FROM modelops.version WHERE id = NEW.version_id FOR UPDATE;
  SELECT * INTO request FROM modelops.approval_request WHERE id = NEW.request_id AND version_id = NEW.version_id;
  title := format('%s v%s', subject.name, subject.number);
  work := CASE WHEN subject.definition IS NULL THEN 'training' ELSE 'import' END;
  IF NEW.approver = ANY (modelops.requesters(subject.id)) THEN
    RAISE EXCEPTION '% requested the % of % and can''t decide on it', NEW.approver, work, title
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
COMMENT ON FUNCTION modelops.guard_decision IS
  'Refuses a decision by a requester, by somebody whom the policy does not name, a second one by the same person, and one on evidence that has changed.';
CREATE OR REPLACE TRIGGER decision_guard BEFORE INSERT ON modelops.decision
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_decision();

REVOKE ALL ON FUNCTION
  modelops.requesters, modelops.attempts_without_requester, modelops.guard_approval_request,
  modelops.guard_decision
  FROM PUBLIC;
GRANT EXECUTE ON FUNCTION modelops.requesters, modelops.attempts_without_requester TO modelops_jobs, modelops_reader;
