"""The rule by which drift is judged, and its verdicts; `modelops.statistics.drift` applies it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, kw_only=True)
class Rule:
    """The parameters of the test that decides whether a column has moved.

    Args:
        tolerance: the index below which no change counts; 0.005 is a shift by 0.07 standard deviations.
        alpha: the probability of a false finding per check, over all columns together.
        moderate, major: the levels, by the lower confidence bound of the index.
    """

    tolerance: float = 0.005
    alpha: float = 0.005
    moderate: float = 0.1
    major: float = 0.25


class Verdict(StrEnum):
    """The outcome of a comparison."""

    STABLE = "stable"
    MOVED = "moved"
    MODERATE = "moderate"
    MAJOR = "major"
    NOT_ENOUGH_ROWS = "not_enough_rows"
    REFERENCE_TOO_SMALL = "reference_too_small"
    NOT_COMPARABLE = "not_comparable"

    @property
    def has_moved(self) -> bool:
        """Whether it is a significant change."""
        return self in MOVED


MOVED = (Verdict.MOVED, Verdict.MODERATE, Verdict.MAJOR)
"""The significant changes, least first."""


@dataclass(frozen=True, kw_only=True)
class DriftSettings:
    """What a model declares about its drift: the rule, and the features that are not compared."""

    rule: Rule = Rule()
    ignore: tuple[str, ...] = ()
