-- Which repeatable scripts were applied to this database. Made by whoever migrates, before the scripts are compared.

CREATE TABLE IF NOT EXISTS modelops.schema_script (
  name        text CONSTRAINT schema_script_pkey PRIMARY KEY,
  sha256      modelops.sha256 NOT NULL,
  applied_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE modelops.schema_script IS 'The scripts of functions and views that made this schema, with the hash of each.';
GRANT SELECT ON modelops.schema_script TO modelops_jobs, modelops_reader;
