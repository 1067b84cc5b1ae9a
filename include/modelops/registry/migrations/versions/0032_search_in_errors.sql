-- Searches of jobs find the beginning of the error too; as in schema/tables/job.sql.

DROP INDEX modelops.job_known_by;
DO $$
DECLARE
  home regnamespace := (SELECT extnamespace FROM pg_extension WHERE extname = 'pg_trgm');
BEGIN
  EXECUTE format('CREATE INDEX job_known_by ON modelops.job USING gin
                  (lower(subject || '' '' || run_id || coalesce('' '' || left(error, 300), '''')) %s.gin_trgm_ops)', home);
END $$;
