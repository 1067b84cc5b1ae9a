-- The memory and CPU time that jobs have used, and the resources that versions request; as in schema/tables.

ALTER TABLE modelops.job
  ADD COLUMN peak_memory bigint CONSTRAINT job_peak_memory CHECK (peak_memory >= 0),
  ADD COLUMN peak_allocated bigint CONSTRAINT job_peak_allocated CHECK (peak_allocated >= 0),
  ADD COLUMN cpu_seconds double precision CONSTRAINT job_cpu_seconds CHECK (cpu_seconds >= 0 AND cpu_seconds < 'infinity');
COMMENT ON COLUMN modelops.job.peak_memory IS
  'Bytes of resident memory that user code of the newest attempt had at most: its largest process, or several at one time. Null: none was measured.';
COMMENT ON COLUMN modelops.job.peak_allocated IS
  'Bytes that a process of that code had allocated at most, used or not; or all together had in use, if that is more. Measured now and then.';
COMMENT ON COLUMN modelops.job.cpu_seconds IS 'CPU time of all processes of that code together.';
GRANT UPDATE (peak_memory, peak_allocated, cpu_seconds) ON modelops.job TO modelops_jobs;
-- The last measured jobs of a model and a type.
CREATE INDEX job_measured ON modelops.job (split_part(left(subject, 250), ' ', 1), type, created_at, id)
  WHERE peak_memory IS NOT NULL AND status = 'completed';

ALTER TABLE modelops.version ADD COLUMN resources jsonb;
COMMENT ON COLUMN modelops.version.resources IS
  'The section resources of its config.json or task.yaml, memory in bytes. Null for what was pinned before there was one.';
GRANT UPDATE (resources) ON modelops.version TO modelops_jobs;
