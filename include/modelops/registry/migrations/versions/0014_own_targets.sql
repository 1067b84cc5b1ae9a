CREATE FUNCTION modelops.own_target(kind modelops.version_kind, name text, definition jsonb) RETURNS text LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog AS $$
  SELECT CASE kind
    WHEN 'model' THEN 'predictions.' || regexp_replace(lower(regexp_replace(name, '^.*/', '')), '[^a-z0-9]', '_', 'g')
    ELSE definition ->> 'output'
  END
$$;
COMMENT ON FUNCTION modelops.own_target IS
  'The target that bears the name of a model, or that a feature task declares as its output.';

CREATE FUNCTION modelops.target_bears_name_of(target text, model text) RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog AS $$
  SELECT min(version.name)
  FROM modelops.version
  WHERE (kind, name) <> ('model', target_bears_name_of.model)
    AND status NOT IN ('failed', 'rejected')
    AND modelops.own_target(kind, name, definition) = target_bears_name_of.target
    AND modelops.own_target('model', target_bears_name_of.model, NULL) <> target_bears_name_of.target
    AND NOT EXISTS (SELECT FROM modelops.deployment JOIN modelops.version AS deployed ON deployed.id = version_id
                    WHERE deployment.target = target_bears_name_of.target AND deployed.kind = 'model'
                      AND deployed.name = target_bears_name_of.model)
$$;
COMMENT ON FUNCTION modelops.target_bears_name_of IS
  'The other model or feature task whose own target this is, so that a model may not take it; null: it may, by its name.';

CREATE FUNCTION modelops.guard_deployment_target() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  subject modelops.version;
  other text;
BEGIN
  SELECT * INTO subject FROM modelops.version WHERE id = NEW.version_id;
  IF subject.kind = 'model' THEN
    other := modelops.target_bears_name_of(NEW.target, subject.name);
    IF other IS NOT NULL THEN
      RAISE EXCEPTION '% is the own target of %', NEW.target, other
        USING ERRCODE = 'check_violation', CONSTRAINT = 'deployment_target_of_one_model';
    END IF;
  END IF;
  RETURN NEW;
END $$;
-- Runs after deployment_guard, by its name.
CREATE TRIGGER deployment_target_guard BEFORE INSERT ON modelops.deployment
  FOR EACH ROW EXECUTE FUNCTION modelops.guard_deployment_target();

REVOKE EXECUTE ON FUNCTION modelops.own_target, modelops.target_bears_name_of, modelops.guard_deployment_target FROM PUBLIC;
GRANT EXECUTE ON FUNCTION modelops.own_target, modelops.target_bears_name_of TO modelops_jobs;
