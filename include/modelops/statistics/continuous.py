"""Statistics of a numeric column."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
import pyarrow as pa

from modelops.statistics.columns import ColumnStatistics
from modelops.statistics.histogram import Histogram, edges_between
from modelops.statistics.moments import Moments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_BLOCK = 2**15
"""Values processed at a time: few enough for a processor's cache, so that a second pass costs little."""


class ContinuousStatistics(ColumnStatistics):
    """Moments and a histogram of the finite numbers; nulls, NaN and infinities are only counted.

    Numbers are converted to float64: an integer beyond 2**53 is rounded to 53 binary digits. Sums of integers are exact
    as long as those of the negative ones and of the positive ones are below 2**53.

    Args:
        edges: the edges of the histogram's bins. By default the bins have equal width and span the finite numbers of
            the first array that has any; two statistics can then be merged only if they found the same edges.
        bins: the edges of a reference's bins, in which the numbers are also counted.

    Raises:
        ValueError: the edges aren't finite and ascending.
    """

    kind = "continuous"

    def __init__(self, *, edges: Sequence[float] | None = None, bins: Sequence[float] | None = None) -> None:
        super().__init__()
        self.nan = 0
        self.positive_infinities = 0
        self.negative_infinities = 0
        self.moments = Moments()
        self.histogram = None if edges is None else Histogram(edges)
        self.bins = None if bins is None else Histogram(bins)

    def update(self, array: pa.Array) -> None:
        self.rows += len(array)
        self.nulls += array.null_count
        numbers = _numbers(array)
        for start in range(0, len(numbers), _BLOCK):
            # In sorted numbers, one binary search for each edge gives the counts.
            ordered = self._finite_of_sorted(np.sort(numbers[start : start + _BLOCK]))
            if not len(ordered):
                continue
            if self.histogram is None:
                finite = self.finite(array)
                self.histogram = Histogram(edges_between(float(finite.min()), float(finite.max())))
            self.moments = self.moments.merged(Moments.of(ordered))
            self.histogram.add(ordered)
            if self.bins is not None:
                self.bins.add(ordered)

    @staticmethod
    def finite(array: pa.Array) -> NDArray[np.float64]:
        """The finite numbers; not a copy if the array is float64 and has only those."""
        numbers = _numbers(array)
        finite = np.isfinite(numbers)
        return numbers if finite.all() else numbers[finite]

    def _finite_of_sorted(self, ordered: NDArray[np.float64]) -> NDArray[np.float64]:
        """The finite ones of a sorted array that isn't empty, in which NaN comes last; the others are counted."""
        if math.isfinite(ordered[0]) and math.isfinite(ordered[-1]):
            return ordered
        first = int(np.searchsorted(ordered, -math.inf, side="right"))
        end = int(np.searchsorted(ordered, math.inf))
        nan = int(np.count_nonzero(np.isnan(ordered[end:])))
        self.nan += nan
        self.negative_infinities += first
        self.positive_infinities += len(ordered) - end - nan
        return ordered[first:end]

    def merge(self, other: Self) -> None:
        """Add the numbers of the other statistics.

        Raises:
            ValueError: the edges differ.
        """
        if (self.bins is None) != (other.bins is None):
            raise ValueError("numbers can't be merged: only one of the two has the bins of a reference")
        if self.bins is not None and other.bins is not None:
            self.bins.merge(other.bins)
        if other.histogram is not None:
            if self.histogram is None:
                self.histogram = Histogram(other.histogram.edges)
            self.histogram.merge(other.histogram)
        self.rows += other.rows
        self.nulls += other.nulls
        self.nan += other.nan
        self.positive_infinities += other.positive_infinities
        self.negative_infinities += other.negative_infinities
        self.moments = self.moments.merged(other.moments)

    def as_values(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "nulls": self.nulls,
            "nan": self.nan,
            "positive_infinities": self.positive_infinities,
            "negative_infinities": self.negative_infinities,
            **self.moments.as_values(),
            "histogram": None if self.histogram is None else self.histogram.as_values(),
            **({} if self.bins is None else {"bins": self.bins.as_values()}),
        }

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        statistics = cls()
        statistics.rows, statistics.nulls, statistics.nan = values["rows"], values["nulls"], values["nan"]
        statistics.positive_infinities = values["positive_infinities"]
        statistics.negative_infinities = values["negative_infinities"]
        infinities = statistics.positive_infinities + statistics.negative_infinities
        finite = statistics.rows - statistics.nulls - statistics.nan - infinities
        statistics.moments = Moments.from_values(values, count=finite)
        if values["histogram"] is not None:
            statistics.histogram = Histogram.from_values(values["histogram"])
        if values.get("bins") is not None:
            statistics.bins = Histogram.from_values(values["bins"])
        return statistics


def _numbers(array: pa.Array) -> NDArray[np.float64]:
    valid = array.drop_null() if array.null_count else array
    # to_numpy() would import pandas if it is installed.
    return cast("NDArray[np.float64]", np.from_dlpack(valid.cast(pa.float64(), safe=False)))
