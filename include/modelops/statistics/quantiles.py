"""Bins of equal frequency: edges at the quantiles of a reference."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BINS = 10


def quantile_edges(numbers: NDArray[np.float64], *, highest: float, bins: int = BINS) -> list[float]:
    """The edges of at most `bins` bins [a, b), the last one [a, b], that hold about the same number of values each.

    A value that fills more than one bin gets a bin that begins with it. If there are at most `bins` distinct values,
    each has a bin of its own.

    Args:
        numbers: finite numbers in ascending order, at least one.
        highest: the last edge, if it is not below the largest number.
    """
    distinct = numbers[np.concatenate(([True], numbers[1:] != numbers[:-1]))]
    if len(distinct) > bins:
        # The number with this share of the numbers before it.
        places = [len(numbers) * number // bins for number in range(1, bins)]
        distinct = np.unique(np.concatenate((numbers[:1], numbers[places])))
    starts = [float(number) for number in distinct]
    last = max(highest, float(numbers[-1]))
    if last > starts[-1]:
        return [*starts, last]
    beyond = math.nextafter(last, math.inf)
    return [*starts, beyond] if math.isfinite(beyond) else [*starts[:-1], math.nextafter(last, 0), last]
