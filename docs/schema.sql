-- The schema of a new installation; written by `./modelops test integration --write-docs`.
CREATE SCHEMA modelops;
ALTER SCHEMA modelops OWNER TO modelops_owner;
COMMENT ON SCHEMA modelops IS 'Registry of model versions and ledger of jobs. Written by modelops_jobs only; closed to users'' SQL.';
CREATE TYPE modelops.alert_event AS ENUM (
    'firing',
    'resolved'
);
ALTER TYPE modelops.alert_event OWNER TO modelops_owner;
CREATE TYPE modelops.alert_subject AS ENUM (
    'features',
    'predictions',
    'metric'
);
ALTER TYPE modelops.alert_subject OWNER TO modelops_owner;
CREATE TYPE modelops.artifact_role AS ENUM (
    'code',
    'requirements',
    'output',
    'sample',
    'scored_rows'
);
ALTER TYPE modelops.artifact_role OWNER TO modelops_owner;
CREATE TYPE modelops.deployment_end AS ENUM (
    'replaced',
    'retired'
);
ALTER TYPE modelops.deployment_end OWNER TO modelops_owner;
CREATE TYPE modelops.drift_verdict AS ENUM (
    'stable',
    'moved',
    'moderate',
    'major',
    'not_enough_rows',
    'reference_too_small',
    'not_comparable'
);
ALTER TYPE modelops.drift_verdict OWNER TO modelops_owner;
CREATE TYPE modelops.engine AS ENUM (
    'batch',
    'sql',
    'python'
);
ALTER TYPE modelops.engine OWNER TO modelops_owner;
CREATE TYPE modelops.event AS ENUM (
    'created',
    'cleared',
    'scheduled',
    'queued',
    'waiting',
    'running',
    'step',
    'awaiting_approval',
    'refused',
    'retrying',
    'completed',
    'failed',
    'cancelled',
    'skipped',
    'repeated',
    'lost'
);
ALTER TYPE modelops.event OWNER TO modelops_owner;
CREATE TYPE modelops.job_status AS ENUM (
    'created',
    'scheduled',
    'queued',
    'running',
    'awaiting_approval',
    'retrying',
    'completed',
    'failed',
    'cancelled',
    'skipped'
);
ALTER TYPE modelops.job_status OWNER TO modelops_owner;
CREATE TYPE modelops.job_type AS ENUM (
    'training',
    'evaluation',
    'approval',
    'deployment',
    'retirement',
    'batch_prediction',
    'feature_import',
    'feature_run',
    'feature_approval',
    'feature_deployment',
    'feature_batch',
    'feature_retirement',
    'schedule_change',
    'compute_statistics',
    'drift_check',
    'performance_measurement',
    'alert_rule_change',
    'connection_check',
    'model_import'
);
ALTER TYPE modelops.job_type OWNER TO modelops_owner;
CREATE DOMAIN modelops.sha256 AS text
	CONSTRAINT sha256_hex CHECK ((VALUE ~ '^[0-9a-f]{64}$'::text));
ALTER DOMAIN modelops.sha256 OWNER TO modelops_owner;
CREATE TYPE modelops.variable_role AS ENUM (
    'feature',
    'target',
    'prediction',
    'key'
);
ALTER TYPE modelops.variable_role OWNER TO modelops_owner;
CREATE TYPE modelops.verdict AS ENUM (
    'approved',
    'rejected'
);
ALTER TYPE modelops.verdict OWNER TO modelops_owner;
CREATE TYPE modelops.version_kind AS ENUM (
    'model',
    'feature_task'
);
ALTER TYPE modelops.version_kind OWNER TO modelops_owner;
CREATE TYPE modelops.version_status AS ENUM (
    'created',
    'imported',
    'trained',
    'evaluated',
    'tested',
    'approved',
    'rejected',
    'deployed',
    'retired',
    'failed'
);
ALTER TYPE modelops.version_status OWNER TO modelops_owner;
CREATE FUNCTION modelops.artifact_digest(version_id bigint) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT encode(sha256(convert_to(
    jsonb_agg(jsonb_build_array(role, name, sha256) ORDER BY role, name COLLATE "C")::text, 'UTF8')), 'hex')
  FROM modelops.artifact WHERE artifact.version_id = artifact_digest.version_id
$$;
ALTER FUNCTION modelops.artifact_digest(version_id bigint) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.artifact_digest(version_id bigint) IS 'The SHA-256 over role, name and hash of all artifacts of a version; null if it has none.';
CREATE FUNCTION modelops.attempts_without_requester(version_id bigint) RETURNS integer[]
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
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
ALTER FUNCTION modelops.attempts_without_requester(version_id bigint) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.attempts_without_requester(version_id bigint) IS 'The attempts after the first at a version''s training or import whose requester is not on record: the observer has not read the audit log yet, or nobody is known for certain to have cleared the task. While there is one, nobody may decide on the version.';
CREATE FUNCTION modelops.champion_evaluation(version_id bigint) RETURNS bigint
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT evaluation.id
  FROM modelops.version AS subject
  JOIN modelops.deployment ON deployment.model = subject.name AND deployment.ended_at IS NULL
                          AND deployment.version_id <> subject.id
  JOIN modelops.version AS champion ON champion.id = deployment.version_id AND champion.kind = subject.kind
  JOIN modelops.evaluation ON evaluation.version_id = champion.id
  WHERE subject.id = champion_evaluation.version_id
  ORDER BY deployment.started_at DESC,
           (evaluation.data_sha256 = (SELECT data_sha256 FROM modelops.evaluation AS own WHERE own.version_id = subject.id
                                      ORDER BY own.id DESC LIMIT 1)) DESC,
           evaluation.id DESC
  LIMIT 1
$$;
ALTER FUNCTION modelops.champion_evaluation(version_id bigint) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.champion_evaluation(version_id bigint) IS 'The evaluation that a version is compared with: the champion''s on the same rows if there is one, else its newest.';
CREATE FUNCTION modelops.check_isolation() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'this is written in a transaction of READ COMMITTED only, not of %', upper(current_setting('transaction_isolation'))
      USING ERRCODE = 'check_violation', CONSTRAINT = 'read_committed';
  END IF;
END $$;
ALTER FUNCTION modelops.check_isolation() OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.check_isolation() IS 'Refuses other isolation levels than READ COMMITTED: after waiting for a lock, a guard must see what was committed meanwhile.';
CREATE FUNCTION modelops.digest(content jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT encode(sha256(convert_to(content::text, 'UTF8')), 'hex')
$$;
ALTER FUNCTION modelops.digest(content jsonb) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.digest(content jsonb) IS 'The SHA-256 of PostgreSQL''s text of a jsonb, which is the same for equal content.';
CREATE FUNCTION modelops.digest_evaluation() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  of_kind modelops.version_kind := (SELECT kind FROM modelops.version WHERE id = NEW.version_id);
BEGIN
  IF NOT EXISTS (SELECT FROM modelops.job
                 WHERE id = NEW.job_id AND type = modelops.job_type_of(of_kind, 'evaluation') AND status = 'running'
                   AND attempt = NEW.attempt) THEN
    RAISE EXCEPTION 'job % isn''t % under way in attempt %', NEW.job_id,
      CASE of_kind WHEN 'feature_task' THEN 'a run of a feature task' ELSE 'an evaluation' END, NEW.attempt
      USING ERRCODE = 'check_violation', CONSTRAINT = 'evaluation_under_way';
  END IF;
  NEW.digest := encode(sha256(convert_to((jsonb_build_array(NEW.version_id, NEW.artifact_sha256, NEW.dataset,
    NEW.data_sha256, NEW.data_rows, NEW.metrics)
    || CASE WHEN NEW.statistics IS NULL THEN '[]' ELSE jsonb_build_array(NEW.statistics) END
    || CASE WHEN NEW.details IS NULL THEN '[]' ELSE jsonb_build_array(jsonb_build_object('details', NEW.details)) END)::text, 'UTF8')), 'hex');
  RETURN NEW;
END $$;
ALTER FUNCTION modelops.digest_evaluation() OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.digest_evaluation() IS 'Writes the digest of an evaluation, which only an evaluation job under way may add.';
CREATE FUNCTION modelops.distribution(drift_id bigint) RETURNS TABLE(bin integer, meaning text, lower double precision, upper double precision, category text, reference_rows bigint, rows bigint)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
  WITH batch AS (
    SELECT drift.role, drift.variable, drift.reference_id, drift.evaluation_id, deployment.version_id,
           statistics.kind, statistics.values
    FROM modelops.drift
    JOIN modelops.batch_run AS run ON run.id = drift.run_id
    JOIN modelops.deployment ON deployment.id = run.deployment_id
    JOIN modelops.statistics
      ON statistics.run_id = drift.run_id AND statistics.role = drift.role AND statistics.variable = drift.variable
    WHERE drift.id = drift_id),
  recorded AS (
    SELECT statistics.kind, statistics.values -> 'reference' AS reference
    FROM batch JOIN modelops.statistics ON statistics.reference_id = batch.reference_id
      AND statistics.role = batch.role AND statistics.variable = batch.variable
    UNION ALL
    SELECT statistics.kind, statistics.values -> 'reference'
    FROM batch JOIN modelops.statistics ON statistics.version_id = batch.version_id
      AND statistics.role = batch.role AND statistics.variable = batch.variable
    WHERE num_nonnulls(batch.reference_id, batch.evaluation_id) = 0
    UNION ALL
    SELECT one.value ->> 'kind', one.value #> '{values,reference}'
    FROM batch JOIN modelops.evaluation ON evaluation.id = batch.evaluation_id
    CROSS JOIN jsonb_array_elements(evaluation.statistics) AS one WHERE one.value ->> 'variable' = batch.variable),
  compared AS (
    -- Only if the batch was counted in the bins of the reference.
    SELECT batch.values, reference, reference ? 'edges' AS numeric
    FROM recorded JOIN batch USING (kind)
    WHERE jsonb_typeof(reference) = 'object'
      AND CASE WHEN reference ? 'edges' THEN reference -> 'edges' = batch.values #> '{bins,edges}'
        ELSE batch.values -> 'frequencies' ?& ARRAY(SELECT jsonb_array_elements_text(reference -> 'categories')) END),
  bins AS (
    SELECT edge.place::integer AS bin, CASE edge.place WHEN 1 THEN 'below' ELSE 'between' END AS meaning,
           lag(edge.value) OVER (ORDER BY edge.place)::double precision AS lower, edge.value::double precision AS upper,
           NULL AS category, CASE edge.place WHEN 1 THEN values #>> '{bins,below}'
             ELSE values #>> ARRAY['bins', 'counts', (edge.place - 2)::text] END AS rows
    FROM compared CROSS JOIN jsonb_array_elements_text(reference -> 'edges') WITH ORDINALITY AS edge (value, place)
    WHERE numeric
    UNION ALL
    SELECT jsonb_array_length(reference -> 'edges') + last.place, last.meaning,
           CASE last.meaning WHEN 'above' THEN (reference #>> '{edges,-1}')::double precision END, NULL, NULL, last.rows
    FROM compared CROSS JOIN LATERAL (VALUES
      (1, 'above', values #>> '{bins,above}'), (2, 'null', values ->> 'nulls'),
      (3, 'not_finite', ((values ->> 'nan')::bigint + (values ->> 'positive_infinities')::bigint
                         + (values ->> 'negative_infinities')::bigint)::text)) AS last (place, meaning, rows)
    WHERE numeric
    UNION ALL
    SELECT named.place::integer, 'category', NULL, NULL, named.category, values #>> ARRAY['frequencies', named.category]
    FROM compared CROSS JOIN jsonb_array_elements_text(reference -> 'categories') WITH ORDINALITY AS named (category, place)
    WHERE NOT numeric
    UNION ALL
    SELECT jsonb_array_length(reference -> 'categories') + last.place, last.meaning, NULL, NULL, NULL, last.rows
    FROM compared CROSS JOIN LATERAL (VALUES
      (1, 'rare_or_new', ((values ->> 'rows')::bigint - (values ->> 'nulls')::bigint - coalesce(
         (SELECT sum((values #>> ARRAY['frequencies', category])::bigint)
          FROM jsonb_array_elements_text(reference -> 'categories') AS category), 0))::text),
      (2, 'null', values ->> 'nulls')) AS last (place, meaning, rows)
    WHERE NOT numeric),
  reference_counts AS (
    SELECT one.place::integer AS bin, sum(one.count::bigint)::bigint AS rows
    FROM compared CROSS JOIN jsonb_array_elements(reference -> 'blocks') AS block
    CROSS JOIN jsonb_array_elements_text(block.value) WITH ORDINALITY AS one (count, place) GROUP BY one.place)
  SELECT bins.bin, bins.meaning, bins.lower, bins.upper, bins.category, reference_counts.rows, bins.rows::bigint
  FROM bins JOIN reference_counts USING (bin) ORDER BY bins.bin
$$;
ALTER FUNCTION modelops.distribution(drift_id bigint) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.distribution(drift_id bigint) IS 'For a row of modelops.drift, the number of rows in each bin of the column, in the reference and in the batch run; nothing if the run was not counted in the bins of the reference. meaning is below, between, above, category, rare_or_new, null or not_finite. A range includes its lower end and excludes its upper one; the last one includes both. Of categories, half of the rows of the reference are counted: the other half has chosen them.';
CREATE FUNCTION modelops.evaluation_evidence(evaluation_id bigint) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT jsonb_build_object('evaluation', id, 'dataset', dataset, 'rows', data_rows, 'data_sha256', data_sha256,
                            'metrics', metrics, 'digest', digest)
         || CASE WHEN statistics IS NULL THEN '{}' ELSE jsonb_build_object('statistics', statistics) END
         || CASE WHEN details IS NULL THEN '{}' ELSE jsonb_build_object('details_sha256', modelops.digest(details))
              || jsonb_strip_nulls(jsonb_build_object('headline', details -> 'headline', 'undefined', details -> 'undefined',
                                                        'standard', details -> 'standard')) END
  FROM modelops.evaluation WHERE id = evaluation_id
$$;
ALTER FUNCTION modelops.evaluation_evidence(evaluation_id bigint) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.evaluation_evidence(evaluation_id bigint) IS 'What the evidence says of one evaluation.';
CREATE FUNCTION modelops.evidence(version_id bigint, champion_evaluation bigint) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT jsonb_build_object(
    version.kind::text, version.name, 'version', version.number, 'requested_by', version.created_by,
    'commit', version.commit, 'dirty', version.dirty,
    'code_sha256', version.code_sha256, 'requirements_sha256', version.requirements_sha256,
    'artifact_sha256', version.artifact_sha256,
    'evaluations', (SELECT jsonb_agg(modelops.evaluation_evidence(evaluation.id) ORDER BY evaluation.id)
                    FROM modelops.evaluation WHERE evaluation.version_id = version.id),
    'champion', (SELECT jsonb_build_object('version', champion.number) || modelops.evaluation_evidence(compared.id)
                        || CASE champion.kind WHEN 'model' THEN '{}' ELSE jsonb_build_object(
                             'definition', champion.definition, 'code_sha256', champion.code_sha256) END
                 FROM modelops.evaluation AS compared JOIN modelops.version AS champion ON champion.id = compared.version_id
                 WHERE compared.id = champion_evaluation))
    || CASE
         WHEN version.definition IS NOT NULL THEN jsonb_build_object('definition', version.definition)
           || CASE version.kind WHEN 'model' THEN jsonb_build_object('statistics', modelops.statistics_evidence(version.id)) ELSE '{}' END
         ELSE jsonb_build_object('hyperparameters', version.hyperparameters, 'training', jsonb_build_object(
           'dataset', version.dataset, 'rows', version.data_rows, 'data_sha256', version.data_sha256)) END
  FROM modelops.version WHERE version.id = evidence.version_id
$$;
ALTER FUNCTION modelops.evidence(version_id bigint, champion_evaluation bigint) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.evidence(version_id bigint, champion_evaluation bigint) IS 'What a reviewer decides on: what the version is made of, all its evaluations, and one evaluation of what is in production.';
CREATE FUNCTION modelops.follow_deployment() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    UPDATE modelops.version SET status = 'deployed', changed_by = NEW.job_id WHERE id = NEW.version_id AND status = 'approved';
  ELSIF NOT EXISTS (SELECT FROM modelops.deployment WHERE version_id = NEW.version_id AND ended_at IS NULL) THEN
    UPDATE modelops.version
    SET status = (CASE NEW.ended_how WHEN 'replaced' THEN 'approved' ELSE 'retired' END)::modelops.version_status,
        changed_by = NEW.ended_by
    WHERE id = NEW.version_id;
  END IF;
  RETURN NULL;
END $$;
ALTER FUNCTION modelops.follow_deployment() OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.follow_deployment() IS 'Makes a version deployed exactly as long as it has a deployment that has not ended.';
CREATE FUNCTION modelops.following(deployment_id bigint) RETURNS TABLE(target text, follows text, incremental boolean, since timestamp with time zone)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
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
ALTER FUNCTION modelops.following(deployment_id bigint) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.following(deployment_id bigint) IS 'The feature table that a deployment follows, and since when; no row for other deployments.';
CREATE FUNCTION modelops.guard_alert() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
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
ALTER FUNCTION modelops.guard_alert() OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.guard_alert() IS 'Lets only a job under way raise an alert of a rule that has not ended, by a check on record, and resolve it once.';
CREATE FUNCTION modelops.guard_alert_rule() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
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
ALTER FUNCTION modelops.guard_alert_rule() OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.guard_alert_rule() IS 'Lets only a job under way set a rule of a deployment that has not ended, or end it, once; writes who requested it and when.';
CREATE FUNCTION modelops.guard_alert_snooze() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
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
ALTER FUNCTION modelops.guard_alert_snooze() OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.guard_alert_snooze() IS 'Lets only a job under way snooze a rule that has not ended, until a time to come; writes who requested it and when.';
CREATE FUNCTION modelops.guard_approval_request() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
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
ALTER FUNCTION modelops.guard_approval_request() OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.guard_approval_request() IS 'Writes the evidence of a version that waits for a decision, its digest, and the evaluation that it is compared with.';
CREATE FUNCTION modelops.guard_artifact() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  PERFORM FROM modelops.version WHERE id = NEW.version_id AND status = 'created' FOR SHARE;
  IF FOUND THEN RETURN NEW; END IF;
  PERFORM FROM modelops.job JOIN modelops.evaluation ON job.id = evaluation.job_id AND job.attempt = evaluation.attempt
  WHERE evaluation.id = NEW.evaluation_id AND job.status = 'running' FOR SHARE OF job;
  IF FOUND THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'artifact %: what it would belong to is finished', NEW.name
    USING ERRCODE = 'check_violation', CONSTRAINT = 'artifact_in_the_making';
END $$;
ALTER FUNCTION modelops.guard_artifact() OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.guard_artifact() IS 'Refuses an artifact of a version or an evaluation that is finished.';
CREATE FUNCTION modelops.guard_batch_run() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  serving modelops.deployment;
  subject modelops.version;
  other modelops.batch_run;
  incremental boolean;
  parts record;
BEGIN
  PERFORM modelops.check_isolation();
  IF TG_OP = 'UPDATE' AND num_nonnulls(OLD.swept_at, NEW.swept_at) > 0 THEN
    IF OLD.swept_at IS NULL
       AND to_jsonb(NEW) - '{swept_at,visible_covers}'::text[] = to_jsonb(OLD) - '{swept_at,visible_covers}'::text[]
       AND (OLD.superseded_at IS NOT NULL
            OR EXISTS (SELECT FROM modelops.batch_run AS whole WHERE whole.id = OLD.whole_id AND whole.superseded_at IS NOT NULL)
            OR OLD.published_at IS NULL AND OLD.whole_id IS NULL
               AND NOT EXISTS (SELECT FROM modelops.job WHERE id = OLD.job_id AND status = 'running' AND fence = OLD.fence)) THEN
      NEW.swept_at := clock_timestamp();
      NEW.labels_due_at := NULL;
      RETURN NEW;
    END IF;
    RAISE EXCEPTION 'run % can be swept once, when it is superseded or can''t be published any more, and stays so', OLD.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_run_swept';
  END IF;
  IF TG_OP = 'UPDATE' AND OLD.published_at IS NOT NULL THEN
    IF pg_trigger_depth() > 1 AND OLD.superseded_at IS NULL
       AND to_jsonb(NEW) - '{superseded_at,superseded_by,shows,visible_covers}'::text[]
         = to_jsonb(OLD) - '{superseded_at,superseded_by,shows,visible_covers}'::text[] THEN
      RETURN NEW;
    END IF;
    IF pg_trigger_depth() > 1 AND to_jsonb(NEW) - '{labels_due_at,measured_at,visible_covers}'::text[]
                                = to_jsonb(OLD) - '{labels_due_at,measured_at,visible_covers}'::text[] THEN
      RETURN NEW;
    END IF;
    RAISE EXCEPTION 'run % is published: what is on record of it stays', OLD.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_run_stays';
  END IF;
  IF TG_OP = 'UPDATE' AND OLD.staged_at IS NOT NULL THEN
    IF OLD.whole_id IS NOT NULL OR NEW.whole_id IS NULL
       OR to_jsonb(NEW) - '{whole_id,visible_covers}'::text[] IS DISTINCT FROM to_jsonb(OLD) - '{whole_id,visible_covers}'::text[]
       OR NOT EXISTS (SELECT FROM modelops.batch_run AS whole JOIN modelops.job ON job.id = whole.job_id
                      WHERE whole.id = NEW.whole_id AND whole.deployment_id = NEW.deployment_id AND whole.covers = NEW.covers
                        AND whole.part IS NULL AND whole.published_at IS NULL
                        AND job.status = 'running' AND job.attempt = whole.attempt AND job.fence = whole.fence) THEN
      RAISE EXCEPTION 'run % is a part that is staged: it can be taken once, into a whole run of the same interval under way', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_run_part_stays';
    END IF;
    RETURN NEW;
  END IF;
  IF TG_OP = 'UPDATE' AND NEW.part IS NULL THEN
    -- Locked before the deployment's row, in the order in which a new deployment locks both; otherwise a deadlock is possible.
    PERFORM modelops.take_lock('target ' || NEW.target);
  END IF;
  -- A transaction that ends the deployment either waits for this one, or has committed, and this one sees the end.
  SELECT * INTO serving FROM modelops.deployment WHERE id = NEW.deployment_id FOR SHARE;
  SELECT * INTO subject FROM modelops.version WHERE id = serving.version_id;
  IF NOT EXISTS (SELECT FROM modelops.job
                 WHERE id = NEW.job_id AND type = modelops.job_type_of(subject.kind, 'batch') AND status = 'running'
                   AND attempt = NEW.attempt AND fence = NEW.fence) THEN
    RAISE EXCEPTION 'job % isn''t a % under way in attempt %', NEW.job_id,
      CASE subject.kind WHEN 'feature_task' THEN 'batch run of a feature task' ELSE 'batch prediction' END, NEW.attempt
      USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_run_under_way';
  END IF;
  IF serving.ended_at IS NOT NULL THEN
    RAISE EXCEPTION 'deployment % was % at %', serving.id, serving.ended_how, to_char(serving.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')
      USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_run_deployment_active';
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF NEW.part >= serving.parts THEN
      RAISE EXCEPTION 'a batch of deployment % is cut into % parts: there is no part %', serving.id, serving.parts, NEW.part
        USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_run_part_of_deployment';
    END IF;
    NEW.target := serving.target;
    RETURN NEW;
  END IF;
  IF NEW.part IS NOT NULL THEN
    NEW.staged_at := clock_timestamp();
    RETURN NEW;
  END IF;
  SELECT count(*) AS number, sum(part.rows) AS rows, sum(part.set_aside) AS set_aside INTO parts
  FROM modelops.batch_run AS part WHERE part.whole_id = NEW.id;
  IF parts.number > 0 AND (parts.number, parts.rows, parts.set_aside) IS DISTINCT FROM (serving.parts::bigint, NEW.rows::numeric, NEW.set_aside::numeric) THEN
    RAISE EXCEPTION 'run % has % of % parts, with % of % rows', NEW.id, parts.number, serving.parts, parts.rows, NEW.rows
      USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_run_all_parts';
  END IF;
  -- In the order of commits, even if the clock is set back: modelops.note_progress relies on it.
  NEW.published_at := greatest(clock_timestamp(), (SELECT max(published_at) + interval '1 microsecond'
                                                   FROM modelops.batch_run WHERE target = NEW.target));
  NEW.labels_due_at := modelops.labels_complete_at(NEW.covers, NEW.published_at, serving.maturity);
  incremental := coalesce(subject.definition ->> 'incremental', '') <> '';
  NEW.shows := CASE WHEN incremental THEN tstzmultirange(NEW.covers) END;
  -- Any part of the interval of an incremental run can be superseded; other runs are superseded as a whole.
  SELECT * INTO other FROM modelops.batch_run
  WHERE target = NEW.target AND published_at IS NOT NULL AND superseded_at IS NULL AND id <> NEW.id
    AND visible_covers && NEW.covers AND NOT covers <@ NEW.covers AND (shows IS NULL OR NOT incremental);
  IF FOUND THEN
    RAISE EXCEPTION 'the published run % covers %, which overlaps with %', other.id, other.covers, NEW.covers
      USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_run_overlap';
  END IF;
  UPDATE modelops.batch_run AS before
  SET shows = before.shows - NEW.shows,
      superseded_at = CASE WHEN before.shows <@ NEW.shows OR before.shows IS NULL THEN NEW.published_at END,
      superseded_by = CASE WHEN before.shows <@ NEW.shows OR before.shows IS NULL THEN NEW.id END
  WHERE target = NEW.target AND published_at IS NOT NULL AND superseded_at IS NULL AND id <> NEW.id
    AND visible_covers && NEW.covers AND (shows IS NULL OR shows && NEW.covers);
  RETURN NEW;
END $$;
ALTER FUNCTION modelops.guard_batch_run() OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.guard_batch_run() IS 'Lets only the job under way begin, stage and publish a run, for a deployment that has not ended; publishing supersedes the runs whose interval it covers.';
CREATE FUNCTION modelops.guard_bounds() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY TG_ARGV LOOP
    -- OLD is null where the row is new.
    IF to_jsonb(NEW) -> name IS DISTINCT FROM to_jsonb(OLD) -> name AND NOT modelops.is_bounded(to_jsonb(NEW) -> name) THEN
      RAISE EXCEPTION 'the % of a % is out of bounds', name, TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = 'json_bounds';
    END IF;
  END LOOP;
  RETURN NEW;
END $$;
ALTER FUNCTION modelops.guard_bounds() OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.guard_bounds() IS 'Refuses new values out of bounds in the columns that the trigger names.';
CREATE FUNCTION modelops.guard_challenger() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
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
ALTER FUNCTION modelops.guard_challenger() OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.guard_challenger() IS 'Lets a firing alert start a challenger if its rule allows it now; writes whose it is.';
CREATE FUNCTION modelops.guard_decision() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
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
ALTER FUNCTION modelops.guard_decision() OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.guard_decision() IS 'Refuses a decision by a requester, by somebody whom the policy does not name, a second one by the same person, and one on evidence that has changed.';
CREATE FUNCTION modelops.guard_deployment() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  subject modelops.version;
  doing modelops.job;
  other record;
BEGIN
  PERFORM modelops.check_isolation();
  IF TG_OP = 'UPDATE' THEN
    IF OLD.ended_at IS NOT NULL OR NEW.ended_how IS NULL
       OR to_jsonb(NEW) - '{ended_at,ended_how,ended_by}'::text[] IS DISTINCT FROM to_jsonb(OLD) - '{ended_at,ended_how,ended_by}'::text[] THEN
      RAISE EXCEPTION 'deployment % can only end, once', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'deployment_ends_once';
    END IF;
    -- Serializes the ends of deployments of a version, so that each sees whether it is the last one.
    SELECT * INTO subject FROM modelops.version WHERE id = OLD.version_id FOR UPDATE;
    SELECT * INTO doing FROM modelops.job WHERE id = NEW.ended_by AND status = 'running';
    IF doing.id IS NULL OR doing.type IS DISTINCT FROM
       modelops.job_type_of(subject.kind, CASE NEW.ended_how WHEN 'replaced' THEN 'deployment' ELSE 'retirement' END) THEN
      RAISE EXCEPTION 'no job under way has % deployment %', NEW.ended_how, OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'deployment_ended_by_job';
    END IF;
    NEW.ended_at := greatest(clock_timestamp(), OLD.started_at);
    RETURN NEW;
  END IF;
  SELECT * INTO subject FROM modelops.version WHERE id = NEW.version_id FOR UPDATE;
  IF subject.status IS NULL OR subject.status NOT IN ('approved', 'deployed') THEN
    RAISE EXCEPTION '% v% is %: nobody has approved it', subject.name, subject.number, subject.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'deployment_approved';
  END IF;
  IF NEW.artifact_sha256 IS DISTINCT FROM modelops.artifact_digest(subject.id)
     OR NOT EXISTS (SELECT FROM modelops.decision JOIN modelops.approval_request AS request ON request.id = request_id
                    WHERE decision.id = NEW.decision_id AND decision.version_id = subject.id AND verdict = 'approved'
                      AND request.artifact_sha256 = NEW.artifact_sha256) THEN
    RAISE EXCEPTION '% v%: there is no decision that approves exactly these artifacts', subject.name, subject.number
      USING ERRCODE = 'check_violation', CONSTRAINT = 'deployment_approved';
  END IF;
  SELECT * INTO doing FROM modelops.job
  WHERE id = NEW.job_id AND type = modelops.job_type_of(subject.kind, 'deployment') AND status = 'running'
    AND version_id = subject.id;
  IF doing.id IS NULL THEN
    RAISE EXCEPTION 'job % isn''t a deployment of this version under way', NEW.job_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'deployment_under_way';
  END IF;
  IF subject.kind = 'feature_task' AND NEW.target IS DISTINCT FROM subject.definition ->> 'output' THEN
    RAISE EXCEPTION '% v% makes the table %, not %', subject.name, subject.number, subject.definition ->> 'output', NEW.target
      USING ERRCODE = 'check_violation', CONSTRAINT = 'deployment_into_its_output';
  END IF;
  PERFORM modelops.take_lock('target ' || NEW.target);
  SELECT kind, name INTO other FROM modelops.owners_of_target(NEW.target)
  WHERE (kind, name) <> (subject.kind, subject.name) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '% holds the % of %', NEW.target,
      CASE other.kind WHEN 'model' THEN 'predictions' ELSE 'features' END, other.name
      USING ERRCODE = 'check_violation', CONSTRAINT = 'deployment_target_of_one_model';
  END IF;
  NEW.model := subject.name;
  NEW.deployed_by := doing.requested_by;
  -- The replaced deployment ends when this one begins, so there is always exactly one champion.
  NEW.started_at := coalesce((SELECT ended_at FROM modelops.deployment
                              WHERE target = NEW.target AND ended_by = NEW.job_id AND ended_how = 'replaced'
                                AND id = (SELECT max(id) FROM modelops.deployment WHERE target = NEW.target)),
                             clock_timestamp());
  RETURN NEW;
END $$;
ALTER FUNCTION modelops.guard_deployment() OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.guard_deployment() IS 'Lets a deployment begin for an approved version with exactly the approved artifacts, and end once; both by a job under way.';
CREATE FUNCTION modelops.guard_deployment_target() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  subject modelops.version;
  other text;
BEGIN
  SELECT * INTO subject FROM modelops.version WHERE id = NEW.version_id;
  IF subject.kind = 'model' THEN
    other := modelops.target_bears_name_of(NEW.target, subject.name);
    IF other IS NOT NULL THEN
      RAISE EXCEPTION '% is the default target of %', NEW.target, other
        USING ERRCODE = 'check_violation', CONSTRAINT = 'deployment_target_of_one_model';
    END IF;
  END IF;
  RETURN NEW;
END $$;
ALTER FUNCTION modelops.guard_deployment_target() OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.guard_deployment_target() IS 'Refuses a target that has the name of another model or feature task.';
CREATE FUNCTION modelops.guard_drift_reference() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  PERFORM FROM modelops.batch_run AS run JOIN modelops.deployment ON deployment.id = run.deployment_id
  WHERE run.id = NEW.run_id
    AND (NEW.reference_id IS NULL OR EXISTS (SELECT FROM modelops.reference
           WHERE reference.id = NEW.reference_id AND reference.version_id = deployment.version_id))
    AND (NEW.evaluation_id IS NULL OR EXISTS (SELECT FROM modelops.evaluation
           WHERE evaluation.id = NEW.evaluation_id AND evaluation.version_id = deployment.version_id));
  IF FOUND THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'the reference isn''t one of the version of run %', NEW.run_id
    USING ERRCODE = 'check_violation', CONSTRAINT = 'drift_reference_of_version';
END $$;
ALTER FUNCTION modelops.guard_drift_reference() OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.guard_drift_reference() IS 'Lets a column be compared only with a reference of the version that made the batch.';
CREATE FUNCTION modelops.guard_finding() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  PERFORM FROM modelops.batch_run AS run
  JOIN modelops.deployment ON deployment.id = run.deployment_id
  JOIN modelops.version ON version.id = deployment.version_id
  JOIN modelops.job ON job.id = NEW.job_id
  WHERE run.id = NEW.run_id AND run.published_at IS NOT NULL
    AND job.type = modelops.job_type_of(version.kind, TG_ARGV[0]) AND job.version_id = version.id
    AND job.status = 'running' AND job.attempt = NEW.attempt
    AND (TG_ARGV[0] <> 'performance'
         OR run.rows = NEW.rows AND run.swept_at IS NULL AND deployment.truth IS NOT NULL);
  IF FOUND THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'job % isn''t a % under way in attempt %, of the version of the published run %',
    NEW.job_id, replace(modelops.job_type_of('model', TG_ARGV[0])::text, '_', ' '), NEW.attempt, NEW.run_id
    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_under_way';
END $$;
ALTER FUNCTION modelops.guard_finding() OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.guard_finding() IS 'Lets only a job under way of a stage add rows, of a published run of the version that it is about; a measurement is of all of its rows.';
CREATE FUNCTION modelops.guard_job_status() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status NOT IN ('created', 'running') OR num_nonnulls(NEW.result, NEW.error) > 0 THEN
      RAISE EXCEPTION 'a job begins as created or running, not as %', NEW.status
        USING ERRCODE = 'check_violation', CONSTRAINT = 'job_status_guard';
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.attempt < OLD.attempt OR NEW.fence < OLD.fence THEN
    RAISE EXCEPTION 'job % can''t go back from attempt %, fence % to attempt %, fence %',
      OLD.id, OLD.attempt, OLD.fence, NEW.attempt, NEW.fence
      USING ERRCODE = 'check_violation', CONSTRAINT = 'job_status_guard';
  END IF;
  -- The only step back within an attempt: a person has answered, and a worker resumes the job.
  IF NEW.status <> OLD.status AND NEW.attempt = OLD.attempt
     AND NOT (OLD.status = 'awaiting_approval' AND NEW.status = 'running')
     AND (NEW.status < OLD.status OR OLD.ended_at IS NOT NULL) THEN
    RAISE EXCEPTION 'job % is %; within attempt % it can''t become %', OLD.id, OLD.status, OLD.attempt, NEW.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'job_status_guard';
  END IF;
  IF OLD.ended_at IS NOT NULL AND NEW.attempt = OLD.attempt
     AND (NEW.subject, NEW.version_id, NEW.fence, NEW.requested_by, NEW.parameters, NEW.result, NEW.error,
          NEW.peak_memory, NEW.peak_allocated, NEW.cpu_seconds)
       IS DISTINCT FROM
       (OLD.subject, OLD.version_id, OLD.fence, OLD.requested_by, OLD.parameters, OLD.result, OLD.error,
        OLD.peak_memory, OLD.peak_allocated, OLD.cpu_seconds) THEN
    RAISE EXCEPTION 'job % is %: what is on record of it stays', OLD.id, OLD.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'job_status_guard';
  END IF;
  RETURN NEW;
END $$;
ALTER FUNCTION modelops.guard_job_status() OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.guard_job_status() IS 'Refuses a step back within an attempt, an older attempt or fence, and changes of a job that has ended.';
CREATE FUNCTION modelops.guard_metric() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  PERFORM FROM modelops.performance JOIN modelops.job ON job.id = performance.job_id
  WHERE performance.id = NEW.performance_id AND performance.labelled > 0
    AND job.status = 'running' AND job.attempt = performance.attempt;
  IF FOUND THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'measurement % has no labels, or is finished', NEW.performance_id
    USING ERRCODE = 'check_violation', CONSTRAINT = 'performance_metric_in_the_making';
END $$;
ALTER FUNCTION modelops.guard_metric() OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.guard_metric() IS 'Lets metrics be added to a measurement with labels, as long as its job is under way.';
CREATE FUNCTION modelops.guard_of_run() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  IF TG_TABLE_NAME <> 'statistics' OR NEW.run_id IS NOT NULL THEN
    PERFORM FROM modelops.batch_run WHERE id = NEW.run_id AND published_at IS NULL;
  ELSIF NEW.reference_id IS NOT NULL THEN
    PERFORM FROM modelops.reference JOIN modelops.job ON job.id = reference.job_id
    WHERE reference.id = NEW.reference_id AND job.status = 'running' AND job.attempt = reference.attempt;
  ELSE
    PERFORM FROM modelops.version WHERE id = NEW.version_id AND status = 'created' FOR SHARE;
  END IF;
  IF FOUND THEN RETURN NEW; END IF;
  RAISE EXCEPTION '%: what it would belong to is finished', TG_TABLE_NAME
    USING ERRCODE = 'check_violation', CONSTRAINT = 'in_the_making';
END $$;
ALTER FUNCTION modelops.guard_of_run() OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.guard_of_run() IS 'Refuses rejected rows, sources and statistics of a run that is published, and statistics of a version that is trained or of a reference whose job has ended.';
CREATE FUNCTION modelops.guard_reference() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  PERFORM FROM modelops.version JOIN modelops.job ON job.version_id = version.id
  WHERE version.id = NEW.version_id
    AND job.id = NEW.job_id AND job.status = 'running' AND job.attempt = NEW.attempt
    AND job.type IN (modelops.job_type_of(version.kind, 'evaluation'), modelops.job_type_of(version.kind, 'statistics'));
  IF FOUND THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'job % isn''t an evaluation or a computation of statistics of this version under way in attempt %',
    NEW.job_id, NEW.attempt
    USING ERRCODE = 'check_violation', CONSTRAINT = 'reference_under_way';
END $$;
ALTER FUNCTION modelops.guard_reference() OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.guard_reference() IS 'Lets only an evaluation or a computation of statistics under way on a version add a reference to it.';
CREATE FUNCTION modelops.guard_schedule() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  serving modelops.deployment;
  doing modelops.job;
BEGIN
  PERFORM modelops.check_isolation();
  -- Serializes changes, and refuses them after the end of the deployment.
  SELECT * INTO serving FROM modelops.deployment WHERE id = NEW.deployment_id FOR UPDATE;
  IF serving.ended_at IS NOT NULL THEN
    RAISE EXCEPTION 'deployment % was % at %', serving.id, serving.ended_how, to_char(serving.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')
      USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_deployment_active';
  END IF;
  SELECT * INTO doing FROM modelops.job
  WHERE id = NEW.job_id AND status = 'running' AND (id = serving.job_id OR type = (SELECT modelops.job_type_of(kind, 'schedule_change')
                                         FROM modelops.version WHERE id = serving.version_id));
  IF NOT FOUND THEN
    RAISE EXCEPTION 'job % isn''t one under way that may set the schedule of deployment %', NEW.job_id, NEW.deployment_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_under_way';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_timezone_names WHERE name = NEW.time_zone) THEN
    RAISE EXCEPTION 'there is no time zone %', quote_literal(NEW.time_zone)
      USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_time_zone';
  END IF;
  NEW.set_by := doing.requested_by;
  NEW.set_at := clock_timestamp();
  RETURN NEW;
END $$;
ALTER FUNCTION modelops.guard_schedule() OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.guard_schedule() IS 'Lets only a job under way set a schedule, for a deployment that has not ended; writes who requested it and when.';
CREATE FUNCTION modelops.guard_version() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  before modelops.version_status;
  doing modelops.job_type;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    before := OLD.status;
    IF (NEW.id, NEW.kind, NEW.name, NEW.number, NEW.job_id, NEW.created_by, NEW.created_at)
       IS DISTINCT FROM
       (OLD.id, OLD.kind, OLD.name, OLD.number, OLD.job_id, OLD.created_by, OLD.created_at)
    OR (OLD.code_sha256 IS NOT NULL
        AND (NEW.hyperparameters, NEW.definition, NEW.resources, NEW.commit, NEW.dirty, NEW.code_sha256, NEW.requirements_sha256)
        IS DISTINCT FROM
        (OLD.hyperparameters, OLD.definition, OLD.resources, OLD.commit, OLD.dirty, OLD.code_sha256, OLD.requirements_sha256))
    OR (OLD.artifact_sha256 IS NOT NULL
        AND (NEW.dataset, NEW.data_sha256, NEW.data_rows, NEW.columns, NEW.artifact_sha256)
        IS DISTINCT FROM (OLD.dataset, OLD.data_sha256, OLD.data_rows, OLD.columns, OLD.artifact_sha256)) THEN
      RAISE EXCEPTION '% v%: what a version pins is written once', OLD.name, OLD.number
        USING ERRCODE = 'check_violation', CONSTRAINT = 'version_pinned_once';
    END IF;
    IF NEW.status = OLD.status THEN
      IF NEW.changed_by <> OLD.changed_by THEN
        RAISE EXCEPTION '% v%: no job has changed it', OLD.name, OLD.number
          USING ERRCODE = 'check_violation', CONSTRAINT = 'version_transition';
      END IF;
      RETURN NEW;
    END IF;
  END IF;
  IF NEW.status IN ('trained', 'imported') THEN
    NEW.artifact_sha256 := modelops.artifact_digest(NEW.id);
  END IF;
  SELECT type INTO doing FROM modelops.job
  WHERE id = NEW.changed_by
    AND (id = NEW.job_id
         -- A job that makes a version changes no other one.
         OR type NOT IN (SELECT job_type FROM modelops.transition WHERE from_status IS NULL));
  IF NOT EXISTS (
    SELECT FROM modelops.transition
    WHERE kind = NEW.kind AND from_status IS NOT DISTINCT FROM before AND to_status = NEW.status AND job_type = doing)
  THEN
    RAISE EXCEPTION '% v%: there is no transition from % to % by a job of type %',
      NEW.name, NEW.number, coalesce(before::text, 'nothing'), NEW.status, doing
      USING ERRCODE = 'check_violation', CONSTRAINT = 'version_transition';
  END IF;
  RETURN NEW;
END $$;
ALTER FUNCTION modelops.guard_version() OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.guard_version() IS 'Refuses changes of what a version pins, and steps that are not rows of `modelops.transition`; writes the hash of the artifacts.';
CREATE FUNCTION modelops.guard_version_step() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  active boolean := EXISTS (SELECT FROM modelops.deployment WHERE version_id = NEW.id AND ended_at IS NULL);
BEGIN
  IF OLD.status = modelops.status_before_decision(OLD.kind) AND NEW.status IN ('approved', 'rejected') AND NOT EXISTS (
       SELECT FROM modelops.decision
       WHERE version_id = NEW.id AND job_id = NEW.changed_by AND verdict::text = NEW.status::text) THEN
    RAISE EXCEPTION '% v% can''t be % without a decision', NEW.name, NEW.number, NEW.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'version_decided';
  END IF;
  IF OLD.status = 'imported' AND NEW.status = 'evaluated' AND NOT EXISTS (
       SELECT FROM modelops.reference JOIN modelops.job ON job.id = reference.job_id
       WHERE reference.version_id = NEW.id AND job.type = modelops.job_type_of(NEW.kind, 'statistics')) THEN
    RAISE EXCEPTION '% v% can''t be evaluated: its statistics are not computed', NEW.name, NEW.number
      USING ERRCODE = 'check_violation', CONSTRAINT = 'version_statistics';
  END IF;
  IF (NEW.status = 'deployed') <> active AND 'deployed' IN (NEW.status, OLD.status) THEN
    RAISE EXCEPTION '% v% can''t be %: it has % deployment', NEW.name, NEW.number, NEW.status,
      CASE WHEN active THEN 'a' ELSE 'no' END
      USING ERRCODE = 'check_violation', CONSTRAINT = 'version_deployed';
  END IF;
  RETURN NEW;
END $$;
ALTER FUNCTION modelops.guard_version_step() OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.guard_version_step() IS 'Refuses `approved` and `rejected` without a decision, `deployed` without a deployment, and `evaluated` of an imported model without statistics.';
CREATE FUNCTION modelops.in_production_at(moment timestamp with time zone) RETURNS TABLE(kind modelops.version_kind, model text, version integer, deployment bigint, target text, engine modelops.engine, dataset jsonb, started_at timestamp with time zone, ended_at timestamp with time zone, ended_how modelops.deployment_end, deployed_by text, trained_for text, commit text, artifact_sha256 text, decision bigint, approver text, comment text, decided_at timestamp with time zone, evidence_digest text, evidence jsonb)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT version.kind, version.name, version.number, deployment.id, deployment.target, deployment.engine, deployment.dataset,
         deployment.started_at, deployment.ended_at, deployment.ended_how, deployment.deployed_by,
         version.created_by, version.commit, deployment.artifact_sha256,
         decision.id, decision.approver, decision.comment, decision.decided_at, decision.digest, request.evidence
  FROM modelops.deployment
  JOIN modelops.version ON version.id = deployment.version_id
  JOIN modelops.decision ON decision.id = deployment.decision_id
  JOIN modelops.approval_request AS request ON request.id = decision.request_id
  WHERE deployment.started_at <= moment AND (deployment.ended_at IS NULL OR moment < deployment.ended_at)
  ORDER BY version.kind, version.name, deployment.target
$$;
ALTER FUNCTION modelops.in_production_at(moment timestamp with time zone) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.in_production_at(moment timestamp with time zone) IS 'What was in production at a moment, by whose decision, and on what evidence: a row per model or feature task and target.';
CREATE FUNCTION modelops.is_bounded(value jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog'
    AS $_$
  SELECT NOT jsonb_path_exists(value, 'strict $.**{21}')
     AND NOT jsonb_path_exists(value, 'strict $.** ? (@.type() == "number") ? (@ > 9223372036854775807 || @ < -9223372036854775808)')
     AND NOT jsonb_path_exists(value, 'strict $.** ? (@.type() == "object").keyvalue() ? (@.key like_regex "^.{201}" flag "s")')
     AND octet_length(value::text) <= 16777216
$_$;
ALTER FUNCTION modelops.is_bounded(value jsonb) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.is_bounded(value jsonb) IS 'Whether a value can be read everywhere: at most 21 levels, numbers of 64 bits, names of 200 characters, 16 MiB.';
CREATE TABLE modelops.alert_rule (
    id bigint NOT NULL,
    deployment_id bigint NOT NULL,
    job_id bigint NOT NULL,
    subject modelops.alert_subject NOT NULL,
    variable text,
    metric text,
    level modelops.drift_verdict,
    below double precision,
    above double precision,
    checks smallint NOT NULL,
    beyond_natural boolean NOT NULL,
    continues bigint,
    set_by text NOT NULL,
    set_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    ended_by bigint,
    challenger_dataset text,
    cool_down interval,
    most_a_month smallint,
    CONSTRAINT alert_rule_challenger CHECK ((num_nonnulls(challenger_dataset, cool_down, most_a_month) = ANY (ARRAY[0, 3]))),
    CONSTRAINT alert_rule_checks CHECK (((checks >= 1) AND (checks <= 30))),
    CONSTRAINT alert_rule_cool_down CHECK (((cool_down >= '1 day'::interval) AND (cool_down <= '366 days'::interval))),
    CONSTRAINT alert_rule_ended_whole CHECK ((num_nonnulls(ended_at, ended_by) = ANY (ARRAY[0, 2]))),
    CONSTRAINT alert_rule_most_a_month CHECK (((most_a_month >= 1) AND (most_a_month <= 31))),
    CONSTRAINT alert_rule_whole CHECK (
CASE
    WHEN (subject = 'metric'::modelops.alert_subject) THEN ((num_nulls(variable, metric) = 0) AND (level IS NULL) AND (num_nonnulls(below, above) = 1) AND (abs(COALESCE(below, above)) < 'Infinity'::double precision))
    ELSE ((level IS NOT NULL) AND (level = ANY (ARRAY['moved'::modelops.drift_verdict, 'moderate'::modelops.drift_verdict, 'major'::modelops.drift_verdict])) AND (num_nonnulls(metric, below, above) = 0))
END)
);
ALTER TABLE modelops.alert_rule OWNER TO modelops_owner;
COMMENT ON TABLE modelops.alert_rule IS 'When a deployment raises an alert, and who has set this. A rule doesn''t change: it ends, and another one is set.';
COMMENT ON COLUMN modelops.alert_rule.variable IS 'The feature, the prediction, or the target of the metric; null: any feature, or any prediction.';
COMMENT ON COLUMN modelops.alert_rule.level IS 'The lowest verdict of a drift check that meets the rule.';
COMMENT ON COLUMN modelops.alert_rule.below IS 'A metric meets the rule if all of its confidence interval is below this; likewise above.';
COMMENT ON COLUMN modelops.alert_rule.checks IS 'The number of consecutive data intervals in which the rule must be met.';
COMMENT ON COLUMN modelops.alert_rule.beyond_natural IS 'Whether the drift must also be greater than the natural variation of the column.';
COMMENT ON COLUMN modelops.alert_rule.continues IS 'The rule of the deployment that this one has replaced.';
COMMENT ON COLUMN modelops.alert_rule.set_by IS 'Who requested it; written by the database, as are both times.';
COMMENT ON COLUMN modelops.alert_rule.challenger_dataset IS 'The name of a dataset, or SQL, on which a challenger is trained; null: no challenger is started.';
COMMENT ON COLUMN modelops.alert_rule.cool_down IS 'The minimum time between two challengers for the same target.';
COMMENT ON COLUMN modelops.alert_rule.most_a_month IS 'Maximum challengers for the same target in 30 days.';
CREATE FUNCTION modelops.is_open(rule modelops.alert_rule) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT rule.ended_at IS NULL AND deployment.ended_at IS NULL FROM modelops.deployment WHERE id = rule.deployment_id
$$;
ALTER FUNCTION modelops.is_open(rule modelops.alert_rule) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.is_open(rule modelops.alert_rule) IS 'Whether neither an alert rule nor its deployment has ended.';
CREATE FUNCTION modelops.job_type_of(kind modelops.version_kind, stage text) RETURNS modelops.job_type
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT job_type FROM modelops.stage WHERE stage.kind = job_type_of.kind AND stage.stage = job_type_of.stage
$$;
ALTER FUNCTION modelops.job_type_of(kind modelops.version_kind, stage text) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.job_type_of(kind modelops.version_kind, stage text) IS 'The type of the jobs of a stage (evaluation, approval, deployment, …) for this kind of version; null if the kind has no such stage.';
CREATE FUNCTION modelops.keep_times_of_job() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  is_same_attempt boolean := coalesce(NEW.attempt = OLD.attempt, false);
BEGIN
  NEW.started_at := CASE WHEN is_same_attempt THEN OLD.started_at END;
  IF NEW.fence > coalesce(OLD.fence, 0) THEN
    NEW.started_at := coalesce(NEW.started_at, clock_timestamp());
  END IF;
  IF NEW.status NOT IN ('completed', 'failed', 'cancelled', 'skipped') THEN
    NEW.ended_at := NULL;
    NEW.waited := NULL;
    NEW.worked := NULL;
  ELSIF is_same_attempt AND OLD.ended_at IS NOT NULL THEN
    NEW.ended_at := OLD.ended_at;
  ELSIF NEW.ended_at IS NULL OR NEW.ended_at = OLD.ended_at THEN
    -- Otherwise the statement sets the time of the end, from Airflow.
    NEW.ended_at := clock_timestamp();
  END IF;
  RETURN NEW;
END $$;
ALTER FUNCTION modelops.keep_times_of_job() OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.keep_times_of_job() IS 'Keeps when a worker first took the newest attempt, by raising the fence, and when that attempt ended the job.';
CREATE FUNCTION modelops.labels_complete_at(covers tstzrange, published_at timestamp with time zone, maturity interval) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
  -- Added as seconds, so that a day has 24 hours in every time zone.
  SELECT CASE WHEN maturity IS NOT NULL THEN -- greatest() ignores nulls
    greatest(coalesce(upper(covers), published_at) + make_interval(secs => extract(epoch FROM maturity)), published_at)
  END
$$;
ALTER FUNCTION modelops.labels_complete_at(covers tstzrange, published_at timestamp with time zone, maturity interval) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.labels_complete_at(covers tstzrange, published_at timestamp with time zone, maturity interval) IS 'When the labels of a published run are complete, and its rows are there; null: it has no labels.';
CREATE FUNCTION modelops.may_challenge(rule_id bigint) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT challenger_dataset IS NOT NULL AND alert_id IS NOT NULL AND snoozed_until IS NULL
    AND NOT EXISTS (SELECT FROM modelops.challenger AS last
                    WHERE last.target = rule.target AND last.requested_at > clock_timestamp() - rule.cool_down)
    AND most_a_month > (SELECT count(*) FROM modelops.challenger AS last
                        WHERE last.target = rule.target AND last.requested_at > clock_timestamp() - interval '30 days')
  FROM modelops.alert_rule_state AS rule WHERE rule.id = may_challenge.rule_id
$$;
ALTER FUNCTION modelops.may_challenge(rule_id bigint) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.may_challenge(rule_id bigint) IS 'Whether a rule may start a challenger now: its alert is firing and not snoozed, the cool-down of its target is over, and the limit of 30 days isn''t reached.';
CREATE FUNCTION modelops.newest_checks(deployment bigint, of_role modelops.variable_role, of_variable text, most integer) RETURNS TABLE(run_id bigint, job_id bigint, attempt integer, place bigint)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
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
ALTER FUNCTION modelops.newest_checks(deployment bigint, of_role modelops.variable_role, of_variable text, most integer) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.newest_checks(deployment bigint, of_role modelops.variable_role, of_variable text, most integer) IS 'The drift checks with a verdict on a feature or prediction, or on any: one for each of the latest data intervals, or batches without one. Place 1 is the latest.';
CREATE FUNCTION modelops.newest_measurements(of_target text, label text, of_metric text, most integer) RETURNS TABLE(run_id bigint, job_id bigint, attempt integer, value double precision, lower double precision, upper double precision, place bigint)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
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
ALTER FUNCTION modelops.newest_measurements(of_target text, label text, of_metric text, most integer) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.newest_measurements(of_target text, label text, of_metric text, most integer) IS 'The newest measurement of a metric for each of the latest data intervals of a target, of the batch with it that was published first; or of batches without an interval. Place 1 is the latest.';
CREATE FUNCTION modelops.note_measurement() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  due timestamptz;
BEGIN
  SELECT modelops.labels_complete_at(run.covers, run.published_at, deployment.maturity) INTO due
  FROM modelops.batch_run AS run JOIN modelops.deployment ON deployment.id = run.deployment_id
  WHERE run.id = NEW.run_id;
  UPDATE modelops.batch_run
  SET measured_at = NEW.measured_at,
      labels_due_at = CASE WHEN due > NEW.measured_at THEN labels_due_at
                           WHEN NEW.labelled < NEW.rows
                           THEN greatest(due + 2 * (NEW.measured_at - due), NEW.measured_at + interval '1 hour') END
  WHERE id = NEW.run_id;
  RETURN NULL;
END $$;
ALTER FUNCTION modelops.note_measurement() OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.note_measurement() IS 'Sets when a run was measured, and when its labels are looked up again: if some were missing, or it could not be measured.';
CREATE FUNCTION modelops.note_progress(deployment_id bigint) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
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
ALTER FUNCTION modelops.note_progress(deployment_id bigint) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.note_progress(deployment_id bigint) IS 'Records until when all publications in the work list of a deployment are processed, so that they are not read again.';
CREATE FUNCTION modelops.own_target(kind modelops.version_kind, name text, definition jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT CASE kind
    WHEN 'model' THEN 'predictions.' || regexp_replace(lower(regexp_replace(name, '^.*/', '')), '[^a-z0-9]', '_', 'g')
    ELSE definition ->> 'output'
  END
$$;
ALTER FUNCTION modelops.own_target(kind modelops.version_kind, name text, definition jsonb) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.own_target(kind modelops.version_kind, name text, definition jsonb) IS 'The target that has the name of a model, or that a feature task declares as its output.';
CREATE FUNCTION modelops.owners_of_target(target text) RETURNS TABLE(kind modelops.version_kind, name text)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT DISTINCT version.kind, version.name
  FROM modelops.deployment JOIN modelops.version ON version.id = deployment.version_id
  WHERE deployment.target = owners_of_target.target
    -- A replaced deployment has ended, and its successor begins in the same transaction.
    AND (deployment.ended_how IS DISTINCT FROM 'retired'
           AND deployment.id = (SELECT max(id) FROM modelops.deployment AS newest WHERE newest.target = owners_of_target.target)
         OR EXISTS (SELECT FROM modelops.batch_run AS run
                    WHERE run.deployment_id = deployment.id AND run.published_at IS NOT NULL AND run.part IS NULL))
$$;
ALTER FUNCTION modelops.owners_of_target(target text) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.owners_of_target(target text) IS 'The models and feature tasks to which a target belongs: those in production there, and those that have published into it.';
CREATE FUNCTION modelops.processed_until(deployment_id bigint) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT coalesce((SELECT progress.processed_until FROM modelops.work_list_progress AS progress
                   WHERE progress.deployment_id = processed_until.deployment_id
                     AND progress.follows = (SELECT follows FROM modelops.following(processed_until.deployment_id))), '-infinity')
$$;
ALTER FUNCTION modelops.processed_until(deployment_id bigint) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.processed_until(deployment_id bigint) IS 'A time before which no publication in the work list of a deployment is pending.';
CREATE FUNCTION modelops.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'check_violation', CONSTRAINT = 'append_only',
          HINT = 'Recorded rows are never changed; add a new row instead.';
END $$;
ALTER FUNCTION modelops.refuse_change() OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.refuse_change() IS 'Refuses the change that fires its trigger.';
CREATE FUNCTION modelops.requesters(version_id bigint) RETURNS text[]
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
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
ALTER FUNCTION modelops.requesters(version_id bigint) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.requesters(version_id bigint) IS 'The persons who requested a version''s training or import, by the DAG run, by clearing the task, or as the author of the alert rule that started it. None of them may decide on the version.';
CREATE FUNCTION modelops.statistics_evidence(version_id bigint) RETURNS jsonb
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT jsonb_build_object('dataset', dataset, 'rows', data_rows, 'data_sha256', data_sha256, 'warnings', warnings)
  FROM modelops.reference WHERE reference.version_id = statistics_evidence.version_id AND warnings IS NOT NULL
  ORDER BY id DESC LIMIT 1
$$;
ALTER FUNCTION modelops.statistics_evidence(version_id bigint) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.statistics_evidence(version_id bigint) IS 'What the evidence says of the newest statistics of an imported model''s features; null if there are none.';
CREATE FUNCTION modelops.status_before_decision(kind modelops.version_kind) RETURNS modelops.version_status
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT from_status FROM modelops.transition
  WHERE transition.kind = status_before_decision.kind AND to_status = 'rejected'
$$;
ALTER FUNCTION modelops.status_before_decision(kind modelops.version_kind) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.status_before_decision(kind modelops.version_kind) IS 'The status of a version of this kind that waits for a decision.';
CREATE FUNCTION modelops.sum_up_job() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  UPDATE modelops.job SET waited = total.waited, worked = total.worked
  FROM modelops.job_summary AS total
  WHERE job.id = NEW.job_id AND total.id = job.id
    AND job.ended_at IS NOT NULL
    AND (job.waited, job.worked) IS DISTINCT FROM (total.waited, total.worked);
  RETURN NULL;
END $$;
ALTER FUNCTION modelops.sum_up_job() OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.sum_up_job() IS 'Stores how long a job that has ended waited and worked. Runs at the end of the transaction, and again for events that are reported later.';
CREATE FUNCTION modelops.take_lock(name text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
BEGIN
  -- Waits for a transaction that has just made the row.
  INSERT INTO modelops.lock VALUES (take_lock.name) ON CONFLICT ON CONSTRAINT lock_pkey DO NOTHING;
  PERFORM FROM modelops.lock WHERE lock.name = take_lock.name FOR UPDATE;
END $$;
ALTER FUNCTION modelops.take_lock(name text) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.take_lock(name text) IS 'Locks a name to the end of the transaction, after waiting for the one that has it.';
CREATE FUNCTION modelops.target_bears_name_of(target text, model text) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT min(version.name)
  FROM modelops.version
  WHERE (kind, name) <> ('model', target_bears_name_of.model)
    AND status NOT IN ('failed', 'rejected')
    AND modelops.own_target(kind, name, definition) = target_bears_name_of.target
    AND modelops.own_target('model', target_bears_name_of.model, NULL) <> target_bears_name_of.target
    AND NOT EXISTS (SELECT FROM modelops.owners_of_target(target_bears_name_of.target) AS holder
                    WHERE (holder.kind, holder.name) = ('model', target_bears_name_of.model))
$$;
ALTER FUNCTION modelops.target_bears_name_of(target text, model text) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.target_bears_name_of(target text, model text) IS 'The other model or feature task whose default target this is, so that the model may not use it; null if there is none.';
CREATE FUNCTION modelops.target_is_released(target text) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog'
    AS $$
  SELECT EXISTS (SELECT FROM modelops.deployment WHERE deployment.target = target_is_released.target)
     AND NOT EXISTS (SELECT FROM modelops.owners_of_target(target_is_released.target))
$$;
ALTER FUNCTION modelops.target_is_released(target text) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.target_is_released(target text) IS 'Whether every deployment into the target ended before it published anything; another model may then use it.';
CREATE FUNCTION modelops.work_list(deployment_id bigint) RETURNS TABLE(source_id bigint, covers tstzrange, published_at timestamp with time zone, is_pending boolean)
    LANGUAGE sql STABLE
    AS $$
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
ALTER FUNCTION modelops.work_list(deployment_id bigint) OWNER TO modelops_owner;
COMMENT ON FUNCTION modelops.work_list(deployment_id bigint) IS 'The publications of the feature table that a deployment follows, since it follows it; and whether each is still to be processed.';
CREATE TABLE modelops.alert (
    id bigint NOT NULL,
    rule_id bigint CONSTRAINT alert_rule_id_not_null1 NOT NULL,
    run_id bigint NOT NULL,
    job_id bigint NOT NULL,
    attempt integer NOT NULL,
    found jsonb NOT NULL,
    fired_at timestamp with time zone NOT NULL,
    fired_by bigint NOT NULL,
    resolved_at timestamp with time zone,
    resolved_by bigint,
    resolved_run bigint,
    CONSTRAINT alert_found CHECK (((jsonb_typeof(found) = 'array'::text) AND (found <> '[]'::jsonb))),
    CONSTRAINT alert_resolved_whole CHECK ((num_nonnulls(resolved_at, resolved_by, resolved_run) = ANY (ARRAY[0, 3])))
);
ALTER TABLE modelops.alert OWNER TO modelops_owner;
COMMENT ON TABLE modelops.alert IS 'An alert is firing from a check that met its rule until one in which nothing meets it, or until the rule or its deployment ends.';
COMMENT ON COLUMN modelops.alert.run_id IS 'The newest batch run when the alert was raised; with job_id and attempt, its drift check or the measurement of its performance.';
COMMENT ON COLUMN modelops.alert.found IS 'What that check has found: for each column {"role", "variable", "verdict", "psi", "shift", "natural_variation", "bin", "before", "now"}, or [{"target", "metric", "before", "now", "lower", "upper"}].';
COMMENT ON COLUMN modelops.alert.fired_by IS 'The job under way that raised it.';
ALTER TABLE modelops.alert ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME modelops.alert_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE modelops.alert_notification (
    id bigint NOT NULL,
    alert_id bigint NOT NULL,
    event modelops.alert_event NOT NULL,
    notifier text NOT NULL,
    sent_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT alert_notification_notifier CHECK ((notifier ~ '\S'::text))
);
ALTER TABLE modelops.alert_notification OWNER TO modelops_owner;
COMMENT ON TABLE modelops.alert_notification IS 'Which notifier has sent a notification of an alert, and when. Append-only.';
ALTER TABLE modelops.alert_notification ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME modelops.alert_notification_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE modelops.alert_rule ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME modelops.alert_rule_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE modelops.alert_snooze (
    id bigint NOT NULL,
    rule_id bigint NOT NULL,
    job_id bigint NOT NULL,
    until timestamp with time zone,
    reason text,
    set_by text NOT NULL,
    set_at timestamp with time zone NOT NULL
);
ALTER TABLE modelops.alert_snooze OWNER TO modelops_owner;
COMMENT ON TABLE modelops.alert_snooze IS 'Until when a person has suspended the notifications and challengers of a rule, and why; until null: a snooze has ended. The newest row of a rule counts. Append-only.';
COMMENT ON COLUMN modelops.alert_snooze.set_by IS 'Who requested it; written by the database, as is set_at.';
CREATE TABLE modelops.deployment (
    id bigint NOT NULL,
    version_id bigint NOT NULL,
    model text NOT NULL,
    artifact_sha256 modelops.sha256 NOT NULL,
    decision_id bigint NOT NULL,
    job_id bigint NOT NULL,
    engine modelops.engine NOT NULL,
    dataset jsonb NOT NULL,
    target text NOT NULL,
    entity_key jsonb NOT NULL,
    outputs jsonb NOT NULL,
    set_aside_budget integer NOT NULL,
    deployed_by text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    ended_how modelops.deployment_end,
    ended_by bigint,
    parts smallint DEFAULT 1 NOT NULL,
    empty text DEFAULT 'intervals'::text NOT NULL,
    check_drift boolean DEFAULT true NOT NULL,
    truth jsonb,
    maturity interval,
    CONSTRAINT deployment_budget CHECK ((set_aside_budget >= 0)),
    CONSTRAINT deployment_empty CHECK ((empty = ANY (ARRAY['never'::text, 'intervals'::text, 'always'::text]))),
    CONSTRAINT deployment_ended_whole CHECK ((num_nonnulls(ended_at, ended_how, ended_by) = ANY (ARRAY[0, 3]))),
    CONSTRAINT deployment_lasted CHECK ((ended_at >= started_at)),
    CONSTRAINT deployment_maturity CHECK ((((truth IS NULL) = (maturity IS NULL)) AND (maturity >= '00:00:00'::interval))),
    CONSTRAINT deployment_parts CHECK (((parts >= 1) AND (parts <= 64))),
    CONSTRAINT deployment_truth CHECK (((jsonb_typeof(truth) = 'object'::text) AND (truth ?& '{name,sql,targets,type}'::text[])))
);
ALTER TABLE modelops.deployment OWNER TO modelops_owner;
COMMENT ON TABLE modelops.deployment IS 'An approved version in production: on which dataset, into which table, by which decision. Ends once, and stays on record.';
COMMENT ON COLUMN modelops.deployment.model IS 'Of the version; written by the database, as are deployed_by and both times.';
COMMENT ON COLUMN modelops.deployment.dataset IS 'What a model scores: {"name", "sql"}; what a feature task reads: {"inputs"}.';
COMMENT ON COLUMN modelops.deployment.target IS 'The view of what it produces, <schema>.<name>; the rows are in <schema>.<name>_rows.';
COMMENT ON COLUMN modelops.deployment.entity_key IS 'Columns of the entity key, in order: [{"name", "type"}], as PostgreSQL names types.';
COMMENT ON COLUMN modelops.deployment.outputs IS 'Columns other than the key: for a model, column → Arrow type of the scorer''s result; for a feature task, column → PostgreSQL type.';
COMMENT ON COLUMN modelops.deployment.set_aside_budget IS 'How many rows of a batch may be rejected because they can''t be scored.';
COMMENT ON COLUMN modelops.deployment.parts IS 'The number of partitions of a batch; each is a job, and one more job publishes them.';
COMMENT ON COLUMN modelops.deployment.empty IS 'Which batches may have no row: none, those for a data interval, or all.';
COMMENT ON COLUMN modelops.deployment.check_drift IS 'Whether each batch is compared with the reference once it is published.';
COMMENT ON COLUMN modelops.deployment.truth IS 'Where the labels of the predictions are: {"name", "sql", "targets", "type"}; null: their performance isn''t measured.';
COMMENT ON COLUMN modelops.deployment.maturity IS 'How long after the end of a data interval, or the publication of a batch without one, its labels are complete.';
CREATE TABLE modelops.version (
    id bigint NOT NULL,
    kind modelops.version_kind DEFAULT 'model'::modelops.version_kind NOT NULL,
    name text NOT NULL,
    number integer NOT NULL,
    status modelops.version_status DEFAULT 'created'::modelops.version_status NOT NULL,
    job_id bigint NOT NULL,
    changed_by bigint NOT NULL,
    created_by text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    hyperparameters jsonb,
    commit text,
    dirty boolean,
    code_sha256 modelops.sha256,
    requirements_sha256 modelops.sha256,
    dataset jsonb,
    data_sha256 modelops.sha256,
    data_rows bigint,
    columns jsonb,
    artifact_sha256 modelops.sha256,
    definition jsonb,
    columns_with_nulls text[],
    resources jsonb,
    CONSTRAINT version_number_positive CHECK ((number > 0)),
    CONSTRAINT version_pinned CHECK (((status = ANY (ARRAY['created'::modelops.version_status, 'failed'::modelops.version_status])) OR ((num_nulls(dirty, code_sha256, requirements_sha256, artifact_sha256) = 0) AND
CASE
    WHEN (kind = 'feature_task'::modelops.version_kind) THEN (definition IS NOT NULL)
    WHEN (definition IS NULL) THEN ((num_nulls(hyperparameters, dataset, data_sha256, data_rows, columns) = 0) AND (status <> 'imported'::modelops.version_status))
    ELSE ((jsonb_typeof(definition) = 'object'::text) AND ((definition ->> 'identity'::text) IS NOT NULL) AND (columns IS NOT NULL) AND (status <> 'trained'::modelops.version_status) AND (num_nonnulls(hyperparameters, dataset, data_sha256, data_rows, columns_with_nulls) = 0))
END)))
);
ALTER TABLE modelops.version OWNER TO modelops_owner;
COMMENT ON TABLE modelops.version IS 'The subject of a life cycle. What it pins is written once.';
COMMENT ON COLUMN modelops.version.name IS 'Reference of the model or the feature task: <repository>/<name>.';
COMMENT ON COLUMN modelops.version.job_id IS 'The job that makes it.';
COMMENT ON COLUMN modelops.version.changed_by IS 'The job that took the last transition.';
COMMENT ON COLUMN modelops.version.hyperparameters IS 'As trained: the repository''s, with the requester''s on top. Null for imported models and for feature tasks.';
COMMENT ON COLUMN modelops.version.dirty IS 'Trained or imported from files that were not committed, with the requester''s consent.';
COMMENT ON COLUMN modelops.version.columns IS 'Of a model: column of the training rows, or of an imported model''s dataset → its Arrow type. Null for feature tasks.';
COMMENT ON COLUMN modelops.version.artifact_sha256 IS 'Computed by the database when the training or the import completes: over role, name and hash of each of its artifacts.';
COMMENT ON COLUMN modelops.version.definition IS 'A feature task as its task.yaml declares it: language, inputs, output, key, columns, …; of an imported model, its file and how it is used. Null for trained models.';
COMMENT ON COLUMN modelops.version.columns_with_nulls IS 'Of a model: columns of the training rows in which a value was null. Null for feature tasks, for imported models, and for what was trained before this was recorded.';
COMMENT ON COLUMN modelops.version.resources IS 'The section resources of its config.json or task.yaml, memory in bytes. Null for what was pinned before there was one.';
CREATE VIEW modelops.alert_rule_state AS
 SELECT rule.id,
    rule.deployment_id,
    rule.job_id,
    rule.subject,
    rule.variable,
    rule.metric,
    rule.level,
    rule.below,
    rule.above,
    rule.checks,
    rule.beyond_natural,
    rule.continues,
    rule.set_by,
    rule.set_at,
    rule.ended_at,
    rule.ended_by,
    rule.challenger_dataset,
    rule.cool_down,
    rule.most_a_month,
    deployment.target,
    deployment.model,
    version.kind,
    version.number AS version,
    ((rule.ended_at IS NULL) AND (deployment.ended_at IS NULL)) AS is_open,
    firing.id AS alert_id,
    snooze.until AS snoozed_until,
    snooze.set_by AS snoozed_by,
    snooze.reason AS snooze_reason,
    snooze.job_id AS snooze_job_id,
    COALESCE(last.until, last.set_at) AS snooze_ended_at
   FROM (((((modelops.alert_rule rule
     JOIN modelops.deployment ON ((deployment.id = rule.deployment_id)))
     JOIN modelops.version ON ((version.id = deployment.version_id)))
     LEFT JOIN modelops.alert firing ON (((firing.rule_id = rule.id) AND (firing.resolved_at IS NULL) AND (rule.ended_at IS NULL) AND (deployment.ended_at IS NULL))))
     LEFT JOIN LATERAL ( SELECT alert_snooze.until,
            alert_snooze.set_by,
            alert_snooze.reason,
            alert_snooze.set_at,
            alert_snooze.job_id
           FROM modelops.alert_snooze
          WHERE (alert_snooze.rule_id = rule.id)
          ORDER BY alert_snooze.id DESC
         LIMIT 1) last ON (true))
     LEFT JOIN LATERAL ( SELECT last.until,
            last.set_by,
            last.reason,
            last.job_id
          WHERE (last.until > now())) snooze ON (true));
ALTER VIEW modelops.alert_rule_state OWNER TO modelops_owner;
COMMENT ON VIEW modelops.alert_rule_state IS 'The alert rules, each with its deployment, its firing alert and who has snoozed it; null: none, nobody. Rules end with their deployment. snooze_ended_at may be in the future.';
ALTER TABLE modelops.alert_snooze ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME modelops.alert_snooze_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE modelops.approval_request (
    id bigint NOT NULL,
    version_id bigint NOT NULL,
    job_id bigint NOT NULL,
    attempt integer NOT NULL,
    approvers text[] NOT NULL,
    champion_evaluation bigint,
    artifact_sha256 modelops.sha256 NOT NULL,
    evidence jsonb NOT NULL,
    digest modelops.sha256 NOT NULL,
    asked_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
ALTER TABLE modelops.approval_request OWNER TO modelops_owner;
COMMENT ON TABLE modelops.approval_request IS 'What was shown to the reviewers, as it stood then. The database writes the evidence and its digest. Append-only.';
COMMENT ON COLUMN modelops.approval_request.approvers IS 'Who may decide, by the model''s policy.yaml; empty: anybody except the requesters of the training.';
ALTER TABLE modelops.approval_request ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME modelops.approval_request_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE modelops.artifact (
    id bigint NOT NULL,
    version_id bigint,
    evaluation_id bigint,
    role modelops.artifact_role NOT NULL,
    name text NOT NULL,
    sha256 modelops.sha256 NOT NULL,
    size bigint NOT NULL,
    media_type text NOT NULL,
    uri text NOT NULL,
    CONSTRAINT artifact_named CHECK (((name <> ''::text) AND (name !~ '[[:cntrl:]]'::text))),
    CONSTRAINT artifact_of_one CHECK ((num_nonnulls(version_id, evaluation_id) = 1)),
    CONSTRAINT artifact_size CHECK ((size >= 0))
);
ALTER TABLE modelops.artifact OWNER TO modelops_owner;
COMMENT ON TABLE modelops.artifact IS 'A file that a job pinned or left, stored under its own hash. Append-only.';
COMMENT ON COLUMN modelops.artifact.role IS 'code: archive of the model''s folder; requirements: with versions and hashes; output: what user code left; scored_rows: of an evaluation.';
ALTER TABLE modelops.artifact ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME modelops.artifact_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE modelops.batch_run (
    id bigint NOT NULL,
    deployment_id bigint NOT NULL,
    target text NOT NULL,
    job_id bigint NOT NULL,
    attempt integer NOT NULL,
    fence bigint NOT NULL,
    covers tstzrange DEFAULT '(,)'::tstzrange NOT NULL,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    rows bigint,
    set_aside bigint,
    published_at timestamp with time zone,
    superseded_at timestamp with time zone,
    superseded_by bigint,
    shows tstzmultirange,
    part smallint,
    staged_at timestamp with time zone,
    whole_id bigint,
    visible_covers tstzrange GENERATED ALWAYS AS (
CASE
    WHEN ((published_at IS NOT NULL) AND (superseded_at IS NULL)) THEN covers
    ELSE NULL::tstzrange
END) STORED,
    swept_at timestamp with time zone,
    labels_due_at timestamp with time zone,
    measured_at timestamp with time zone,
    CONSTRAINT batch_run_covers CHECK ((NOT isempty(covers))),
    CONSTRAINT batch_run_part CHECK ((part >= 0)),
    CONSTRAINT batch_run_part_of_whole CHECK (((whole_id IS NULL) OR (staged_at IS NOT NULL))),
    CONSTRAINT batch_run_part_unpublished CHECK (((part IS NULL) OR (published_at IS NULL))),
    CONSTRAINT batch_run_published CHECK (((published_at IS NULL) OR (num_nulls(rows, set_aside) = 0))),
    CONSTRAINT batch_run_rows CHECK ((rows >= 0)),
    CONSTRAINT batch_run_set_aside CHECK ((set_aside >= 0)),
    CONSTRAINT batch_run_shows CHECK (((shows <@ tstzmultirange(covers)) AND ((shows IS NULL) OR (isempty(shows) = (superseded_at IS NOT NULL))))),
    CONSTRAINT batch_run_staged CHECK (((staged_at IS NULL) OR ((part IS NOT NULL) AND (num_nulls(rows, set_aside) = 0)))),
    CONSTRAINT batch_run_superseded CHECK (((num_nonnulls(superseded_at, superseded_by) = ANY (ARRAY[0, 2])) AND ((superseded_at IS NULL) OR (published_at IS NOT NULL))))
);
ALTER TABLE modelops.batch_run OWNER TO modelops_owner;
COMMENT ON TABLE modelops.batch_run IS 'One attempt at a batch. Readers see its rows from the moment when it is published until others supersede it.';
COMMENT ON COLUMN modelops.batch_run.covers IS 'The data interval, [start, end); (,) for a batch without an interval.';
COMMENT ON COLUMN modelops.batch_run.shows IS 'For an incremental feature task, once published: the times for which readers still see its rows. Null: all.';
COMMENT ON COLUMN modelops.batch_run.part IS 'The number of a partition, from 0; null for a whole batch.';
COMMENT ON COLUMN modelops.batch_run.staged_at IS 'For a partition: when all of its rows were written. Readers do not see them yet.';
COMMENT ON COLUMN modelops.batch_run.whole_id IS 'For a partition: the run that publishes its rows.';
COMMENT ON COLUMN modelops.batch_run.visible_covers IS 'The data interval while readers see the run, else null; for the planner, which knows how its values are spread.';
COMMENT ON COLUMN modelops.batch_run.swept_at IS 'When its rows were removed: it was superseded, or can never be published. Such a run stays as it is.';
COMMENT ON COLUMN modelops.batch_run.labels_due_at IS 'When the labels of a published run are looked up next; null: never, or not again. Written by the database.';
COMMENT ON COLUMN modelops.batch_run.measured_at IS 'When its performance was measured last. Written by the database.';
ALTER TABLE modelops.batch_run ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME modelops.batch_run_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE modelops.batch_run_source (
    run_id bigint NOT NULL,
    source_id bigint NOT NULL
);
ALTER TABLE modelops.batch_run_source OWNER TO modelops_owner;
COMMENT ON TABLE modelops.batch_run_source IS 'The publications of the followed feature table that a run has seen: those that were committed before it read. Append-only.';
COMMENT ON COLUMN modelops.batch_run_source.source_id IS 'The run that published the features.';
CREATE TABLE modelops.challenger (
    id bigint NOT NULL,
    alert_id bigint NOT NULL,
    target text NOT NULL,
    run_id text NOT NULL,
    requested_by text NOT NULL,
    requested_at timestamp with time zone NOT NULL
);
ALTER TABLE modelops.challenger OWNER TO modelops_owner;
COMMENT ON TABLE modelops.challenger IS 'The runs of model_lifecycle that alerts have started. Append-only; all but the alert is written by the database.';
COMMENT ON COLUMN modelops.challenger.run_id IS 'Of the DAG run, in Airflow.';
COMMENT ON COLUMN modelops.challenger.requested_by IS 'The author of the rule, who may not decide on the version.';
ALTER TABLE modelops.challenger ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME modelops.challenger_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE modelops.decision (
    id bigint NOT NULL,
    version_id bigint NOT NULL,
    request_id bigint NOT NULL,
    job_id bigint NOT NULL,
    digest modelops.sha256 NOT NULL,
    approver text NOT NULL,
    verdict modelops.verdict NOT NULL,
    comment text,
    decided_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT decision_approver_named CHECK ((approver <> ''::text)),
    CONSTRAINT decision_rejected_with_reason CHECK (((verdict <> 'rejected'::modelops.verdict) OR (COALESCE(comment, ''::text) ~ '\S'::text)))
);
ALTER TABLE modelops.decision OWNER TO modelops_owner;
COMMENT ON TABLE modelops.decision IS 'Who decided what on which evidence, and why. Append-only. It doesn''t depend on Airflow''s own record of the answer.';
COMMENT ON COLUMN modelops.decision.digest IS 'Of the evidence that was shown: the request''s, and still that of the version.';
ALTER TABLE modelops.decision ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME modelops.decision_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE modelops.deployment ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME modelops.deployment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE modelops.schedule (
    id bigint NOT NULL,
    deployment_id bigint NOT NULL,
    job_id bigint NOT NULL,
    schedule text NOT NULL,
    time_zone text NOT NULL,
    paused boolean NOT NULL,
    starts_at timestamp with time zone,
    late_after interval,
    set_by text NOT NULL,
    set_at timestamp with time zone NOT NULL,
    CONSTRAINT schedule_late CHECK ((late_after > '00:00:00'::interval)),
    CONSTRAINT schedule_starts CHECK (((starts_at IS NULL) = ((schedule = ANY (ARRAY['manual'::text, 'publish only'::text])) OR starts_with(schedule, 'after '::text)))),
    CONSTRAINT schedule_written CHECK (((schedule ~ '\S'::text) AND (schedule !~ '[[:cntrl:]]'::text)))
);
ALTER TABLE modelops.schedule OWNER TO modelops_owner;
COMMENT ON TABLE modelops.schedule IS 'When a deployment''s batches run, from when on, and who set this. The newest row of a deployment counts. Append-only.';
COMMENT ON COLUMN modelops.schedule.schedule IS 'Cron''s five fields or a preset, once, manual, ''after <schema>.<feature table>'', or ''publish only''.';
COMMENT ON COLUMN modelops.schedule.time_zone IS 'The time zone of the cron fields.';
COMMENT ON COLUMN modelops.schedule.starts_at IS 'For a schedule by the clock: its last tick before it was set. Nothing earlier is due.';
COMMENT ON COLUMN modelops.schedule.late_after IS 'A run that has not ended this long after it was queued is late. Null: never.';
COMMENT ON COLUMN modelops.schedule.set_by IS 'Who requested it; written by the database, as is set_at.';
CREATE VIEW modelops.deployment_schedule AS
 SELECT deployment.id AS deployment_id,
    COALESCE(newest.schedule, 'manual'::text) AS schedule,
    COALESCE(newest.time_zone, 'UTC'::text) AS time_zone,
    COALESCE(newest.paused, false) AS paused,
    newest.starts_at,
    newest.late_after,
    COALESCE(newest.set_by, deployment.deployed_by) AS set_by,
    COALESCE(newest.set_at, deployment.started_at) AS set_at,
    COALESCE(((version.definition ->> 'incremental'::text) <> ''::text), ((deployment.dataset ->> 'sql'::text) ~ 'modelops\.interval_'::text), false) AS incremental
   FROM ((modelops.deployment
     JOIN modelops.version ON ((version.id = deployment.version_id)))
     LEFT JOIN LATERAL ( SELECT schedule.id,
            schedule.deployment_id,
            schedule.job_id,
            schedule.schedule,
            schedule.time_zone,
            schedule.paused,
            schedule.starts_at,
            schedule.late_after,
            schedule.set_by,
            schedule.set_at
           FROM modelops.schedule
          WHERE (schedule.deployment_id = deployment.id)
          ORDER BY schedule.id DESC
         LIMIT 1) newest ON (true));
ALTER VIEW modelops.deployment_schedule OWNER TO modelops_owner;
COMMENT ON VIEW modelops.deployment_schedule IS 'The schedule in force for each deployment, ended or not.';
COMMENT ON COLUMN modelops.deployment_schedule.incremental IS 'Whether each run is of a data interval: a feature task that says so, or a dataset whose SQL asks for the interval.';
CREATE TABLE modelops.drift (
    id bigint NOT NULL,
    job_id bigint NOT NULL,
    attempt integer NOT NULL,
    run_id bigint NOT NULL,
    role modelops.variable_role NOT NULL,
    variable text NOT NULL,
    verdict modelops.drift_verdict NOT NULL,
    reason text,
    reference_rows bigint NOT NULL,
    rows bigint NOT NULL,
    bins integer NOT NULL,
    psi double precision,
    shift double precision,
    p_value double precision,
    lower_bound double precision,
    natural_variation double precision,
    detectable_shift double precision,
    most_moved jsonb NOT NULL,
    reference_id bigint,
    evaluation_id bigint,
    CONSTRAINT drift_has_reason CHECK (((verdict <> 'not_comparable'::modelops.drift_verdict) OR (reason IS NOT NULL))),
    CONSTRAINT drift_measured CHECK (((num_nulls(psi, shift, p_value, lower_bound) = 0) OR (verdict = ANY (ARRAY['not_enough_rows'::modelops.drift_verdict, 'not_comparable'::modelops.drift_verdict])))),
    CONSTRAINT drift_one_reference CHECK ((num_nonnulls(reference_id, evaluation_id) <= 1))
);
ALTER TABLE modelops.drift OWNER TO modelops_owner;
COMMENT ON TABLE modelops.drift IS 'How far each column of a published batch has moved from the reference, as a drift check has found. Append-only.';
COMMENT ON COLUMN modelops.drift.psi IS 'Population stability index.';
COMMENT ON COLUMN modelops.drift.shift IS 'The shift of a normal distribution that has the same index, in standard deviations.';
COMMENT ON COLUMN modelops.drift.p_value IS 'Of "the index is at most the tolerance", adjusted for the columns that are checked together.';
COMMENT ON COLUMN modelops.drift.lower_bound IS 'The lower confidence bound of the index, of which the level is.';
COMMENT ON COLUMN modelops.drift.natural_variation IS 'The largest index of a block of the reference against its other blocks, less what random blocks have.';
COMMENT ON COLUMN modelops.drift.detectable_shift IS 'The smallest shift that would be found with a probability of 99 %.';
COMMENT ON COLUMN modelops.drift.most_moved IS 'The three bins whose shares have changed most: [{"bin", "before", "now"}].';
COMMENT ON COLUMN modelops.drift.reference_id IS 'The reference that the column was compared with; null, as evaluation_id: the statistics of the training.';
COMMENT ON COLUMN modelops.drift.evaluation_id IS 'The run of a feature task that the column was compared with.';
ALTER TABLE modelops.drift ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME modelops.drift_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE modelops.evaluation (
    id bigint NOT NULL,
    version_id bigint NOT NULL,
    artifact_sha256 modelops.sha256 NOT NULL,
    job_id bigint NOT NULL,
    attempt integer NOT NULL,
    dataset jsonb NOT NULL,
    data_sha256 modelops.sha256 NOT NULL,
    data_rows bigint NOT NULL,
    metrics jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    digest modelops.sha256 NOT NULL,
    statistics jsonb,
    details jsonb
);
ALTER TABLE modelops.evaluation OWNER TO modelops_owner;
COMMENT ON TABLE modelops.evaluation IS 'What exactly these artifacts gave on exactly these rows: metrics of a model, or a run of a feature task. Append-only.';
COMMENT ON COLUMN modelops.evaluation.digest IS 'Computed by the database from the columns before it, statistics and details: what an approval is bound to.';
COMMENT ON COLUMN modelops.evaluation.statistics IS 'Of a feature task''s run: statistics of each column of its output. Null for models.';
COMMENT ON COLUMN modelops.evaluation.details IS 'Of a model: headline metrics, why metrics are undefined, plots as data, figures by class and by slice, hash of the scored rows. Null where there are none.';
ALTER TABLE modelops.evaluation ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME modelops.evaluation_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE VIEW modelops.expected_notification AS
 SELECT rule.alert_id,
    'firing'::modelops.alert_event AS event,
    GREATEST(alert.fired_at, rule.snooze_ended_at) AS since
   FROM ((modelops.deployment
     JOIN modelops.alert_rule_state rule ON ((rule.deployment_id = deployment.id)))
     JOIN modelops.alert ON ((alert.id = rule.alert_id)))
  WHERE ((deployment.ended_at IS NULL) AND (rule.ended_at IS NULL) AND (rule.snoozed_until IS NULL))
UNION ALL
 SELECT alert.id AS alert_id,
    'resolved'::modelops.alert_event AS event,
    alert.resolved_at AS since
   FROM (modelops.alert
     JOIN modelops.alert_rule_state rule ON ((rule.id = alert.rule_id)))
  WHERE (rule.is_open AND (rule.snoozed_until IS NULL) AND (alert.resolved_at > (now() - '7 days'::interval)));
ALTER VIEW modelops.expected_notification OWNER TO modelops_owner;
COMMENT ON VIEW modelops.expected_notification IS 'The notifications that each notifier must have sent since a time: of a resolution only if it has sent one of the alert. What was sent is in modelops.alert_notification.';
CREATE TABLE modelops.job (
    id bigint NOT NULL,
    type modelops.job_type NOT NULL,
    dag_id text NOT NULL,
    run_id text NOT NULL,
    task_id text NOT NULL,
    map_index integer DEFAULT '-1'::integer NOT NULL,
    subject text NOT NULL,
    version_id bigint,
    status modelops.job_status DEFAULT 'created'::modelops.job_status NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    fence bigint DEFAULT 0 NOT NULL,
    requested_by text NOT NULL,
    parameters jsonb DEFAULT '{}'::jsonb NOT NULL,
    result jsonb,
    error text,
    created_at timestamp with time zone NOT NULL,
    waited interval,
    worked interval,
    max_tries integer,
    asked_at timestamp with time zone,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    peak_memory bigint,
    peak_allocated bigint,
    cpu_seconds double precision,
    CONSTRAINT job_attempt_positive CHECK ((attempt >= 0)),
    CONSTRAINT job_completed_has_result CHECK (((status <> 'completed'::modelops.job_status) OR (result IS NOT NULL))),
    CONSTRAINT job_cpu_seconds CHECK (((cpu_seconds >= (0)::double precision) AND (cpu_seconds < 'Infinity'::double precision))),
    CONSTRAINT job_ended CHECK (((ended_at IS NOT NULL) = (status = ANY (ARRAY['completed'::modelops.job_status, 'failed'::modelops.job_status, 'cancelled'::modelops.job_status, 'skipped'::modelops.job_status])))),
    CONSTRAINT job_failed_has_reason CHECK (((status <> 'failed'::modelops.job_status) OR (error IS NOT NULL))),
    CONSTRAINT job_peak_allocated CHECK ((peak_allocated >= 0)),
    CONSTRAINT job_peak_memory CHECK ((peak_memory >= 0)),
    CONSTRAINT job_times_when_ended CHECK (((ended_at IS NOT NULL) OR (num_nonnulls(waited, worked) = 0)))
);
ALTER TABLE modelops.job OWNER TO modelops_owner;
COMMENT ON TABLE modelops.job IS 'One row per Airflow task instance that is a stage in a life cycle. Survives airflow db clean.';
COMMENT ON COLUMN modelops.job.subject IS 'What it is about, in words: the model until its version exists, then the version.';
COMMENT ON COLUMN modelops.job.attempt IS 'Airflow''s try number of the newest attempt that is known.';
COMMENT ON COLUMN modelops.job.fence IS 'Raised by each worker that takes the job; a write that names an older fence is refused.';
COMMENT ON COLUMN modelops.job.requested_by IS 'The person who requested the DAG run, or the author of its schedule.';
COMMENT ON COLUMN modelops.job.result IS 'Set in the transaction that did the work; emptied when a worker takes the job anew after a person cleared the task.';
COMMENT ON COLUMN modelops.job.waited IS 'As in job_summary, of all attempts; null while the job has not ended. The trigger job_summed_up writes it.';
COMMENT ON COLUMN modelops.job.worked IS 'As in job_summary, of all attempts; null while the job has not ended. The trigger job_summed_up writes it.';
COMMENT ON COLUMN modelops.job.max_tries IS 'Airflow''s number when a worker last took the job: clearing the task changes it, a retry doesn''t, whatever becomes of the DAG.';
COMMENT ON COLUMN modelops.job.asked_at IS 'When its DAG run was requested, as the first attempt found it; null once a person has cleared the task.';
COMMENT ON COLUMN modelops.job.started_at IS 'When a worker first took the newest attempt; null while none has. The trigger job_times writes it.';
COMMENT ON COLUMN modelops.job.ended_at IS 'When the newest attempt ended the job: its status is completed, failed, cancelled or skipped. Null while it has not ended. The trigger job_times keeps it.';
COMMENT ON COLUMN modelops.job.peak_memory IS 'Bytes of resident memory that user code of the newest attempt had at most: its largest process, or several at one time. Null: none was measured.';
COMMENT ON COLUMN modelops.job.peak_allocated IS 'Bytes that a process of that code had allocated at most, used or not; or all together had in use, if that is more. Measured now and then.';
COMMENT ON COLUMN modelops.job.cpu_seconds IS 'CPU time of all processes of that code together.';
CREATE TABLE modelops.job_event (
    id bigint NOT NULL,
    job_id bigint NOT NULL,
    attempt integer NOT NULL,
    event modelops.event NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL,
    recorded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
ALTER TABLE modelops.job_event OWNER TO modelops_owner;
COMMENT ON TABLE modelops.job_event IS 'What happened to a job, when, and by whom, reported by its workers and the observer (both use the login modelops_jobs). Append-only; an event that is reported twice leaves one row.';
COMMENT ON COLUMN modelops.job_event.actor IS 'A person, "airflow" (scheduler, executor) or "worker" (the task itself).';
ALTER TABLE modelops.job_event ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME modelops.job_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE modelops.job ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME modelops.job_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE VIEW modelops.job_step_time AS
 SELECT job_id,
    attempt,
    event,
    at,
        CASE
            WHEN (lead(at) OVER life IS NOT NULL) THEN GREATEST((lead(at) OVER life - at), '00:00:00'::interval)
            ELSE NULL::interval
        END AS lasted
   FROM ( SELECT job_event.id,
            job_event.job_id,
            job_event.attempt,
            job_event.event,
            job_event.at,
            job_event.actor,
            job_event.detail,
            job_event.recorded_at,
                CASE job_event.event
                    WHEN 'created'::modelops.event THEN 1
                    WHEN 'scheduled'::modelops.event THEN 2
                    WHEN 'queued'::modelops.event THEN 3
                    WHEN 'running'::modelops.event THEN 4
                    WHEN 'awaiting_approval'::modelops.event THEN 4
                    ELSE 5
                END AS stage
           FROM modelops.job_event
          WHERE (job_event.event = ANY (ARRAY['created'::modelops.event, 'scheduled'::modelops.event, 'queued'::modelops.event, 'running'::modelops.event, 'awaiting_approval'::modelops.event, 'retrying'::modelops.event, 'completed'::modelops.event, 'failed'::modelops.event, 'cancelled'::modelops.event, 'skipped'::modelops.event]))) event
  WINDOW life AS (PARTITION BY job_id ORDER BY attempt, stage, at, id);
ALTER VIEW modelops.job_step_time OWNER TO modelops_owner;
COMMENT ON VIEW modelops.job_step_time IS 'Each step of a job''s life, with the time until the next; null for the step that still lasts. In the order of a life, because the clocks of Airflow and of a worker may differ. A job may run, wait for a person and run again within an attempt.';
CREATE VIEW modelops.job_summary AS
 SELECT job.id,
    job.type,
    job.dag_id,
    job.run_id,
    job.task_id,
    job.map_index,
    job.subject,
    job.version_id,
    job.status,
    job.attempt,
    job.fence,
    job.requested_by,
    job.parameters,
    job.result,
    job.error,
    job.created_at,
    "time".waited,
    "time".worked,
    job.started_at,
    job.ended_at,
    job.peak_memory,
    job.peak_allocated,
    job.cpu_seconds
   FROM (modelops.job
     LEFT JOIN LATERAL ( SELECT sum(step.lasting) FILTER (WHERE (step.event = ANY (ARRAY['created'::modelops.event, 'scheduled'::modelops.event, 'queued'::modelops.event, 'awaiting_approval'::modelops.event, 'retrying'::modelops.event]))) AS waited,
            sum(step.lasting) FILTER (WHERE (step.event = 'running'::modelops.event)) AS worked
           FROM ( SELECT job_step_time.event,
                        CASE
                            WHEN ((job_step_time.lasted IS NULL) AND (job.ended_at IS NULL)) THEN GREATEST((now() - job_step_time.at), '00:00:00'::interval)
                            ELSE job_step_time.lasted
                        END AS lasting
                   FROM modelops.job_step_time
                  WHERE (job_step_time.job_id = job.id)) step) "time" ON (true));
ALTER VIEW modelops.job_summary OWNER TO modelops_owner;
COMMENT ON VIEW modelops.job_summary IS 'A job, with the time that it has waited (for its turn, a worker, a person, the next attempt) and worked until now, in all attempts.';
CREATE TABLE modelops.lock (
    name text NOT NULL
);
ALTER TABLE modelops.lock OWNER TO modelops_owner;
COMMENT ON TABLE modelops.lock IS 'What is changed by one transaction at a time: targets, and the numbers of versions. modelops.take_lock locks a row; unlike an advisory lock, users'' SQL can''t take it.';
CREATE TABLE modelops.performance (
    id bigint NOT NULL,
    job_id bigint NOT NULL,
    attempt integer NOT NULL,
    run_id bigint NOT NULL,
    rows bigint NOT NULL,
    labelled bigint NOT NULL,
    error text,
    measured_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT performance_labelled CHECK (((labelled >= 0) AND (labelled <= rows))),
    CONSTRAINT performance_measured CHECK (((error IS NULL) OR (labelled = 0))),
    CONSTRAINT performance_rows CHECK ((rows >= 0))
);
ALTER TABLE modelops.performance OWNER TO modelops_owner;
COMMENT ON TABLE modelops.performance IS 'One measurement of the predictions of a published run, as they were published, with the labels that were known then. Append-only.';
COMMENT ON COLUMN modelops.performance.labelled IS 'Predictions with a label for each target; the labels of the others are missing.';
COMMENT ON COLUMN modelops.performance.error IS 'Why the run could not be measured; null: it was.';
CREATE TABLE modelops.performance_metric (
    performance_id bigint NOT NULL,
    target text NOT NULL,
    metric text NOT NULL,
    value double precision NOT NULL,
    lower double precision,
    upper double precision,
    CONSTRAINT performance_metric_finite CHECK ((abs(value) < 'Infinity'::double precision)),
    CONSTRAINT performance_metric_interval CHECK (((num_nulls(lower, upper) = ANY (ARRAY[0, 2])) AND ((lower IS NULL) OR ((lower <= value) AND (value <= upper) AND ((upper - lower) < 'Infinity'::double precision)))))
);
ALTER TABLE modelops.performance_metric OWNER TO modelops_owner;
COMMENT ON TABLE modelops.performance_metric IS 'The metrics of a measurement, by target. Append-only.';
COMMENT ON COLUMN modelops.performance_metric.lower IS 'The lower end of the 95 % confidence interval; null, as the upper end, if there is none.';
CREATE VIEW modelops.measurement AS
 SELECT performance.id,
    performance.run_id,
    run.target,
    run.deployment_id,
    version.number AS version,
    lower(run.covers) AS interval_start,
    upper(run.covers) AS interval_end,
    run.published_at,
    run.superseded_at,
    performance.rows,
    performance.labelled,
    performance.error,
    performance.measured_at,
    performance.job_id,
    run.job_id AS batch_job_id,
    metric.found AS metrics
   FROM ((((modelops.performance
     JOIN modelops.batch_run run ON ((run.id = performance.run_id)))
     JOIN modelops.deployment ON ((deployment.id = run.deployment_id)))
     JOIN modelops.version ON ((version.id = deployment.version_id)))
     LEFT JOIN LATERAL ( SELECT jsonb_agg(jsonb_build_object('target', performance_metric.target, 'metric', performance_metric.metric, 'value', performance_metric.value, 'lower', performance_metric.lower, 'upper', performance_metric.upper) ORDER BY performance_metric.target, performance_metric.metric) AS found
           FROM modelops.performance_metric
          WHERE (performance_metric.performance_id = performance.id)) metric ON (true));
ALTER VIEW modelops.measurement OWNER TO modelops_owner;
COMMENT ON VIEW modelops.measurement IS 'The measurements of performance, each with its run and its metrics: [{"target", "metric", "value", "lower", "upper"}], null without labels.';
CREATE TABLE modelops.migration (
    version_num character varying(32) NOT NULL
);
ALTER TABLE modelops.migration OWNER TO modelops_owner;
CREATE VIEW modelops.newest_performance AS
 SELECT newest.id,
    newest.run_id,
    newest.target,
    newest.deployment_id,
    newest.version,
    newest.interval_start,
    newest.interval_end,
    newest.published_at,
    newest.superseded_at,
    newest.rows,
    newest.labelled,
    newest.error,
    newest.measured_at,
    newest.job_id,
    newest.batch_job_id,
    newest.metrics
   FROM ((modelops.batch_run run
     CROSS JOIN LATERAL ( SELECT performance.id
           FROM modelops.performance
          WHERE (performance.run_id = run.id)
          ORDER BY performance.id DESC
         LIMIT 1) last)
     JOIN modelops.measurement newest ON (((newest.id = last.id) AND (newest.deployment_id = run.deployment_id) AND (newest.target = run.target))))
  WHERE (run.measured_at IS NOT NULL);
ALTER VIEW modelops.newest_performance OWNER TO modelops_owner;
COMMENT ON VIEW modelops.newest_performance IS 'The newest measurement of each run whose performance was measured.';
CREATE TABLE modelops.observation (
    singleton boolean DEFAULT true NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    CONSTRAINT observation_single CHECK (singleton)
);
ALTER TABLE modelops.observation OWNER TO modelops_owner;
COMMENT ON TABLE modelops.observation IS 'The time up to which the observer has copied Airflow''s records into the ledger.';
ALTER TABLE modelops.performance ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME modelops.performance_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE VIEW modelops.published_run AS
 SELECT holding.id AS run_id,
    run.target,
    version.number AS model_version,
    run.job_id,
    run.published_at,
    lower(run.covers) AS interval_start,
    upper(run.covers) AS interval_end,
    run.shows
   FROM (((modelops.batch_run run
     JOIN modelops.deployment ON ((deployment.id = run.deployment_id)))
     JOIN modelops.version ON ((version.id = deployment.version_id)))
     CROSS JOIN LATERAL ( SELECT run.id
        UNION ALL
         SELECT part.id
           FROM modelops.batch_run part
          WHERE (part.whole_id = run.id)) holding(id))
  WHERE ((run.published_at IS NOT NULL) AND (run.superseded_at IS NULL));
ALTER VIEW modelops.published_run OWNER TO modelops_owner;
COMMENT ON VIEW modelops.published_run IS 'The runs whose rows readers see. Within a target, the times that they show never overlap.';
CREATE TABLE modelops.reference (
    id bigint NOT NULL,
    version_id bigint NOT NULL,
    artifact_sha256 modelops.sha256 NOT NULL,
    job_id bigint NOT NULL,
    attempt integer NOT NULL,
    dataset jsonb NOT NULL,
    data_sha256 modelops.sha256 NOT NULL,
    data_rows bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    warnings jsonb,
    CONSTRAINT reference_has_rows CHECK ((data_rows > 0)),
    CONSTRAINT reference_warnings CHECK ((jsonb_typeof(warnings) = 'array'::text))
);
ALTER TABLE modelops.reference OWNER TO modelops_owner;
COMMENT ON TABLE modelops.reference IS 'Rows whose statistics batches of a version are compared with, in place of or beside those of its training. Append-only.';
COMMENT ON COLUMN modelops.reference.warnings IS 'Of features of an imported model: what about their values the model may not represent, as codes with values. Null for other references.';
ALTER TABLE modelops.reference ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME modelops.reference_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE modelops.requests_read (
    job_id bigint NOT NULL,
    attempt integer NOT NULL,
    read_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT requests_read_later CHECK ((attempt > 1))
);
ALTER TABLE modelops.requests_read OWNER TO modelops_owner;
COMMENT ON TABLE modelops.requests_read IS 'The attempts for which the observer has read, in Airflow''s audit log, who made them run; all of these persons are on record as events `cleared`. Append-only.';
CREATE VIEW modelops.run_history AS
 SELECT holding.id AS run_id,
    run.target,
    version.number AS model_version,
    run.job_id,
    run.published_at,
    run.superseded_at,
    lower(run.covers) AS interval_start,
    upper(run.covers) AS interval_end
   FROM (((modelops.batch_run run
     JOIN modelops.deployment ON ((deployment.id = run.deployment_id)))
     JOIN modelops.version ON ((version.id = deployment.version_id)))
     CROSS JOIN LATERAL ( SELECT run.id
        UNION ALL
         SELECT part.id
           FROM modelops.batch_run part
          WHERE (part.whole_id = run.id)) holding(id))
  WHERE (run.published_at IS NOT NULL);
ALTER VIEW modelops.run_history OWNER TO modelops_owner;
COMMENT ON VIEW modelops.run_history IS 'All runs whose rows readers have ever seen, from published_at to superseded_at.';
ALTER TABLE modelops.schedule ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME modelops.schedule_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE modelops.schema_script (
    name text NOT NULL,
    sha256 modelops.sha256 NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE modelops.schema_script OWNER TO modelops_owner;
COMMENT ON TABLE modelops.schema_script IS 'The files of tables, functions and views that made this schema, with the hash of each. Jobs and the observer stop if their own files differ.';
CREATE TABLE modelops.set_aside (
    run_id bigint NOT NULL,
    "position" bigint NOT NULL,
    key jsonb NOT NULL,
    reason text NOT NULL
);
ALTER TABLE modelops.set_aside OWNER TO modelops_owner;
COMMENT ON TABLE modelops.set_aside IS 'Rejected rows of a batch: position, entity key and reason. Append-only.';
CREATE TABLE modelops.stage (
    kind modelops.version_kind NOT NULL,
    stage text NOT NULL,
    job_type modelops.job_type NOT NULL
);
ALTER TABLE modelops.stage OWNER TO modelops_owner;
COMMENT ON TABLE modelops.stage IS 'The type of the jobs of each stage in the life of a version. `./modelops migrate` writes it from modelops.domain.job_types.';
CREATE TABLE modelops.statistics (
    id bigint NOT NULL,
    version_id bigint,
    run_id bigint,
    role modelops.variable_role NOT NULL,
    variable text NOT NULL,
    kind text NOT NULL,
    "values" jsonb NOT NULL,
    reference_id bigint,
    CONSTRAINT statistics_of_one CHECK ((num_nonnulls(version_id, run_id, reference_id) = 1))
);
ALTER TABLE modelops.statistics OWNER TO modelops_owner;
COMMENT ON TABLE modelops.statistics IS 'Statistics of the columns of a training''s rows, of a batch or of a reference: moments, histogram, frequencies. Append-only.';
ALTER TABLE modelops.statistics ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME modelops.statistics_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE VIEW modelops.statistics_in_use AS
 SELECT DISTINCT ON (version_id, role, variable) version_id,
    role,
    variable,
    kind,
    "values",
    reference_id,
    job_id
   FROM ( SELECT reference.version_id,
            statistics.role,
            statistics.variable,
            statistics.kind,
            statistics."values",
            reference.id AS reference_id,
            reference.job_id
           FROM (modelops.reference
             JOIN modelops.statistics ON ((statistics.reference_id = reference.id)))
        UNION ALL
         SELECT version.id,
            statistics.role,
            statistics.variable,
            statistics.kind,
            statistics."values",
            NULL::bigint,
            version.job_id
           FROM (modelops.version
             JOIN modelops.statistics ON ((statistics.version_id = version.id)))) recorded
  ORDER BY version_id, role, variable, reference_id DESC NULLS LAST;
ALTER VIEW modelops.statistics_in_use OWNER TO modelops_owner;
COMMENT ON VIEW modelops.statistics_in_use IS 'Each version''s newest statistics of each column, by the job that recorded them: batches are counted in their bins.';
CREATE TABLE modelops.transition (
    kind modelops.version_kind NOT NULL,
    from_status modelops.version_status,
    to_status modelops.version_status NOT NULL,
    job_type modelops.job_type NOT NULL,
    meaning text NOT NULL
);
ALTER TABLE modelops.transition OWNER TO modelops_owner;
COMMENT ON TABLE modelops.transition IS 'The state machine of versions. What is not a row here can''t happen. `./modelops migrate` writes it from modelops.domain.job_types.';
ALTER TABLE modelops.version ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME modelops.version_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE modelops.work_list_progress (
    deployment_id bigint NOT NULL,
    follows text NOT NULL,
    processed_until timestamp with time zone NOT NULL
);
ALTER TABLE modelops.work_list_progress OWNER TO modelops_owner;
COMMENT ON TABLE modelops.work_list_progress IS 'Until when everything in the work list of a deployment is processed. Only modelops.note_progress writes it; removing a row costs time and loses nothing.';
COMMENT ON COLUMN modelops.work_list_progress.follows IS 'The feature table: times of publications are in order within a table only.';
COMMENT ON COLUMN modelops.work_list_progress.processed_until IS 'When the earliest pending publication was published, or the latest one if none is pending.';
ALTER TABLE ONLY modelops.alert_notification
    ADD CONSTRAINT alert_notification_pkey PRIMARY KEY (id);
ALTER TABLE ONLY modelops.alert
    ADD CONSTRAINT alert_pkey PRIMARY KEY (id);
ALTER TABLE ONLY modelops.alert_rule
    ADD CONSTRAINT alert_rule_pkey PRIMARY KEY (id);
ALTER TABLE ONLY modelops.alert_snooze
    ADD CONSTRAINT alert_snooze_pkey PRIMARY KEY (id);
ALTER TABLE ONLY modelops.approval_request
    ADD CONSTRAINT approval_request_pkey PRIMARY KEY (id);
ALTER TABLE ONLY modelops.artifact
    ADD CONSTRAINT artifact_name_evaluation UNIQUE (evaluation_id, role, name);
ALTER TABLE ONLY modelops.artifact
    ADD CONSTRAINT artifact_name_version UNIQUE (version_id, role, name);
ALTER TABLE ONLY modelops.artifact
    ADD CONSTRAINT artifact_pkey PRIMARY KEY (id);
ALTER TABLE ONLY modelops.batch_run
    ADD CONSTRAINT batch_run_once UNIQUE (job_id, fence);
ALTER TABLE ONLY modelops.batch_run
    ADD CONSTRAINT batch_run_pkey PRIMARY KEY (id);
ALTER TABLE ONLY modelops.batch_run_source
    ADD CONSTRAINT batch_run_source_pkey PRIMARY KEY (source_id, run_id);
ALTER TABLE ONLY modelops.challenger
    ADD CONSTRAINT challenger_pkey PRIMARY KEY (id);
ALTER TABLE ONLY modelops.challenger
    ADD CONSTRAINT challenger_run UNIQUE (run_id);
ALTER TABLE modelops.decision
    ADD CONSTRAINT decision_comment_length CHECK ((length(comment) <= 10000)) NOT VALID;
ALTER TABLE ONLY modelops.decision
    ADD CONSTRAINT decision_once_per_person UNIQUE (version_id, approver);
ALTER TABLE ONLY modelops.decision
    ADD CONSTRAINT decision_pkey PRIMARY KEY (id);
ALTER TABLE ONLY modelops.deployment
    ADD CONSTRAINT deployment_pkey PRIMARY KEY (id);
ALTER TABLE ONLY modelops.drift
    ADD CONSTRAINT drift_once UNIQUE (job_id, attempt, role, variable);
ALTER TABLE ONLY modelops.drift
    ADD CONSTRAINT drift_pkey PRIMARY KEY (id);
ALTER TABLE ONLY modelops.evaluation
    ADD CONSTRAINT evaluation_once UNIQUE (job_id, attempt);
ALTER TABLE ONLY modelops.evaluation
    ADD CONSTRAINT evaluation_pkey PRIMARY KEY (id);
ALTER TABLE ONLY modelops.job_event
    ADD CONSTRAINT job_event_once UNIQUE (job_id, attempt, event, at);
ALTER TABLE ONLY modelops.job_event
    ADD CONSTRAINT job_event_pkey PRIMARY KEY (id);
ALTER TABLE ONLY modelops.job
    ADD CONSTRAINT job_pkey PRIMARY KEY (id);
ALTER TABLE ONLY modelops.job
    ADD CONSTRAINT job_task UNIQUE (dag_id, run_id, task_id, map_index);
ALTER TABLE ONLY modelops.lock
    ADD CONSTRAINT lock_pkey PRIMARY KEY (name);
ALTER TABLE ONLY modelops.migration
    ADD CONSTRAINT migration_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY modelops.observation
    ADD CONSTRAINT observation_pkey PRIMARY KEY (singleton);
ALTER TABLE ONLY modelops.performance_metric
    ADD CONSTRAINT performance_metric_pkey PRIMARY KEY (performance_id, target, metric);
ALTER TABLE ONLY modelops.performance
    ADD CONSTRAINT performance_once UNIQUE (job_id, attempt, run_id);
ALTER TABLE ONLY modelops.performance
    ADD CONSTRAINT performance_pkey PRIMARY KEY (id);
ALTER TABLE ONLY modelops.reference
    ADD CONSTRAINT reference_pkey PRIMARY KEY (id);
ALTER TABLE ONLY modelops.requests_read
    ADD CONSTRAINT requests_read_pkey PRIMARY KEY (job_id, attempt);
ALTER TABLE ONLY modelops.schedule
    ADD CONSTRAINT schedule_pkey PRIMARY KEY (id);
ALTER TABLE ONLY modelops.schema_script
    ADD CONSTRAINT schema_script_pkey PRIMARY KEY (name);
ALTER TABLE ONLY modelops.set_aside
    ADD CONSTRAINT set_aside_pkey PRIMARY KEY (run_id, "position");
ALTER TABLE ONLY modelops.stage
    ADD CONSTRAINT stage_pkey PRIMARY KEY (kind, stage);
ALTER TABLE ONLY modelops.statistics
    ADD CONSTRAINT statistics_once_reference UNIQUE (reference_id, role, variable);
ALTER TABLE ONLY modelops.statistics
    ADD CONSTRAINT statistics_once_run UNIQUE (run_id, role, variable);
ALTER TABLE ONLY modelops.statistics
    ADD CONSTRAINT statistics_once_version UNIQUE (version_id, role, variable);
ALTER TABLE ONLY modelops.statistics
    ADD CONSTRAINT statistics_pkey PRIMARY KEY (id);
ALTER TABLE ONLY modelops.transition
    ADD CONSTRAINT transition_once UNIQUE NULLS NOT DISTINCT (kind, from_status, to_status, job_type);
ALTER TABLE ONLY modelops.version
    ADD CONSTRAINT version_artifact UNIQUE (id, artifact_sha256);
ALTER TABLE ONLY modelops.version
    ADD CONSTRAINT version_number UNIQUE (kind, name, number);
ALTER TABLE ONLY modelops.version
    ADD CONSTRAINT version_pkey PRIMARY KEY (id);
ALTER TABLE ONLY modelops.work_list_progress
    ADD CONSTRAINT work_list_progress_pkey PRIMARY KEY (deployment_id, follows);
CREATE UNIQUE INDEX alert_firing ON modelops.alert USING btree (rule_id) WHERE (resolved_at IS NULL);
CREATE INDEX alert_notification_of_alert ON modelops.alert_notification USING btree (alert_id, id);
CREATE INDEX alert_of_rule ON modelops.alert USING btree (rule_id, id);
CREATE INDEX alert_resolved_at ON modelops.alert USING btree (resolved_at) WHERE (resolved_at IS NOT NULL);
CREATE INDEX alert_rule_of_deployment ON modelops.alert_rule USING btree (deployment_id, id);
CREATE INDEX alert_snooze_of_rule ON modelops.alert_snooze USING btree (rule_id, id DESC);
CREATE INDEX approval_request_job ON modelops.approval_request USING btree (job_id, id);
CREATE INDEX approval_request_version ON modelops.approval_request USING btree (version_id, id);
CREATE INDEX batch_run_deployment ON modelops.batch_run USING btree (deployment_id, id);
CREATE INDEX batch_run_interval ON modelops.batch_run USING btree (deployment_id, COALESCE(upper(covers), 'infinity'::timestamp with time zone), COALESCE(lower(covers), '-infinity'::timestamp with time zone), id) WHERE (whole_id IS NULL);
CREATE INDEX batch_run_labels_due ON modelops.batch_run USING btree (deployment_id, labels_due_at) WHERE (labels_due_at IS NOT NULL);
CREATE INDEX batch_run_measured ON modelops.batch_run USING btree (target, COALESCE(upper(covers), 'infinity'::timestamp with time zone), COALESCE(lower(covers), '-infinity'::timestamp with time zone), id) WHERE (measured_at IS NOT NULL);
CREATE UNIQUE INDEX batch_run_part_once ON modelops.batch_run USING btree (whole_id, part) WHERE (whole_id IS NOT NULL);
CREATE INDEX batch_run_published ON modelops.batch_run USING btree (target, published_at) WHERE (published_at IS NOT NULL);
CREATE INDEX batch_run_published_interval ON modelops.batch_run USING btree (target, COALESCE(upper(covers), 'infinity'::timestamp with time zone), COALESCE(lower(covers), '-infinity'::timestamp with time zone), id) WHERE (published_at IS NOT NULL);
CREATE INDEX batch_run_published_of ON modelops.batch_run USING btree (deployment_id, covers, published_at) WHERE ((published_at IS NOT NULL) AND (part IS NULL));
CREATE INDEX batch_run_source_of_run ON modelops.batch_run_source USING btree (run_id);
CREATE INDEX batch_run_superseded_at ON modelops.batch_run USING btree (target, superseded_at) WHERE ((superseded_at IS NOT NULL) AND (swept_at IS NULL));
CREATE INDEX batch_run_unpublished ON modelops.batch_run USING btree (target, id) WHERE ((published_at IS NULL) AND (whole_id IS NULL) AND (swept_at IS NULL));
CREATE INDEX batch_run_visible ON modelops.batch_run USING btree (target) WHERE ((published_at IS NOT NULL) AND (superseded_at IS NULL));
CREATE INDEX batch_run_visible_covers ON modelops.batch_run USING gist (visible_covers) WHERE (visible_covers IS NOT NULL);
CREATE INDEX challenger_of_alert ON modelops.challenger USING btree (alert_id);
CREATE INDEX challenger_of_target ON modelops.challenger USING btree (target, requested_at);
CREATE INDEX challenger_requested_at ON modelops.challenger USING btree (requested_at);
CREATE UNIQUE INDEX deployment_champion ON modelops.deployment USING btree (target) WHERE (ended_at IS NULL);
CREATE INDEX deployment_model ON modelops.deployment USING btree (model, started_at);
CREATE INDEX deployment_version ON modelops.deployment USING btree (version_id);
CREATE INDEX drift_run ON modelops.drift USING btree (run_id, id);
CREATE INDEX evaluation_version ON modelops.evaluation USING btree (version_id, id);
CREATE INDEX job_counted ON modelops.job USING btree (type, status, dag_id);
CREATE INDEX job_known_by ON modelops.job USING gin (lower((((subject || ' '::text) || run_id) || COALESCE((' '::text || "left"(error, 300)), ''::text))) modelops_extensions.gin_trgm_ops);
CREATE INDEX job_measured ON modelops.job USING btree (split_part("left"(subject, 250), ' '::text, 1), type, created_at, id) WHERE ((peak_memory IS NOT NULL) AND (status = 'completed'::modelops.job_status));
CREATE INDEX job_newest ON modelops.job USING btree (created_at, id);
CREATE INDEX job_newest_of_dag ON modelops.job USING btree (dag_id, created_at, id);
CREATE INDEX job_newest_of_model ON modelops.job USING btree (split_part("left"(subject, 250), ' '::text, 1), created_at, id);
CREATE INDEX job_newest_of_person ON modelops.job USING btree (requested_by, created_at, id);
CREATE INDEX job_newest_of_person_by_status ON modelops.job USING btree (requested_by, status, created_at, id);
CREATE INDEX job_newest_of_status ON modelops.job USING btree (status, created_at, id);
CREATE INDEX job_newest_of_subject ON modelops.job USING btree ("left"(subject, 250), created_at, id);
CREATE INDEX job_newest_of_type ON modelops.job USING btree (type, created_at, id) INCLUDE (dag_id, status, waited, worked);
CREATE INDEX job_newest_of_type_by_status ON modelops.job USING btree (type, status, created_at, id);
CREATE INDEX job_newest_of_version ON modelops.job USING btree ((((split_part("left"(subject, 250), ' '::text, 1) || ' '::text) || split_part("left"(subject, 250), ' '::text, 2))), created_at, id);
CREATE INDEX job_open ON modelops.job USING btree (id) WHERE (ended_at IS NULL);
CREATE INDEX job_version ON modelops.job USING btree (version_id, id);
CREATE INDEX performance_run ON modelops.performance USING btree (run_id, id);
CREATE INDEX reference_job ON modelops.reference USING btree (job_id);
CREATE INDEX reference_version ON modelops.reference USING btree (version_id, id);
CREATE INDEX schedule_of_deployment ON modelops.schedule USING btree (deployment_id, id DESC);
CREATE INDEX schedule_of_job ON modelops.schedule USING btree (job_id);
CREATE UNIQUE INDEX version_in_the_making ON modelops.version USING btree (job_id) WHERE (status = 'created'::modelops.version_status);
CREATE UNIQUE INDEX version_of_file ON modelops.version USING btree (name, ((definition ->> 'identity'::text)), code_sha256, requirements_sha256) WHERE ((kind = 'model'::modelops.version_kind) AND (definition IS NOT NULL) AND (status <> ALL (ARRAY['created'::modelops.version_status, 'failed'::modelops.version_status, 'rejected'::modelops.version_status, 'retired'::modelops.version_status])));
CREATE TRIGGER alert_guard BEFORE INSERT OR UPDATE ON modelops.alert FOR EACH ROW EXECUTE FUNCTION modelops.guard_alert();
CREATE TRIGGER alert_rule_guard BEFORE INSERT OR UPDATE ON modelops.alert_rule FOR EACH ROW EXECUTE FUNCTION modelops.guard_alert_rule();
CREATE TRIGGER alert_snooze_guard BEFORE INSERT ON modelops.alert_snooze FOR EACH ROW EXECUTE FUNCTION modelops.guard_alert_snooze();
CREATE TRIGGER append_only BEFORE DELETE ON modelops.alert FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON modelops.alert_notification FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE ON modelops.alert_rule FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON modelops.alert_snooze FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON modelops.approval_request FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON modelops.artifact FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE ON modelops.batch_run FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON modelops.batch_run_source FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON modelops.challenger FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON modelops.decision FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE ON modelops.deployment FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON modelops.drift FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON modelops.evaluation FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE ON modelops.job FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON modelops.job_event FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON modelops.performance FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON modelops.performance_metric FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON modelops.reference FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON modelops.requests_read FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON modelops.schedule FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON modelops.set_aside FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON modelops.stage FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON modelops.statistics FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON modelops.transition FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE ON modelops.version FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER approval_request_guard BEFORE INSERT ON modelops.approval_request FOR EACH ROW EXECUTE FUNCTION modelops.guard_approval_request();
CREATE TRIGGER artifact_guard BEFORE INSERT ON modelops.artifact FOR EACH ROW EXECUTE FUNCTION modelops.guard_artifact();
CREATE TRIGGER batch_run_guard BEFORE INSERT OR UPDATE ON modelops.batch_run FOR EACH ROW EXECUTE FUNCTION modelops.guard_batch_run();
CREATE TRIGGER batch_run_source_guard BEFORE INSERT ON modelops.batch_run_source FOR EACH ROW EXECUTE FUNCTION modelops.guard_of_run();
CREATE TRIGGER challenger_guard BEFORE INSERT ON modelops.challenger FOR EACH ROW EXECUTE FUNCTION modelops.guard_challenger();
CREATE TRIGGER decision_guard BEFORE INSERT ON modelops.decision FOR EACH ROW EXECUTE FUNCTION modelops.guard_decision();
CREATE TRIGGER deployment_followed AFTER INSERT OR UPDATE ON modelops.deployment FOR EACH ROW EXECUTE FUNCTION modelops.follow_deployment();
CREATE TRIGGER deployment_guard BEFORE INSERT OR UPDATE ON modelops.deployment FOR EACH ROW EXECUTE FUNCTION modelops.guard_deployment();
CREATE TRIGGER deployment_target_guard BEFORE INSERT ON modelops.deployment FOR EACH ROW EXECUTE FUNCTION modelops.guard_deployment_target();
CREATE TRIGGER drift_guard BEFORE INSERT ON modelops.drift FOR EACH ROW EXECUTE FUNCTION modelops.guard_finding('drift');
CREATE TRIGGER drift_reference_guard BEFORE INSERT ON modelops.drift FOR EACH ROW EXECUTE FUNCTION modelops.guard_drift_reference();
CREATE TRIGGER evaluation_bounds BEFORE INSERT OR UPDATE OF metrics, details ON modelops.evaluation FOR EACH ROW EXECUTE FUNCTION modelops.guard_bounds('metrics', 'details');
CREATE TRIGGER evaluation_digest BEFORE INSERT ON modelops.evaluation FOR EACH ROW EXECUTE FUNCTION modelops.digest_evaluation();
CREATE TRIGGER job_bounds BEFORE INSERT OR UPDATE OF parameters, result ON modelops.job FOR EACH ROW EXECUTE FUNCTION modelops.guard_bounds('parameters', 'result');
CREATE TRIGGER job_status_guard BEFORE INSERT OR UPDATE ON modelops.job FOR EACH ROW EXECUTE FUNCTION modelops.guard_job_status();
CREATE CONSTRAINT TRIGGER job_summed_up AFTER INSERT ON modelops.job_event DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ((new.event <> ALL (ARRAY['step'::modelops.event, 'lost'::modelops.event, 'repeated'::modelops.event]))) EXECUTE FUNCTION modelops.sum_up_job();
CREATE TRIGGER job_times BEFORE INSERT OR UPDATE OF status, attempt, fence, started_at, ended_at ON modelops.job FOR EACH ROW EXECUTE FUNCTION modelops.keep_times_of_job();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.alert FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.alert_notification FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.alert_rule FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.alert_snooze FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.approval_request FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.artifact FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.batch_run FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.batch_run_source FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.challenger FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.decision FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.deployment FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.drift FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.evaluation FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.job FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.job_event FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.performance FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.performance_metric FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.reference FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.requests_read FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.schedule FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.set_aside FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.stage FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.statistics FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.transition FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER kept BEFORE TRUNCATE ON modelops.version FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change();
CREATE TRIGGER performance_guard BEFORE INSERT ON modelops.performance FOR EACH ROW EXECUTE FUNCTION modelops.guard_finding('performance');
CREATE TRIGGER performance_metric_guard BEFORE INSERT ON modelops.performance_metric FOR EACH ROW EXECUTE FUNCTION modelops.guard_metric();
CREATE TRIGGER performance_noted AFTER INSERT ON modelops.performance FOR EACH ROW EXECUTE FUNCTION modelops.note_measurement();
CREATE TRIGGER reference_guard BEFORE INSERT ON modelops.reference FOR EACH ROW EXECUTE FUNCTION modelops.guard_reference();
CREATE TRIGGER schedule_guard BEFORE INSERT ON modelops.schedule FOR EACH ROW EXECUTE FUNCTION modelops.guard_schedule();
CREATE TRIGGER set_aside_guard BEFORE INSERT ON modelops.set_aside FOR EACH ROW EXECUTE FUNCTION modelops.guard_of_run();
CREATE TRIGGER statistics_guard BEFORE INSERT ON modelops.statistics FOR EACH ROW EXECUTE FUNCTION modelops.guard_of_run();
CREATE TRIGGER version_bounds BEFORE INSERT OR UPDATE OF hyperparameters, definition ON modelops.version FOR EACH ROW EXECUTE FUNCTION modelops.guard_bounds('hyperparameters', 'definition');
CREATE TRIGGER version_guard BEFORE INSERT OR UPDATE ON modelops.version FOR EACH ROW EXECUTE FUNCTION modelops.guard_version();
CREATE TRIGGER version_guard_step BEFORE UPDATE ON modelops.version FOR EACH ROW WHEN ((old.status IS DISTINCT FROM new.status)) EXECUTE FUNCTION modelops.guard_version_step();
CREATE TRIGGER version_nulls_stay BEFORE UPDATE ON modelops.version FOR EACH ROW WHEN (((old.status <> 'created'::modelops.version_status) AND (new.columns_with_nulls IS DISTINCT FROM old.columns_with_nulls))) EXECUTE FUNCTION modelops.refuse_change();
ALTER TABLE ONLY modelops.alert
    ADD CONSTRAINT alert_fired_by FOREIGN KEY (fired_by) REFERENCES modelops.job(id);
ALTER TABLE ONLY modelops.alert_notification
    ADD CONSTRAINT alert_notification_of FOREIGN KEY (alert_id) REFERENCES modelops.alert(id);
ALTER TABLE ONLY modelops.alert
    ADD CONSTRAINT alert_resolved_by FOREIGN KEY (resolved_by) REFERENCES modelops.job(id);
ALTER TABLE ONLY modelops.alert
    ADD CONSTRAINT alert_resolved_run FOREIGN KEY (resolved_run) REFERENCES modelops.batch_run(id);
ALTER TABLE ONLY modelops.alert_rule
    ADD CONSTRAINT alert_rule_continues FOREIGN KEY (continues) REFERENCES modelops.alert_rule(id);
ALTER TABLE ONLY modelops.alert_rule
    ADD CONSTRAINT alert_rule_deployment FOREIGN KEY (deployment_id) REFERENCES modelops.deployment(id);
ALTER TABLE ONLY modelops.alert_rule
    ADD CONSTRAINT alert_rule_ended_by FOREIGN KEY (ended_by) REFERENCES modelops.job(id);
ALTER TABLE ONLY modelops.alert_rule
    ADD CONSTRAINT alert_rule_job FOREIGN KEY (job_id) REFERENCES modelops.job(id);
ALTER TABLE ONLY modelops.alert
    ADD CONSTRAINT alert_rule_of FOREIGN KEY (rule_id) REFERENCES modelops.alert_rule(id);
ALTER TABLE ONLY modelops.alert
    ADD CONSTRAINT alert_run FOREIGN KEY (run_id) REFERENCES modelops.batch_run(id);
ALTER TABLE ONLY modelops.alert_snooze
    ADD CONSTRAINT alert_snooze_job FOREIGN KEY (job_id) REFERENCES modelops.job(id);
ALTER TABLE ONLY modelops.alert_snooze
    ADD CONSTRAINT alert_snooze_rule FOREIGN KEY (rule_id) REFERENCES modelops.alert_rule(id);
ALTER TABLE ONLY modelops.approval_request
    ADD CONSTRAINT approval_request_champion FOREIGN KEY (champion_evaluation) REFERENCES modelops.evaluation(id);
ALTER TABLE ONLY modelops.approval_request
    ADD CONSTRAINT approval_request_job FOREIGN KEY (job_id) REFERENCES modelops.job(id);
ALTER TABLE ONLY modelops.approval_request
    ADD CONSTRAINT approval_request_version FOREIGN KEY (version_id) REFERENCES modelops.version(id);
ALTER TABLE ONLY modelops.artifact
    ADD CONSTRAINT artifact_evaluation FOREIGN KEY (evaluation_id) REFERENCES modelops.evaluation(id);
ALTER TABLE ONLY modelops.artifact
    ADD CONSTRAINT artifact_version FOREIGN KEY (version_id) REFERENCES modelops.version(id);
ALTER TABLE ONLY modelops.batch_run
    ADD CONSTRAINT batch_run_deployment FOREIGN KEY (deployment_id) REFERENCES modelops.deployment(id);
ALTER TABLE ONLY modelops.batch_run
    ADD CONSTRAINT batch_run_job FOREIGN KEY (job_id) REFERENCES modelops.job(id);
ALTER TABLE ONLY modelops.batch_run_source
    ADD CONSTRAINT batch_run_source_run FOREIGN KEY (run_id) REFERENCES modelops.batch_run(id);
ALTER TABLE ONLY modelops.batch_run_source
    ADD CONSTRAINT batch_run_source_source FOREIGN KEY (source_id) REFERENCES modelops.batch_run(id);
ALTER TABLE ONLY modelops.batch_run
    ADD CONSTRAINT batch_run_superseded_by FOREIGN KEY (superseded_by) REFERENCES modelops.batch_run(id);
ALTER TABLE ONLY modelops.batch_run
    ADD CONSTRAINT batch_run_whole FOREIGN KEY (whole_id) REFERENCES modelops.batch_run(id);
ALTER TABLE ONLY modelops.challenger
    ADD CONSTRAINT challenger_alert FOREIGN KEY (alert_id) REFERENCES modelops.alert(id);
ALTER TABLE ONLY modelops.decision
    ADD CONSTRAINT decision_job FOREIGN KEY (job_id) REFERENCES modelops.job(id);
ALTER TABLE ONLY modelops.decision
    ADD CONSTRAINT decision_request FOREIGN KEY (request_id) REFERENCES modelops.approval_request(id);
ALTER TABLE ONLY modelops.decision
    ADD CONSTRAINT decision_version FOREIGN KEY (version_id) REFERENCES modelops.version(id);
ALTER TABLE ONLY modelops.deployment
    ADD CONSTRAINT deployment_decision FOREIGN KEY (decision_id) REFERENCES modelops.decision(id);
ALTER TABLE ONLY modelops.deployment
    ADD CONSTRAINT deployment_ended_by FOREIGN KEY (ended_by) REFERENCES modelops.job(id);
ALTER TABLE ONLY modelops.deployment
    ADD CONSTRAINT deployment_job FOREIGN KEY (job_id) REFERENCES modelops.job(id);
ALTER TABLE ONLY modelops.deployment
    ADD CONSTRAINT deployment_of_these_artifacts FOREIGN KEY (version_id, artifact_sha256) REFERENCES modelops.version(id, artifact_sha256);
ALTER TABLE ONLY modelops.drift
    ADD CONSTRAINT drift_evaluation FOREIGN KEY (evaluation_id) REFERENCES modelops.evaluation(id);
ALTER TABLE ONLY modelops.drift
    ADD CONSTRAINT drift_job FOREIGN KEY (job_id) REFERENCES modelops.job(id);
ALTER TABLE ONLY modelops.drift
    ADD CONSTRAINT drift_reference FOREIGN KEY (reference_id) REFERENCES modelops.reference(id);
ALTER TABLE ONLY modelops.drift
    ADD CONSTRAINT drift_run FOREIGN KEY (run_id) REFERENCES modelops.batch_run(id);
ALTER TABLE ONLY modelops.evaluation
    ADD CONSTRAINT evaluation_job FOREIGN KEY (job_id) REFERENCES modelops.job(id);
ALTER TABLE ONLY modelops.evaluation
    ADD CONSTRAINT evaluation_of_these_artifacts FOREIGN KEY (version_id, artifact_sha256) REFERENCES modelops.version(id, artifact_sha256);
ALTER TABLE ONLY modelops.job_event
    ADD CONSTRAINT job_event_job FOREIGN KEY (job_id) REFERENCES modelops.job(id);
ALTER TABLE ONLY modelops.job
    ADD CONSTRAINT job_version_exists FOREIGN KEY (version_id) REFERENCES modelops.version(id);
ALTER TABLE ONLY modelops.performance
    ADD CONSTRAINT performance_job FOREIGN KEY (job_id) REFERENCES modelops.job(id);
ALTER TABLE ONLY modelops.performance_metric
    ADD CONSTRAINT performance_metric_of FOREIGN KEY (performance_id) REFERENCES modelops.performance(id);
ALTER TABLE ONLY modelops.performance
    ADD CONSTRAINT performance_run FOREIGN KEY (run_id) REFERENCES modelops.batch_run(id);
ALTER TABLE ONLY modelops.reference
    ADD CONSTRAINT reference_job FOREIGN KEY (job_id) REFERENCES modelops.job(id);
ALTER TABLE ONLY modelops.reference
    ADD CONSTRAINT reference_of_these_artifacts FOREIGN KEY (version_id, artifact_sha256) REFERENCES modelops.version(id, artifact_sha256);
ALTER TABLE ONLY modelops.requests_read
    ADD CONSTRAINT requests_read_job FOREIGN KEY (job_id) REFERENCES modelops.job(id);
ALTER TABLE ONLY modelops.schedule
    ADD CONSTRAINT schedule_deployment FOREIGN KEY (deployment_id) REFERENCES modelops.deployment(id);
ALTER TABLE ONLY modelops.schedule
    ADD CONSTRAINT schedule_job FOREIGN KEY (job_id) REFERENCES modelops.job(id);
ALTER TABLE ONLY modelops.set_aside
    ADD CONSTRAINT set_aside_run FOREIGN KEY (run_id) REFERENCES modelops.batch_run(id);
ALTER TABLE ONLY modelops.statistics
    ADD CONSTRAINT statistics_reference FOREIGN KEY (reference_id) REFERENCES modelops.reference(id);
ALTER TABLE ONLY modelops.statistics
    ADD CONSTRAINT statistics_run FOREIGN KEY (run_id) REFERENCES modelops.batch_run(id);
ALTER TABLE ONLY modelops.statistics
    ADD CONSTRAINT statistics_version FOREIGN KEY (version_id) REFERENCES modelops.version(id);
ALTER TABLE ONLY modelops.version
    ADD CONSTRAINT version_changed_by FOREIGN KEY (changed_by) REFERENCES modelops.job(id);
ALTER TABLE ONLY modelops.version
    ADD CONSTRAINT version_job FOREIGN KEY (job_id) REFERENCES modelops.job(id);
ALTER TABLE ONLY modelops.work_list_progress
    ADD CONSTRAINT work_list_progress_deployment FOREIGN KEY (deployment_id) REFERENCES modelops.deployment(id);
GRANT USAGE ON SCHEMA modelops TO modelops_jobs;
GRANT USAGE ON SCHEMA modelops TO modelops_reader;
REVOKE ALL ON FUNCTION modelops.artifact_digest(version_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.artifact_digest(version_id bigint) TO modelops_jobs;
GRANT ALL ON FUNCTION modelops.artifact_digest(version_id bigint) TO modelops_reader;
REVOKE ALL ON FUNCTION modelops.attempts_without_requester(version_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.attempts_without_requester(version_id bigint) TO modelops_jobs;
GRANT ALL ON FUNCTION modelops.attempts_without_requester(version_id bigint) TO modelops_reader;
REVOKE ALL ON FUNCTION modelops.champion_evaluation(version_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.champion_evaluation(version_id bigint) TO modelops_jobs;
GRANT ALL ON FUNCTION modelops.champion_evaluation(version_id bigint) TO modelops_reader;
REVOKE ALL ON FUNCTION modelops.check_isolation() FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.check_isolation() TO modelops_jobs;
REVOKE ALL ON FUNCTION modelops.digest(content jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.digest(content jsonb) TO modelops_jobs;
GRANT ALL ON FUNCTION modelops.digest(content jsonb) TO modelops_reader;
REVOKE ALL ON FUNCTION modelops.digest_evaluation() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.distribution(drift_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.distribution(drift_id bigint) TO modelops_jobs;
GRANT ALL ON FUNCTION modelops.distribution(drift_id bigint) TO modelops_reader;
REVOKE ALL ON FUNCTION modelops.evaluation_evidence(evaluation_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.evaluation_evidence(evaluation_id bigint) TO modelops_jobs;
GRANT ALL ON FUNCTION modelops.evaluation_evidence(evaluation_id bigint) TO modelops_reader;
REVOKE ALL ON FUNCTION modelops.evidence(version_id bigint, champion_evaluation bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.evidence(version_id bigint, champion_evaluation bigint) TO modelops_jobs;
GRANT ALL ON FUNCTION modelops.evidence(version_id bigint, champion_evaluation bigint) TO modelops_reader;
REVOKE ALL ON FUNCTION modelops.follow_deployment() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.following(deployment_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.following(deployment_id bigint) TO modelops_jobs;
GRANT ALL ON FUNCTION modelops.following(deployment_id bigint) TO modelops_reader;
REVOKE ALL ON FUNCTION modelops.guard_alert() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.guard_alert_rule() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.guard_alert_snooze() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.guard_approval_request() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.guard_artifact() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.guard_batch_run() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.guard_bounds() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.guard_challenger() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.guard_decision() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.guard_deployment() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.guard_deployment_target() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.guard_drift_reference() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.guard_finding() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.guard_job_status() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.guard_metric() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.guard_of_run() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.guard_reference() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.guard_schedule() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.guard_version() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.guard_version_step() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.in_production_at(moment timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.in_production_at(moment timestamp with time zone) TO modelops_jobs;
GRANT ALL ON FUNCTION modelops.in_production_at(moment timestamp with time zone) TO modelops_reader;
REVOKE ALL ON FUNCTION modelops.is_bounded(value jsonb) FROM PUBLIC;
GRANT SELECT ON TABLE modelops.alert_rule TO modelops_jobs;
GRANT SELECT ON TABLE modelops.alert_rule TO modelops_reader;
GRANT INSERT(deployment_id) ON TABLE modelops.alert_rule TO modelops_jobs;
GRANT INSERT(job_id) ON TABLE modelops.alert_rule TO modelops_jobs;
GRANT INSERT(subject) ON TABLE modelops.alert_rule TO modelops_jobs;
GRANT INSERT(variable) ON TABLE modelops.alert_rule TO modelops_jobs;
GRANT INSERT(metric) ON TABLE modelops.alert_rule TO modelops_jobs;
GRANT INSERT(level) ON TABLE modelops.alert_rule TO modelops_jobs;
GRANT INSERT(below) ON TABLE modelops.alert_rule TO modelops_jobs;
GRANT INSERT(above) ON TABLE modelops.alert_rule TO modelops_jobs;
GRANT INSERT(checks) ON TABLE modelops.alert_rule TO modelops_jobs;
GRANT INSERT(beyond_natural) ON TABLE modelops.alert_rule TO modelops_jobs;
GRANT INSERT(continues) ON TABLE modelops.alert_rule TO modelops_jobs;
GRANT UPDATE(ended_by) ON TABLE modelops.alert_rule TO modelops_jobs;
GRANT INSERT(challenger_dataset) ON TABLE modelops.alert_rule TO modelops_jobs;
GRANT INSERT(cool_down) ON TABLE modelops.alert_rule TO modelops_jobs;
GRANT INSERT(most_a_month) ON TABLE modelops.alert_rule TO modelops_jobs;
REVOKE ALL ON FUNCTION modelops.is_open(rule modelops.alert_rule) FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.is_open(rule modelops.alert_rule) TO modelops_jobs;
GRANT ALL ON FUNCTION modelops.is_open(rule modelops.alert_rule) TO modelops_reader;
REVOKE ALL ON FUNCTION modelops.job_type_of(kind modelops.version_kind, stage text) FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.job_type_of(kind modelops.version_kind, stage text) TO modelops_jobs;
GRANT ALL ON FUNCTION modelops.job_type_of(kind modelops.version_kind, stage text) TO modelops_reader;
REVOKE ALL ON FUNCTION modelops.keep_times_of_job() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.labels_complete_at(covers tstzrange, published_at timestamp with time zone, maturity interval) FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.labels_complete_at(covers tstzrange, published_at timestamp with time zone, maturity interval) TO modelops_jobs;
GRANT ALL ON FUNCTION modelops.labels_complete_at(covers tstzrange, published_at timestamp with time zone, maturity interval) TO modelops_reader;
REVOKE ALL ON FUNCTION modelops.may_challenge(rule_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.may_challenge(rule_id bigint) TO modelops_jobs;
GRANT ALL ON FUNCTION modelops.may_challenge(rule_id bigint) TO modelops_reader;
REVOKE ALL ON FUNCTION modelops.newest_checks(deployment bigint, of_role modelops.variable_role, of_variable text, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.newest_checks(deployment bigint, of_role modelops.variable_role, of_variable text, most integer) TO modelops_jobs;
GRANT ALL ON FUNCTION modelops.newest_checks(deployment bigint, of_role modelops.variable_role, of_variable text, most integer) TO modelops_reader;
REVOKE ALL ON FUNCTION modelops.newest_measurements(of_target text, label text, of_metric text, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.newest_measurements(of_target text, label text, of_metric text, most integer) TO modelops_jobs;
GRANT ALL ON FUNCTION modelops.newest_measurements(of_target text, label text, of_metric text, most integer) TO modelops_reader;
REVOKE ALL ON FUNCTION modelops.note_measurement() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.note_progress(deployment_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.note_progress(deployment_id bigint) TO modelops_jobs;
REVOKE ALL ON FUNCTION modelops.own_target(kind modelops.version_kind, name text, definition jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.own_target(kind modelops.version_kind, name text, definition jsonb) TO modelops_jobs;
REVOKE ALL ON FUNCTION modelops.owners_of_target(target text) FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.owners_of_target(target text) TO modelops_jobs;
REVOKE ALL ON FUNCTION modelops.processed_until(deployment_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.processed_until(deployment_id bigint) TO modelops_jobs;
GRANT ALL ON FUNCTION modelops.processed_until(deployment_id bigint) TO modelops_reader;
REVOKE ALL ON FUNCTION modelops.refuse_change() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.requesters(version_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.requesters(version_id bigint) TO modelops_jobs;
GRANT ALL ON FUNCTION modelops.requesters(version_id bigint) TO modelops_reader;
REVOKE ALL ON FUNCTION modelops.statistics_evidence(version_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.statistics_evidence(version_id bigint) TO modelops_jobs;
GRANT ALL ON FUNCTION modelops.statistics_evidence(version_id bigint) TO modelops_reader;
REVOKE ALL ON FUNCTION modelops.status_before_decision(kind modelops.version_kind) FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.status_before_decision(kind modelops.version_kind) TO modelops_jobs;
GRANT ALL ON FUNCTION modelops.status_before_decision(kind modelops.version_kind) TO modelops_reader;
REVOKE ALL ON FUNCTION modelops.sum_up_job() FROM PUBLIC;
REVOKE ALL ON FUNCTION modelops.take_lock(name text) FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.take_lock(name text) TO modelops_jobs;
REVOKE ALL ON FUNCTION modelops.target_bears_name_of(target text, model text) FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.target_bears_name_of(target text, model text) TO modelops_jobs;
REVOKE ALL ON FUNCTION modelops.target_is_released(target text) FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.target_is_released(target text) TO modelops_jobs;
REVOKE ALL ON FUNCTION modelops.work_list(deployment_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION modelops.work_list(deployment_id bigint) TO modelops_jobs;
GRANT ALL ON FUNCTION modelops.work_list(deployment_id bigint) TO modelops_reader;
GRANT SELECT ON TABLE modelops.alert TO modelops_jobs;
GRANT SELECT ON TABLE modelops.alert TO modelops_reader;
GRANT INSERT(rule_id) ON TABLE modelops.alert TO modelops_jobs;
GRANT INSERT(run_id) ON TABLE modelops.alert TO modelops_jobs;
GRANT INSERT(job_id) ON TABLE modelops.alert TO modelops_jobs;
GRANT INSERT(attempt) ON TABLE modelops.alert TO modelops_jobs;
GRANT INSERT(found) ON TABLE modelops.alert TO modelops_jobs;
GRANT INSERT(fired_by) ON TABLE modelops.alert TO modelops_jobs;
GRANT UPDATE(resolved_by) ON TABLE modelops.alert TO modelops_jobs;
GRANT UPDATE(resolved_run) ON TABLE modelops.alert TO modelops_jobs;
GRANT SELECT ON TABLE modelops.alert_notification TO modelops_jobs;
GRANT SELECT ON TABLE modelops.alert_notification TO modelops_reader;
GRANT INSERT(alert_id) ON TABLE modelops.alert_notification TO modelops_jobs;
GRANT INSERT(event) ON TABLE modelops.alert_notification TO modelops_jobs;
GRANT INSERT(notifier) ON TABLE modelops.alert_notification TO modelops_jobs;
GRANT SELECT ON TABLE modelops.alert_snooze TO modelops_jobs;
GRANT SELECT ON TABLE modelops.alert_snooze TO modelops_reader;
GRANT INSERT(rule_id) ON TABLE modelops.alert_snooze TO modelops_jobs;
GRANT INSERT(job_id) ON TABLE modelops.alert_snooze TO modelops_jobs;
GRANT INSERT(until) ON TABLE modelops.alert_snooze TO modelops_jobs;
GRANT INSERT(reason) ON TABLE modelops.alert_snooze TO modelops_jobs;
GRANT SELECT ON TABLE modelops.deployment TO modelops_jobs;
GRANT SELECT ON TABLE modelops.deployment TO modelops_reader;
GRANT INSERT(version_id) ON TABLE modelops.deployment TO modelops_jobs;
GRANT INSERT(artifact_sha256) ON TABLE modelops.deployment TO modelops_jobs;
GRANT INSERT(decision_id) ON TABLE modelops.deployment TO modelops_jobs;
GRANT INSERT(job_id) ON TABLE modelops.deployment TO modelops_jobs;
GRANT INSERT(engine) ON TABLE modelops.deployment TO modelops_jobs;
GRANT INSERT(dataset) ON TABLE modelops.deployment TO modelops_jobs;
GRANT INSERT(target) ON TABLE modelops.deployment TO modelops_jobs;
GRANT INSERT(entity_key) ON TABLE modelops.deployment TO modelops_jobs;
GRANT INSERT(outputs) ON TABLE modelops.deployment TO modelops_jobs;
GRANT INSERT(set_aside_budget) ON TABLE modelops.deployment TO modelops_jobs;
GRANT UPDATE(ended_how) ON TABLE modelops.deployment TO modelops_jobs;
GRANT UPDATE(ended_by) ON TABLE modelops.deployment TO modelops_jobs;
GRANT INSERT(parts) ON TABLE modelops.deployment TO modelops_jobs;
GRANT INSERT(empty) ON TABLE modelops.deployment TO modelops_jobs;
GRANT INSERT(check_drift) ON TABLE modelops.deployment TO modelops_jobs;
GRANT INSERT(truth) ON TABLE modelops.deployment TO modelops_jobs;
GRANT INSERT(maturity) ON TABLE modelops.deployment TO modelops_jobs;
GRANT SELECT ON TABLE modelops.version TO modelops_jobs;
GRANT SELECT ON TABLE modelops.version TO modelops_reader;
GRANT INSERT(kind) ON TABLE modelops.version TO modelops_jobs;
GRANT INSERT(name) ON TABLE modelops.version TO modelops_jobs;
GRANT INSERT(number) ON TABLE modelops.version TO modelops_jobs;
GRANT UPDATE(status) ON TABLE modelops.version TO modelops_jobs;
GRANT INSERT(job_id) ON TABLE modelops.version TO modelops_jobs;
GRANT INSERT(changed_by),UPDATE(changed_by) ON TABLE modelops.version TO modelops_jobs;
GRANT INSERT(created_by) ON TABLE modelops.version TO modelops_jobs;
GRANT UPDATE(hyperparameters) ON TABLE modelops.version TO modelops_jobs;
GRANT UPDATE(commit) ON TABLE modelops.version TO modelops_jobs;
GRANT UPDATE(dirty) ON TABLE modelops.version TO modelops_jobs;
GRANT UPDATE(code_sha256) ON TABLE modelops.version TO modelops_jobs;
GRANT UPDATE(requirements_sha256) ON TABLE modelops.version TO modelops_jobs;
GRANT UPDATE(dataset) ON TABLE modelops.version TO modelops_jobs;
GRANT UPDATE(data_sha256) ON TABLE modelops.version TO modelops_jobs;
GRANT UPDATE(data_rows) ON TABLE modelops.version TO modelops_jobs;
GRANT UPDATE(columns) ON TABLE modelops.version TO modelops_jobs;
GRANT UPDATE(definition) ON TABLE modelops.version TO modelops_jobs;
GRANT UPDATE(columns_with_nulls) ON TABLE modelops.version TO modelops_jobs;
GRANT UPDATE(resources) ON TABLE modelops.version TO modelops_jobs;
GRANT SELECT ON TABLE modelops.alert_rule_state TO modelops_jobs;
GRANT SELECT ON TABLE modelops.alert_rule_state TO modelops_reader;
GRANT SELECT ON TABLE modelops.approval_request TO modelops_jobs;
GRANT SELECT ON TABLE modelops.approval_request TO modelops_reader;
GRANT INSERT(version_id) ON TABLE modelops.approval_request TO modelops_jobs;
GRANT INSERT(job_id) ON TABLE modelops.approval_request TO modelops_jobs;
GRANT INSERT(attempt) ON TABLE modelops.approval_request TO modelops_jobs;
GRANT INSERT(approvers) ON TABLE modelops.approval_request TO modelops_jobs;
GRANT SELECT ON TABLE modelops.artifact TO modelops_jobs;
GRANT SELECT ON TABLE modelops.artifact TO modelops_reader;
GRANT INSERT(version_id) ON TABLE modelops.artifact TO modelops_jobs;
GRANT INSERT(evaluation_id) ON TABLE modelops.artifact TO modelops_jobs;
GRANT INSERT(role) ON TABLE modelops.artifact TO modelops_jobs;
GRANT INSERT(name) ON TABLE modelops.artifact TO modelops_jobs;
GRANT INSERT(sha256) ON TABLE modelops.artifact TO modelops_jobs;
GRANT INSERT(size) ON TABLE modelops.artifact TO modelops_jobs;
GRANT INSERT(media_type) ON TABLE modelops.artifact TO modelops_jobs;
GRANT INSERT(uri) ON TABLE modelops.artifact TO modelops_jobs;
GRANT SELECT ON TABLE modelops.batch_run TO modelops_jobs;
GRANT SELECT ON TABLE modelops.batch_run TO modelops_reader;
GRANT INSERT(deployment_id) ON TABLE modelops.batch_run TO modelops_jobs;
GRANT INSERT(job_id) ON TABLE modelops.batch_run TO modelops_jobs;
GRANT INSERT(attempt) ON TABLE modelops.batch_run TO modelops_jobs;
GRANT INSERT(fence) ON TABLE modelops.batch_run TO modelops_jobs;
GRANT INSERT(covers) ON TABLE modelops.batch_run TO modelops_jobs;
GRANT UPDATE(rows) ON TABLE modelops.batch_run TO modelops_jobs;
GRANT UPDATE(set_aside) ON TABLE modelops.batch_run TO modelops_jobs;
GRANT UPDATE(published_at) ON TABLE modelops.batch_run TO modelops_jobs;
GRANT INSERT(part) ON TABLE modelops.batch_run TO modelops_jobs;
GRANT UPDATE(staged_at) ON TABLE modelops.batch_run TO modelops_jobs;
GRANT UPDATE(whole_id) ON TABLE modelops.batch_run TO modelops_jobs;
GRANT UPDATE(swept_at) ON TABLE modelops.batch_run TO modelops_jobs;
GRANT SELECT,INSERT ON TABLE modelops.batch_run_source TO modelops_jobs;
GRANT SELECT ON TABLE modelops.batch_run_source TO modelops_reader;
GRANT SELECT ON TABLE modelops.challenger TO modelops_jobs;
GRANT SELECT ON TABLE modelops.challenger TO modelops_reader;
GRANT INSERT(alert_id) ON TABLE modelops.challenger TO modelops_jobs;
GRANT SELECT ON TABLE modelops.decision TO modelops_jobs;
GRANT SELECT ON TABLE modelops.decision TO modelops_reader;
GRANT INSERT(version_id) ON TABLE modelops.decision TO modelops_jobs;
GRANT INSERT(request_id) ON TABLE modelops.decision TO modelops_jobs;
GRANT INSERT(job_id) ON TABLE modelops.decision TO modelops_jobs;
GRANT INSERT(digest) ON TABLE modelops.decision TO modelops_jobs;
GRANT INSERT(approver) ON TABLE modelops.decision TO modelops_jobs;
GRANT INSERT(verdict) ON TABLE modelops.decision TO modelops_jobs;
GRANT INSERT(comment) ON TABLE modelops.decision TO modelops_jobs;
GRANT SELECT ON TABLE modelops.schedule TO modelops_jobs;
GRANT SELECT ON TABLE modelops.schedule TO modelops_reader;
GRANT INSERT(deployment_id) ON TABLE modelops.schedule TO modelops_jobs;
GRANT INSERT(job_id) ON TABLE modelops.schedule TO modelops_jobs;
GRANT INSERT(schedule) ON TABLE modelops.schedule TO modelops_jobs;
GRANT INSERT(time_zone) ON TABLE modelops.schedule TO modelops_jobs;
GRANT INSERT(paused) ON TABLE modelops.schedule TO modelops_jobs;
GRANT INSERT(starts_at) ON TABLE modelops.schedule TO modelops_jobs;
GRANT INSERT(late_after) ON TABLE modelops.schedule TO modelops_jobs;
GRANT SELECT ON TABLE modelops.deployment_schedule TO modelops_jobs;
GRANT SELECT ON TABLE modelops.deployment_schedule TO modelops_reader;
GRANT SELECT ON TABLE modelops.drift TO modelops_jobs;
GRANT SELECT ON TABLE modelops.drift TO modelops_reader;
GRANT INSERT(job_id) ON TABLE modelops.drift TO modelops_jobs;
GRANT INSERT(attempt) ON TABLE modelops.drift TO modelops_jobs;
GRANT INSERT(run_id) ON TABLE modelops.drift TO modelops_jobs;
GRANT INSERT(role) ON TABLE modelops.drift TO modelops_jobs;
GRANT INSERT(variable) ON TABLE modelops.drift TO modelops_jobs;
GRANT INSERT(verdict) ON TABLE modelops.drift TO modelops_jobs;
GRANT INSERT(reason) ON TABLE modelops.drift TO modelops_jobs;
GRANT INSERT(reference_rows) ON TABLE modelops.drift TO modelops_jobs;
GRANT INSERT(rows) ON TABLE modelops.drift TO modelops_jobs;
GRANT INSERT(bins) ON TABLE modelops.drift TO modelops_jobs;
GRANT INSERT(psi) ON TABLE modelops.drift TO modelops_jobs;
GRANT INSERT(shift) ON TABLE modelops.drift TO modelops_jobs;
GRANT INSERT(p_value) ON TABLE modelops.drift TO modelops_jobs;
GRANT INSERT(lower_bound) ON TABLE modelops.drift TO modelops_jobs;
GRANT INSERT(natural_variation) ON TABLE modelops.drift TO modelops_jobs;
GRANT INSERT(detectable_shift) ON TABLE modelops.drift TO modelops_jobs;
GRANT INSERT(most_moved) ON TABLE modelops.drift TO modelops_jobs;
GRANT INSERT(reference_id) ON TABLE modelops.drift TO modelops_jobs;
GRANT INSERT(evaluation_id) ON TABLE modelops.drift TO modelops_jobs;
GRANT SELECT ON TABLE modelops.evaluation TO modelops_jobs;
GRANT SELECT ON TABLE modelops.evaluation TO modelops_reader;
GRANT INSERT(version_id) ON TABLE modelops.evaluation TO modelops_jobs;
GRANT INSERT(artifact_sha256) ON TABLE modelops.evaluation TO modelops_jobs;
GRANT INSERT(job_id) ON TABLE modelops.evaluation TO modelops_jobs;
GRANT INSERT(attempt) ON TABLE modelops.evaluation TO modelops_jobs;
GRANT INSERT(dataset) ON TABLE modelops.evaluation TO modelops_jobs;
GRANT INSERT(data_sha256) ON TABLE modelops.evaluation TO modelops_jobs;
GRANT INSERT(data_rows) ON TABLE modelops.evaluation TO modelops_jobs;
GRANT INSERT(metrics) ON TABLE modelops.evaluation TO modelops_jobs;
GRANT INSERT(statistics) ON TABLE modelops.evaluation TO modelops_jobs;
GRANT INSERT(details) ON TABLE modelops.evaluation TO modelops_jobs;
GRANT SELECT ON TABLE modelops.expected_notification TO modelops_jobs;
GRANT SELECT ON TABLE modelops.expected_notification TO modelops_reader;
GRANT SELECT ON TABLE modelops.job TO modelops_jobs;
GRANT SELECT ON TABLE modelops.job TO modelops_reader;
GRANT INSERT(type) ON TABLE modelops.job TO modelops_jobs;
GRANT INSERT(dag_id) ON TABLE modelops.job TO modelops_jobs;
GRANT INSERT(run_id) ON TABLE modelops.job TO modelops_jobs;
GRANT INSERT(task_id) ON TABLE modelops.job TO modelops_jobs;
GRANT INSERT(map_index) ON TABLE modelops.job TO modelops_jobs;
GRANT INSERT(subject),UPDATE(subject) ON TABLE modelops.job TO modelops_jobs;
GRANT UPDATE(version_id) ON TABLE modelops.job TO modelops_jobs;
GRANT INSERT(status),UPDATE(status) ON TABLE modelops.job TO modelops_jobs;
GRANT INSERT(attempt),UPDATE(attempt) ON TABLE modelops.job TO modelops_jobs;
GRANT INSERT(fence),UPDATE(fence) ON TABLE modelops.job TO modelops_jobs;
GRANT INSERT(requested_by),UPDATE(requested_by) ON TABLE modelops.job TO modelops_jobs;
GRANT INSERT(parameters),UPDATE(parameters) ON TABLE modelops.job TO modelops_jobs;
GRANT UPDATE(result) ON TABLE modelops.job TO modelops_jobs;
GRANT UPDATE(error) ON TABLE modelops.job TO modelops_jobs;
GRANT INSERT(created_at),UPDATE(created_at) ON TABLE modelops.job TO modelops_jobs;
GRANT INSERT(max_tries),UPDATE(max_tries) ON TABLE modelops.job TO modelops_jobs;
GRANT INSERT(asked_at),UPDATE(asked_at) ON TABLE modelops.job TO modelops_jobs;
GRANT UPDATE(ended_at) ON TABLE modelops.job TO modelops_jobs;
GRANT UPDATE(peak_memory) ON TABLE modelops.job TO modelops_jobs;
GRANT UPDATE(peak_allocated) ON TABLE modelops.job TO modelops_jobs;
GRANT UPDATE(cpu_seconds) ON TABLE modelops.job TO modelops_jobs;
GRANT SELECT ON TABLE modelops.job_event TO modelops_jobs;
GRANT SELECT ON TABLE modelops.job_event TO modelops_reader;
GRANT INSERT(job_id) ON TABLE modelops.job_event TO modelops_jobs;
GRANT INSERT(attempt) ON TABLE modelops.job_event TO modelops_jobs;
GRANT INSERT(event) ON TABLE modelops.job_event TO modelops_jobs;
GRANT INSERT(at) ON TABLE modelops.job_event TO modelops_jobs;
GRANT INSERT(actor) ON TABLE modelops.job_event TO modelops_jobs;
GRANT INSERT(detail) ON TABLE modelops.job_event TO modelops_jobs;
GRANT SELECT ON TABLE modelops.job_step_time TO modelops_jobs;
GRANT SELECT ON TABLE modelops.job_step_time TO modelops_reader;
GRANT SELECT ON TABLE modelops.job_summary TO modelops_jobs;
GRANT SELECT ON TABLE modelops.job_summary TO modelops_reader;
GRANT SELECT ON TABLE modelops.lock TO modelops_jobs;
GRANT SELECT ON TABLE modelops.lock TO modelops_reader;
GRANT SELECT ON TABLE modelops.performance TO modelops_jobs;
GRANT SELECT ON TABLE modelops.performance TO modelops_reader;
GRANT INSERT(job_id) ON TABLE modelops.performance TO modelops_jobs;
GRANT INSERT(attempt) ON TABLE modelops.performance TO modelops_jobs;
GRANT INSERT(run_id) ON TABLE modelops.performance TO modelops_jobs;
GRANT INSERT(rows) ON TABLE modelops.performance TO modelops_jobs;
GRANT INSERT(labelled) ON TABLE modelops.performance TO modelops_jobs;
GRANT INSERT(error) ON TABLE modelops.performance TO modelops_jobs;
GRANT SELECT ON TABLE modelops.performance_metric TO modelops_jobs;
GRANT SELECT ON TABLE modelops.performance_metric TO modelops_reader;
GRANT INSERT(performance_id) ON TABLE modelops.performance_metric TO modelops_jobs;
GRANT INSERT(target) ON TABLE modelops.performance_metric TO modelops_jobs;
GRANT INSERT(metric) ON TABLE modelops.performance_metric TO modelops_jobs;
GRANT INSERT(value) ON TABLE modelops.performance_metric TO modelops_jobs;
GRANT INSERT(lower) ON TABLE modelops.performance_metric TO modelops_jobs;
GRANT INSERT(upper) ON TABLE modelops.performance_metric TO modelops_jobs;
GRANT SELECT ON TABLE modelops.measurement TO modelops_jobs;
GRANT SELECT ON TABLE modelops.measurement TO modelops_reader;
GRANT SELECT ON TABLE modelops.migration TO modelops_jobs;
GRANT SELECT ON TABLE modelops.migration TO modelops_reader;
GRANT SELECT ON TABLE modelops.newest_performance TO modelops_jobs;
GRANT SELECT ON TABLE modelops.newest_performance TO modelops_reader;
GRANT SELECT,INSERT,UPDATE ON TABLE modelops.observation TO modelops_jobs;
GRANT SELECT ON TABLE modelops.observation TO modelops_reader;
GRANT SELECT ON TABLE modelops.published_run TO modelops_jobs;
GRANT SELECT ON TABLE modelops.published_run TO modelops_reader;
GRANT SELECT ON TABLE modelops.reference TO modelops_jobs;
GRANT SELECT ON TABLE modelops.reference TO modelops_reader;
GRANT INSERT(version_id) ON TABLE modelops.reference TO modelops_jobs;
GRANT INSERT(artifact_sha256) ON TABLE modelops.reference TO modelops_jobs;
GRANT INSERT(job_id) ON TABLE modelops.reference TO modelops_jobs;
GRANT INSERT(attempt) ON TABLE modelops.reference TO modelops_jobs;
GRANT INSERT(dataset) ON TABLE modelops.reference TO modelops_jobs;
GRANT INSERT(data_sha256) ON TABLE modelops.reference TO modelops_jobs;
GRANT INSERT(data_rows) ON TABLE modelops.reference TO modelops_jobs;
GRANT INSERT(warnings) ON TABLE modelops.reference TO modelops_jobs;
GRANT SELECT,INSERT ON TABLE modelops.requests_read TO modelops_jobs;
GRANT SELECT ON TABLE modelops.requests_read TO modelops_reader;
GRANT SELECT ON TABLE modelops.run_history TO modelops_jobs;
GRANT SELECT ON TABLE modelops.run_history TO modelops_reader;
GRANT SELECT ON TABLE modelops.schema_script TO modelops_jobs;
GRANT SELECT ON TABLE modelops.schema_script TO modelops_reader;
GRANT SELECT,INSERT ON TABLE modelops.set_aside TO modelops_jobs;
GRANT SELECT ON TABLE modelops.set_aside TO modelops_reader;
GRANT SELECT ON TABLE modelops.stage TO modelops_jobs;
GRANT SELECT ON TABLE modelops.stage TO modelops_reader;
GRANT SELECT ON TABLE modelops.statistics TO modelops_jobs;
GRANT SELECT ON TABLE modelops.statistics TO modelops_reader;
GRANT INSERT(version_id) ON TABLE modelops.statistics TO modelops_jobs;
GRANT INSERT(run_id) ON TABLE modelops.statistics TO modelops_jobs;
GRANT INSERT(role) ON TABLE modelops.statistics TO modelops_jobs;
GRANT INSERT(variable) ON TABLE modelops.statistics TO modelops_jobs;
GRANT INSERT(kind) ON TABLE modelops.statistics TO modelops_jobs;
GRANT INSERT("values") ON TABLE modelops.statistics TO modelops_jobs;
GRANT INSERT(reference_id) ON TABLE modelops.statistics TO modelops_jobs;
GRANT SELECT ON TABLE modelops.statistics_in_use TO modelops_jobs;
GRANT SELECT ON TABLE modelops.statistics_in_use TO modelops_reader;
GRANT SELECT ON TABLE modelops.transition TO modelops_jobs;
GRANT SELECT ON TABLE modelops.transition TO modelops_reader;
GRANT SELECT ON TABLE modelops.work_list_progress TO modelops_jobs;
GRANT SELECT ON TABLE modelops.work_list_progress TO modelops_reader;
