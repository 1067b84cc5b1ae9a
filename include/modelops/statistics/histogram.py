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
        self._bounds = np.array([-math.inf, *self.edges[:-1], math.nextafter(self.edges[-1], math.inf), math.inf])
        """Count i is for numbers x with bounds[i] <= x < bounds[i + 1]."""
        self._find_scale()

    def _find_scale(self) -> None:
        """Prepare to compute a number's index in the counts by arithmetic, if the edges are equally spaced.

        `_place` is monotonic, so rounding can give a wrong index only if the computed value is as close to an integer
        as the computed value of some edge is.
        """
        width = (self.edges[-1] - self.edges[0]) / (len(self.edges) - 1)
        self._start = self.edges[0] - width
        self._scale = 1 / width if width else math.inf
        with np.errstate(all="ignore"):
            places = self._place(np.array(self.edges))
            self._doubt = float(np.abs(places - np.arange(1, len(self.edges) + 1)).max())
        self._equal = self._doubt < 0.25  # False for NaN

    def _place(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        places = numbers - self._start
        places *= self._scale
        return places

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

    def add(self, numbers: NDArray[np.float64], *, lowest: float, highest: float) -> None:
        """Count finite numbers; `lowest` and `highest` are their minimum and maximum."""
        if not self._equal:
            places = np.searchsorted(self._bounds[1:-1], numbers, side="right")
            self._counts += np.bincount(places, minlength=len(self._counts))
            return
        with np.errstate(all="ignore"):
            exact = self._place(numbers)
            if lowest < self.edges[0] or highest > self.edges[-1]:
                np.clip(exact, 0, len(self.edges), out=exact)
            places = exact.astype(np.intp)
            exact -= np.rint(exact)
            np.abs(exact, out=exact)
            doubtful = np.flatnonzero(exact <= self._doubt)
        if len(doubtful):
            some, at = numbers[doubtful], places[doubtful]
            places[doubtful] = at - (some < self._bounds[at]) + (some >= self._bounds[at + 1])
        self._counts += np.bincount(places, minlength=len(self._counts))

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
