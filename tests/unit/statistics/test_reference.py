"""The reference of a training: bins that hold its rows, counted the same however they are divided."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelops.statistics import reference as module
from modelops.statistics.bins import bin_counts
from modelops.statistics.reference import BLOCKS, Rows, reference_records
from modelops.statistics.streaming import TableStatistics
from unit.statistics.parts import cut, cuts, some

MIXED = pa.record_batch(
    {
        "number": pa.array([None, math.nan, math.inf, *map(float, range(200))], pa.float64()),
        "whole": pa.array([number % 7 for number in range(203)], pa.int32()),
        "text": pa.array([None if number % 50 == 0 else f"c{number % 11}" for number in range(203)]),
        "flag": pa.array([number % 3 == 0 for number in range(203)]),
        "at": pa.array(range(203), pa.timestamp("us")),
    }
)

EXACT = {"rows", "nulls", "nan", "positive_infinities", "negative_infinities", "min", "max"} | {
    "histogram",
    "frequencies",
    "reference",
}


def records(table: pa.RecordBatch, places: list[int] | None = None, key: tuple[str, ...] = ()) -> dict[str, Any]:
    pieces = [table] if places is None else list(cut(table, places))
    rows = Rows.of(lambda: pieces, table.schema, key=key)
    return {record["variable"]: record for record in reference_records(rows, columns=table.schema.names)}


def reference(numbers: Any, type_: pa.DataType | None = None) -> dict[str, Any]:
    found: dict[str, Any] = records(pa.record_batch({"x": pa.array(numbers, type_)}))["x"]["values"]["reference"]
    return found


def totals(found: dict[str, Any]) -> list[int]:
    return [sum(counts) for counts in zip(*found["blocks"], strict=True)]


@some
@given(cuts(), st.permutations(range(203)), st.sampled_from([10**6, 50]))
def test_it_is_the_same_for_any_order_and_cut(
    where: tuple[list[int], list[int]], order: list[int], sampled: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "NUMBERS_SAMPLED", sampled)
        patch.setattr(module, "CATEGORIES_SAMPLED", sampled)
        whole = records(MIXED)
        divided = records(MIXED.take(pa.array(order)), where[0], key=("at", "number"))
    for name, record in whole.items():
        mine, other = record["values"], divided[name]["values"]
        assert {each: other[each] for each in EXACT & mine.keys()} == {each: mine[each] for each in EXACT & mine.keys()}
        for each in {"mean", "std", "sum"} & mine.keys():
            assert other[each] == pytest.approx(mine[each], rel=1e-12)


def test_every_row_is_counted_once() -> None:
    found = records(MIXED)
    number = found["number"]["values"]["reference"]
    assert totals(number) == [0, *[20] * 10, 0, 1, 2]
    assert len(number["blocks"]) == BLOCKS
    assert [sum(block) for block in number["blocks"]] == [21, 20, 20, 21, 20, 20, 21, 20, 20, 20]
    assert totals(found["whole"]["values"]["reference"]) == [0, *[29, 0] * 6, 29, 0, 0, 0]
    half = totals(found["text"]["values"]["reference"])
    assert 80 < sum(half) < 125
    assert found["text"]["values"]["rows"] == 203
    assert found["at"]["values"].get("reference") is None


def test_an_outlier_doesnt_blind_the_bins() -> None:
    numbers = np.random.default_rng(1).normal(size=100_000)
    numbers[0] = 1e6
    counts = totals(reference(numbers))
    assert counts[0] == counts[-3] == 0
    assert all(abs(count - 10_000) <= 1 for count in counts[1:-3])


@pytest.mark.parametrize(
    ("numbers", "edges"),
    [
        ([3.0], [3.0, math.nextafter(3.0, 4)]),
        ([1.0, 1.0, 2.0], [1.0, math.nextafter(1.0, 2), 2.0, math.nextafter(2.0, 3)]),
        ([0.0] * 80 + list(map(float, range(1, 21))), None),
        ([*map(float, range(20)), *[20.0] * 80], None),
        ([1.7976931348623157e308], None),
        ([-1.7976931348623157e308, 1.7976931348623157e308] * 8, None),
        ([5e-324, 0.0], None),
        ([*map(float, range(20)), *[1.7976931348623157e308] * 80], None),
    ],
    ids=[
        "constant",
        "two values",
        "many at the lowest",
        "many at the highest",
        "largest",
        "both ends",
        "smallest",
        "many at the largest",
    ],
)
def test_edges_of_few_or_repeated_values(numbers: list[float], edges: list[float] | None) -> None:
    found = reference(numbers)
    assert edges is None or found["edges"] == edges
    counts = totals(found)
    assert counts[0] == counts[-3] == 0
    assert sum(counts) == len(numbers)


@pytest.mark.parametrize("numbers", [[], [None, None], [math.nan, math.inf]], ids=["no rows", "nulls", "not finite"])
def test_without_finite_numbers_there_are_no_bins(numbers: list[Any]) -> None:
    assert reference(numbers, pa.float64()) is None


def test_categories_are_chosen_on_one_half_and_counted_on_the_other() -> None:
    """Of 20,000 values that occur once or twice, those chosen are as frequent in new rows as in the reference."""
    values = np.random.default_rng(2).integers(0, 20_000, size=20_000)
    found = reference([f"v{value}" for value in values])
    named = len(found["categories"])
    again = TableStatistics(known={"x": found["categories"]})
    fresh = np.random.default_rng(3).integers(0, 20_000, size=20_000)
    again.update(pa.record_batch({"x": pa.array([f"v{value}" for value in fresh])}))
    [record] = again.as_records()
    now = bin_counts(record, categories=found["categories"])
    before = totals(found)
    assert sum(before[:named]) / sum(before) == pytest.approx(sum(now[:named]) / sum(now), rel=0.15)


def test_long_texts_are_not_named() -> None:
    found = reference(["x" * 201] * 500 + ["a"] * 500)
    assert found["categories"] == ["a"]
    named, other, nulls = totals(found)
    assert min(named, other) > 200
    assert nulls == 0


def test_the_most_frequent_are_named_first() -> None:
    found = reference(["b"] * 600 + ["a"] * 300 + ["c"] * 100)
    assert found["categories"] == ["b", "a", "c"]
