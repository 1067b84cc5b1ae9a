-- Batch runs: the newest attempt of a job writes and publishes them; they do not change after that.

-- A run is begun and then published once, which supersedes the runs that it replaces. A partition is staged instead, and then
-- added once to the whole run that publishes its rows.
CREATE OR REPLACE FUNCTION modelops.guard_batch_run() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
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
COMMENT ON FUNCTION modelops.guard_batch_run IS
  'Lets only the job under way begin, stage and publish a run, for a deployment that has not ended; publishing supersedes the runs whose interval it covers.';

CREATE OR REPLACE TRIGGER batch_run_guard BEFORE INSERT OR UPDATE ON modelops.batch_run
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_batch_run();

-- What belongs to a run (rejected rows, sources, statistics), and statistics of a training or of a reference, are written before it is finished.
CREATE OR REPLACE FUNCTION modelops.guard_of_run() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
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
COMMENT ON FUNCTION modelops.guard_of_run IS
  'Refuses rejected rows, sources and statistics of a run that is published, and statistics of a version that is trained or of a reference whose job has ended.';
CREATE OR REPLACE TRIGGER set_aside_guard BEFORE INSERT ON modelops.set_aside
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_of_run();
CREATE OR REPLACE TRIGGER statistics_guard BEFORE INSERT ON modelops.statistics
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_of_run();
CREATE OR REPLACE TRIGGER batch_run_source_guard BEFORE INSERT ON modelops.batch_run_source
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_of_run();

REVOKE ALL ON FUNCTION modelops.guard_batch_run, modelops.guard_of_run FROM PUBLIC;
