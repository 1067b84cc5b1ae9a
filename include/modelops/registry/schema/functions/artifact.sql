-- Artifacts: they belong to an unfinished version or evaluation, and have a common hash.

CREATE OR REPLACE FUNCTION modelops.artifact_digest(version_id bigint) RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  SELECT encode(sha256(convert_to(
    jsonb_agg(jsonb_build_array(role, name, sha256) ORDER BY role, name COLLATE "C")::text, 'UTF8')), 'hex')
  FROM modelops.artifact WHERE artifact.version_id = artifact_digest.version_id
$$;
COMMENT ON FUNCTION modelops.artifact_digest IS
  'The SHA-256 over role, name and hash of all artifacts of a version; null if it has none.';

CREATE OR REPLACE FUNCTION modelops.guard_artifact() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  PERFORM FROM modelops.version WHERE id = NEW.version_id AND status = 'created' FOR SHARE;
  IF FOUND THEN RETURN NEW; END IF;
  PERFORM FROM modelops.job JOIN modelops.evaluation ON job.id = evaluation.job_id AND job.attempt = evaluation.attempt
  WHERE evaluation.id = NEW.evaluation_id AND job.status = 'running' FOR SHARE OF job;
  IF FOUND THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'artifact %: what it would belong to is finished', NEW.name
    USING ERRCODE = 'check_violation', CONSTRAINT = 'artifact_in_the_making';
END $$;
COMMENT ON FUNCTION modelops.guard_artifact IS 'Refuses an artifact of a version or an evaluation that is finished.';
CREATE OR REPLACE TRIGGER artifact_guard BEFORE INSERT ON modelops.artifact
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_artifact();

REVOKE ALL ON FUNCTION modelops.artifact_digest, modelops.guard_artifact FROM PUBLIC;
GRANT EXECUTE ON FUNCTION modelops.artifact_digest TO modelops_jobs, modelops_reader;
