-- How far the work lists of deployments after a feature table are done. See functions/work_list.sql.

CREATE TABLE modelops.work_list_progress (
  deployment_id  bigint CONSTRAINT work_list_progress_pkey PRIMARY KEY
                 CONSTRAINT work_list_progress_deployment REFERENCES modelops.deployment,
  made_up_to     timestamptz NOT NULL
);
COMMENT ON TABLE modelops.work_list_progress IS
  'Up to when everything in the work list of a deployment is processed. Only modelops.note_made writes it; removing a row costs time and loses nothing.';
COMMENT ON COLUMN modelops.work_list_progress.made_up_to IS
  'When the earliest pending publication was made, or the latest one if none is pending.';
GRANT SELECT ON modelops.work_list_progress TO modelops_jobs, modelops_reader;
