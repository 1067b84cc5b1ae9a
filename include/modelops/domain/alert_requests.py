"""The requests to set, end and snooze an alert rule."""

from __future__ import annotations

from dataclasses import dataclass

from modelops.domain import bounds
from modelops.domain import parameters as p
from modelops.domain.alerts import LONGEST_COOL_DOWN_DAYS, LONGEST_SNOOZE_DAYS, MAX_A_MONTH, MAX_CHECKS, Subject
from modelops.domain.drift import MOVED


def _rule() -> int:
    number: int = p.parameter(
        title="Alert rule",
        description="The number of the rule; the page Alerts of its deployment shows it.",
        type="integer",
        minimum=1,
    )
    return number


@dataclass(frozen=True, kw_only=True)
class AlertRuleRequest:
    """Set an alert rule of a deployment."""

    deployment: int = p.deployment()
    subject: str = p.parameter(
        Subject.FEATURES.value,
        title="Subject",
        description="features or predictions: the drift of these columns in drift checks. metric: a metric of published"
        " predictions, once their labels are known.",
        type="string",
        enum=[each.value for each in Subject],
    )
    variable: str | None = p.parameter(
        None,
        title="Column",
        description="One feature or prediction; for a metric, the target. Empty: any of the columns; for a metric, the"
        " only target.",
        type=["null", "string"],
        minLength=1,
        **p.text(),
    )
    level: str | None = p.parameter(
        None,
        title="Level",
        description="The lowest verdict of a drift check that meets the rule. Empty: moderate for features, moved for"
        " predictions. Not for a metric.",
        type=["null", "string"],
        enum=[None, *(each.value for each in MOVED)],
    )
    metric: str | None = p.parameter(
        None,
        title="Metric",
        description="Only for the subject metric: its name, such as auc or rmse.",
        type=["null", "string"],
        minLength=1,
        **p.text(),
    )
    below: float | None = p.parameter(
        None,
        title="Below",
        description="Only for a metric: all of its 95 % confidence interval is below this.",
        type=["null", "number"],
    )
    above: float | None = p.parameter(
        None,
        title="Above",
        description="Only for a metric: all of its 95 % confidence interval is above this.",
        type=["null", "number"],
    )
    checks: int = p.parameter(
        1,
        title="Consecutive data intervals",
        description="The number of consecutive data intervals in which the rule must be met.",
        type="integer",
        minimum=1,
        maximum=MAX_CHECKS,
    )
    beyond_natural: bool = p.parameter(
        True,
        title="Beyond natural variation",
        description="If true, the drift must also be greater than the variation among the rows of the reference."
        " Not for a metric.",
        type="boolean",
    )

    challenger: bool = p.parameter(
        False,
        title="Start a challenger",
        description="If true, an alert starts model_lifecycle for the deployment's model, target and dataset, in the"
        " name of the author of this rule. The new version waits for its approval, as any other.",
        type="boolean",
    )
    challenger_dataset: str = p.dataset("train", "the training of a challenger")
    cool_down_days: float = p.parameter(
        7,
        title="Days between challengers",
        description="The minimum time between two challengers for the same target.",
        type="number",
        minimum=1,
        maximum=LONGEST_COOL_DOWN_DAYS,
    )
    most_a_month: int = p.parameter(
        1,
        title="Challengers a month",
        description="The maximum number of challengers for the same target in 30 days.",
        type="integer",
        minimum=1,
        maximum=MAX_A_MONTH,
    )


@dataclass(frozen=True, kw_only=True)
class AlertRuleEndRequest:
    """End an alert rule."""

    rule: int = _rule()


@dataclass(frozen=True, kw_only=True)
class AlertSnoozeRequest:
    """Suspend the notifications and challengers of a rule."""

    rule: int = _rule()
    until: str | None = p.parameter(
        None,
        title="Until",
        description="The end of the snooze: ISO 8601 with an offset, at most"
        f" {LONGEST_SNOOZE_DAYS} days from now. Empty: ends a snooze.",
        type=["null", "string"],
        format="date-time",
        **p.text(),
    )
    reason: str | None = p.parameter(
        None,
        title="Reason",
        description="The reason, for the record.",
        type=["null", "string"],
        **p.text(bounds.COMMENT),
    )
