"""Confidence intervals of metrics, under the assumption that the rows are independent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LEVEL = 0.95
MIN_GROUPS = 10
"""Minimum number of groups of a jackknife, whose variance is unreliable with fewer."""

Interval = tuple[float, float]


def wilson(successes: int, trials: int) -> Interval:
    """The interval of a proportion by Wilson's score (J. Am. Stat. Assoc. 22, 1927); `trials` is at least 1."""
    from scipy.stats import binomtest

    found = binomtest(successes, trials).proportion_ci(confidence_level=LEVEL, method="wilson")
    return float(found.low), float(found.high)


def jackknife(estimate: float, without: Sequence[float]) -> Interval | None:
    """The interval of a smooth metric by the delete-a-group jackknife (Kott, J. Off. Stat. 17, 2001).

    Args:
        estimate: the metric of all rows.
        without: the metric of all rows but those of a group, for each of several random groups of about equal size.

    Returns:
        The interval; None if there are too few groups, if the metric is the same without each of them, so that its
        error is unknown, or if its variance overflows.
    """
    groups = len(without)
    if groups < MIN_GROUPS or min(without) == max(without):
        return None
    from scipy.stats import t

    mean = math.fsum(without) / groups
    try:
        variance = (groups - 1) / groups * math.fsum((value - mean) ** 2 for value in without)
    except OverflowError:
        return None
    half = float(t.ppf((1 + LEVEL) / 2, groups - 1)) * math.sqrt(variance)
    return estimate - half, estimate + half
