-- What the observer remembers of its own work.

CREATE TABLE modelops.observation (
  singleton  boolean NOT NULL DEFAULT true CONSTRAINT observation_pkey PRIMARY KEY,
  seen_at    timestamptz NOT NULL,
  CONSTRAINT observation_single CHECK (singleton)
);
COMMENT ON TABLE modelops.observation IS 'Up to when the observer has brought Airflow''s news into the ledger.';
GRANT SELECT, INSERT, UPDATE ON modelops.observation TO modelops_jobs;
GRANT SELECT ON modelops.observation TO modelops_reader;

CREATE TABLE modelops.requests_read (
  job_id   bigint NOT NULL CONSTRAINT requests_read_job REFERENCES modelops.job,
  attempt  integer NOT NULL CONSTRAINT requests_read_later CHECK (attempt > 1),
  read_at  timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT requests_read_pkey PRIMARY KEY (job_id, attempt)
);
COMMENT ON TABLE modelops.requests_read IS
  'The attempts of which the observer has read, in Airflow''s audit log, who made them run: all of them are on record as events `cleared`. Append-only.';
GRANT SELECT, INSERT ON modelops.requests_read TO modelops_jobs;
GRANT SELECT ON modelops.requests_read TO modelops_reader;
