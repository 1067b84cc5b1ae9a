"""Deployments with alert rules, and batches that meet them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from factories import SCORING, model_folder
from integration.lifecycle.life import approved, predicted
from integration.lifecycle.test_drift_check import TRAINED_ON_ALL, checked
from modelops.domain.alert_requests import AlertRuleRequest, AlertSnoozeRequest
from modelops.domain.job_types import JobType
from modelops.kinds.alert_rules import set_rule, snooze

if TYPE_CHECKING:
    from pathlib import Path

    from workplace import Workplace

NOTHING: dict[str, list[int]] = {"fired": [], "resolved": []}


def live(workplace: Workplace, repository: Path) -> None:
    """`here/scored` has two approved versions; v1 and `here/ignoring` are trained and evaluated on all rows."""
    model_folder(repository, "scored", scoring=SCORING, datasets=TRAINED_ON_ALL)
    approved(workplace)
    approved(workplace, dataset="SELECT id, x * 3 AS x, y, late FROM measured WHERE id > 50")
    model_folder(repository, "ignoring", scoring=SCORING, datasets=TRAINED_ON_ALL + "drift: {ignore: [y]}\n")
    approved(workplace, "here/ignoring")


def ruled(workplace: Workplace, deployment: int, **asked: Any) -> dict[str, Any]:
    return set_rule(AlertRuleRequest(deployment=deployment, **asked), workplace.job(JobType.ALERT_RULE_CHANGE))


def after_a_batch(workplace: Workplace, deployment: int, **interval: Any) -> dict[str, list[int]]:
    """The alerts that the check of another batch has raised and resolved."""
    predicted(workplace, deployment, **interval)
    found: dict[str, list[int]] = checked(workplace, deployment, **interval)[1]["alerts"]
    return found


def snoozed(workplace: Workplace, rule: int, until: datetime | str | None) -> dict[str, Any]:
    text = until.isoformat() if isinstance(until, datetime) else until
    return snooze(AlertSnoozeRequest(rule=rule, until=text, reason="known"), workplace.job(JobType.ALERT_RULE_CHANGE))
