-- The schema itself. Run first.

CREATE SCHEMA IF NOT EXISTS modelops; -- made with the logins, so that modelops_owner need not be able to
COMMENT ON SCHEMA modelops IS 'Registry of model versions and ledger of jobs. Written by modelops_jobs only; closed to users'' SQL.';
GRANT USAGE ON SCHEMA modelops TO modelops_jobs, modelops_reader;
GRANT SELECT ON modelops.migration TO modelops_jobs, modelops_reader;
