-- Locks that users' logins can't reach.

CREATE OR REPLACE FUNCTION modelops.take_lock(name text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  -- Waits for a transaction that has just made the row.
  INSERT INTO modelops.lock VALUES (take_lock.name) ON CONFLICT ON CONSTRAINT lock_pkey DO NOTHING;
  PERFORM FROM modelops.lock WHERE lock.name = take_lock.name FOR UPDATE;
END $$;
COMMENT ON FUNCTION modelops.take_lock IS 'Locks a name to the end of the transaction, after waiting for the one that has it.';

REVOKE ALL ON FUNCTION modelops.take_lock FROM PUBLIC;
GRANT EXECUTE ON FUNCTION modelops.take_lock TO modelops_jobs;
