-- Evaluations: the job that makes one writes it. An approval is bound to its digest.

CREATE OR REPLACE FUNCTION modelops.digest_evaluation() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  of_kind modelops.version_kind := (SELECT kind FROM modelops.version WHERE id = NEW.version_id);
BEGIN
  IF NOT EXISTS (SELECT FROM modelops.job
                 WHERE id = NEW.job_id AND type = modelops.job_type_of(of_kind, 'evaluation') AND status = 'running'
                   AND attempt = NEW.attempt) THEN
    RAISE EXCEPTION 'job % isn''t % under way in attempt %', NEW.job_id,
      CASE of_kind WHEN 'feature_task' THEN 'a run of a feature task' ELSE 'an evaluation' END, NEW.attempt
      USING ERRCODE = 'check_violation', CONSTRAINT = 'evaluation_under_way';
  END IF;
  NEW.digest := encode(sha256(convert_to((jsonb_build_array(NEW.version_id, NEW.artifact_sha256, NEW.dataset,
    NEW.data_sha256, NEW.data_rows, NEW.metrics)
    || CASE WHEN NEW.statistics IS NULL THEN '[]' ELSE jsonb_build_array(NEW.statistics) END
    || CASE WHEN NEW.details IS NULL THEN '[]' ELSE jsonb_build_array(jsonb_build_object('details', NEW.details)) END)::text, 'UTF8')), 'hex');
  RETURN NEW;
END $$;
COMMENT ON FUNCTION modelops.digest_evaluation IS
  'Writes the digest of an evaluation, which only an evaluation job under way may add.';
CREATE OR REPLACE TRIGGER evaluation_digest BEFORE INSERT ON modelops.evaluation
  FOR EACH ROW EXECUTE FUNCTION modelops.digest_evaluation();

CREATE OR REPLACE FUNCTION modelops.champion_evaluation(version_id bigint) RETURNS bigint LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  SELECT evaluation.id
  FROM modelops.version AS subject
  JOIN modelops.deployment ON deployment.model = subject.name AND deployment.ended_at IS NULL
                          AND deployment.version_id <> subject.id
  JOIN modelops.version AS champion ON champion.id = deployment.version_id AND champion.kind = subject.kind
  JOIN modelops.evaluation ON evaluation.version_id = champion.id
  WHERE subject.id = champion_evaluation.version_id
  ORDER BY deployment.started_at DESC,
           (evaluation.data_sha256 = (SELECT data_sha256 FROM modelops.evaluation AS own WHERE own.version_id = subject.id
                                      ORDER BY own.id DESC LIMIT 1)) DESC,
           evaluation.id DESC
  LIMIT 1
$$;
COMMENT ON FUNCTION modelops.champion_evaluation IS
  'The evaluation that a version is compared with: the champion''s on the same rows if there is one, else its newest.';

REVOKE ALL ON FUNCTION modelops.digest_evaluation, modelops.champion_evaluation FROM PUBLIC;
GRANT EXECUTE ON FUNCTION modelops.champion_evaluation TO modelops_jobs, modelops_reader;
