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

    If there are at most `bins` distinct values, each has a bin of its own, with an empty one up to the next.

    Args:
        numbers: finite numbers in ascending order, at least one.
        highest: the last edge, if it is not below the largest number.
    """
    distinct = numbers[np.concatenate(([True], numbers[1:] != numbers[:-1]))]
    last = max(highest, float(numbers[-1]))
    if len(distinct) <= bins:
        with np.errstate(over="ignore"):
            edges = np.unique(np.concatenate((distinct, np.nextafter(distinct, math.inf))))
    else:
        # Each edge is the number at the position k / bins of the sorted numbers.
        places = [len(numbers) * number // bins for number in range(1, bins)]
        starts = np.unique(np.concatenate((numbers[:1], numbers[places])))
        edges = np.append(starts, last if last > starts[-1] else math.nextafter(last, math.inf))
    finite = [float(edge) for edge in edges if math.isfinite(edge)]
    return finite if len(finite) > 1 else [math.nextafter(last, 0), last]
