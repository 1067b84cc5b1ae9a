-- Schedules: a running job sets the schedule of an active deployment.

CREATE OR REPLACE FUNCTION modelops.guard_schedule() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  serving modelops.deployment;
  doing modelops.job;
BEGIN
  PERFORM modelops.check_isolation();
  -- Serializes changes, and refuses them after the end of the deployment.
  SELECT * INTO serving FROM modelops.deployment WHERE id = NEW.deployment_id FOR UPDATE;
  IF serving.ended_at IS NOT NULL THEN
    RAISE EXCEPTION 'deployment % was % at %', serving.id, serving.ended_how, to_char(serving.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')
      USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_deployment_active';
  END IF;
  SELECT * INTO doing FROM modelops.job
  WHERE id = NEW.job_id AND status = 'running' AND (id = serving.job_id OR type = (SELECT modelops.job_type_of(kind, 'schedule_change')
                                         FROM modelops.version WHERE id = serving.version_id));
  IF NOT FOUND THEN
    RAISE EXCEPTION 'job % isn''t one under way that may set the schedule of deployment %', NEW.job_id, NEW.deployment_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_under_way';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_timezone_names WHERE name = NEW.time_zone) THEN
    RAISE EXCEPTION 'there is no time zone %', quote_literal(NEW.time_zone)
      USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_time_zone';
  END IF;
  NEW.set_by := doing.requested_by;
  NEW.set_at := clock_timestamp();
  RETURN NEW;
END $$;
COMMENT ON FUNCTION modelops.guard_schedule IS
  'Lets only a job under way set a schedule, for a deployment that has not ended; writes who requested it and when.';
CREATE OR REPLACE TRIGGER schedule_guard BEFORE INSERT ON modelops.schedule FOR EACH ROW EXECUTE FUNCTION modelops.guard_schedule();

REVOKE ALL ON FUNCTION modelops.guard_schedule FROM PUBLIC;
