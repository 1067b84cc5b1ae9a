-- name: rules
-- The alert rules of a deployment whose jobs the reader may see, those that are open first.
SELECT rule.id, rule.subject, rule.variable, rule.metric, rule.level, rule.below, rule.above, rule.checks, rule.beyond_natural,
       rule.challenger_dataset, extract(epoch FROM rule.cool_down) / 86400 AS cool_down_days, rule.most_a_month,
       rule.job_id, rule.set_by, rule.set_at, rule.is_open, rule.ended_at, firing.id AS alert_id,
       CASE WHEN snoozing.id IS NOT NULL THEN rule.snoozed_until END AS snoozed_until,
       CASE WHEN snoozing.id IS NOT NULL THEN rule.snoozed_by END AS snoozed_by,
       CASE WHEN snoozing.id IS NOT NULL THEN rule.snooze_reason END AS snooze_reason
FROM modelops.alert_rule_state AS rule
JOIN modelops.job AS setting ON setting.id = rule.job_id AND setting.dag_id = ANY(:dag_ids)
LEFT JOIN modelops.job AS snoozing ON snoozing.id = rule.snooze_job_id AND snoozing.dag_id = ANY(:dag_ids)
LEFT JOIN LATERAL (SELECT alert.id FROM modelops.alert JOIN modelops.batch_run AS run ON run.id = alert.run_id
                   JOIN modelops.job AS batch ON batch.id = run.job_id
                   WHERE alert.id = rule.alert_id AND batch.dag_id = ANY(:dag_ids)) AS firing ON true
WHERE rule.deployment_id = :deployment_id
ORDER BY rule.ended_at DESC NULLS FIRST, rule.id LIMIT :limit;

-- name: alerts
-- The alerts of a deployment's rules by batches whose jobs the reader may see, firing ones first.
WITH page AS MATERIALIZED (
  SELECT alert.*, rule.subject, rule.is_open, lower(run.covers) AS interval_start, upper(run.covers) AS interval_end
  FROM modelops.alert_rule_state AS rule
  JOIN modelops.alert ON alert.rule_id = rule.id
  JOIN modelops.batch_run AS run ON run.id = alert.run_id
  JOIN modelops.job AS batch ON batch.id = run.job_id
  WHERE rule.deployment_id = :deployment_id AND batch.dag_id = ANY(:dag_ids)
  ORDER BY alert.id IS NOT DISTINCT FROM rule.alert_id DESC, alert.id DESC LIMIT :limit)
SELECT page.*,
       coalesce((SELECT jsonb_agg(jsonb_build_object('event', event, 'notifier', notifier, 'sent_at', sent_at) ORDER BY id)
                 FROM (SELECT * FROM modelops.alert_notification WHERE alert_id = page.id ORDER BY id DESC LIMIT 20) AS sent), '[]')
         AS notifications,
       coalesce((SELECT jsonb_agg(jsonb_build_object('dag_id', 'model_lifecycle', 'run_id', run_id, 'requested_at', requested_at)
                                  ORDER BY id)
                 FROM (SELECT * FROM modelops.challenger WHERE alert_id = page.id ORDER BY id DESC LIMIT 20) AS started), '[]')
         AS challengers
FROM page ORDER BY resolved_at IS NULL AND is_open DESC, id DESC;
