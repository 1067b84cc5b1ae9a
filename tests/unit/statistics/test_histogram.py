"""Counts between edges are numpy's, to the last one."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modelops.statistics.histogram import Histogram, edges_between
from unit.statistics.parts import some

finite = st.floats(allow_nan=False, allow_infinity=False)


def counted(edges: list[float], numbers: np.ndarray) -> dict[str, Any]:
    histogram = Histogram(edges)
    histogram.add(np.sort(numbers))
    return histogram.as_values()


def as_numpy_counts(edges: list[float], numbers: np.ndarray) -> dict[str, Any]:
    return {
        "edges": edges,
        "counts": np.histogram(numbers, edges)[0].tolist(),
        "below": int((numbers < edges[0]).sum()),
        "above": int((numbers > edges[-1]).sum()),
    }


def around(edges: list[float]) -> np.ndarray:
    """Every edge and its neighbours in float64: where a count goes wrong first."""
    at = np.array(edges)
    with np.errstate(over="ignore"):
        near = np.concatenate([at, np.nextafter(at, -np.inf), np.nextafter(at, np.inf)])
    return near[np.isfinite(near)]


@some
@given(finite, finite, st.integers(1, 40))
@example(0.0, 5e-324, 20)
@example(0.0, 3e-323, 20)
@example(1.0, 1.0 + 2**-51, 20)
@example(0.0, 1e-289, 20)
@example(-1.7e308, 1.7e308, 20)
@example(1e9, 1e9 + 1e-5, 20)
@example(1.0, 1.0 + 2**-45, 40)
@example(1.7976931348623157e308, 1.7976931348623157e308, 20)
@example(0.1, 0.7, 3)
def test_equal_edges_are_ascending_and_count_as_numpy(one: float, two: float, bins: int) -> None:
    lowest, highest = min(one, two), max(one, two)
    edges = edges_between(lowest, highest, bins=bins)
    assert len(edges) == bins + 1
    assert edges[0] <= lowest <= highest <= edges[-1]
    assert all(a < b for a, b in itertools.pairwise(edges))
    numbers = around(edges)
    assert counted(edges, numbers) == as_numpy_counts(edges, numbers)


@some
@given(st.lists(finite, min_size=2, max_size=8, unique=True).map(sorted), st.lists(finite, max_size=20))
def test_any_edges_count_as_numpy(edges: list[float], numbers: list[float]) -> None:
    where = np.concatenate([around(edges), numbers])
    assert counted(edges, where) == as_numpy_counts(edges, where)


@some
@given(st.integers(-50, 50), st.integers(1, 30), st.integers(1, 8), st.integers(0, 2**32))
def test_whole_numbers_on_the_edges(first: int, bins: int, width: int, seed: int) -> None:
    edges = [first + width / 4 * i for i in range(bins + 1)]
    numbers = np.random.default_rng(seed).integers(first - 5, first + 60, 300).astype(float)
    assert counted(edges, numbers) == as_numpy_counts(edges, numbers)


@pytest.mark.parametrize("distribution", ["normal", "standard_cauchy", "exponential"])
def test_many_numbers(distribution: str) -> None:
    numbers = getattr(np.random.default_rng(3), distribution)(size=50_000)
    for edges in (
        edges_between(numbers.min(), numbers.max()),
        np.linspace(-1.1, 1.3, 21).tolist(),
        np.quantile(numbers, np.linspace(0, 1, 11)).tolist(),
    ):
        assert counted(edges, numbers) == as_numpy_counts(edges, numbers)


@pytest.mark.parametrize(
    ("number", "edges"),
    [(0.0, (-0.5, 0.5)), (3.0, (2.5, 3.5)), (1e9, (1e9 - 953.67431640625, 1e9 + 953.67431640625))],
)
def test_bins_around_a_single_number(number: float, edges: tuple[float, float]) -> None:
    made = edges_between(number, number)
    assert (made[0], made[-1], len(made)) == (*edges, 21)


@pytest.mark.parametrize("edges", [[], [1.0], [1, 1], [2, 1], [0, math.nan, 1], [0, math.inf], [-math.inf, 0]])
def test_edges_that_are_none(edges: list[float]) -> None:
    with pytest.raises(ValueError, match="at least two finite numbers, each greater than the last"):
        Histogram(edges)
