-- Which files of the schema this database was made from. Made by whoever migrates, before the scripts are compared.

CREATE TABLE IF NOT EXISTS modelops.schema_script (
  name        text CONSTRAINT schema_script_pkey PRIMARY KEY,
  sha256      modelops.sha256 NOT NULL,
  applied_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE modelops.schema_script IS 'The files of tables, functions and views that made this schema, with the hash of each. Workers of another release refuse to work.';
GRANT SELECT ON modelops.schema_script TO modelops_jobs, modelops_reader;
