-- name: applied_files
-- The schema files that this database was made from.
SELECT name, sha256 FROM modelops.schema_script;

-- name: check_functions
-- Checks the body of every function against the existing tables and functions.
SELECT CASE lanname WHEN 'sql' THEN fmgr_sql_validator(pg_proc.oid) ELSE plpgsql_validator(pg_proc.oid) END
FROM pg_proc JOIN pg_language ON pg_language.oid = prolang
WHERE pronamespace = 'modelops'::regnamespace AND lanname IN ('sql', 'plpgsql');

-- name: forget_files!
-- Removes the records of schema files before all scripts are applied.
DELETE FROM modelops.schema_script;

-- name: record_file!
-- Records the hash of a schema file.
INSERT INTO modelops.schema_script (name, sha256) VALUES (:name, :sha256);
