"""The alert rules of a deployment, and the alerts that they raised."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from modelops.domain.alerts import AlertEvent, Subject, statement_of
from modelops.domain.drift import Verdict
from modelops.domain.versions import VersionKind
from modelops.jobs_api import refusals
from modelops.jobs_api.database import limited_connection
from modelops.jobs_api.permissions import DETAIL_ACCESS, visible_dags, whole_deployment
from modelops.jobs_api.schemas import MOST, DeploymentNumber
from modelops.registry.read import alert_list

APPLICATION = "modelops alerts"

router = APIRouter(prefix="/api")


class AlertState(StrEnum):
    """The state of an alert."""

    FIRING = "firing"
    RESOLVED = "resolved"
    ENDED = "ended"
    """Its rule or its deployment ended while it was firing."""


class AlertRule(BaseModel):
    """An alert rule. A rule doesn't change: it ends, and another one is set."""

    id: int
    subject: Subject
    variable: str | None = Field(
        description="The feature, the prediction or the target of the metric; null: any feature, or any prediction."
    )
    level: Verdict | None = Field(
        description="The lowest verdict of a drift check that meets the rule; null for a metric."
    )
    metric: str | None
    below: float | None
    above: float | None
    checks: int = Field(description="The number of consecutive data intervals in which the rule must be met.")
    beyond_natural: bool = Field(description="Whether the drift must also be beyond natural variation.")
    challenger_dataset: str | None = Field(
        description="The name of a dataset, or SQL, on which a challenger is trained; null: none is started."
    )
    cool_down_days: float | None = Field(description="Minimum days between two challengers for the target.")
    most_a_month: int | None = Field(description="Maximum challengers for the target in 30 days.")
    job_id: int = Field(description="The job that set it.")
    set_by: str
    set_at: datetime
    is_open: bool = Field(description="Whether neither the rule nor its deployment has ended.")
    ended_at: datetime | None
    alert_id: int | None = Field(description="The alert that is firing.")
    snoozed_until: datetime | None
    snoozed_by: str | None
    snooze_reason: str | None


class Change(BaseModel):
    """The result of a check, for a column or for a metric of a target."""

    role: str | None = None
    variable: str | None = None
    verdict: Verdict | None = None
    psi: float | None = None
    shift: float | None = Field(
        None, description="The shift of a normal distribution with the same index, in standard deviations."
    )
    natural_variation: float | None = None
    bin: str | None = Field(
        None, description="The bin whose share of the rows changed most; `before` and `now` are its shares."
    )
    target: str | None = None
    metric: str | None = Field(None, description="The name of the metric; `before` and `now` are its values.")
    before: float | None = None
    now: float | None = None
    lower: float | None = None
    upper: float | None = None


class SentNotification(BaseModel):
    """A notification that a notifier sent."""

    event: AlertEvent
    notifier: str
    sent_at: datetime


class ChallengerRun(BaseModel):
    """A run of `model_lifecycle` that an alert started."""

    dag_id: str
    run_id: str = Field(description="Of the DAG run.")
    requested_at: datetime


class Alert(BaseModel):
    """An alert that a rule raised."""

    id: int
    rule_id: int
    state: AlertState
    fired_at: datetime
    resolved_at: datetime | None
    resolved_by: int | None = Field(description="The job of the check that resolved it.")
    interval_start: datetime | None = Field(
        description="The data interval of the batch; null, as is the end, for a batch without one."
    )
    interval_end: datetime | None
    run_id: int = Field(description="The number of the batch run.")
    job_id: int = Field(description="The drift check or the measurement that met the rule.")
    metric: bool = Field(description="Whether it is about a metric, not columns.")
    found: list[Change]
    statement: str = Field(description="SQL that returns the same figures.")
    notifications: list[SentNotification]
    challengers: list[ChallengerRun]


class Alerts(BaseModel):
    """The alert rules of a deployment, and the alerts that they raised."""

    deployment: int
    kind: VersionKind
    model: str
    version: int
    target: str
    ended_at: datetime | None
    rules: list[AlertRule] = Field(description="Those that are open first.")
    alerts: list[Alert] = Field(description="Those that are firing first, then the newest.")
    more: bool = Field(description="Whether there are earlier alerts.")


@router.get(
    "/deployments/{id}/alerts",
    responses=refusals.documented({404: "There is no such deployment, or you may not see it."}),
)
def show_alerts(
    user: GetUserDep,
    id: DeploymentNumber,  # noqa: A002 - the name in the API
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
) -> Alerts:
    """The alert rules of a deployment, and the alerts that they raised."""
    with limited_connection(APPLICATION) as connection:
        seen = visible_dags(user, connection, DETAIL_ACCESS)
        row = whole_deployment(connection, seen, id)
        rules = alert_list.rules(connection, seen, id, limit=MOST)
        found = alert_list.alerts(connection, seen, id, limit=limit + 1)
    return Alerts(
        **{name: row[name] for name in ("kind", "model", "version", "target", "ended_at")},
        deployment=id,
        rules=[AlertRule.model_validate(one) for one in rules],
        alerts=[_alert(one) for one in found[:limit]],
        more=len(found) > limit,
    )


def _alert(row: Any) -> Alert:
    if row["resolved_at"] is not None:
        state = AlertState.RESOLVED
    else:
        state = AlertState.FIRING if row["is_open"] else AlertState.ENDED
    subject = Subject(row["subject"])
    about = {"metric": subject is Subject.METRIC, "statement": statement_of(row["id"], subject)}
    return Alert.model_validate({**row, "state": state, **about})
