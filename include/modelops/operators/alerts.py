"""Operators that set, end and snooze alert rules, send notifications, and start challengers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk.configuration import conf

from modelops.airflow.notifying import ALERTS_VARIABLE, notifiers_by_name
from modelops.domain.alert_requests import AlertRuleEndRequest, AlertRuleRequest, AlertSnoozeRequest
from modelops.domain.errors import Unavailable
from modelops.domain.job_types import JobType
from modelops.operators.alert_events import AlertingOperator
from modelops.operators.base import JobOperator
from modelops.operators.bases import DeploymentOperator
from modelops.operators.ledger import LedgerOperator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow.sdk import Context
    from psycopg import Connection

    from modelops.domain.alerts import Alert, AlertEvent

MAX_NOTIFICATIONS = 1000
"""Maximum notifications by one notifier in a DAG run; the next run sends the others."""
NOTIFIER_TIMEOUT = 60
"""Maximum seconds that a notifier may take for a notification."""
MAX_CHALLENGERS = 10
"""Maximum challengers in a DAG run, whose parameters are an XCom; the next run starts the others."""


class RuleOperator(JobOperator):
    """A job on an alert rule."""

    rule: int

    def initial_subject(self) -> str:
        """The rule's number, until its deployment is read."""
        return f"alert rule {self.rule}"


class SetAlertRuleOperator(AlertingOperator, DeploymentOperator):
    """Sets an alert rule of a deployment. After a clear, a recorded rule is returned."""

    job_type = JobType.ALERT_RULE_CHANGE
    request = AlertRuleRequest
    use_case = "modelops.kinds.alert_rules:set_rule"
    reuse_key = ("deployment",)


class EndAlertRuleOperator(RuleOperator):
    """Ends an alert rule."""

    job_type = JobType.ALERT_RULE_CHANGE
    request = AlertRuleEndRequest
    use_case = "modelops.kinds.alert_rules:end_rule"
    reuse_key = ("rule",)


class SnoozeAlertOperator(RuleOperator):
    """Suspends the notifications and challengers of a rule until a time."""

    job_type = JobType.ALERT_RULE_CHANGE
    request = AlertSnoozeRequest
    use_case = "modelops.kinds.alert_rules:snooze"
    reuse_key = ("rule",)


class SendNotificationsOperator(LedgerOperator):
    """Sends the notifications of alerts that the ledger lists as due, by each of the notifiers.

    Each notification is recorded as soon as it is sent. A notifier that fails, or takes longer than `NOTIFIER_TIMEOUT`,
    sends no more in this attempt; the others continue. The task then fails, and the unsent notifications stay due.

    Raises:
        BadInput: MODELOPS_ALERT_NOTIFIERS isn't a list of notifiers.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        notifiers_by_name(ALERTS_VARIABLE)  # an invalid list is an import error of the DAG file, before the first alert

    def execute(self, context: Context) -> int:  # noqa: ARG002 - Airflow passes it
        """Send the due notifications; returns the number of notifications.

        Raises:
            Unavailable: the ledger can't be reached, or a notifier has failed; a retry may help.
        """
        names = list(notifiers_by_name(ALERTS_VARIABLE))
        if not names:
            self.log.info("%s lists no notifiers.", ALERTS_VARIABLE)
        sent, failed = 0, []
        with self.connect() as connection:
            for name in names:
                try:
                    for _ in self._send_due(name, connection):
                        sent += 1
                except Exception:  # notifiers are third-party code
                    failed.append(name)
                    self.log.exception("%s failed; its notifications stay due", name)
        if failed:
            raise Unavailable(f"notifications of alerts could not be sent by {', '.join(failed)}; they stay due")
        return sent

    def _send_due(self, name: str, connection: Connection[Any]) -> Iterator[None]:
        """Send the due notifications of one notifier; yields after each."""
        from modelops.registry.write import alerts

        for number, event in alerts.due_notifications(connection, name, most=MAX_NOTIFICATIONS):
            # Airflow writes the rendered templates into the notifier, so each notification needs a new one.
            notifier = notifiers_by_name(ALERTS_VARIABLE)[name]
            _call_with_timeout(
                NOTIFIER_TIMEOUT, notifier, {"alert": template_values(alerts.find_alert(connection, number), event)}
            )
            alerts.record_sent(connection, number, event, name)
            self.log.info("%s has sent that alert %s is %s", name, number, event)
            yield


def _call_with_timeout(seconds: float, call: Callable[[dict[str, Any]], object], argument: dict[str, Any]) -> None:
    """Call a function in a thread of its own, and wait for it. After a timeout, the thread continues to run.

    Raises:
        TimeoutError: the function takes longer than `seconds`.
        Exception: the exception that the function raises.
    """
    raised: list[Exception] = []

    def run() -> None:
        try:
            call(argument)
        except Exception as error:  # noqa: BLE001 - raised below, in the caller's thread
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError(f"it took longer than {seconds:g} s")
    if raised:
        raise raised[0]


class ClaimChallengersOperator(LedgerOperator):
    """Claims challengers for alerts that may start one now, and lists the DAG runs to start.

    The database decides which alerts may start one. A claimed challenger is listed until its run has a job, for one day
    at most. Its run id is fixed, so that it is not started twice.
    """

    def execute(self, context: Context) -> list[dict[str, Any]]:  # noqa: ARG002 - Airflow passes it
        """List the runs to start."""
        from modelops.kinds.model.challenger import lifecycle_parameters
        from modelops.registry.write import alerts

        with self.connect() as connection:
            alerts.claim_challengers(connection, most=MAX_CHALLENGERS)
            return [
                {
                    "trigger_run_id": one["run_id"],
                    "conf": lifecycle_parameters(connection, one["deployment_id"], one["dataset"]),
                }
                for one in alerts.unstarted_challengers(connection, most=MAX_CHALLENGERS)
            ]


class StartChallengerOperator(TriggerDagRunOperator):
    """Starts a run of model_lifecycle, unless it exists. Users' SQL in its parameters is not rendered as a template."""

    template_fields = ()
    template_fields_renderers: ClassVar[dict[str, str]] = {}

    def __init__(self, **kwargs: Any) -> None:
        fixed: dict[str, Any] = {"trigger_dag_id": "model_lifecycle", "logical_date": None, "deferrable": False}
        super().__init__(skip_when_already_exists=True, **fixed, **kwargs)


def template_values(alert: Alert, event: AlertEvent) -> dict[str, Any]:
    """The value of `alert` in the templates of notifiers."""
    base = (conf.get("api", "base_url", fallback=None) or "").rstrip("/")
    subject = f"{alert.model} v{alert.version} → {alert.target}"
    return {
        "id": alert.id,
        "event": str(event),
        "subject": f"{event}: {subject}: {alert.terms}",
        "rule": alert.rule_id,
        "says": str(alert.terms),
        "changes": alert.changes,
        "statement": alert.statement,
        "link": f"{base}/plugin/modelops/deployments/{alert.deployment}/alerts",
        "deployment": alert.deployment,
        "model": alert.model,
        "version": alert.version,
        "target": alert.target,
        "fired_at": alert.fired_at.isoformat(),
        "resolved_at": alert.resolved_at and alert.resolved_at.isoformat(),
    }
