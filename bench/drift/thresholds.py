"""Compares the rule with fixed thresholds, which are Evidently's defaults for a numeric column.

Up to 1,000 rows of the reference, drift is p < 0.05 in the Kolmogorov-Smirnov test; for more rows, it is a Wasserstein
distance above 0.1 standard deviations of the reference. The rows are drawn, so there are fewer trials.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy import stats

from bench.drift.simulation import Columns

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

SIZES = ((10**3, 10**2), (10**3, 10**4), (10**4, 10**2), (10**4, 10**4), (10**5, 10**4))
SHIFT = 0.2


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The rates of findings without drift and with a shift of 0.2 standard deviations, for both rules."""

    reference: int
    batch: int
    ours: tuple[float, float]
    fixed: tuple[float, float]


def compare_with_thresholds(trials: int, generator: Generator) -> list[Comparison]:
    """Compare both rules for one column, at each of `SIZES`."""
    return [
        Comparison(
            reference=reference,
            batch=batch,
            ours=(
                Columns(reference=reference, batch=batch).rate(trials, generator),
                Columns(reference=reference, batch=batch, shifted=1, shift=SHIFT).rate(trials, generator),
            ),
            fixed=(
                _rate(reference, batch, 0, trials, generator),
                _rate(reference, batch, SHIFT, trials, generator),
            ),
        )
        for reference, batch in SIZES
    ]


def _rate(reference: int, batch: int, shift: float, trials: int, generator: Generator) -> float:
    found = sum(_finds(generator.normal(size=reference), generator.normal(shift, size=batch)) for _ in range(trials))
    return found / trials


def _finds(reference: NDArray, batch: NDArray) -> bool:  # type: ignore[type-arg]
    if len(reference) <= 1000:
        return bool(stats.ks_2samp(reference, batch).pvalue < 0.05)
    return bool(stats.wasserstein_distance(reference, batch) / reference.std() > 0.1)
