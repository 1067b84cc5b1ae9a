"""Computes central moments of numbers that arrive in blocks.

The formulas that combine two blocks are those of P. Pébay, *Formulas for Robust, One-Pass Parallel Computation of
Covariances and Arbitrary-Order Statistical Moments*, Sandia report SAND2008-6212 (2008), section 2.1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_TOO_SMALL = 1e-290
"""Powers of the standard deviation below this are near float64's smallest number and have lost precision."""


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Extremes, sums, and sums of powers of the deviations from the mean, of `count` finite numbers.

    The mean is `mean + rest`: a single float64 is too coarse for small deviations from a large mean. Sums that exceed
    the range of float64 are infinite or NaN; the mean and the extremes are always finite.
    """

    count: int = 0
    lowest: float = math.inf
    highest: float = -math.inf
    total: float = 0.0
    squares: float = 0.0
    mean: float = 0.0
    rest: float = 0.0
    m2: float = 0.0
    m3: float = 0.0
    m4: float = 0.0

    @classmethod
    def of(cls, ordered: NDArray[np.float64]) -> Moments:
        """Compute the moments in two passes, the mean first. `ordered` has shape (n,): finite numbers, ascending."""
        count = len(ordered)
        if not count:
            return cls()
        with np.errstate(all="ignore"):
            lowest, highest, total = float(ordered[0]), float(ordered[-1]), float(ordered.sum())
            squares = _sum_of_products(ordered, ordered)
            mean = total / count if math.isfinite(total) else float((ordered / count).sum())
            mean = min(max(mean, lowest), highest)  # rounding may have moved it outside
            distance = ordered - mean
            off = float(distance.sum()) / count
            distance -= off
            square = distance * distance
            m2 = float(square.sum())
            m3 = _sum_of_products(square, distance)
            m4 = _sum_of_products(square, square)
        mean, rest = _two_sum(mean, off) if math.isfinite(off) else (mean, 0.0)
        return cls(
            count=count,
            lowest=lowest,
            highest=highest,
            total=total,
            squares=squares,
            mean=mean,
            rest=rest,
            m2=m2,
            m3=m3,
            m4=m4,
        )

    def merged(self, other: Moments) -> Moments:
        """The moments of both sets of numbers together."""
        if not self.count or not other.count:
            return self if self.count else other
        count = self.count + other.count
        ours, theirs = self.count / count, other.count / count
        apart = (other.mean - self.mean) + (other.rest - self.rest)
        if math.isfinite(apart):
            mean, rest = _two_sum(self.mean, self.rest + apart * theirs)
        else:
            mean, rest = self.mean * ours + other.mean * theirs, 0.0
        square = apart * apart
        both = count * ours * theirs
        m2 = self.m2 + other.m2 + square * both
        m3 = (
            self.m3
            + other.m3
            + square * apart * both * (ours - theirs)
            + 3 * apart * (ours * other.m2 - theirs * self.m2)
        )
        m4 = (
            self.m4
            + other.m4
            + square * square * both * (ours * ours - ours * theirs + theirs * theirs)
            + 6 * square * (ours * ours * other.m2 + theirs * theirs * self.m2)
            + 4 * apart * (ours * other.m3 - theirs * self.m3)
        )
        return Moments(
            count=count,
            lowest=min(self.lowest, other.lowest),
            highest=max(self.highest, other.highest),
            total=self.total + other.total,
            squares=self.squares + other.squares,
            mean=mean,
            rest=rest,
            m2=m2,
            m3=m3,
            m4=m4,
        )

    @property
    def variance(self) -> float | None:
        """The sample variance, divided by n - 1. None for fewer than two numbers, or outside the range of float64."""
        return defined(self.m2 / (self.count - 1)) if self.count > 1 else None

    @property
    def skewness(self) -> float | None:
        """The population skewness g1: m3 / m2^1.5. None if all numbers are equal, or outside the range of float64."""
        spread = self._spread
        if not spread * spread * spread > _TOO_SMALL:
            return None
        return defined(self.m3 / self.count / spread / spread / spread)

    @property
    def kurtosis(self) -> float | None:
        """The population's excess kurtosis g2: m4 / m2^2 - 3. None if the skewness is None."""
        spread = self._spread
        if not spread * spread * spread * spread > _TOO_SMALL:
            return None
        return defined(self.m4 / self.count / spread / spread / spread / spread - 3)

    @property
    def _spread(self) -> float:
        """The population's standard deviation; 0 or NaN if it is undefined."""
        return math.sqrt(max(self.m2, 0.0) / self.count) if self.count and not math.isnan(self.m2) else math.nan

    def as_values(self) -> dict[str, Any]:
        """The moments as JSON values; undefined ones are None. The mapping `moments` is what `merged` needs."""
        variance = self.variance
        return {
            "min": self.lowest if self.count else None,
            "max": self.highest if self.count else None,
            "mean": self.mean if self.count else None,
            "std": None if variance is None else math.sqrt(variance),
            "variance": variance,
            "skewness": self.skewness,
            "kurtosis": self.kurtosis,
            "sum": defined(self.total),
            "sum_of_squares": defined(self.squares),
            "moments": {
                "rest": self.rest,
                "m2": defined(self.m2),
                "m3": defined(self.m3),
                "m4": defined(self.m4),
            },
        }

    @classmethod
    def from_values(cls, values: Mapping[str, Any], *, count: int) -> Moments:
        """Restore the moments from the result of `as_values`, bit for bit."""
        if not count:
            return cls()
        central = values["moments"]
        return cls(
            count=count,
            lowest=float(values["min"]),
            highest=float(values["max"]),
            total=_number(values["sum"]),
            squares=_number(values["sum_of_squares"]),
            mean=float(values["mean"]),
            rest=float(central["rest"]),
            m2=_number(central["m2"]),
            m3=_number(central["m3"]),
            m4=_number(central["m4"]),
        )


def defined(number: float) -> float | None:
    """The number, or None if JSON can't represent it."""
    return number if math.isfinite(number) else None


def _sum_of_products(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Unlike numpy's dot, einsum never starts threads of its own."""
    return float(np.einsum("i,i->", one, other))


def _number(value: float | None) -> float:
    """The number as a float: `jsonb` returns 1e300 as an integer, and None stands for NaN."""
    return math.nan if value is None else float(value)


def _two_sum(a: float, b: float) -> tuple[float, float]:
    """The rounded sum a + b and its rounding error (D. E. Knuth, TAOCP volume 2, 4.2.2, theorem B)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)
