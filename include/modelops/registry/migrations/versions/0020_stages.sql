-- Which job type each stage of a kind of version has; its rows are declared in modelops.domain.job_types, as are those
-- of the state machine.
CREATE TABLE modelops.stage (
  kind         modelops.version_kind NOT NULL,
  stage        text NOT NULL,
  job_type     modelops.job_type NOT NULL,
  CONSTRAINT stage_pkey PRIMARY KEY (kind, stage)
);
COMMENT ON TABLE modelops.stage IS
  'The type of the jobs of each stage in the life of a version. `./modelops migrate` writes it from modelops.domain.job_types.';
GRANT SELECT ON modelops.stage TO modelops_jobs, modelops_reader;
COMMENT ON TABLE modelops.transition IS
  'The state machine of versions. What is not a row here can''t happen. `./modelops migrate` writes it from modelops.domain.job_types.';
