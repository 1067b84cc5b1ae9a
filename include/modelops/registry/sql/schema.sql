-- name: applied_scripts
-- The files of the schema that this database was made from.
SELECT name, sha256 FROM modelops.schema_script;

-- name: check_functions
-- Checks the body of every function against the tables and functions that there are.
SELECT CASE lanname WHEN 'sql' THEN fmgr_sql_validator(pg_proc.oid) ELSE plpgsql_validator(pg_proc.oid) END
FROM pg_proc JOIN pg_language ON pg_language.oid = prolang
WHERE pronamespace = 'modelops'::regnamespace AND lanname IN ('sql', 'plpgsql');

-- name: forget_scripts!
-- Forgets the files of the schema, as all scripts are being applied.
DELETE FROM modelops.schema_script;

-- name: record_script!
-- Remembers a file of the schema.
INSERT INTO modelops.schema_script (name, sha256) VALUES (:name, :sha256);
