"""The same question asked with the fixed thresholds that are Evidently's defaults for a numeric column.

With at most 1,000 rows of the reference: p < 0.05 of the Kolmogorov-Smirnov test. With more: Wasserstein distance in
standard deviations of the reference above 0.1. The rows are drawn, so there are fewer trials.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy import stats

from bench.drift.simulation import Cell

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

SIZES = ((10**3, 10**2), (10**3, 10**4), (10**4, 10**2), (10**4, 10**4), (10**5, 10**4))
SHIFT = 0.2


@dataclass(frozen=True, kw_only=True)
class Beside:
    """How often each finds drift where there is none, and a shift by 0.2 standard deviations."""

    reference: int
    batch: int
    ours: tuple[float, float]
    fixed: tuple[float, float]


def fixed_thresholds(trials: int, generator: Generator) -> list[Beside]:
    """Both rules, for one column, at each size."""
    return [
        Beside(
            reference=reference,
            batch=batch,
            ours=(
                Cell(reference=reference, batch=batch).rate(trials, generator),
                Cell(reference=reference, batch=batch, shifted=1, shift=SHIFT).rate(trials, generator),
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
