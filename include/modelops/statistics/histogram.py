"""Counts numbers in the bins of a histogram."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

BINS = 20
_LARGEST = float(np.finfo(np.float64).max)


class Histogram:
    """Counts of numbers in bins [a, b), with the last bin [a, b], and of numbers below and above all bins.

    Args:
        edges: the edges of the bins, finite and ascending; one more than there are bins.

    Raises:
        ValueError: the edges aren't finite and ascending.
    """

    def __init__(self, edges: Sequence[float]) -> None:
        self.edges = [float(edge) for edge in edges]
        ascending = all(a < b for a, b in itertools.pairwise(self.edges))
        if len(self.edges) < 2 or not ascending or not all(map(math.isfinite, self.edges)):
            raise ValueError(f"edges must be at least two finite numbers, each greater than the last: {self.edges}")
        self._counts = np.zeros(len(self.edges) + 1, dtype=np.int64)
        """The count below the bins, those of the bins, and the count above the bins."""
        self._bounds = np.array([*self.edges[:-1], math.nextafter(self.edges[-1], math.inf)])
        """Count i is for numbers from bounds[i - 1] to below bounds[i]."""

    @property
    def counts(self) -> list[int]:
        """The count of each bin."""
        return [int(count) for count in self._counts[1:-1]]

    @property
    def below(self) -> int:
        return int(self._counts[0])

    @property
    def above(self) -> int:
        return int(self._counts[-1])

    def add(self, ordered: NDArray[np.float64]) -> None:
        """Count finite numbers, given in ascending order."""
        below = np.searchsorted(ordered, self._bounds)
        self._counts[0] += below[0]
        self._counts[1:-1] += below[1:] - below[:-1]
        self._counts[-1] += len(ordered) - below[-1]

    def merge(self, other: Histogram) -> None:
        """Add the counts of the other histogram.

        Raises:
            ValueError: the edges differ.
        """
        if self.edges != other.edges:
            raise ValueError(
                f"histograms of different edges can't be merged: {self.edges[0]} to {self.edges[-1]} in "
                f"{len(self.edges) - 1} bins, {other.edges[0]} to {other.edges[-1]} in {len(other.edges) - 1}"
            )
        self._counts += other._counts

    def as_values(self) -> dict[str, Any]:
        return {"edges": self.edges, "counts": self.counts, "below": self.below, "above": self.above}

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Histogram:
        histogram = cls(values["edges"])
        histogram._counts[:] = [values["below"], *values["counts"], values["above"]]
        return histogram


def edges_between(lowest: float, highest: float, *, bins: int = BINS) -> list[float]:
    """The edges of bins of equal width from the smallest to the largest number.

    If the two are equal, or too close for float64 to have edges between them, the range is extended on both sides by
    0.5, as numpy does, or by a millionth of the number if that is more.
    """
    size = max(abs(lowest), abs(highest))
    if highest / 2 - lowest / 2 <= max(size * 2**-51 * bins, 1e-290):
        reach = max(0.5, size * 2**-20)
        lowest, highest = max(lowest - reach, -_LARGEST), min(highest + reach, _LARGEST)
    # Halves, because the difference of two numbers may exceed float64's range.
    edges = [float(edge) * 2 for edge in np.linspace(lowest / 2, highest / 2, bins + 1)]
    return [lowest, *edges[1:-1], highest]
