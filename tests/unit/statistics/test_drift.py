"""The population stability index, against what can be worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import pyarrow as pa
import pytest

from modelops.statistics.drift import stability_index
from modelops.statistics.streaming import TableStatistics


def record(values: list[Any], type_: pa.DataType, like: Any = None) -> Any:
    edges, known = {}, {}
    if like is not None and like["kind"] == "continuous":
        edges["x"] = like["values"]["histogram"]["edges"]
    if like is not None and like["kind"] == "categorical":
        known["x"] = list(like["values"]["frequencies"])
    statistics = TableStatistics(edges=edges, known=known)
    statistics.update(pa.record_batch({"x": pa.array(values, type_)}))
    return statistics.as_records()[0]


NUMBERS = record([float(number) for number in range(1000)], pa.float64())
WORDS = record(["a"] * 75 + ["b"] * 25, pa.string())


def test_the_same_rows_have_not_moved() -> None:
    for before, values, type_ in (
        (NUMBERS, [float(number) for number in range(1000)], pa.float64()),
        (WORDS, ["a"] * 75 + ["b"] * 25, pa.string()),
    ):
        assert stability_index(before, record(values, type_, before)) == pytest.approx(0)


def test_it_is_the_sum_over_the_categories() -> None:
    index = stability_index(WORDS, record(["a"] * 50 + ["b"] * 50, pa.string(), WORDS))
    p, q = [75.5 / 102, 25.5 / 102], [50.5 / 102, 50.5 / 102]
    assert index == pytest.approx(sum((b - a) * math.log(b / a) for a, b in zip(p, q, strict=True)))


@pytest.mark.parametrize(
    ("before", "values", "type_"),
    [
        (NUMBERS, [5000.0] * 1000, pa.float64()),
        (NUMBERS, [None] * 1000, pa.float64()),
        (NUMBERS, [math.nan] * 1000, pa.float64()),
        (WORDS, ["c"] * 100, pa.string()),
        (WORDS, [None] * 100, pa.string()),
    ],
    ids=["above", "nulls", "NaN", "unseen", "no words"],
)
def test_what_was_never_there_before_is_a_great_shift_and_finite(before: Any, values: list[Any], type_: Any) -> None:
    index = stability_index(before, record(values, type_, before))
    assert index is not None
    assert 1 < index < 20


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (NUMBERS, WORDS),
        (NUMBERS, record([], pa.float64(), NUMBERS)),
        (NUMBERS, record([1.0, 2.0], pa.float64())),
        (record([b"x"], pa.binary()), record([b"x"], pa.binary())),
    ],
    ids=["another kind", "no rows", "other edges", "no bins"],
)
def test_what_cannot_be_compared_has_none(before: Any, now: Any) -> None:
    assert stability_index(before, now) is None
