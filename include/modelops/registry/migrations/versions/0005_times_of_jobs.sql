-- The time that a job waited and worked, kept with it once it has ended, so that those of many are summed up at once.

ALTER TABLE modelops.job ADD waited interval, ADD worked interval;
COMMENT ON COLUMN modelops.job.waited IS 'As in job_summary, when the job had ended; the trigger job_summed_up writes it.';
COMMENT ON COLUMN modelops.job.worked IS 'As in job_summary, when the job had ended; the trigger job_summed_up writes it.';

CREATE FUNCTION modelops.sum_up_job() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  UPDATE modelops.job SET waited = total.waited, worked = total.worked
  FROM modelops.job_summary AS total
  WHERE job.id = NEW.job_id AND total.id = job.id
    AND job.status IN ('completed', 'failed', 'cancelled', 'skipped')
    AND (job.waited, job.worked) IS DISTINCT FROM (total.waited, total.worked);
  RETURN NULL;
END $$;
COMMENT ON FUNCTION modelops.sum_up_job IS
  'Runs at the end of a transaction, when the status stands; also for what is told late of a job that has ended.';
REVOKE EXECUTE ON FUNCTION modelops.sum_up_job FROM PUBLIC;

CREATE CONSTRAINT TRIGGER job_summed_up AFTER INSERT ON modelops.job_event
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.event NOT IN ('step', 'lost', 'repeated'))
  EXECUTE FUNCTION modelops.sum_up_job();

REVOKE INSERT ON modelops.job FROM modelops_jobs;
GRANT INSERT (type, dag_id, run_id, task_id, map_index, subject, status, attempt, fence, requested_by, parameters,
  created_at) ON modelops.job TO modelops_jobs;

UPDATE modelops.job SET waited = total.waited, worked = total.worked
FROM modelops.job_summary AS total
WHERE total.id = job.id AND job.status IN ('completed', 'failed', 'cancelled', 'skipped');

-- What is asked of many jobs of a type at once is answered from the index alone.
DROP INDEX modelops.job_newest_of_type;
CREATE INDEX job_newest_of_type ON modelops.job (type, created_at, id) INCLUDE (dag_id, status, waited, worked);
