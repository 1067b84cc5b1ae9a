-- Locks that users' logins can't reach.

CREATE TABLE modelops.lock (
  name  text CONSTRAINT lock_pkey PRIMARY KEY
);
COMMENT ON TABLE modelops.lock IS
  'What is changed by one transaction at a time: targets, and the numbers of versions. modelops.take_lock locks a row; unlike an advisory lock, users'' SQL can''t take it.';
GRANT SELECT ON modelops.lock TO modelops_jobs, modelops_reader;
