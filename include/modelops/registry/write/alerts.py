"""Alert rules of deployments, their alerts, snoozes and notifications. See `sql/alerts.sql`.

Functions that write rules, alerts and snoozes are part of a caller's transaction, which is fenced (`jobs.fenced`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from modelops.domain.alerts import Alert, AlertEvent, AlertTerms, OpenRule, RuleId
from modelops.domain.errors import AlertError
from modelops.registry.queries import Queries
from modelops.registry.translation import translated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from psycopg import Connection

    from modelops.domain.alerts import Subject
    from modelops.domain.jobs import JobId

_QUERIES = Queries("alerts")


def set_rule(connection: Connection[Any], deployment_id: int, terms: AlertTerms, *, job_id: JobId) -> RuleId:
    """Set a rule of a deployment.

    Raises:
        AlertError: the deployment has as many rules as it may have.
        UnknownDeployment: it has ended.
    """
    with translated():
        row = _QUERIES.execute(
            connection, "set_rule", deployment_id=deployment_id, job_id=job_id, **terms.as_record()
        ).fetchone()
    assert row is not None
    return RuleId(row["id"])


def carry_over(connection: Connection[Any], deployment_id: int, *, before: int, job_id: JobId) -> list[RuleId]:
    """Give a new deployment the rules of the one that it has replaced; returns their numbers."""
    with translated():
        rows = _QUERIES.execute(connection, "carry_over", deployment_id=deployment_id, before=before, job_id=job_id)
        return [RuleId(row["id"]) for row in rows]


def find_open_rule(connection: Connection[Any], rule_id: int) -> Mapping[str, Any]:
    """A rule as `modelops.alert_rule_state` has it, which has not ended.

    Raises:
        AlertError: no rule has that number, or it has ended.
    """
    with translated():
        row = _QUERIES.execute(connection, "find", id=rule_id).fetchone()
    if row is None or not row["is_open"]:
        what = f"there is no alert rule {rule_id}" if row is None else f"alert rule {rule_id} has ended"
        raise AlertError(
            what,
            where="the parameter rule",
            expected="the number of a rule of an active deployment, as on its page Alerts",
        )
    return row


def end_rule(connection: Connection[Any], rule_id: int, *, job_id: JobId) -> None:
    """End a rule."""
    with translated():
        _QUERIES.execute(connection, "end_rule", id=rule_id, job_id=job_id)


def snooze(
    connection: Connection[Any], rule_id: int, *, until: datetime | None, reason: str | None, job_id: JobId
) -> None:
    """Snooze a rule until a time; None: no longer."""
    with translated():
        _QUERIES.execute(connection, "snooze", rule_id=rule_id, until=until, reason=reason, job_id=job_id)


def lock_target(connection: Connection[Any], target: str) -> None:
    """Lock the alerts of a target until the end of the transaction: before its deployment and its rules."""
    with translated():
        _QUERIES.execute(connection, "lock_target", target=target)


def lock_open(connection: Connection[Any], target: str, subjects: Iterable[Subject]) -> list[OpenRule]:
    """The open rules of a target's current deployment on these subjects, locked until the end of the transaction."""
    with translated():
        rows = _QUERIES.execute(connection, "lock_open", target=target, subjects=list(subjects))
        ids = [row["id"] for row in rows]
        return [
            OpenRule(
                id=RuleId(row["id"]),
                deployment_id=row["deployment_id"],
                target=row["target"],
                terms=AlertTerms.from_record(row),
                alert_id=row["alert_id"],
                firing=row["firing"] or (),
            )
            for row in _QUERIES.execute(connection, "open", ids=ids)
        ]


def judged_columns(connection: Connection[Any], rule: OpenRule) -> list[Mapping[str, Any]]:
    """What the newest drift check of the rule's deployment has found of columns that meet the rule, or are firing."""
    terms = rule.terms
    with translated():
        return list(
            _QUERIES.execute(
                connection,
                "judged_columns",
                deployment_id=rule.deployment_id,
                role=terms.subject.role,
                variable=terms.variable,
                level=terms.level,
                checks=terms.checks,
                beyond_natural=terms.beyond_natural,
                firing=list(rule.firing),
            )
        )


def measurements(connection: Connection[Any], rule: OpenRule) -> list[Mapping[str, Any]]:
    """The newest measurements of the rule's metric, latest first: one more than the rule asks for in a row."""
    terms = rule.terms
    with translated():
        return list(
            _QUERIES.execute(
                connection,
                "measurements",
                target=rule.target,
                label=terms.variable,
                metric=terms.metric,
                most=terms.checks + 1,
            )
        )


def fire(
    connection: Connection[Any],
    rule_id: RuleId,
    found: Sequence[Mapping[str, Any]],
    *,
    by: Mapping[str, Any],
    job_id: JobId,
) -> int:
    """Raise an alert; `by` has `run_id`, `job_id` and `attempt` of the check that met the rule."""
    check = {name: by[name] for name in ("run_id", "job_id", "attempt")}
    with translated():
        row = _QUERIES.execute(
            connection, "fire", rule_id=rule_id, found=Jsonb(list(found)), fired_by=job_id, **check
        ).fetchone()
    assert row is not None
    number: int = row["id"]
    return number


def resolve(connection: Connection[Any], alert_id: int, *, run_id: int, job_id: JobId) -> None:
    """Resolve an alert; `run_id` is the batch run in whose check nothing meets the rule."""
    with translated():
        _QUERIES.execute(connection, "resolve", id=alert_id, run_id=run_id, job_id=job_id)


def due_notifications(connection: Connection[Any], notifier: str, *, most: int) -> list[tuple[int, AlertEvent]]:
    """The notifications that a notifier has not sent yet, oldest first: the alert's number, and what it is of."""
    with translated():
        rows = _QUERIES.execute(connection, "due_notifications", notifier=notifier, most=most)
        return [(row["alert_id"], AlertEvent(row["event"])) for row in rows]


def find_alert(connection: Connection[Any], alert_id: int) -> Alert:
    """An alert that exists."""
    with translated():
        row = _QUERIES.execute(connection, "alert", id=alert_id).fetchone()
    assert row is not None
    same = ("id", "rule_id", "model", "version", "target", "run_id", "job_id", "found", "fired_at", "resolved_at")
    return Alert(
        terms=AlertTerms.from_record(row),
        deployment=row["deployment_id"],
        **{name: row[name] for name in same},
    )


def claim_challengers(connection: Connection[Any], *, most: int) -> int:
    """Claim a challenger for each target with an alert that may start one now; returns how many."""
    with translated():
        return len(_QUERIES.execute(connection, "claim_challengers", most=most).fetchall())


def unstarted_challengers(connection: Connection[Any], *, most: int) -> list[Mapping[str, Any]]:
    """The challengers of the last day whose run has no job yet: `run_id`, `dataset` and `deployment_id`."""
    with translated():
        return list(_QUERIES.execute(connection, "unstarted_challengers", most=most))


def author_of_challenger(connection: Connection[Any], run_id: str) -> str | None:
    """The author of the rule that has started a DAG run; None: no rule has."""
    with translated():
        row = _QUERIES.execute(connection, "author_of_challenger", run_id=run_id).fetchone()
    return None if row is None else row["requested_by"]


def record_sent(connection: Connection[Any], alert_id: int, event: AlertEvent, notifier: str) -> None:
    """Record that a notifier has sent a notification."""
    with translated():
        _QUERIES.execute(connection, "sent", alert_id=alert_id, event=event, notifier=notifier)
