-- Alert rules with their state now, and the notifications that are expected.

CREATE OR REPLACE VIEW modelops.alert_rule_state AS
SELECT rule.*, deployment.target, deployment.model, version.kind, version.number AS version,
       rule.ended_at IS NULL AND deployment.ended_at IS NULL AS is_open,
       firing.id AS alert_id, snooze.until AS snoozed_until, snooze.set_by AS snoozed_by, snooze.reason AS snooze_reason,
       snooze.job_id AS snooze_job_id, coalesce(last.until, last.set_at) AS snooze_ended_at
FROM modelops.alert_rule AS rule
JOIN modelops.deployment ON deployment.id = rule.deployment_id
JOIN modelops.version ON version.id = deployment.version_id
LEFT JOIN modelops.alert AS firing ON firing.rule_id = rule.id AND firing.resolved_at IS NULL
  AND rule.ended_at IS NULL AND deployment.ended_at IS NULL
LEFT JOIN LATERAL (SELECT until, set_by, reason, set_at, job_id FROM modelops.alert_snooze WHERE rule_id = rule.id
                   ORDER BY id DESC LIMIT 1) AS last ON true
LEFT JOIN LATERAL (SELECT last.until, last.set_by, last.reason, last.job_id WHERE last.until > now()) AS snooze ON true;
COMMENT ON VIEW modelops.alert_rule_state IS
  'The alert rules, each with its deployment, its firing alert and who has snoozed it; null: none, nobody. Rules end with their deployment. snooze_ended_at may be in the future.';

CREATE OR REPLACE VIEW modelops.expected_notification AS
-- Of a firing alert once, and again after a snooze.
SELECT rule.alert_id, 'firing'::modelops.alert_event AS event, greatest(alert.fired_at, rule.snooze_ended_at) AS since
FROM modelops.deployment
JOIN modelops.alert_rule_state AS rule ON rule.deployment_id = deployment.id
JOIN modelops.alert ON alert.id = rule.alert_id
WHERE deployment.ended_at IS NULL AND rule.ended_at IS NULL AND rule.snoozed_until IS NULL
UNION ALL
-- Of a resolution.
SELECT alert.id, 'resolved', alert.resolved_at
FROM modelops.alert JOIN modelops.alert_rule_state AS rule ON rule.id = alert.rule_id
WHERE rule.is_open AND rule.snoozed_until IS NULL AND alert.resolved_at > now() - interval '7 days';
COMMENT ON VIEW modelops.expected_notification IS
  'The notifications that each notifier must have sent since a time: of a resolution only if it has sent one of the alert. What was sent is in modelops.alert_notification.';

GRANT SELECT ON modelops.alert_rule_state, modelops.expected_notification TO modelops_jobs, modelops_reader;
