"""Statistics of a column of numbers, against numpy and scipy on the whole of it."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from modelops.statistics.continuous import ContinuousStatistics
from unit.statistics.parts import as_jsonb, cuts, joined, some, streamed

EDGES = [-100.0, -1.0, 0.0, 0.5, 1.0, 1e5]

anything = st.lists(st.none() | st.floats() | st.integers(-3, 3).map(float), max_size=60)
ordinary = st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 3)), min_size=1, max_size=60)


def statistics_of(*numbers: float | None, type_: pa.DataType | None = None) -> dict[str, Any]:
    statistics = ContinuousStatistics()
    statistics.update(pa.array(numbers, type_ or pa.float64(), from_pandas=False))
    return statistics.as_values()


def floats(numbers: list[Any]) -> pa.Array:
    return pa.array(numbers, pa.float64(), from_pandas=False)


@some
@given(anything, cuts())
def test_counts_are_exact(numbers: list[float | None], where: Any) -> None:
    values = joined(lambda: ContinuousStatistics(edges=EDGES), floats(numbers), where).as_values()
    there = [n for n in numbers if n is not None]
    finite = [n for n in there if math.isfinite(n)]
    assert values["rows"] == len(numbers)
    assert values["nulls"] == len(numbers) - len(there)
    assert values["nan"] == sum(map(math.isnan, there))
    assert values["positive_infinities"] == there.count(math.inf)
    assert values["negative_infinities"] == there.count(-math.inf)
    assert (values["min"], values["max"]) == (min(finite, default=None), max(finite, default=None))
    assert values["histogram"] == {
        "edges": EDGES,
        "counts": np.histogram(finite, EDGES)[0].tolist(),
        "below": sum(n < EDGES[0] for n in finite),
        "above": sum(n > EDGES[-1] for n in finite),
    }


@some
@given(ordinary, cuts(), st.booleans())
def test_moments_are_those_of_the_whole(numbers: list[float], where: Any, through_json: bool) -> None:
    array = floats(numbers)
    for statistics in (
        joined(lambda: ContinuousStatistics(edges=EDGES), array, where, through_json=through_json),
        streamed(ContinuousStatistics, array, where[0]),
    ):
        agrees_with_scipy(statistics.as_values(), np.array(numbers))


def agrees_with_scipy(values: dict[str, Any], numbers: np.ndarray) -> None:
    size = float(np.abs(numbers).max())
    assert values["mean"] == pytest.approx(numbers.mean(), rel=1e-12, abs=1e-15 * size)
    assert values["sum"] == pytest.approx(math.fsum(numbers), rel=1e-12, abs=1e-14 * size * len(numbers))
    assert values["sum_of_squares"] == pytest.approx(math.fsum(numbers**2), rel=1e-12)
    if len(numbers) < 2:
        assert values["variance"] is values["std"] is values["skewness"] is values["kurtosis"] is None
        return
    assert values["variance"] == pytest.approx(numbers.var(ddof=1), rel=1e-9, abs=1e-30 * size**2)
    assert values["std"] == pytest.approx(numbers.std(ddof=1), rel=1e-9, abs=1e-15 * size)
    if numbers.min() == numbers.max():
        assert values["variance"] == 0
        assert values["skewness"] is values["kurtosis"] is None
    elif numbers.std() > 1e-6 * size:  # below, scipy's own digits are few
        assert values["skewness"] == pytest.approx(stats.skew(numbers), rel=1e-7, abs=1e-7)
        assert values["kurtosis"] == pytest.approx(stats.kurtosis(numbers), rel=1e-7, abs=1e-7)


@some
@given(st.lists(ordinary, min_size=3, max_size=3))
def test_a_merge_is_associative_and_commutative(lists: list[list[float]]) -> None:
    def made(*chosen: list[float]) -> ContinuousStatistics:
        statistics = ContinuousStatistics(edges=EDGES)
        for numbers in chosen:
            part = ContinuousStatistics(edges=EDGES)
            part.update(floats(numbers))
            statistics.merge(part)
        return statistics

    first, second, third = lists
    left = made(first, second)
    left.merge(made(third))
    right = made(first)
    right.merge(made(second, third))
    for other in (right, made(third, second, first)):
        same(left.as_values(), other.as_values(), size=max(map(abs, chain.from_iterable(lists))))


def same(one: dict[str, Any], two: dict[str, Any], *, size: float) -> None:
    assert one["histogram"] == two["histogram"]
    for name in ("rows", "min", "max"):
        assert one[name] == two[name]
    for name, power in (("mean", 1), ("sum", 1), ("variance", 2), ("sum_of_squares", 2)):
        assert one[name] == pytest.approx(two[name], rel=1e-9, abs=1e-13 * size**power)
    if (one["std"] or 0) > 1e-6 * size:
        for name in ("skewness", "kurtosis"):
            assert one[name] == pytest.approx(two[name], rel=1e-7, abs=1e-7)


@some
@given(anything, cuts())
@example([1e300, -1e300, 1e300], ([1], []))
@example([1.7e308, -1.7e308], ([1], []))
@example([5e-324, 0.0], ([1], []))
def test_json_and_back_is_exact(numbers: list[float | None], where: Any) -> None:
    statistics = streamed(ContinuousStatistics, floats(numbers), where[0])
    again = ContinuousStatistics.from_values(as_jsonb(statistics.as_values()))
    assert again.as_values() == statistics.as_values()
    again.merge(again)
    statistics.merge(statistics)
    assert again.as_values() == statistics.as_values()


@some
@given(anything, cuts())
def test_nothing_raises_and_everything_is_finite(numbers: list[float | None], where: Any) -> None:
    values = joined(lambda: ContinuousStatistics(edges=EDGES), floats(numbers), where, through_json=True).as_values()
    as_jsonb(values)
    assert values["variance"] is None or values["variance"] >= 0
    assert values["kurtosis"] is None or values["kurtosis"] >= -2.001


@some
@given(st.sampled_from([1e9, -1e12, 1e15]), st.integers(0, 2**32), cuts())
def test_small_noise_around_a_large_mean(mean: float, seed: int, where: Any) -> None:
    """The exact figures, by fractions: numpy's own would be off, and the textbook's one-pass formula lost."""
    numbers = mean + np.random.default_rng(seed).exponential(size=300) * 1e-15 * abs(mean) * 2**10
    exact = [Fraction(number) for number in numbers.tolist()]
    middle = sum(exact) / len(exact)
    m2, m3, m4 = (float(sum((x - middle) ** power for x in exact)) for power in (2, 3, 4))
    values = joined(lambda: ContinuousStatistics(edges=[0, 1]), floats(numbers.tolist()), where).as_values()
    assert values["mean"] == pytest.approx(float(middle), rel=1e-15)
    assert values["variance"] == pytest.approx(m2 / 299, rel=1e-9)
    assert values["skewness"] == pytest.approx(m3 / 300 / (m2 / 300) ** 1.5, rel=1e-9)
    assert values["kurtosis"] == pytest.approx(m4 * 300 / m2**2 - 3, rel=1e-9)


def test_many_rows_in_large_batches_and_in_single_rows() -> None:
    numbers = np.random.default_rng(7).gamma(2.0, size=200_000)
    agrees_with_scipy(streamed(ContinuousStatistics, pa.array(numbers), []).as_values(), numbers)
    agrees_with_scipy(streamed(ContinuousStatistics, pa.array(numbers), [1, 65_537, 65_538]).as_values(), numbers)
    agrees_with_scipy(streamed(ContinuousStatistics, pa.array(numbers[:500]), range(501)).as_values(), numbers[:500])


def test_without_edges_twenty_bins_span_the_first_array_that_has_numbers() -> None:
    statistics = ContinuousStatistics()
    for numbers in ([], [None, math.nan, math.inf], [0.0, 10.0, 5.0], [-1.0, 10.5, 10.0]):
        statistics.update(floats(numbers))
    histogram = statistics.as_values()["histogram"]
    assert histogram["edges"] == np.linspace(0, 10, 21).tolist()
    assert (histogram["below"], sum(histogram["counts"]), histogram["above"]) == (1, 4, 1)
    assert histogram["counts"][-1] == 2  # the last bin has its right edge


@pytest.mark.parametrize(
    "array",
    [
        pa.array([1, 2, None, 4], pa.int64()),
        pa.array([1, 2, None, 4], pa.int8()),
        pa.array([1, 2, None, 4], pa.uint64()),
        pa.array([1, 2, None, 4], pa.float32()),
        pa.array([1, 2, None, 4], pa.float16()),
    ],
    ids=lambda array: str(array.type),
)
def test_every_type_of_number(array: pa.Array) -> None:
    values = streamed(ContinuousStatistics, array, [2]).as_values()
    assert (values["rows"], values["nulls"], values["sum"], values["sum_of_squares"]) == (4, 1, 7, 21)
    assert (values["min"], values["max"], values["variance"]) == (1, 4, pytest.approx(7 / 3))


def test_integers_beyond_what_float64_can_tell_apart() -> None:
    values = statistics_of(2**53 + 1, 2**63 - 1, type_=pa.int64())
    assert (values["min"], values["max"]) == (2.0**53, 2.0**63)


@some
@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(2, 500), cuts())
@example(1.7976931348623157e308, 3, ([], []))
def test_a_constant_has_no_variance_and_no_shape(constant: float, rows: int, where: Any) -> None:
    numbers = pa.array(np.full(rows, constant))
    values = joined(lambda: ContinuousStatistics(edges=[0, 1]), numbers, where).as_values()
    assert (values["mean"], values["variance"], values["std"]) == (constant, 0, 0)
    assert values["skewness"] is values["kurtosis"] is None


@pytest.mark.parametrize("numbers", [[], [None, None], [math.nan, math.inf, -math.inf]])
def test_no_number_at_all(numbers: list[float | None]) -> None:
    values = statistics_of(*numbers)
    named = ("min", "max", "mean", "std", "variance", "skewness", "kurtosis", "histogram")
    assert [values[name] for name in named] == [None] * len(named)
    assert (values["sum"], values["sum_of_squares"]) == (0, 0)


def test_squares_beyond_float64_are_undefined_and_the_rest_is_not() -> None:
    values = statistics_of(1e300, -1e300, 5e299)
    assert values["variance"] is values["skewness"] is values["kurtosis"] is values["sum_of_squares"] is None
    assert (values["mean"], values["sum"]) == (pytest.approx(5e299 / 3), pytest.approx(5e299))
    assert statistics_of(1.7e308, 1.6e308)["mean"] == pytest.approx(1.65e308)
    assert statistics_of(1.5e308, 1.5e308, -1.5e308)["mean"] == pytest.approx(5e307)
    assert statistics_of(1.7e308, 1.6e308)["sum"] is None
    assert statistics_of(1e100, -1e100, 0.0)["variance"] == pytest.approx(1e200)
    assert statistics_of(1e100, -1e100, 0.0)["kurtosis"] is None


def test_a_distance_beyond_float64_between_two_parts() -> None:
    array = floats([-1.7e308, 1.7e308])
    values = joined(lambda: ContinuousStatistics(edges=[-1.7e308, 0, 1.7e308]), array, ([1], [])).as_values()
    assert (values["mean"], values["variance"]) == (0, None)
    assert values["histogram"]["counts"] == [1, 1]


def test_powers_too_small_for_float64_give_no_shape() -> None:
    values = statistics_of(1e-100, 2e-100, 4e-100)
    assert values["variance"] == pytest.approx(np.var([1, 2, 4], ddof=1) * 1e-200)
    assert values["skewness"] is values["kurtosis"] is None


def test_parts_that_chose_their_own_edges_are_not_merged() -> None:
    one, two = ContinuousStatistics(), ContinuousStatistics()
    one.update(floats([0.0, 1.0]))
    two.update(floats([0.0, 2.0]))
    before = one.as_values()
    with pytest.raises(ValueError, match=r"different edges can't be merged: 0\.0 to 1\.0 in 20 bins, 0\.0 to 2\.0"):
        one.merge(two)
    assert one.as_values() == before


def test_a_part_without_numbers_takes_the_edges_of_the_other() -> None:
    one, two = ContinuousStatistics(), ContinuousStatistics()
    two.update(floats([0.0, 2.0]))
    one.merge(two)
    two.merge(ContinuousStatistics())
    assert one.as_values() == two.as_values()
    one.update(floats([1.0]))
    assert sum(two.as_values()["histogram"]["counts"]) == 2
