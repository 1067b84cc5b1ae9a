-- Bounds of values from user code, repositories and requests. `domain/bounds.py` checks them where a value enters.
-- Only new values are checked; a stored value stays.

-- 21 levels: such a value has at most 16, and is at most four levels deep in a result or in parameters.
CREATE OR REPLACE FUNCTION modelops.is_bounded(value jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
  SELECT NOT jsonb_path_exists(value, 'strict $.**{21}')
     AND NOT jsonb_path_exists(value, 'strict $.** ? (@.type() == "number") ? (@ > 9223372036854775807 || @ < -9223372036854775808)')
     AND NOT jsonb_path_exists(value, 'strict $.** ? (@.type() == "object").keyvalue() ? (@.key like_regex "^.{201}" flag "s")')
     AND octet_length(value::text) <= 16777216
$$;
COMMENT ON FUNCTION modelops.is_bounded IS
  'Whether a value can be read everywhere: at most 21 levels, numbers of 64 bits, names of 200 characters, 16 MiB.';

CREATE OR REPLACE FUNCTION modelops.guard_bounds() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY TG_ARGV LOOP
    -- OLD is null where the row is new.
    IF to_jsonb(NEW) -> name IS DISTINCT FROM to_jsonb(OLD) -> name AND NOT modelops.is_bounded(to_jsonb(NEW) -> name) THEN
      RAISE EXCEPTION 'the % of a % is out of bounds', name, TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = 'json_bounds';
    END IF;
  END LOOP;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION modelops.guard_bounds IS 'Refuses new values out of bounds in the columns that the trigger names.';
CREATE OR REPLACE TRIGGER job_bounds BEFORE INSERT OR UPDATE OF parameters, result ON modelops.job
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_bounds('parameters', 'result');
CREATE OR REPLACE TRIGGER version_bounds BEFORE INSERT OR UPDATE OF hyperparameters, definition ON modelops.version
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_bounds('hyperparameters', 'definition');
CREATE OR REPLACE TRIGGER evaluation_bounds BEFORE INSERT OR UPDATE OF metrics, details ON modelops.evaluation
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_bounds('metrics', 'details');

REVOKE ALL ON FUNCTION modelops.is_bounded, modelops.guard_bounds FROM PUBLIC;
