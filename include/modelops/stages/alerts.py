"""Evaluates the alert rules of a target after a check is recorded, and raises and resolves alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from modelops.domain.alerts import MAX_NAMED, Subject
from modelops.registry.write import alerts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection

    from modelops.domain.alerts import OpenRule
    from modelops.domain.jobs import JobId


class RuleEvaluation(NamedTuple):
    """The result of evaluating a rule on the latest checks.

    `newest` is the newest check of the rule's columns or metric, or None. `found` has the columns or the metric that
    meet the rule, possibly none. `is_over`: a firing alert of the rule is to be resolved.
    """

    newest: Mapping[str, Any] | None
    found: Sequence[Mapping[str, Any]]
    is_over: bool


def update_alerts(ledger: Connection[Any], target: str, *subjects: Subject, job_id: JobId) -> dict[str, list[int]]:
    """Raise and resolve alerts of a target's current deployment; returns the ids of those `fired` and `resolved`.

    Call it within a fenced transaction, after the check is recorded. Only the latest data intervals count: the check of
    an earlier interval changes nothing.
    """
    fired, resolved = [], []
    alerts.lock_target(ledger, target)
    for rule in alerts.lock_open(ledger, target, subjects):
        newest, found, is_over = (
            _evaluate_metric_rule if rule.terms.subject is Subject.METRIC else _evaluate_drift_rule
        )(ledger, rule)
        if newest is None:
            continue
        if rule.alert_id is None and found:
            fired.append(alerts.fire(ledger, rule.id, found[:MAX_NAMED], by=newest, job_id=job_id))
        elif rule.alert_id is not None and is_over:
            alerts.resolve(ledger, rule.alert_id, run_id=newest["run_id"], job_id=job_id)
            resolved.append(rule.alert_id)
    return {"fired": fired, "resolved": resolved}


def _evaluate_drift_rule(ledger: Connection[Any], rule: OpenRule) -> RuleEvaluation:
    rows = alerts.judged_columns(ledger, rule)
    known = {row["variable"] for row in rows if not row["is_unknown"]}
    return RuleEvaluation(
        newest=rows[0] if rows else None,
        found=[_moved(row) for row in rows if row["in_a_row"]],
        # A column without a verdict in the newest check may still have moved.
        is_over=not any(row["counts"] for row in rows) and known.issuperset(rule.firing),
    )


def _moved(row: Mapping[str, Any]) -> dict[str, Any]:
    bin_, *_ = row["most_moved"] or [{"bin": None, "before": None, "now": None}]
    taken = ("role", "variable", "verdict", "psi", "shift", "natural_variation")
    return {**{name: row[name] for name in taken}, **{name: bin_[name] for name in ("bin", "before", "now")}}


def _evaluate_metric_rule(ledger: Connection[Any], rule: OpenRule) -> RuleEvaluation:
    terms = rule.terms
    rows = alerts.measurements(ledger, rule)
    if not rows:
        return RuleEvaluation(None, (), is_over=False)
    newest, latest, before = rows[0], rows[: terms.checks], rows[terms.checks :]
    met = [terms.is_met_by(row["value"], row["lower"], row["upper"]) for row in latest]
    found = {
        "target": terms.variable,
        "metric": terms.metric,
        "before": before[0]["value"] if before else None,
        "now": newest["value"],
        "lower": newest["lower"],
        "upper": newest["upper"],
    }
    return RuleEvaluation(newest, [found] if len(met) == terms.checks and all(met) else (), is_over=not met[0])
