-- Jobs: the order of statuses, the times of start and end, and the time spent waiting and working.

CREATE OR REPLACE FUNCTION modelops.guard_job_status() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
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
COMMENT ON FUNCTION modelops.guard_job_status IS
  'Refuses a step back within an attempt, an older attempt or fence, and changes of a job that has ended.';
CREATE OR REPLACE TRIGGER job_status_guard BEFORE INSERT OR UPDATE ON modelops.job
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_job_status();

-- OLD is null for a new row.
CREATE OR REPLACE FUNCTION modelops.keep_times_of_job() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
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
COMMENT ON FUNCTION modelops.keep_times_of_job IS
  'Keeps when a worker first took the newest attempt, by raising the fence, and when that attempt ended the job.';
CREATE OR REPLACE TRIGGER job_times BEFORE INSERT OR UPDATE OF status, attempt, fence, started_at, ended_at ON modelops.job
  FOR EACH ROW EXECUTE FUNCTION modelops.keep_times_of_job();

CREATE OR REPLACE FUNCTION modelops.sum_up_job() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  UPDATE modelops.job SET waited = total.waited, worked = total.worked
  FROM modelops.job_summary AS total
  WHERE job.id = NEW.job_id AND total.id = job.id
    AND job.ended_at IS NOT NULL
    AND (job.waited, job.worked) IS DISTINCT FROM (total.waited, total.worked);
  RETURN NULL;
END $$;
COMMENT ON FUNCTION modelops.sum_up_job IS
  'Stores how long a job that has ended waited and worked. Runs at the end of the transaction, and again for events that are reported later.';
-- A constraint trigger can't be replaced, so it is dropped and created again.
DROP TRIGGER IF EXISTS job_summed_up ON modelops.job_event;
CREATE CONSTRAINT TRIGGER job_summed_up AFTER INSERT ON modelops.job_event
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.event NOT IN ('step', 'lost', 'repeated'))
  EXECUTE FUNCTION modelops.sum_up_job();

REVOKE ALL ON FUNCTION modelops.guard_job_status, modelops.keep_times_of_job, modelops.sum_up_job FROM PUBLIC;
