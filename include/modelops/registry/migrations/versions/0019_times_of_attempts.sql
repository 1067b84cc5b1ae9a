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

-- Comments in plain words.
COMMENT ON COLUMN modelops.job.requested_by IS 'The person who requested the DAG run, or the author of its schedule.';
COMMENT ON COLUMN modelops.job.asked_at IS
  'When its DAG run was requested, as the first attempt found it; null once a person has cleared the task.';
COMMENT ON TABLE modelops.job_event IS
  'What happened to a job, when, and by whom, reported by its workers and the observer (both use the login modelops_jobs). Append-only; an event that is reported twice leaves one row.';
COMMENT ON TABLE modelops.observation IS 'The time up to which the observer has copied Airflow''s records into the ledger.';
COMMENT ON COLUMN modelops.version.dirty IS 'Trained from files that were not committed, with the requester''s consent.';
COMMENT ON COLUMN modelops.approval_request.approvers IS
  'Who may decide, by the model''s policy.yaml; empty: anybody except the requesters of the training.';
COMMENT ON COLUMN modelops.deployment.outputs IS
  'Columns other than the key: for a model, column → Arrow type of the scorer''s result; for a feature task, column → PostgreSQL type.';
COMMENT ON COLUMN modelops.deployment.set_aside_budget IS
  'How many rows of a batch may be rejected because they can''t be scored.';
COMMENT ON COLUMN modelops.deployment.parts IS
  'The number of partitions of a batch; each is a job, and one more job publishes them.';
COMMENT ON TABLE modelops.schedule IS
  'When a deployment''s batches run, from when on, and who set this. The newest row of a deployment counts. Append-only.';
COMMENT ON COLUMN modelops.schedule.time_zone IS 'The time zone of the cron fields.';
COMMENT ON COLUMN modelops.schedule.starts_at IS
  'For a schedule by the clock: its last tick before it was set. Nothing earlier is due.';
COMMENT ON COLUMN modelops.schedule.late_after IS
  'A run that has not ended this long after it was queued is late. Null: never.';
COMMENT ON COLUMN modelops.schedule.set_by IS 'Who requested it; written by the database, as is set_at.';
COMMENT ON COLUMN modelops.batch_run.covers IS 'The data interval, [start, end); (,) for a batch without an interval.';
COMMENT ON COLUMN modelops.batch_run.shows IS
  'For an incremental feature task, once published: the times for which readers still see its rows. Null: all.';
COMMENT ON COLUMN modelops.batch_run.part IS 'The number of a partition, from 0; null for a whole batch.';
COMMENT ON COLUMN modelops.batch_run.staged_at IS
  'For a partition: when all of its rows were written. Readers do not see them yet.';
COMMENT ON COLUMN modelops.batch_run.whole_id IS 'For a partition: the run that publishes its rows.';
COMMENT ON TABLE modelops.batch_run_source IS
  'The publications of the followed feature table that a run has seen: those that were committed before it read. Append-only.';
COMMENT ON TABLE modelops.set_aside IS 'Rejected rows of a batch: position, entity key and reason. Append-only.';
COMMENT ON TABLE modelops.statistics IS
  'Statistics of the columns of a training''s rows or of a batch: moments, histogram, frequencies. Append-only.';
COMMENT ON TABLE modelops.requests_read IS
  'The attempts for which the observer has read, in Airflow''s audit log, who made them run; all of these persons are on record as events `cleared`. Append-only.';
