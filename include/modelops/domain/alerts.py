"""Alert rules: what a deployment raises an alert for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NewType

from modelops.domain.drift import MOVED, Verdict
from modelops.domain.errors import AlertError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

RuleId = NewType("RuleId", int)
CHALLENGER_RUN_PREFIX = "challenger__"
"""The prefix of the ids of DAG runs that alerts start; the database makes the rest."""
MAX_CHECKS = 30
"""Maximum number of consecutive data intervals in a rule."""
MAX_NAMED = 100
"""Maximum number of columns in an alert."""
LONGEST_SNOOZE_DAYS = LONGEST_COOL_DOWN_DAYS = 366
MAX_A_MONTH = 31
"""Maximum number of challengers in 30 days in a rule."""


class Subject(StrEnum):
    """The subject of a rule: columns of a role, or a metric."""

    FEATURES = "features"
    PREDICTIONS = "predictions"
    METRIC = "metric"

    @property
    def role(self) -> str | None:
        """The role of the columns that a drift check compares; None for a metric."""
        return None if self is Subject.METRIC else self.singular

    @property
    def singular(self) -> str:
        """The singular of the subject, for messages."""
        return self.removesuffix("s")


class AlertEvent(StrEnum):
    """The event that a notification reports."""

    FIRING = "firing"
    RESOLVED = "resolved"


LEVELS = {Subject.FEATURES: Verdict.MODERATE, Subject.PREDICTIONS: Verdict.MOVED}
"""The levels from which a rule fires if none is given."""


@dataclass(frozen=True, kw_only=True)
class ChallengerTerms:
    """The dataset for the challengers of a rule, and the limits on how often they start.

    Args:
        dataset: the name of a dataset, or SQL, for its training.
        cool_down: the minimum time between two challengers for the same target.
        most_a_month: the maximum for the same target in 30 days.
    """

    dataset: str
    cool_down: timedelta
    most_a_month: int


@dataclass(frozen=True, kw_only=True)
class AlertTerms:
    """The condition of a rule.

    For features and predictions: the verdict of a drift check on `variable`, or on any column, is `level` or higher;
    with `beyond_natural`, its index is also greater than its natural variation. For a metric: all of the confidence
    interval of `metric` for the target `variable` is `below` or `above` a bound. The condition must hold in `checks`
    consecutive data intervals. With a `challenger`, the alert starts a training of the model.
    """

    subject: Subject
    variable: str | None = None
    metric: str | None = None
    level: Verdict | None = None
    below: float | None = None
    above: float | None = None
    checks: int = 1
    beyond_natural: bool = True
    challenger: ChallengerTerms | None = None

    def __post_init__(self) -> None:
        wrong = self._metric_error() if self.subject is Subject.METRIC else self._drift_error()
        if wrong is not None:
            raise wrong
        if not 1 <= self.checks <= MAX_CHECKS:
            raise AlertError(
                f"{self.checks} consecutive data intervals are out of range",
                where="the parameter checks",
                expected=f"a number from 1 to {MAX_CHECKS}",
            )

    def _metric_error(self) -> AlertError | None:
        if self.level is not None:
            return AlertError(
                "a metric has no level",
                where="the parameter level",
                expected="below or above, with a bound in the unit of the metric",
            )
        bounds = [bound for bound in (self.below, self.above) if bound is not None]
        if self.metric is None or len(bounds) != 1 or not math.isfinite(bounds[0]):
            return AlertError(
                "a rule for a metric needs a metric and one bound",
                where="the parameters metric, below and above",
                expected="the name of a metric, and a finite number for either below or above",
            )
        return None

    def _drift_error(self) -> AlertError | None:
        if self.metric is not None or self.below is not None or self.above is not None:
            return AlertError(
                f"a rule for {self.subject} has no metric and no bound",
                where="the parameters metric, below and above",
                expected="a level, or the subject metric",
            )
        if self.level not in MOVED:
            return AlertError(
                f"{str(self.level)!r} is not a level",
                where="the parameter level",
                expected=" or ".join(MOVED),
            )
        return None

    def as_record(self) -> dict[str, Any]:
        """The terms as the registry stores them."""
        return {
            "subject": self.subject,
            "variable": self.variable,
            "metric": self.metric,
            "level": self.level,
            "below": self.below,
            "above": self.above,
            "checks": self.checks,
            "beyond_natural": self.beyond_natural,
            "challenger_dataset": self.challenger and self.challenger.dataset,
            "cool_down": self.challenger and self.challenger.cool_down,
            "most_a_month": self.challenger and self.challenger.most_a_month,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> AlertTerms:
        """Make the terms from the registry's record."""
        level, dataset = record["level"], record["challenger_dataset"]
        return cls(
            subject=Subject(record["subject"]),
            level=None if level is None else Verdict(level),
            challenger=None
            if dataset is None
            else ChallengerTerms(dataset=dataset, cool_down=record["cool_down"], most_a_month=record["most_a_month"]),
            **{name: record[name] for name in ("variable", "metric", "below", "above", "checks", "beyond_natural")},
        )

    def is_met_by(self, value: float, lower: float | None, upper: float | None) -> bool:
        """Whether all of the confidence interval of a metric is beyond the bound; without an interval, its value."""
        if self.below is not None:
            return (value if upper is None else upper) < self.below
        return self.above is not None and (value if lower is None else lower) > self.above

    def __str__(self) -> str:
        if self.subject is Subject.METRIC:
            bound = f"below {self.below:g}" if self.below is not None else f"above {self.above:g}"
            parts = [f"{self.metric} of {self.variable} {bound}"]
        else:
            which = (
                f"any {self.subject.singular}" if self.variable is None else f"{self.subject.singular} {self.variable}"
            )
            parts = [f"drift of {which}, verdict {self.level} or higher"]
            if self.beyond_natural:
                parts.append("beyond natural variation")
        if self.checks > 1:
            parts.append(f"in {self.checks} consecutive data intervals")
        return ", ".join(parts) + ("; starts a challenger" if self.challenger else "")


@dataclass(frozen=True, kw_only=True)
class OpenRule:
    """A rule of an active deployment, and the columns of its firing alert; `alert_id` is None if no alert is firing."""

    id: RuleId
    deployment_id: int
    target: str
    terms: AlertTerms
    alert_id: int | None
    firing: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Alert:
    """An alert with the values for its notifications. `found` has the findings as in the table `modelops.alert`."""

    id: int
    rule_id: int
    terms: AlertTerms
    deployment: int
    model: str
    version: int
    target: str
    run_id: int
    job_id: int
    found: Sequence[Mapping[str, Any]]
    fired_at: datetime
    resolved_at: datetime | None

    @property
    def statement(self) -> str:
        """SQL that returns the figures of the alert, for a reader of the registry."""
        return statement_of(self.id, self.terms.subject)

    @property
    def changes(self) -> list[str]:
        """The findings as text, one line for each column or metric."""
        return [change_of(each) for each in self.found]


def change_of(found: Mapping[str, Any]) -> str:
    """The finding of a check on a column or a metric, as text."""
    if "metric" in found:
        before = "" if found["before"] is None else f" from {found['before']:.4g}"
        interval = "" if found["lower"] is None else f" (95 % interval {found['lower']:.4g} to {found['upper']:.4g})"
        return f"{found['metric']} of {found['target']} went{before} to {found['now']:.4g}{interval}"
    shares = "" if found["bin"] is None else f"; {found['bin']}: {found['before']:.1%} → {found['now']:.1%} of the rows"
    return (
        f"{found['role']} {found['variable']}: {found['verdict']}, as if shifted by {found['shift']:.2g} standard"
        f" deviations (index {found['psi']:.3g}){shares}"
    )


METRIC_STATEMENT = """SELECT performance.run_id, found.before, metric.*
FROM modelops.alert
JOIN modelops.performance USING (run_id, job_id, attempt)
JOIN modelops.performance_metric AS metric ON metric.performance_id = performance.id
CROSS JOIN jsonb_to_recordset(alert.found) AS found (target text, metric text, before float8)
WHERE alert.id = {} AND metric.target = found.target AND metric.metric = found.metric;"""
DRIFT_STATEMENT = """SELECT drift.run_id, drift.role, drift.variable, drift.verdict, drift.psi, drift.shift,
  drift.natural_variation, drift.most_moved
FROM modelops.alert
JOIN modelops.drift USING (run_id, job_id, attempt)
CROSS JOIN jsonb_to_recordset(alert.found) AS found (role modelops.variable_role, variable text)
WHERE alert.id = {} AND drift.role = found.role AND drift.variable = found.variable
ORDER BY drift.verdict DESC, drift.psi DESC;"""


def statement_of(alert_id: int, subject: Subject) -> str:
    """SQL that returns the figures of an alert, for a reader of the registry."""
    return (METRIC_STATEMENT if subject is Subject.METRIC else DRIFT_STATEMENT).format(alert_id)
