-- The evidence that reviewers decide on, and its digest.

CREATE OR REPLACE FUNCTION modelops.digest(content jsonb) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
  SELECT encode(sha256(convert_to(content::text, 'UTF8')), 'hex')
$$;
COMMENT ON FUNCTION modelops.digest IS 'The SHA-256 of PostgreSQL''s text of a jsonb, which is the same for equal content.';

CREATE OR REPLACE FUNCTION modelops.evaluation_evidence(evaluation_id bigint) RETURNS jsonb LANGUAGE sql STABLE
SET search_path = pg_catalog AS $$
  SELECT jsonb_build_object('evaluation', id, 'dataset', dataset, 'rows', data_rows, 'data_sha256', data_sha256,
                            'metrics', metrics, 'digest', digest)
         || CASE WHEN statistics IS NULL THEN '{}' ELSE jsonb_build_object('statistics', statistics) END
         || CASE WHEN details IS NULL THEN '{}' ELSE jsonb_build_object('details_sha256', modelops.digest(details))
              || jsonb_strip_nulls(jsonb_build_object('headline', details -> 'headline', 'undefined', details -> 'undefined',
                                                        'standard', details -> 'standard')) END
  FROM modelops.evaluation WHERE id = evaluation_id
$$;
COMMENT ON FUNCTION modelops.evaluation_evidence IS 'What the evidence says of one evaluation.';

CREATE OR REPLACE FUNCTION modelops.statistics_evidence(version_id bigint) RETURNS jsonb LANGUAGE sql STABLE
SET search_path = pg_catalog AS $$
  SELECT jsonb_build_object('dataset', dataset, 'rows', data_rows, 'data_sha256', data_sha256, 'warnings', warnings)
  FROM modelops.reference WHERE reference.version_id = statistics_evidence.version_id AND warnings IS NOT NULL
  ORDER BY id DESC LIMIT 1
$$;
COMMENT ON FUNCTION modelops.statistics_evidence IS
  'What the evidence says of the newest statistics of an imported model''s features; null if there are none.';

CREATE OR REPLACE FUNCTION modelops.evidence(version_id bigint, champion_evaluation bigint) RETURNS jsonb LANGUAGE sql STABLE
SET search_path = pg_catalog AS $$
  SELECT jsonb_build_object(
    version.kind::text, version.name, 'version', version.number, 'requested_by', version.created_by,
    'commit', version.commit, 'dirty', version.dirty,
    'code_sha256', version.code_sha256, 'requirements_sha256', version.requirements_sha256,
    'artifact_sha256', version.artifact_sha256,
    'evaluations', (SELECT jsonb_agg(modelops.evaluation_evidence(evaluation.id) ORDER BY evaluation.id)
                    FROM modelops.evaluation WHERE evaluation.version_id = version.id),
    'champion', (SELECT jsonb_build_object('version', champion.number) || modelops.evaluation_evidence(compared.id)
                        || CASE champion.kind WHEN 'model' THEN '{}' ELSE jsonb_build_object(
                             'definition', champion.definition, 'code_sha256', champion.code_sha256) END
                 FROM modelops.evaluation AS compared JOIN modelops.version AS champion ON champion.id = compared.version_id
                 WHERE compared.id = champion_evaluation))
    || CASE
         WHEN version.definition IS NOT NULL THEN jsonb_build_object('definition', version.definition)
           || CASE version.kind WHEN 'model' THEN jsonb_build_object('statistics', modelops.statistics_evidence(version.id)) ELSE '{}' END
         ELSE jsonb_build_object('hyperparameters', version.hyperparameters, 'training', jsonb_build_object(
           'dataset', version.dataset, 'rows', version.data_rows, 'data_sha256', version.data_sha256)) END
  FROM modelops.version WHERE version.id = evidence.version_id
$$;
COMMENT ON FUNCTION modelops.evidence IS
  'What a reviewer decides on: what the version is made of, all its evaluations, and one evaluation of what is in production.';

REVOKE ALL ON FUNCTION modelops.digest, modelops.evaluation_evidence, modelops.statistics_evidence, modelops.evidence FROM PUBLIC;
GRANT EXECUTE ON FUNCTION modelops.digest, modelops.evaluation_evidence, modelops.statistics_evidence, modelops.evidence TO modelops_jobs, modelops_reader;
