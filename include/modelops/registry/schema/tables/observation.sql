-- The state of the observer.

CREATE TABLE modelops.observation (
  singleton  boolean NOT NULL DEFAULT true CONSTRAINT observation_pkey PRIMARY KEY,
  seen_at    timestamptz NOT NULL,
  CONSTRAINT observation_single CHECK (singleton)
);
COMMENT ON TABLE modelops.observation IS 'The time up to which the observer has copied Airflow''s records into the ledger.';
GRANT SELECT, INSERT, UPDATE ON modelops.observation TO modelops_jobs;
GRANT SELECT ON modelops.observation TO modelops_reader;

CREATE TABLE modelops.requests_read (
  job_id   bigint NOT NULL CONSTRAINT requests_read_job REFERENCES modelops.job,
  attempt  integer NOT NULL CONSTRAINT requests_read_later CHECK (attempt > 1),
  read_at  timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT requests_read_pkey PRIMARY KEY (job_id, attempt)
);
COMMENT ON TABLE modelops.requests_read IS
  'The attempts for which the observer has read, in Airflow''s audit log, who made them run; all of these persons are on record as events `cleared`. Append-only.';
GRANT SELECT, INSERT ON modelops.requests_read TO modelops_jobs;
GRANT SELECT ON modelops.requests_read TO modelops_reader;
