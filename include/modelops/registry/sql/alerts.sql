-- name: set_rule
-- Sets an alert rule of a deployment.
INSERT INTO modelops.alert_rule (deployment_id, job_id, subject, variable, metric, level, below, above, checks, beyond_natural,
  challenger_dataset, cool_down, most_a_month)
VALUES (:deployment_id, :job_id, :subject, :variable, :metric, :level, :below, :above, :checks, :beyond_natural,
  :challenger_dataset, :cool_down, :most_a_month)
RETURNING id;

-- name: carry_over
-- Copies the rules of the replaced deployment to the one that has replaced it.
INSERT INTO modelops.alert_rule (deployment_id, job_id, subject, variable, metric, level, below, above, checks, beyond_natural,
  challenger_dataset, cool_down, most_a_month, continues)
SELECT :deployment_id, :job_id, subject, variable, metric, level, below, above, checks, beyond_natural,
  challenger_dataset, cool_down,
  most_a_month, id
FROM modelops.alert_rule WHERE deployment_id = :before AND ended_at IS NULL ORDER BY id
RETURNING id;

-- name: find
-- An alert rule with its present state.
SELECT * FROM modelops.alert_rule_state WHERE id = :id;

-- name: end_rule!
-- Ends a rule.
UPDATE modelops.alert_rule SET ended_by = :job_id WHERE id = :id;

-- name: snooze!
-- Snoozes a rule until a time; null: no longer.
INSERT INTO modelops.alert_snooze (rule_id, job_id, until, reason) VALUES (:rule_id, :job_id, :until, :reason);

-- name: lock_target
-- Locks the alerts of a target, so that one transaction at a time sets, ends, copies or evaluates its rules.
SELECT modelops.take_lock('alerts ' || :target);

-- name: lock_open
-- Locks the open rules of a target's current deployment and the deployment itself, so that none of them ends.
SELECT rule.id FROM modelops.alert_rule AS rule JOIN modelops.deployment ON deployment.id = rule.deployment_id
WHERE deployment.target = :target AND deployment.ended_at IS NULL AND rule.ended_at IS NULL
  AND rule.subject = ANY(:subjects::modelops.alert_subject[])
ORDER BY rule.id FOR UPDATE OF rule FOR SHARE OF deployment;

-- name: open
-- These rules, each with the columns of its firing alert.
SELECT rule.*, (SELECT array_agg(each ->> 'variable') FROM modelops.alert, jsonb_array_elements(found) AS each
                WHERE alert.id = rule.alert_id AND each ? 'variable') AS firing
FROM modelops.alert_rule_state AS rule WHERE rule.id = ANY(:ids) AND rule.is_open ORDER BY rule.id;

-- name: judged_columns
-- The columns that meet a rule in the newest drift check, and whether they do in each of the last :checks; and the columns in :firing.
WITH checked AS MATERIALIZED (
  SELECT * FROM modelops.newest_checks(:deployment_id, :role::modelops.variable_role, :variable::text, :checks)),
judged AS (
  SELECT checked.place, drift.*, drift.verdict IN ('not_enough_rows', 'not_comparable') AS is_unknown, meets.it AS counts,
         count(*) FILTER (WHERE meets.it) OVER (PARTITION BY drift.variable) AS times
  FROM checked JOIN modelops.drift USING (run_id, job_id, attempt)
  CROSS JOIN LATERAL (SELECT drift.verdict BETWEEN :level::modelops.drift_verdict AND 'major'
                        AND (NOT :beyond_natural OR drift.psi > coalesce(drift.natural_variation, 0)) AS it) AS meets
  WHERE drift.role = :role::modelops.variable_role AND (:variable::text IS NULL OR drift.variable = :variable))
SELECT run_id, job_id, attempt, role, variable, verdict, psi, shift, natural_variation, most_moved, counts, is_unknown,
       counts AND times = :checks AS in_a_row
FROM judged
WHERE place = 1 AND (counts OR variable = ANY(:firing))
ORDER BY verdict DESC, psi DESC, variable;

-- name: measurements
-- The newest measurements of a metric, the latest first.
SELECT * FROM modelops.newest_measurements(:target, :label, :metric, :most) ORDER BY place;

-- name: fire
-- Raises an alert, unless one is already firing.
INSERT INTO modelops.alert (rule_id, run_id, job_id, attempt, found, fired_by)
VALUES (:rule_id, :run_id, :job_id, :attempt, :found, :fired_by)
RETURNING id;

-- name: resolve!
-- Resolves an alert.
UPDATE modelops.alert SET resolved_by = :job_id, resolved_run = :run_id WHERE id = :id;

-- name: due_notifications
-- The expected notifications that a notifier has not sent, oldest first; that of a resolution only after that of the alert.
SELECT expected.alert_id, expected.event
FROM modelops.expected_notification AS expected
WHERE NOT EXISTS (SELECT FROM modelops.alert_notification AS sent
                  WHERE sent.alert_id = expected.alert_id AND sent.event = expected.event AND sent.notifier = :notifier
                    AND sent.sent_at >= expected.since)
  AND (expected.event = 'firing' OR EXISTS (SELECT FROM modelops.alert_notification AS sent
                                            WHERE sent.alert_id = expected.alert_id AND sent.event = 'firing'
                                              AND sent.notifier = :notifier))
ORDER BY expected.since, expected.alert_id LIMIT :most;

-- name: alert
-- An alert with its rule and its deployment.
SELECT alert.*, rule.subject, rule.variable, rule.metric, rule.level, rule.below, rule.above, rule.checks, rule.beyond_natural,
       rule.challenger_dataset, rule.cool_down, rule.most_a_month, rule.deployment_id, rule.model, rule.version, rule.target
FROM modelops.alert JOIN modelops.alert_rule_state AS rule ON rule.id = alert.rule_id
WHERE alert.id = :id;

-- name: sent!
-- Records that a notifier has sent a notification.
INSERT INTO modelops.alert_notification (alert_id, event, notifier) VALUES (:alert_id, :event, :notifier);

-- name: claim_challengers
-- Claims a challenger for each target with an alert that may start one now.
INSERT INTO modelops.challenger (alert_id)
SELECT alert_id FROM (
  SELECT DISTINCT ON (deployment.target) rule.alert_id
  FROM modelops.deployment JOIN modelops.alert_rule_state AS rule ON rule.deployment_id = deployment.id
  WHERE deployment.ended_at IS NULL AND rule.alert_id IS NOT NULL AND rule.challenger_dataset IS NOT NULL
    AND modelops.may_challenge(rule.id)
  ORDER BY deployment.target, rule.alert_id) AS of_target
ORDER BY alert_id LIMIT :most
RETURNING id;

-- name: unstarted_challengers
-- The challengers of the last day whose rule is open and whose run has no job in the ledger yet.
SELECT challenger.run_id, rule.challenger_dataset AS dataset, rule.deployment_id
FROM modelops.challenger JOIN modelops.alert ON alert.id = challenger.alert_id
JOIN modelops.alert_rule_state AS rule ON rule.id = alert.rule_id
WHERE challenger.requested_at > now() - interval '1 day' AND rule.is_open
  AND NOT EXISTS (SELECT FROM modelops.job WHERE job.dag_id = 'model_lifecycle' AND job.run_id = challenger.run_id)
ORDER BY challenger.id LIMIT :most;

-- name: author_of_challenger
-- The author of the rule that has started a DAG run.
SELECT requested_by FROM modelops.challenger WHERE run_id = :run_id;
