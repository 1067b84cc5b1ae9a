-- Lists of jobs: newest first, whole or by one property, a page at a time, whatever their number.

CREATE INDEX job_newest ON modelops.job (created_at, id);
CREATE INDEX job_newest_of_type ON modelops.job (type, created_at, id);
CREATE INDEX job_newest_of_type_by_status ON modelops.job (type, status, created_at, id);
CREATE INDEX job_newest_of_dag ON modelops.job (dag_id, created_at, id);
CREATE INDEX job_newest_of_status ON modelops.job (status, created_at, id);
CREATE INDEX job_newest_of_subject ON modelops.job (left(subject, 250) text_pattern_ops, created_at, id); -- whatever its length
CREATE INDEX job_newest_of_person ON modelops.job (requested_by, created_at, id);
CREATE INDEX job_newest_of_person_by_status ON modelops.job (requested_by, status, created_at, id);

-- For counting, without a look at the table.
CREATE INDEX job_counted ON modelops.job (type, status, dag_id);

-- For a text anywhere in what a job is known by. The extension is trusted: who owns the database may create it.
CREATE SCHEMA IF NOT EXISTS modelops_extensions;
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA modelops_extensions;
DO $$
DECLARE
  home regnamespace := (SELECT extnamespace FROM pg_extension WHERE extname = 'pg_trgm'); -- it may have been there before
BEGIN
  EXECUTE format('CREATE INDEX job_known_by ON modelops.job USING gin (lower(subject || '' '' || run_id) %s.gin_trgm_ops)', home);
END $$;
