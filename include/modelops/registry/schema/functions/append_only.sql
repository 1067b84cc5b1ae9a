-- Most tables are append-only, and rows are never deleted from any table.

CREATE OR REPLACE FUNCTION modelops.refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'check_violation', CONSTRAINT = 'append_only',
          HINT = 'Recorded rows are never changed; add a new row instead.';
END $$;
COMMENT ON FUNCTION modelops.refuse_change IS 'Refuses the change that fires its trigger.';

DO $$
DECLARE
  t text;
BEGIN
  -- Rows that are never changed.
  FOREACH t IN ARRAY ARRAY['alert_notification', 'alert_snooze', 'approval_request', 'artifact', 'batch_run_source',
                           'challenger', 'decision', 'drift', 'evaluation', 'job_event', 'performance', 'performance_metric', 'reference',
                           'requests_read', 'schedule', 'set_aside', 'stage', 'statistics', 'transition'] LOOP
    EXECUTE format('CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE ON modelops.%I
      FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change()', t);
  END LOOP;
  -- Rows whose changes a guard of their own checks.
  FOREACH t IN ARRAY ARRAY['alert', 'alert_rule', 'batch_run', 'deployment', 'job', 'version'] LOOP
    EXECUTE format('CREATE OR REPLACE TRIGGER append_only BEFORE DELETE ON modelops.%I
      FOR EACH ROW EXECUTE FUNCTION modelops.refuse_change()', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['alert', 'alert_notification', 'alert_rule', 'alert_snooze', 'approval_request', 'artifact',
                           'batch_run', 'batch_run_source', 'challenger', 'decision', 'deployment', 'drift', 'evaluation', 'job', 'job_event',
                           'performance', 'performance_metric', 'reference', 'requests_read', 'schedule', 'set_aside',
                           'stage', 'statistics', 'transition', 'version'] LOOP
    EXECUTE format('CREATE OR REPLACE TRIGGER kept BEFORE TRUNCATE ON modelops.%I
      FOR EACH STATEMENT EXECUTE FUNCTION modelops.refuse_change()', t);
  END LOOP;
END $$;

REVOKE ALL ON FUNCTION modelops.refuse_change FROM PUBLIC;
