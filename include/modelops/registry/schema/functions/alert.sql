-- Alerts: rules are set and ended by jobs; a check that is recorded raises and resolves alerts.

CREATE OR REPLACE FUNCTION modelops.guard_alert_rule() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  serving modelops.deployment;
  doing modelops.job;
BEGIN
  PERFORM modelops.check_isolation();
  -- Serializes changes, and refuses them after the end of the deployment.
  SELECT * INTO serving FROM modelops.deployment WHERE id = NEW.deployment_id FOR UPDATE;
  SELECT * INTO doing FROM modelops.job
  WHERE id = CASE TG_OP WHEN 'INSERT' THEN NEW.job_id ELSE NEW.ended_by END AND status = 'running'
    AND (type = (SELECT modelops.job_type_of(kind, 'alert_rule_change') FROM modelops.version WHERE id = serving.version_id)
         OR TG_OP = 'INSERT' AND id = serving.job_id AND NEW.continues IS NOT NULL);
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no job under way may change the alert rules of deployment %', NEW.deployment_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'alert_rule_under_way';
  END IF;
  IF TG_OP = 'UPDATE' THEN
    IF OLD.ended_at IS NOT NULL OR serving.ended_at IS NOT NULL THEN
      RAISE EXCEPTION 'alert rule % has ended', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'alert_rule_ends_once';
    END IF;
    IF to_jsonb(NEW) - 'ended_by' IS DISTINCT FROM to_jsonb(OLD) - 'ended_by' THEN
      RAISE EXCEPTION 'alert rule % can only end', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'alert_rule_stays';
    END IF;
    NEW.ended_at := clock_timestamp();
    RETURN NEW;
  END IF;
  IF serving.ended_at IS NOT NULL THEN
    RAISE EXCEPTION 'deployment % was % at %', serving.id, serving.ended_how, to_char(serving.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')
      USING ERRCODE = 'check_violation', CONSTRAINT = 'alert_rule_deployment_active';
  END IF;
  IF NEW.challenger_dataset IS NOT NULL AND (SELECT kind FROM modelops.version WHERE id = serving.version_id) <> 'model' THEN
    RAISE EXCEPTION 'deployment % is of a feature task; only models have challengers', serving.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'alert_rule_challenger';
  END IF;
  IF 50 <= (SELECT count(*) FROM modelops.alert_rule WHERE deployment_id = serving.id AND ended_at IS NULL) THEN
    RAISE EXCEPTION 'deployment % already has 50 open alert rules', serving.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'alert_rule_count';
  END IF;
  NEW.set_at := clock_timestamp();
  NEW.set_by := doing.requested_by;
  IF NEW.continues IS NOT NULL THEN
    SELECT rule.set_by INTO NEW.set_by
    FROM modelops.alert_rule AS rule JOIN modelops.deployment AS before ON before.id = rule.deployment_id
    WHERE rule.id = NEW.continues AND rule.ended_at IS NULL AND before.target = serving.target AND before.id <> serving.id
      AND before.ended_by = doing.id
      AND (rule.subject, rule.variable, rule.metric, rule.level, rule.below, rule.above, rule.checks, rule.beyond_natural,
           rule.challenger_dataset, rule.cool_down, rule.most_a_month)
        IS NOT DISTINCT FROM (NEW.subject, NEW.variable, NEW.metric, NEW.level, NEW.below, NEW.above, NEW.checks, NEW.beyond_natural,
                              NEW.challenger_dataset, NEW.cool_down, NEW.most_a_month);
    IF NOT FOUND THEN
      RAISE EXCEPTION 'rule % isn''t this rule of the deployment that deployment % has replaced', NEW.continues, serving.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'alert_rule_continues_same';
    END IF;
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION modelops.guard_alert_rule IS
  'Lets only a job under way set a rule of a deployment that has not ended, or end it, once; writes who requested it and when.';
CREATE OR REPLACE TRIGGER alert_rule_guard BEFORE INSERT OR UPDATE ON modelops.alert_rule
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_alert_rule();

CREATE OR REPLACE FUNCTION modelops.is_open(rule modelops.alert_rule) RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  SELECT rule.ended_at IS NULL AND deployment.ended_at IS NULL FROM modelops.deployment WHERE id = rule.deployment_id
$$;
COMMENT ON FUNCTION modelops.is_open IS 'Whether neither an alert rule nor its deployment has ended.';

CREATE OR REPLACE FUNCTION modelops.guard_alert() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  rule modelops.alert_rule;
  seen bigint := CASE TG_OP WHEN 'INSERT' THEN NEW.run_id ELSE NEW.resolved_run END;
BEGIN
  PERFORM modelops.check_isolation();
  SELECT * INTO rule FROM modelops.alert_rule WHERE id = NEW.rule_id FOR UPDATE;
  PERFORM FROM modelops.deployment JOIN modelops.batch_run AS run ON run.target = deployment.target
  JOIN modelops.version ON version.id = deployment.version_id
  JOIN modelops.job ON job.id = CASE TG_OP WHEN 'INSERT' THEN NEW.fired_by ELSE NEW.resolved_by END
  WHERE deployment.id = rule.deployment_id AND run.id = seen AND (rule.subject = 'metric' OR run.deployment_id = deployment.id)
    AND modelops.is_open(rule) AND job.status = 'running'
    AND job.type IN (modelops.job_type_of(version.kind, CASE rule.subject WHEN 'metric' THEN 'performance' ELSE 'drift' END),
                     modelops.job_type_of(version.kind, 'alert_rule_change'));
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no job under way may change the alerts of rule % by batch run %', NEW.rule_id, seen
      USING ERRCODE = 'check_violation', CONSTRAINT = 'alert_under_way';
  END IF;
  IF TG_OP = 'UPDATE' THEN
    IF OLD.resolved_at IS NOT NULL
       OR to_jsonb(NEW) - '{resolved_by,resolved_run}'::text[] IS DISTINCT FROM to_jsonb(OLD) - '{resolved_by,resolved_run}'::text[] THEN
      RAISE EXCEPTION 'alert % can only be resolved, once', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'alert_resolved_once';
    END IF;
    NEW.resolved_at := clock_timestamp();
    RETURN NEW;
  END IF;
  IF rule.subject = 'metric'
     AND NOT EXISTS (SELECT FROM modelops.performance WHERE (run_id, job_id, attempt) = (NEW.run_id, NEW.job_id, NEW.attempt))
     OR rule.subject <> 'metric'
     AND NOT EXISTS (SELECT FROM modelops.drift WHERE (run_id, job_id, attempt) = (NEW.run_id, NEW.job_id, NEW.attempt)) THEN
    RAISE EXCEPTION 'job % has recorded no check of batch run % in attempt %', NEW.job_id, NEW.run_id, NEW.attempt
      USING ERRCODE = 'check_violation', CONSTRAINT = 'alert_of_check';
  END IF;
  NEW.fired_at := clock_timestamp();
  RETURN NEW;
END $$;
COMMENT ON FUNCTION modelops.guard_alert IS
  'Lets only a job under way raise an alert of a rule that has not ended, by a check on record, and resolve it once.';
CREATE OR REPLACE TRIGGER alert_guard BEFORE INSERT OR UPDATE ON modelops.alert
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_alert();

CREATE OR REPLACE FUNCTION modelops.guard_alert_snooze() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  SELECT job.requested_by INTO NEW.set_by
  FROM modelops.alert_rule AS rule JOIN modelops.deployment ON deployment.id = rule.deployment_id
  JOIN modelops.version ON version.id = deployment.version_id
  JOIN modelops.job ON job.id = NEW.job_id
  WHERE rule.id = NEW.rule_id AND modelops.is_open(rule) AND job.status = 'running'
    AND job.type = modelops.job_type_of(version.kind, 'alert_rule_change');
  IF NOT FOUND THEN
    IF EXISTS (SELECT FROM modelops.alert_rule AS rule WHERE id = NEW.rule_id AND NOT modelops.is_open(rule)) THEN
      RAISE EXCEPTION 'alert rule % has ended', NEW.rule_id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'alert_rule_ends_once';
    END IF;
    RAISE EXCEPTION 'no job under way may snooze alert rule %', NEW.rule_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'alert_snooze_under_way';
  END IF;
  NEW.set_at := clock_timestamp();
  IF NEW.until NOT BETWEEN NEW.set_at AND NEW.set_at + interval '366 days' THEN
    RAISE EXCEPTION 'a snooze ends within the next 366 days, not at %', NEW.until
      USING ERRCODE = 'check_violation', CONSTRAINT = 'alert_snooze_until';
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION modelops.guard_alert_snooze IS
  'Lets only a job under way snooze a rule that has not ended, until a time to come; writes who requested it and when.';
CREATE OR REPLACE TRIGGER alert_snooze_guard BEFORE INSERT ON modelops.alert_snooze
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_alert_snooze();

CREATE OR REPLACE FUNCTION modelops.newest_checks(deployment bigint, of_role modelops.variable_role, of_variable text, most integer)
RETURNS TABLE (run_id bigint, job_id bigint, attempt integer, place bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  -- Only the latest thousand batches are considered, with and without intervals.
  WITH latest AS MATERIALIZED (
    (SELECT run.id, run.covers, run.published_at FROM modelops.batch_run AS run
     WHERE run.deployment_id = deployment AND run.whole_id IS NULL AND run.published_at IS NOT NULL
       AND coalesce(upper(run.covers), 'infinity') < 'infinity'
     ORDER BY coalesce(upper(run.covers), 'infinity') DESC, coalesce(lower(run.covers), '-infinity') DESC, run.id DESC LIMIT 1000)
    UNION ALL
    (SELECT run.id, run.covers, run.published_at FROM modelops.batch_run AS run
     WHERE run.deployment_id = deployment AND run.covers = '(,)' AND run.part IS NULL AND run.published_at IS NOT NULL
     ORDER BY run.published_at DESC LIMIT 1000)
  ), checked AS (
    -- For an interval: the newest batch that was checked, even if a newer one waits for its check.
    SELECT DISTINCT ON (latest.covers, CASE WHEN upper_inf(latest.covers) THEN latest.id END) latest.*, found.job_id, found.attempt
    FROM latest CROSS JOIN LATERAL (
      SELECT drift.job_id, drift.attempt FROM modelops.drift
      WHERE drift.run_id = latest.id AND role = of_role AND verdict NOT IN ('not_enough_rows', 'not_comparable')
        AND (of_variable IS NULL OR variable = of_variable)
      ORDER BY drift.id DESC LIMIT 1) AS found
    ORDER BY latest.covers, CASE WHEN upper_inf(latest.covers) THEN latest.id END, latest.id DESC
  )
  SELECT id, job_id, attempt, row_number() OVER (ORDER BY coalesce(upper(covers), published_at) DESC, published_at DESC, id DESC)
  FROM checked ORDER BY 4 LIMIT most
$$;
COMMENT ON FUNCTION modelops.newest_checks IS
  'The drift checks with a verdict on a feature or prediction, or on any: one for each of the latest data intervals, or batches without one. Place 1 is the latest.';

CREATE OR REPLACE FUNCTION modelops.newest_measurements(of_target text, label text, of_metric text, most integer)
RETURNS TABLE (run_id bigint, job_id bigint, attempt integer, value double precision, lower double precision,
  upper double precision, place bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  -- Only the latest thousand batches are considered, with and without intervals.
  WITH latest AS MATERIALIZED (
    (SELECT run.id, run.covers, run.published_at FROM modelops.batch_run AS run
     WHERE run.target = of_target AND run.measured_at IS NOT NULL AND coalesce(upper(run.covers), 'infinity') < 'infinity'
     ORDER BY coalesce(upper(run.covers), 'infinity') DESC, coalesce(lower(run.covers), '-infinity') DESC, run.id DESC LIMIT 1000)
    UNION ALL
    (SELECT run.id, run.covers, run.published_at FROM modelops.batch_run AS run
     WHERE run.target = of_target AND run.measured_at IS NOT NULL AND coalesce(upper(run.covers), 'infinity') = 'infinity'
     ORDER BY coalesce(lower(run.covers), '-infinity') DESC, run.id DESC LIMIT 1000)
  ), measured AS (
    -- For an interval: the batch that was published first.
    SELECT DISTINCT ON (latest.covers, CASE WHEN upper_inf(latest.covers) THEN latest.id END) latest.*, found.*
    FROM latest CROSS JOIN LATERAL (
      SELECT performance.job_id, performance.attempt, metric.value, metric.lower AS low, metric.upper AS high
      FROM modelops.performance JOIN modelops.performance_metric AS metric ON metric.performance_id = performance.id
      WHERE performance.run_id = latest.id AND metric.target = label AND metric.metric = of_metric
      ORDER BY performance.id DESC LIMIT 1) AS found
    ORDER BY latest.covers, CASE WHEN upper_inf(latest.covers) THEN latest.id END, latest.published_at, latest.id
  )
  SELECT id, job_id, attempt, value, low, high,
         row_number() OVER (ORDER BY coalesce(upper(covers), published_at) DESC, published_at DESC, id DESC)
  FROM measured ORDER BY 7 LIMIT most
$$;
COMMENT ON FUNCTION modelops.newest_measurements IS
  'The newest measurement of a metric for each of the latest data intervals of a target, of the batch with it that was published first; or of batches without an interval. Place 1 is the latest.';

-- Challengers: a firing alert retrains the model within the limits of its rule; a person approves the version.
CREATE OR REPLACE FUNCTION modelops.may_challenge(rule_id bigint) RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  SELECT challenger_dataset IS NOT NULL AND alert_id IS NOT NULL AND snoozed_until IS NULL
    AND NOT EXISTS (SELECT FROM modelops.challenger AS last
                    WHERE last.target = rule.target AND last.requested_at > clock_timestamp() - rule.cool_down)
    AND most_a_month > (SELECT count(*) FROM modelops.challenger AS last
                        WHERE last.target = rule.target AND last.requested_at > clock_timestamp() - interval '30 days')
  FROM modelops.alert_rule_state AS rule WHERE rule.id = may_challenge.rule_id
$$;
COMMENT ON FUNCTION modelops.may_challenge IS
  'Whether a rule may start a challenger now: its alert is firing and not snoozed, the cool-down of its target is over, and the limit of 30 days isn''t reached.';

CREATE OR REPLACE FUNCTION modelops.guard_challenger() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  rule modelops.alert_rule_state;
BEGIN
  PERFORM modelops.check_isolation();
  SELECT state.* INTO rule FROM modelops.alert_rule_state AS state WHERE alert_id = NEW.alert_id;
  PERFORM modelops.take_lock('challenger ' || coalesce(rule.target, ''));
  IF modelops.may_challenge(rule.id) IS NOT TRUE THEN
    RAISE EXCEPTION 'alert % may not start a challenger now', NEW.alert_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'challenger_allowed';
  END IF;
  NEW.target := rule.target;
  NEW.run_id := 'challenger__alert_' || NEW.alert_id || '_' || gen_random_uuid();
  NEW.requested_by := rule.set_by;
  NEW.requested_at := clock_timestamp();
  RETURN NEW;
END $$;
COMMENT ON FUNCTION modelops.guard_challenger IS
  'Lets a firing alert start a challenger if its rule allows it now; writes whose it is.';
CREATE OR REPLACE TRIGGER challenger_guard BEFORE INSERT ON modelops.challenger
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_challenger();

REVOKE ALL ON FUNCTION modelops.may_challenge, modelops.guard_challenger FROM PUBLIC;
GRANT EXECUTE ON FUNCTION modelops.may_challenge TO modelops_jobs, modelops_reader;
REVOKE ALL ON FUNCTION modelops.guard_alert_rule, modelops.is_open, modelops.guard_alert, modelops.guard_alert_snooze,
  modelops.newest_checks, modelops.newest_measurements FROM PUBLIC;
GRANT EXECUTE ON FUNCTION modelops.is_open, modelops.newest_checks, modelops.newest_measurements TO modelops_jobs, modelops_reader;
