-- name: applied_scripts
-- The scripts of functions and views that were applied to this database.
SELECT name, sha256 FROM modelops.schema_script;

-- name: check_functions
-- Checks the body of every function against the tables and functions that there are.
SELECT CASE lanname WHEN 'sql' THEN fmgr_sql_validator(pg_proc.oid) ELSE plpgsql_validator(pg_proc.oid) END
FROM pg_proc JOIN pg_language ON pg_language.oid = prolang
WHERE pronamespace = 'modelops'::regnamespace AND lanname IN ('sql', 'plpgsql');

-- name: forget_scripts!
-- Forgets which scripts were applied, as all of them are being applied.
DELETE FROM modelops.schema_script;

-- name: record_script!
-- Remembers that a script was applied.
INSERT INTO modelops.schema_script (name, sha256) VALUES (:name, :sha256);
