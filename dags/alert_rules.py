"""Set, end and snooze the alert rules of deployments."""

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG

from modelops.airflow.params import arguments_of, params_of
from modelops.domain.alert_requests import AlertRuleEndRequest, AlertRuleRequest, AlertSnoozeRequest
from modelops.operators.alerts import EndAlertRuleOperator, SetAlertRuleOperator, SnoozeAlertOperator

COMMON: dict[str, Any] = {
    "schedule": None,
    "catchup": False,
    "tags": ["modelops"],
    "default_args": {"retries": 2, "retry_delay": timedelta(seconds=10)},
}

with DAG(
    dag_id="alert_rule",
    dag_display_name="Alert rule",
    description="Set an alert rule of a deployment.",
    doc_md="""
    ### Alert rule of a deployment

    The rule raises an alert when the drift checks, or the performance measurements, of the latest data intervals meet
    it, and resolves the alert when they don't. The next deployment into the same target takes the rule over. A rule
    can't be changed: end it, and set another one.
    """,
    params=params_of(AlertRuleRequest),
    **COMMON,
) as alert_rule:
    SetAlertRuleOperator(task_id="set", **arguments_of(alert_rule, AlertRuleRequest))

with DAG(
    dag_id="alert_rule_end",
    dag_display_name="End of an alert rule",
    description="End an alert rule of a deployment.",
    doc_md="""
    ### End of an alert rule

    The rule raises no more alerts, and its alert ends without a notification. Both stay on record.
    """,
    params=params_of(AlertRuleEndRequest),
    **COMMON,
) as alert_rule_end:
    EndAlertRuleOperator(task_id="end", **arguments_of(alert_rule_end, AlertRuleEndRequest))

with DAG(
    dag_id="alert_snooze",
    dag_display_name="Alert snooze",
    description="Suspend the notifications and challengers of an alert rule until a time.",
    doc_md="""
    ### Snooze of an alert rule

    Suspends the notifications and challengers of the rule until the time that you give. An alert that is still firing
    then is notified again. Without a time, the snooze ends now.

    The page *Alerts* of the deployment shows who has snoozed a rule, until when, and why.
    """,
    params=params_of(AlertSnoozeRequest),
    **COMMON,
) as alert_snooze:
    SnoozeAlertOperator(task_id="snooze", **arguments_of(alert_snooze, AlertSnoozeRequest))
