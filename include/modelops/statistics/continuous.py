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

_BLOCK = 2**16
"""Number of rows processed at a time, which bounds the size of intermediate arrays."""


class ContinuousStatistics(ColumnStatistics):
    """Moments and a histogram of the finite numbers; nulls, NaN and infinities are only counted.

    Numbers are converted to float64: an integer beyond 2**53 is rounded to 53 binary digits. Sums of integers are exact
    as long as they are below 2**53.

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
        numbers = self._finite(array)
        if not len(numbers):
            return
        if self.histogram is None:
            self.histogram = Histogram(edges_between(float(numbers.min()), float(numbers.max())))
        for start in range(0, len(numbers), _BLOCK):
            block = numbers[start : start + _BLOCK]
            moments = Moments.of(block)
            self.moments = self.moments.merged(moments)
            self.histogram.add(block, lowest=moments.lowest, highest=moments.highest)
            if self.bins is not None:
                self.bins.add(block, lowest=moments.lowest, highest=moments.highest)

    @staticmethod
    def finite(array: pa.Array) -> NDArray[np.float64]:
        """The finite numbers; not a copy if the array is float64 and has only those."""
        numbers = _numbers(array)
        finite = np.isfinite(numbers)
        return numbers if finite.all() else numbers[finite]

    def _finite(self, array: pa.Array) -> NDArray[np.float64]:
        """The finite numbers; the others are counted."""
        numbers = _numbers(array)
        finite = np.isfinite(numbers)
        if finite.all():
            return numbers
        self.nan += int(np.count_nonzero(np.isnan(numbers)))
        self.positive_infinities += int(np.count_nonzero(numbers == math.inf))
        self.negative_infinities += int(np.count_nonzero(numbers == -math.inf))
        return numbers[finite]

    def merge(self, other: Self) -> None:
        """Add the numbers that the other has counted.

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
