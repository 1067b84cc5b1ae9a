-- Guards that wait for a lock must see what was committed in the meantime.

CREATE OR REPLACE FUNCTION modelops.check_isolation() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'this is written in a transaction of READ COMMITTED only, not of %', upper(current_setting('transaction_isolation'))
      USING ERRCODE = 'check_violation', CONSTRAINT = 'read_committed';
  END IF;
END $$;
COMMENT ON FUNCTION modelops.check_isolation IS
  'Refuses other isolation levels than READ COMMITTED: after waiting for a lock, a guard must see what was committed meanwhile.';

REVOKE ALL ON FUNCTION modelops.check_isolation FROM PUBLIC;
GRANT EXECUTE ON FUNCTION modelops.check_isolation TO modelops_jobs;
