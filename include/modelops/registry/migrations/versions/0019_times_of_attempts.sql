-- A job has the time at which its newest attempt was first taken by a worker, and the time at which that ended the job.

ALTER TABLE modelops.job ADD COLUMN started_at timestamptz, ADD COLUMN ended_at timestamptz;
COMMENT ON COLUMN modelops.job.waited IS 'As in job_summary, of all attempts; null while the job has not ended. The trigger job_summed_up writes it.';
COMMENT ON COLUMN modelops.job.worked IS 'As in job_summary, of all attempts; null while the job has not ended. The trigger job_summed_up writes it.';
COMMENT ON COLUMN modelops.job.started_at IS
  'When a worker first took the newest attempt; null while none has. The trigger job_times writes it.';
COMMENT ON COLUMN modelops.job.ended_at IS
  'When the newest attempt ended the job: its status is completed, failed, cancelled or skipped. Null while it has not ended. The trigger job_times keeps it.';

-- From the events of the newest attempt. An attempt that returned the recorded result ended when it was `repeated`. Of a
-- job without such an event the newest of its attempt counts, or when it was created.
UPDATE modelops.job SET
  started_at = (SELECT min(at) FROM modelops.job_event AS event
                WHERE event.job_id = job.id AND event.attempt = job.attempt AND event.event = 'running'),
  ended_at = CASE WHEN status IN ('completed', 'failed', 'cancelled', 'skipped') THEN coalesce(
    (SELECT max(at) FROM modelops.job_event AS event
     WHERE event.job_id = job.id AND event.attempt = job.attempt AND event.event IN (job.status::text::modelops.event, 'repeated')),
    (SELECT max(at) FROM modelops.job_event AS event WHERE event.job_id = job.id AND event.attempt = job.attempt),
    created_at) END,
  waited = CASE WHEN status IN ('completed', 'failed', 'cancelled', 'skipped') THEN waited END,
  worked = CASE WHEN status IN ('completed', 'failed', 'cancelled', 'skipped') THEN worked END;

ALTER TABLE modelops.job
  ADD CONSTRAINT job_ended CHECK ((ended_at IS NOT NULL) = (status IN ('completed', 'failed', 'cancelled', 'skipped'))),
  ADD CONSTRAINT job_times_when_ended CHECK (ended_at IS NOT NULL OR num_nonnulls(waited, worked) = 0);
DROP INDEX modelops.job_open;
CREATE INDEX job_open ON modelops.job (id) WHERE ended_at IS NULL;
GRANT UPDATE (ended_at) ON modelops.job TO modelops_jobs;
