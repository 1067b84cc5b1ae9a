-- How far the work lists of deployments after a feature table are done. See functions/work_list.sql.

CREATE TABLE modelops.work_list_progress (
  deployment_id    bigint NOT NULL CONSTRAINT work_list_progress_deployment REFERENCES modelops.deployment,
  follows          text NOT NULL,
  processed_until  timestamptz NOT NULL,
  CONSTRAINT work_list_progress_pkey PRIMARY KEY (deployment_id, follows)
);
COMMENT ON TABLE modelops.work_list_progress IS
  'Until when everything in the work list of a deployment is processed. Only modelops.note_progress writes it; removing a row costs time and loses nothing.';
COMMENT ON COLUMN modelops.work_list_progress.follows IS 'The feature table: times of publications are in order within a table only.';
COMMENT ON COLUMN modelops.work_list_progress.processed_until IS
  'When the earliest pending publication was published, or the latest one if none is pending.';
GRANT SELECT ON modelops.work_list_progress TO modelops_jobs, modelops_reader;
