"""A table of columns of every kind, in batches and in parts."""

from __future__ import annotations

import datetime as dt
import decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelops.statistics.streaming import TableStatistics, kind_of
from modelops.statistics.temporal import TemporalStatistics
from unit.statistics.parts import as_jsonb, cuts, joined, some


def batch(**columns: Any) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(columns)


ROWS = batch(age=[31, None, 50], sex=["f", "m", None], day=[dt.date(2024, 2, 29), None, None], raw=[b"\0", b"", None])


def of(*batches: pa.RecordBatch, **told: Any) -> TableStatistics:
    statistics = TableStatistics(**told)
    for rows in batches:
        statistics.update(rows)
    return statistics


def test_a_record_for_each_column() -> None:
    records = of(ROWS, edges={"age": [0, 40, 80]}, known={"sex": ["f"]}).as_records()
    assert [(record["variable"], record["kind"]) for record in records] == [
        ("age", "continuous"),
        ("sex", "categorical"),
        ("day", "temporal"),
        ("raw", "other"),
    ]
    age, sex, day, raw = (record["values"] for record in records)
    assert age == {
        "rows": 3,
        "nulls": 1,
        "nan": 0,
        "positive_infinities": 0,
        "negative_infinities": 0,
        "min": 31.0,
        "max": 50.0,
        "mean": 40.5,
        "std": pytest.approx(180.5**0.5),
        "variance": 180.5,
        "skewness": 0.0,
        "kurtosis": pytest.approx(-2.0),
        "sum": 81.0,
        "sum_of_squares": 3461.0,
        "moments": {"rest": 0.0, "m2": 180.5, "m3": 0.0, "m4": 16290.125},
        "histogram": {"edges": [0.0, 40.0, 80.0], "counts": [1, 1], "below": 0, "above": 0},
    }
    assert sex == {"rows": 3, "nulls": 1, "frequencies": {"f": 1}, "unseen": {"m": 1}, "other": 0}
    assert day == {"rows": 3, "nulls": 2, "min": "2024-02-29", "max": "2024-02-29"}
    assert raw == {"rows": 3, "nulls": 1}


def test_parts_that_two_workers_computed_are_merged_from_what_the_database_holds() -> None:
    told = {"edges": {"age": [0, 40, 80]}, "known": {"sex": ["f"]}}
    kept = [as_jsonb(of(ROWS.slice(start, 2), **told).as_records()) for start in (0, 2)]
    merged = TableStatistics()
    for records in kept:
        merged.merge(TableStatistics.from_records(records))
    assert merged.as_records() == of(ROWS, **told).as_records()
    merged.update(ROWS)
    assert merged.as_records() == of(ROWS, ROWS, **told).as_records()


def test_a_merge_into_nothing_leaves_the_other_alone() -> None:
    one, two = TableStatistics(), of(ROWS)
    one.merge(two)
    one.update(ROWS)
    assert two.as_records() == of(ROWS).as_records()
    two.merge(TableStatistics())
    assert two.as_records() == of(ROWS).as_records()


def test_edges_of_the_first_part_serve_the_second() -> None:
    one = of(ROWS)
    two = of(batch(age=[99]), edges=one.edges, columns=["age"])
    assert one.edges == two.edges
    assert two.as_records()[0]["values"]["histogram"]["above"] == 1


def test_columns_are_chosen_and_ordered() -> None:
    statistics = of(ROWS, columns=["sex", "age"], edges={"gone": [0, 1]}, known={"gone": []})
    assert list(statistics.columns) == ["sex", "age"]


def test_no_batch_at_all_with_a_schema() -> None:
    records = TableStatistics(ROWS.schema).as_records()
    assert [record["values"]["rows"] for record in records] == [0, 0, 0, 0]
    assert TableStatistics().as_records() == []


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"columns": ["agee"]}, "column agee is missing among age, sex, day, raw"),
        ({"edges": {"sex": [0, 1]}}, "column sex is string, which is categorical: it has no edges"),
        ({"known": {"age": ["31"]}}, "column age is int64, which is continuous: it has no known categories"),
        ({"edges": {"age": [1, 0]}}, "each greater than the last"),
    ],
)
def test_what_does_not_fit_the_schema(told: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TableStatistics(ROWS.schema, **told)


def test_a_name_that_stands_twice() -> None:
    twice = pa.RecordBatch.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    with pytest.raises(ValueError, match="column a appears twice among a, a"):
        of(twice)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (batch(age=[1], sex=[2]), "column sex was categorical; it is now int64"),
        (batch(age=[1]), "column sex is missing"),
    ],
)
def test_a_batch_that_differs_changes_nothing(rows: pa.RecordBatch, message: str) -> None:
    statistics = of(ROWS, columns=["age", "sex"])
    before = statistics.as_records()
    with pytest.raises(ValueError, match=message):
        statistics.update(rows)
    assert statistics.as_records() == before


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (batch(age=["x"], sex=["f"]), "different columns can't be merged: age$"),
        (batch(sex=["f"]), "different columns can't be merged: age$"),
        (batch(age=[1, 2], sex=["f", "f"]), "column age: histograms of different edges"),
    ],
)
def test_tables_that_differ_are_not_merged(other: pa.RecordBatch, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        of(ROWS, columns=["age", "sex"]).merge(of(other))


@pytest.mark.parametrize(
    ("kind", "types"),
    [
        ("continuous", [pa.int8(), pa.uint64(), pa.float16(), pa.float64()]),
        ("categorical", [pa.bool_(), pa.string(), pa.large_string(), pa.string_view()]),
        ("categorical", [pa.dictionary(pa.int8(), value) for value in (pa.string(), pa.int64(), pa.bool_())]),
        ("temporal", [pa.date32(), pa.date64(), pa.timestamp("us"), pa.timestamp("ns", "UTC")]),
        (
            "other",
            [pa.null(), pa.binary(), pa.decimal128(5, 2), pa.list_(pa.int8()), pa.time64("us"), pa.duration("s")],
        ),
        (
            "other",
            [
                pa.dictionary(pa.int8(), pa.binary()),
                pa.dictionary(pa.int8(), pa.date32()),
                pa.opaque(pa.string(), "interval", "PostgreSQL"),
            ],
        ),
    ],
)
def test_the_kind_of_each_type(kind: str, types: list[pa.DataType]) -> None:
    assert {str(type_): kind_of(type_) for type_ in types} == dict.fromkeys(map(str, types), kind)
    for type_ in types:
        rows = pa.RecordBatch.from_arrays([pa.nulls(3, type_)], names=["a"])
        (record,) = as_jsonb(of(rows, rows.slice(3)).as_records())
        assert (record["kind"], record["values"]["rows"], record["values"]["nulls"]) == (kind, 3, 3)


def test_decimals_are_counted() -> None:
    (record,) = of(batch(price=[decimal.Decimal("1.10"), None])).as_records()
    assert record == {"variable": "price", "kind": "other", "values": {"rows": 2, "nulls": 1}}


@some
@given(st.lists(st.none() | st.datetimes(), max_size=20), cuts(), st.booleans(), st.sampled_from([None, "UTC"]))
def test_the_first_and_the_last_moment(
    moments: list[dt.datetime | None], where: Any, through_json: bool, zone: str | None
) -> None:
    array = pa.array(moments, pa.timestamp("us", zone))
    there = [moment.isoformat(timespec="microseconds") + ("Z" if zone else "") for moment in moments if moment]
    assert joined(TemporalStatistics, array, where, through_json=through_json).as_values() == {
        "rows": len(moments),
        "nulls": moments.count(None),
        "min": min(there, default=None),
        "max": max(there, default=None),
    }


@pytest.mark.parametrize(
    ("array", "first", "last"),
    [
        (pa.array([19_000, 0], pa.date32()), "1970-01-01", "2022-01-08"),
        (pa.array([86_400_000, 0], pa.date64()), "1970-01-01", "1970-01-02"),
        (pa.array([-1, 5], pa.timestamp("s")), "1969-12-31T23:59:59", "1970-01-01T00:00:05"),
        (pa.array([1], pa.timestamp("ns")), "1970-01-01T00:00:00.000000001", "1970-01-01T00:00:00.000000001"),
        (pa.array([2**62, 0], pa.timestamp("us")), "1970-01-01T00:00:00.000000", "148108-07-06T14:00:27.387904"),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else None,
)
def test_moments_of_every_type(array: pa.Array, first: str, last: str) -> None:
    for through_json in (False, True):
        values = joined(TemporalStatistics, array, ([1], []), through_json=through_json).as_values()
        assert (values["min"], values["max"]) == (first, last)
