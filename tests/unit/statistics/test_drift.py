"""The comparison with a reference, against what can be worked out by hand, and against simulated rows."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest

from modelops.domain.drift import Rule, Verdict
from modelops.statistics import drift
from modelops.statistics.bins import bin_names
from modelops.statistics.drift import Cause, Comparison, Incomparable, compare, compare_all, pool_bins, with_verdicts
from modelops.statistics.reference import Rows, reference_records
from modelops.statistics.streaming import TableStatistics

if TYPE_CHECKING:
    from numpy.typing import NDArray

RULE = Rule()
PLAIN = Rule(tolerance=0)


def reference(values: Any, type_: pa.DataType | None = None) -> Any:
    batch = pa.record_batch({"x": pa.array(values, type_)})
    return reference_records(Rows.of(lambda: [batch], batch.schema, key=()), columns=["x"])[0]


def now(values: Any, like: Any, type_: pa.DataType | None = None) -> Any:
    batch = pa.record_batch({"x": pa.array(values, type_)})
    statistics = TableStatistics.with_bins_of([like], schema=batch.schema)
    statistics.update(batch)
    return statistics.as_records()[0]


def checked(before: Any, values: Any, type_: pa.DataType | None = None, rule: Rule = RULE) -> Comparison:
    [found] = with_verdicts([compare(before, now(values, before, type_), rule)], rule)
    return found


def normal(seed: int, rows: int, shift: float = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(shift, size=rows)


NUMBERS = reference(normal(0, 20_000))
WORDS = reference(["a"] * 7500 + ["b"] * 2500)


def test_the_same_rows_have_not_moved() -> None:
    found = checked(NUMBERS, normal(0, 20_000))
    assert found.index == pytest.approx(0)
    assert found.lower == 0
    assert found.verdict is Verdict.STABLE
    assert found.bins == 10


def test_it_is_the_sum_over_the_bins() -> None:
    found = checked(WORDS, ["a"] * 500 + ["b"] * 500)
    [a, b, *_] = [sum(counts) for counts in zip(*WORDS["values"]["reference"]["blocks"], strict=True)]
    p, q = [(count + 0.5) / (a + b + 1) for count in (a, b)], [0.5, 0.5]
    assert found.index == pytest.approx(sum((y - x) * math.log(y / x) for x, y in zip(p, q, strict=True)))
    assert found.verdict is Verdict.MODERATE
    assert [moved.bin for moved in found.most_moved[:2]] == ["“b”", "“a”"]
    assert found.most_moved[0].now == 0.5


@pytest.mark.parametrize(
    ("shift", "verdict"),
    [
        (0.0, Verdict.STABLE),
        (0.2, Verdict.MOVED),
        (0.4, Verdict.MODERATE),
        (1.0, Verdict.MAJOR),
    ],
)
def test_a_shift_of_a_normal_column_is_told_in_standard_deviations(shift: float, verdict: Verdict) -> None:
    found = checked(NUMBERS, normal(1, 10_000, shift))
    assert found.verdict is verdict
    assert found.shift == pytest.approx(shift, abs=0.08)
    assert found.lower is not None
    assert found.index is not None
    assert found.lower < found.index


def test_an_outlier_in_the_reference_hides_no_shift() -> None:
    found = checked(reference([*normal(0, 10_000), 1e6]), normal(1, 10_000, 1.0))
    assert found.verdict is Verdict.MAJOR
    assert found.shift == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    ("before", "values", "type_"),
    [
        (NUMBERS, [5000.0] * 1000, pa.float64()),
        (NUMBERS, [-5000.0] * 1000, pa.float64()),
        (NUMBERS, [None] * 1000, pa.float64()),
        (NUMBERS, [math.nan] * 1000, pa.float64()),
        (WORDS, ["c"] * 100, pa.string()),
        (WORDS, [None] * 100, pa.string()),
    ],
    ids=["above", "below", "nulls", "NaN", "unseen", "no words"],
)
def test_what_was_never_there_before_is_a_major_shift_and_finite(before: Any, values: list[Any], type_: Any) -> None:
    found = checked(before, values, type_)
    assert found.verdict is Verdict.MAJOR
    assert found.index is not None
    assert 0.5 < found.index < 20


def test_with_too_few_rows_nothing_is_said() -> None:
    found = checked(NUMBERS, [1.0] * 9)
    assert (found.verdict, found.index, found.p_value) == (Verdict.NOT_ENOUGH_ROWS, None, None)
    assert checked(NUMBERS, [], pa.float64()).verdict is Verdict.NOT_ENOUGH_ROWS


@pytest.mark.parametrize(
    ("before", "values", "type_"),
    [
        (["a"] * 75_000 + ["b"] * 25_000, ["a"] * 7500 + ["c"] * 2500, None),
        (["a"] * 75_000 + ["b"] * 25_000, ["a"] * 7500 + [None] * 2500, None),
        ([True] * 600 + [False] * 400, [True] * 600 + [None] * 400, None),
        ([3.0] * 1000, [4.0] * 1000, None),
        (["a"] * 1000, ["z"] * 1000, None),
        (["US"] * 99_950 + ["CA"] * 50, ["DE"] * 10_000, None),
        ([0.0, 1.0] * 500, [0.5, 1.0] * 500, None),
        ([1, 2, 3, 4, 5] * 200, [1, 2, 3, 3.7, 5] * 200, pa.float64()),
    ],
    ids=["new", "null", "null of two", "another constant", "another text", "another country", "between", "no code"],
)
def test_what_replaces_other_values_is_found(before: Any, values: list[Any], type_: Any) -> None:
    found = checked(reference(before, type_), values, type_)
    assert found.verdict is Verdict.MAJOR


def test_some_nulls_are_found() -> None:
    values = normal(9, 10_000)
    found = checked(NUMBERS, [None if number < 300 else value for number, value in enumerate(values)], pa.float64())
    assert found.verdict in {Verdict.MODERATE, Verdict.MAJOR}
    assert found.most_moved[0].bin == "null"


@pytest.mark.parametrize("constant", [3.0, "a"])
def test_a_constant_that_stays_is_stable(constant: Any) -> None:
    found = checked(reference([constant] * 1000), [constant] * 1000)
    assert (found.verdict, found.index) == (Verdict.STABLE, 0)


@pytest.mark.parametrize("numbers", [[10**18 + n for n in range(1000)], [1e300 * n for n in range(1, 1001)]])
def test_large_numbers_are_compared_as_the_database_writes_them(numbers: list[Any]) -> None:
    """As integers, where they are whole."""
    before = reference(numbers)
    edges = before["values"]["reference"]["edges"]
    record = now(numbers, before)
    before["values"]["reference"]["edges"] = [int(edge) for edge in edges]
    assert with_verdicts([compare(before, record, RULE)], RULE)[0].index == pytest.approx(0)


def test_a_small_reference_says_what_it_cannot_see() -> None:
    found = checked(reference(normal(2, 500)), normal(3, 10_000))
    assert found.verdict is Verdict.REFERENCE_TOO_SMALL
    assert found.detectable is not None
    assert 0.2 < found.detectable < 0.6


def test_blocks_tell_how_much_a_column_varies_by_itself() -> None:
    steady, seasonal = NUMBERS, reference(np.repeat(np.arange(10.0), 2000) + normal(4, 20_000))
    of_steady, of_seasonal = (checked(one, normal(5, 5000)).natural for one in (steady, seasonal))
    assert of_steady is not None
    assert of_seasonal is not None
    assert of_steady < 0.02 < 1 < of_seasonal


def test_many_columns_are_judged_together() -> None:
    """Of 20 columns, one with p = 0.004 has moved by itself, and has not among the others."""
    alone = Comparison(variable="x", reference_rows=10**6, rows=10**6, bins=10, index=0.01, lower=0.006, p_value=0.004)
    others = [
        Comparison(variable=f"x{number}", reference_rows=10**6, rows=10**6, bins=10, index=0.0, lower=0.0, p_value=0.9)
        for number in range(19)
    ]
    assert with_verdicts([alone], RULE)[0].verdict is Verdict.MOVED
    assert {one.verdict for one in with_verdicts([alone, *others], RULE)} == {Verdict.STABLE}
    assert [one.p_value for one in with_verdicts([alone, *others[:2]], RULE)] == [pytest.approx(0.012), 1.0, 1.0]
    same_name = replace(alone, p_value=0.9, lower=0.0)
    assert [one.verdict for one in with_verdicts([alone, same_name], rule=Rule(alpha=0.01))] == [
        Verdict.MOVED,
        Verdict.STABLE,
    ]


@pytest.mark.parametrize(
    ("before", "values", "type_", "what"),
    [
        (reference([b"x"] * 9), [b"x"], pa.binary(), "x is of a type without bins"),
        (reference([None, None], pa.float64()), [1.0], pa.float64(), "x has no finite value in the reference"),
        (WORDS, [1.0], pa.float64(), "x is continuous, and categorical in the reference"),
    ],
    ids=["bytes", "nulls", "another type"],
)
def test_what_cannot_be_compared_says_why(before: Any, values: list[Any], type_: Any, what: str) -> None:
    with pytest.raises(Incomparable, match=what):
        checked(before, values, type_)


def test_counts_in_other_bins_are_not_compared() -> None:
    with pytest.raises(Incomparable, match="other bins"):
        compare(NUMBERS, now(normal(1, 100), reference(normal(7, 100))), RULE)


@pytest.mark.parametrize(
    ("counts", "rows", "ordered", "groups"),
    [
        ([30, 30, 30], 90, True, [[0], [1], [2]]),
        ([0, 30, 30, 0], 60, True, [[0, 1], [2, 3]]),
        ([6, 6, 6, 30, 12], 60, True, [[0, 1, 2], [3, 4]]),
        ([6, 30, 6, 6, 12], 60, False, [[1], [0, 2, 3, 4]]),
        ([30, 24, 3], 57, False, [[0], [1, 2]]),
        ([3, 3], 6, False, [[0, 1]]),
        ([15, 15], 0, True, []),
        ([0, 0], 15, True, []),
    ],
)
def test_pools_hold_enough_rows(counts: list[int], rows: int, ordered: bool, groups: list[list[int]]) -> None:
    assert pool_bins(counts, rows, ordered=ordered) == groups


def test_no_drift_is_seldom_found_and_a_shift_often() -> None:
    """A few of the trials of `./modelops bench drift`."""
    found = [checked(reference(normal(2 * seed, 2000)), normal(2 * seed + 1, 2000), rule=PLAIN) for seed in range(200)]
    assert sum(one.verdict is not Verdict.STABLE and one.p_value < PLAIN.alpha for one in found) <= 6  # type: ignore[operator]
    shifted = [checked(NUMBERS, normal(seed, 10_000, 0.2)) for seed in range(20)]
    assert all(one.verdict in {Verdict.MOVED, Verdict.MODERATE} for one in shifted)


def test_each_cause_has_a_remedy_of_its_own() -> None:
    """A column that was never recorded, one of another type, and one of bytes, which isn't compared at all."""
    rows = [now(["a"] * 50, WORDS), {**now(normal(1, 50), NUMBERS), "variable": "new"}]
    of_bytes = {"variable": "raw", "kind": "other", "values": {"rows": 50, "nulls": 0}}
    found = compare_all({"x": NUMBERS}, [*rows, of_bytes], RULE, remedies={Cause.NO_REFERENCE: "record it"})
    assert [(one.variable, one.why) for one in found] == [
        ("x", "x is categorical, and continuous in the reference"),
        ("new", "there is no reference of new: record it"),
    ]


@pytest.mark.parametrize(
    ("edges", "names"),
    [
        ([0.0, 1 / 3, 1.0], ["below 0", "0 … 0.3333", "0.3333 … 1", "above 1", "null", "not finite"]),
        (
            [0.0, math.nextafter(0, 1), 1.0, math.nextafter(1, 2)],
            ["below 0", "0", "between 0 and 1", "1", "above 1", "null", "not finite"],
        ),
        (
            [1.3700001e9, 1.3700002e9],
            ["below 1370000100", "1370000100 … 1370000200", "above 1370000200", "null", "not finite"],
        ),
    ],
    ids=["quantiles", "values", "close together"],
)
def test_bins_are_named_by_what_they_hold(edges: list[float], names: list[str]) -> None:
    assert bin_names({"edges": edges}) == names


@pytest.mark.parametrize("rows", [10**3, 10**6, 10**9, 10**12])
@pytest.mark.parametrize("tolerance", [0.0, 0.005, 0.5])
def test_the_distribution_is_scipys(rows: int, tolerance: float) -> None:
    """At a shift that is found in half of all cases, and at a large one, which stays finite for any number of rows."""
    from scipy import stats

    df, alpha, k = 9, 0.005, rows / 2
    for index in (tolerance + 3 / math.sqrt(k), 20.0):
        statistic = k * index
        p_value = drift._tail_probability(statistic, df, k * tolerance)
        assert 0 <= p_value < 0.05
        if statistic < 1e9:
            expected = stats.ncx2.sf(statistic, df, k * tolerance) if tolerance else stats.chi2.sf(statistic, df)
            assert p_value == pytest.approx(expected, rel=1e-3, abs=2.0**-50)
        lower = drift._lower_noncentrality(statistic, df, alpha)
        assert 0 <= lower < statistic
        assert drift._tail_probability(statistic, df, lower) == pytest.approx(alpha, rel=1e-3) or not lower
    noncentrality = drift._detectable(df, k, Rule(tolerance=tolerance), 20)
    assert k * tolerance < noncentrality < k * (tolerance + 100 / math.sqrt(k))
