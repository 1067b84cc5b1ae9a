-- Alert rules of deployments, the alerts that they have raised, and which notifications were sent.

CREATE TYPE modelops.alert_subject AS ENUM ('features', 'predictions', 'metric');
CREATE TYPE modelops.alert_event AS ENUM ('firing', 'resolved');

CREATE TABLE modelops.alert_rule (
  id              bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT alert_rule_pkey PRIMARY KEY,
  deployment_id   bigint NOT NULL CONSTRAINT alert_rule_deployment REFERENCES modelops.deployment,
  job_id          bigint NOT NULL CONSTRAINT alert_rule_job REFERENCES modelops.job,
  subject         modelops.alert_subject NOT NULL,
  variable        text,
  metric          text,
  level           modelops.drift_verdict,
  below           double precision,
  above           double precision,
  checks          smallint NOT NULL CONSTRAINT alert_rule_checks CHECK (checks BETWEEN 1 AND 30),
  beyond_natural  boolean NOT NULL,
  continues       bigint CONSTRAINT alert_rule_continues REFERENCES modelops.alert_rule,
  set_by          text NOT NULL,
  set_at          timestamptz NOT NULL,
  ended_at        timestamptz,
  ended_by        bigint CONSTRAINT alert_rule_ended_by REFERENCES modelops.job,
  challenger_dataset text,
  cool_down       interval CONSTRAINT alert_rule_cool_down CHECK (cool_down BETWEEN interval '1 day' AND interval '366 days'),
  most_a_month    smallint CONSTRAINT alert_rule_most_a_month CHECK (most_a_month BETWEEN 1 AND 31),
  CONSTRAINT alert_rule_whole CHECK (CASE WHEN subject = 'metric'
    THEN num_nulls(variable, metric) = 0 AND level IS NULL AND num_nonnulls(below, above) = 1
      AND abs(coalesce(below, above)) < 'infinity'
    ELSE level IS NOT NULL AND level IN ('moved', 'moderate', 'major') AND num_nonnulls(metric, below, above) = 0 END),
  CONSTRAINT alert_rule_challenger CHECK (num_nonnulls(challenger_dataset, cool_down, most_a_month) IN (0, 3)),
  CONSTRAINT alert_rule_ended_whole CHECK (num_nonnulls(ended_at, ended_by) IN (0, 2))
);
COMMENT ON TABLE modelops.alert_rule IS
  'When a deployment raises an alert, and who has set this. A rule doesn''t change: it ends, and another one is set.';
COMMENT ON COLUMN modelops.alert_rule.variable IS
  'The feature, the prediction, or the target of the metric; null: any feature, or any prediction.';
COMMENT ON COLUMN modelops.alert_rule.level IS 'The lowest verdict of a drift check that meets the rule.';
COMMENT ON COLUMN modelops.alert_rule.below IS 'A metric meets the rule if all of its confidence interval is below this; likewise above.';
COMMENT ON COLUMN modelops.alert_rule.checks IS 'The number of consecutive data intervals in which the rule must be met.';
COMMENT ON COLUMN modelops.alert_rule.beyond_natural IS 'Whether the drift must also be greater than the natural variation of the column.';
COMMENT ON COLUMN modelops.alert_rule.continues IS 'The rule of the deployment that this one has replaced.';
COMMENT ON COLUMN modelops.alert_rule.challenger_dataset IS
  'The name of a dataset, or SQL, on which a challenger is trained; null: no challenger is started.';
COMMENT ON COLUMN modelops.alert_rule.cool_down IS 'The minimum time between two challengers for the same target.';
COMMENT ON COLUMN modelops.alert_rule.most_a_month IS 'Maximum challengers for the same target in 30 days.';
COMMENT ON COLUMN modelops.alert_rule.set_by IS 'Who requested it; written by the database, as are both times.';
CREATE INDEX alert_rule_of_deployment ON modelops.alert_rule (deployment_id, id);
GRANT SELECT ON modelops.alert_rule TO modelops_jobs, modelops_reader;
GRANT INSERT (deployment_id, job_id, subject, variable, metric, level, below, above, checks, beyond_natural,
  challenger_dataset, cool_down, most_a_month, continues) ON modelops.alert_rule TO modelops_jobs;
GRANT UPDATE (ended_by) ON modelops.alert_rule TO modelops_jobs;

CREATE TABLE modelops.alert (
  id            bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT alert_pkey PRIMARY KEY,
  rule_id       bigint NOT NULL CONSTRAINT alert_rule_of REFERENCES modelops.alert_rule,
  run_id        bigint NOT NULL CONSTRAINT alert_run REFERENCES modelops.batch_run,
  job_id        bigint NOT NULL,
  attempt       integer NOT NULL,
  found         jsonb NOT NULL,
  fired_at      timestamptz NOT NULL,
  fired_by      bigint NOT NULL CONSTRAINT alert_fired_by REFERENCES modelops.job,
  resolved_at   timestamptz,
  resolved_by   bigint CONSTRAINT alert_resolved_by REFERENCES modelops.job,
  resolved_run  bigint CONSTRAINT alert_resolved_run REFERENCES modelops.batch_run,
  CONSTRAINT alert_found CHECK (jsonb_typeof(found) = 'array' AND found <> '[]'),
  CONSTRAINT alert_resolved_whole CHECK (num_nonnulls(resolved_at, resolved_by, resolved_run) IN (0, 3))
);
COMMENT ON TABLE modelops.alert IS
  'An alert is firing from a check that met its rule until one in which nothing meets it, or until the rule or its deployment ends.';
COMMENT ON COLUMN modelops.alert.run_id IS
  'The newest batch run when the alert was raised; with job_id and attempt, its drift check or the measurement of its performance.';
COMMENT ON COLUMN modelops.alert.found IS
  'What that check has found: for each column {"role", "variable", "verdict", "psi", "shift", "natural_variation", "bin", "before", "now"}, or [{"target", "metric", "before", "now", "lower", "upper"}].';
COMMENT ON COLUMN modelops.alert.fired_by IS 'The job under way that raised it.';
CREATE UNIQUE INDEX alert_firing ON modelops.alert (rule_id) WHERE resolved_at IS NULL;
CREATE INDEX alert_of_rule ON modelops.alert (rule_id, id);
CREATE INDEX alert_resolved_at ON modelops.alert (resolved_at) WHERE resolved_at IS NOT NULL;
GRANT SELECT ON modelops.alert TO modelops_jobs, modelops_reader;
GRANT INSERT (rule_id, run_id, job_id, attempt, found, fired_by) ON modelops.alert TO modelops_jobs;
GRANT UPDATE (resolved_by, resolved_run) ON modelops.alert TO modelops_jobs;

CREATE TABLE modelops.alert_snooze (
  id       bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT alert_snooze_pkey PRIMARY KEY,
  rule_id  bigint NOT NULL CONSTRAINT alert_snooze_rule REFERENCES modelops.alert_rule,
  job_id   bigint NOT NULL CONSTRAINT alert_snooze_job REFERENCES modelops.job,
  until    timestamptz,
  reason   text,
  set_by   text NOT NULL,
  set_at   timestamptz NOT NULL
);
COMMENT ON TABLE modelops.alert_snooze IS
  'Until when a person has suspended the notifications and challengers of a rule, and why; until null: a snooze has ended. The newest row of a rule counts. Append-only.';
COMMENT ON COLUMN modelops.alert_snooze.set_by IS 'Who requested it; written by the database, as is set_at.';
CREATE INDEX alert_snooze_of_rule ON modelops.alert_snooze (rule_id, id DESC);
GRANT SELECT ON modelops.alert_snooze TO modelops_jobs, modelops_reader;
GRANT INSERT (rule_id, job_id, until, reason) ON modelops.alert_snooze TO modelops_jobs;

CREATE TABLE modelops.alert_notification (
  id        bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT alert_notification_pkey PRIMARY KEY,
  alert_id  bigint NOT NULL CONSTRAINT alert_notification_of REFERENCES modelops.alert,
  event     modelops.alert_event NOT NULL,
  notifier  text NOT NULL CONSTRAINT alert_notification_notifier CHECK (notifier ~ '\S'),
  sent_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE modelops.alert_notification IS 'Which notifier has sent a notification of an alert, and when. Append-only.';
CREATE INDEX alert_notification_of_alert ON modelops.alert_notification (alert_id, id);
GRANT SELECT ON modelops.alert_notification TO modelops_jobs, modelops_reader;
GRANT INSERT (alert_id, event, notifier) ON modelops.alert_notification TO modelops_jobs;

CREATE TABLE modelops.challenger (
  id            bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT challenger_pkey PRIMARY KEY,
  alert_id      bigint NOT NULL CONSTRAINT challenger_alert REFERENCES modelops.alert,
  target        text NOT NULL,
  run_id        text NOT NULL CONSTRAINT challenger_run UNIQUE,
  requested_by  text NOT NULL,
  requested_at  timestamptz NOT NULL
);
COMMENT ON TABLE modelops.challenger IS
  'The runs of model_lifecycle that alerts have started. Append-only; all but the alert is written by the database.';
COMMENT ON COLUMN modelops.challenger.run_id IS 'Of the DAG run, in Airflow.';
COMMENT ON COLUMN modelops.challenger.requested_by IS 'The author of the rule, who may not decide on the version.';
CREATE INDEX challenger_of_target ON modelops.challenger (target, requested_at);
CREATE INDEX challenger_of_alert ON modelops.challenger (alert_id);
CREATE INDEX challenger_requested_at ON modelops.challenger (requested_at);
GRANT SELECT ON modelops.challenger TO modelops_jobs, modelops_reader;
GRANT INSERT (alert_id) ON modelops.challenger TO modelops_jobs;
