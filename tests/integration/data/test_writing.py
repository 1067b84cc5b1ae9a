"""Keys and predictions in COPY: what arrives is what was sent, or an error says why nothing did."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING, Any

import psycopg
import pyarrow as pa
import pytest

from integration.data.delays import DELAY, KEY, OUTPUTS, ensure, ids, late
from modelops.data.query import cast_for_arrow, describe
from modelops.data.reading import read
from modelops.data.target import columns_for
from modelops.data.writing import RowsWriter
from modelops.domain.datasets import Dataset
from modelops.domain.errors import DatasetError, ModelOpsError, TargetError, Unavailable, UserCodeError
from modelops.domain.targets import Target, TargetColumn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Database

UTC = timezone.utc  # noqa: UP017


KEYS = [
    ("id::integer", "integer"),
    ("id::smallint", "smallint"),
    ("id::bigint << 40", "bigint"),
    ("id % 2 = 0", "boolean"),
    ("id + 0.1::real", "double precision"),
    ("(id + 0.1)::real", "real"),
    ("CASE id WHEN 1 THEN 'NaN' ELSE '-Infinity' END::float8", "double precision"),
    ("id::numeric / 3", "numeric"),
    ("id + 9007199254740992::numeric(20, 2)", "numeric"),
    ("(ARRAY['', E'a \"b\",\\r\\n\\\\.\\n'])[id]", "text"),
    ("(ARRAY['\\.', 'é, 日本'])[id]::varchar(9)", "character varying"),
    ("id::text::char(5)", "bpchar"),
    ("id::text::name", "name"),
    ("('00000000-0000-0000-0000-00000000000' || id)::uuid", "uuid"),
    ("date '0044-03-15 BC' + id", "date"),
    ("date '9999-12-30' + id", "date"),
    ("timestamptz '0001-01-01 00:00:00.000001Z' - id * interval '1 ms'", "timestamp with time zone"),
    ("timestamptz '2026-03-29 02:30+05:30' + id * interval '1 us'", "timestamp with time zone"),
    ("timestamp '200000-12-31' - id * interval '1 us'", "timestamp without time zone"),
    ("id * interval '1 month -2 days 03:04:05.678'", "interval"),
    ("('12:00:00+0' || id)::timetz", "time with time zone"),
    ("decode('00ff0' || id, 'hex')", "bytea"),
    ("('10.0.0.' || id || '/24')::inet", "inet"),
    ("('10.0.' || id || '.0/24')::cidr", "cidr"),
    ("id::bit(3)", '"bit"'),
    ("jsonb_build_object('a', id)", "jsonb"),
    ("json_build_object('a', id)", "text"),
    ("ARRAY[id, 2]", "text"),
    ("(ARRAY['low', 'high'])[id]::level", "text"),
    ("('item' || id)::word", "text"),
    ("int4range(id, 5)", "text"),
]


@pytest.mark.parametrize(("expression", "type_"), KEYS, ids=[expression for expression, _ in KEYS])
def test_keys_arrive_as_they_were(
    database: Database, jobs: psycopg.Connection[Any], expression: str, type_: str
) -> None:
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("CREATE TYPE public.level AS ENUM ('low', 'high')")
        admin.execute("CREATE DOMAIN public.word AS text CHECK (value <> '')")
    sql = f"SELECT {expression} AS k, id::integer AS n, 0 AS x FROM generate_series(1, 2) id"
    dataset = Dataset(name=None, sql=sql, entity_key=("k", "n"), feature_names=("x",), target_names=())
    with psycopg.connect(database.url("modelops_sql")) as connection:
        columns = describe(connection, dataset, where="a test")
    key, outputs = columns_for(columns[:2], {"late": "int32"})
    assert key[0].type == type_
    batches = read(
        database.url("modelops_sql"),
        cast_for_arrow(dataset.sql, columns, exact=dataset.entity_key),
        lambda rows: list(rows),
        where="a test",
    )
    ensure(jobs, key, outputs)
    with RowsWriter(jobs, DELAY, 12, key, outputs) as writer:
        for batch in batches:
            writer.write(batch.select(["k", "n"]), late(*range(batch.num_rows)))
        assert writer.finish() == 2
    written = jobs.execute("SELECT k::text, n FROM predictions.delay_rows WHERE run_id = 12 ORDER BY n").fetchall()
    meant = jobs.execute(f"SELECT rtrim(k::text), n FROM ({sql}) AS dataset ORDER BY n".encode()).fetchall()
    assert written == meant


VALUES = {
    "smallint": pa.array([-32768, 32767, 0], pa.int16()),
    "integer": pa.array([-(2**31), 2**31 - 1, 0], pa.int32()),
    "bigint": pa.array([-(2**63), 2**63 - 1, 0], pa.int64()),
    "real": pa.array([float("nan"), 0.1, -1e-30], pa.float32()),
    "double precision": pa.array([float("inf"), -0.0, 0.1 + 0.2]),
    "boolean": pa.array([True, False, True]),
    "text": pa.array(["", 'say "x",\r\n\\.\nNULL', "Größe 日本 \U0001f6eb"]),
    "date": pa.array([date(1, 1, 1), date(9999, 12, 31), date(2026, 2, 28)]),
    "timestamp without time zone": pa.array(
        [datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999), datetime(1969, 12, 31, 23, 59, 59, 1)],  # noqa: DTZ001
        pa.timestamp("us"),
    ),
    "timestamp with time zone": pa.array(
        [
            datetime(1, 1, 2, tzinfo=UTC),
            datetime(2026, 3, 29, 2, 30, 0, 7, tzinfo=UTC),
            datetime(1970, 1, 1, tzinfo=UTC),
        ],
        pa.timestamp("us", tz="America/New_York"),
    ),
    "bytea": pa.array([b"", b"\x00\xff\\", b"abc"]),
    "bigint[]": pa.array([[-(2**63), 2**63 - 1], [None, None], [7, None]]),
    "real[]": pa.array([[float("nan"), float("inf")], [], [-1e-30, 0.1]], pa.list_(pa.float32())),
    "double precision[]": pa.array([[0.1 + 0.2, -0.0], [], [-1e-300, 1e300]]),
}


@pytest.mark.parametrize("offset", [0, 1])
def test_binary_and_csv_give_the_same_rows(jobs: psycopg.Connection[Any], offset: int) -> None:
    outputs = tuple(TargetColumn(name=type_.replace(" ", "_").replace("[]", "s"), type=type_) for type_ in VALUES)
    predictions = pa.record_batch(list(VALUES.values()), names=[column.name for column in outputs]).slice(offset)
    found = []
    for type_ in ("text", "numeric"):
        key, target = (TargetColumn(name="flight_id", type=type_),), Target(schema="predictions", name=type_)
        ensure(jobs, key, outputs, target)
        with RowsWriter(jobs, target, 1, key, outputs) as writer:
            writer.write(ids("1", "2", "3", type_=pa.string()).slice(offset), predictions)
            writer.finish()
        shown = ", ".join(f"{column.name}::text" for column in outputs)
        rows = jobs.execute(f"SELECT {shown} FROM predictions.{type_}_rows ORDER BY flight_id".encode())
        found.append(rows.fetchall())
    assert found[0] == found[1]
    assert len(found[0]) == 3 - offset
    assert found[0][-1] == (
        *("0", "0", "0", "-1e-30", "0.30000000000000004", "true", "Größe 日本 \U0001f6eb", "2026-02-28"),
        *("1969-12-31 23:59:59.000001", "1970-01-01 00:00:00+00", "\\x616263"),
        *("{7,NULL}", "{-1e-30,0.1}", "{-1e-300,1e+300}"),
    )


def test_batches_of_any_size_and_columns_in_any_order(jobs: psycopg.Connection[Any]) -> None:
    outputs = (*OUTPUTS, TargetColumn(name="p", type="double precision"))
    ensure(jobs, outputs=outputs[::-1])
    with RowsWriter(jobs, DELAY, 1, KEY, outputs) as writer:
        for start, count in ((0, 1), (1, 0), (1, 70_000)):
            numbers = list(range(start, start + count))
            p = pa.record_batch(
                {"p": pa.array([n / 2 for n in numbers], pa.float64()), "late": pa.array(numbers, pa.int32())}
            )
            writer.write(ids(*numbers), p)
        assert writer.finish() == 70_001
    right = "SELECT count(*) FROM predictions.delay_rows WHERE run_id = 1 AND late = flight_id AND p = late / 2.0"
    assert jobs.execute(right).fetchone() == (70_001,)


def test_narrower_types_are_cast(jobs: psycopg.Connection[Any]) -> None:
    ensure(jobs)
    with RowsWriter(jobs, DELAY, 1, KEY, OUTPUTS) as writer:
        writer.write(ids(5, type_=pa.int16()), late(7, type_=pa.int64()))
        writer.finish()
    assert jobs.execute("SELECT * FROM predictions.delay_rows").fetchall() == [(1, 5, 7)]


@pytest.mark.parametrize("column", ["bigint", "numeric"])
def test_no_rows_at_all(jobs: psycopg.Connection[Any], column: str) -> None:
    key = (TargetColumn(name="flight_id", type=column),)
    ensure(jobs, key)
    with RowsWriter(jobs, DELAY, 1, key, OUTPUTS) as writer:
        assert writer.finish() == 0


@contextmanager
def refused(jobs: psycopg.Connection[Any], kind: type[ModelOpsError], complaint: str) -> Iterator[None]:
    """The error is raised, and then the connection can roll back and go on."""
    jobs.commit()
    with pytest.raises(kind, match=complaint):
        yield
    jobs.rollback()
    assert jobs.execute("SELECT count(*) FROM predictions.delay_rows").fetchone() == (0,)


@pytest.mark.parametrize(
    ("types", "values", "shown"),
    [
        (("bigint",), ([5, 6, 5],), "flight_id = 5 appears"),
        (("text", "bigint"), (["UA, x", "AA", "AA"], [5, 6, 6]), "k0 = AA, flight_id = 6 appears"),
        (("text", "text"), (["UA, x", "UA, x"], ["a", "a"]), r"\(k0, flight_id\) = \(UA, x, a\) appears"),
        (("numeric",), (["1.0", "1.00"],), "flight_id = 1.00 appears"),
    ],
)
def test_a_key_that_stands_twice(
    jobs: psycopg.Connection[Any], types: tuple[str, ...], values: tuple[list[Any], ...], shown: str
) -> None:
    names = ("k0", "flight_id")[-len(types) :]
    key = tuple(TargetColumn(name=name, type=type_) for name, type_ in zip(names, types, strict=True))
    ensure(jobs, key)
    keys = pa.record_batch([pa.array(column) for column in values], names=names)
    complaint = f"^entity keys appear in more than one row; {shown} more than once\n  where: dataset production\n"
    with (
        refused(jobs, DatasetError, complaint),
        RowsWriter(jobs, DELAY, 12, key, OUTPUTS, where="dataset production") as writer,
    ):
        writer.write(keys, late(*range(keys.num_rows)))
        writer.finish()


def test_a_key_that_stands_twice_is_told_before_the_end(jobs: psycopg.Connection[Any]) -> None:
    ensure(jobs)
    with (
        refused(jobs, DatasetError, "flight_id = 5 appears more than once"),
        RowsWriter(jobs, DELAY, 12, KEY, OUTPUTS) as writer,
    ):
        for _ in range(100):
            writer.write(ids(*[5] * 1000), late(*[1] * 1000))
            time.sleep(0.05)
        pytest.fail("all rows were taken")


def test_the_same_key_in_two_runs(jobs: psycopg.Connection[Any]) -> None:
    ensure(jobs)
    for run in (1, 2):
        with RowsWriter(jobs, DELAY, run, KEY, OUTPUTS) as writer:
            writer.write(ids(5), late(1))
            assert writer.finish() == 1


@pytest.mark.parametrize(
    ("keys", "predictions", "kind", "complaint"),
    [
        (ids(1, None), late(1, 1), DatasetError, "the entity key column flight_id is null in 1 of 2 rows"),
        (ids(1, 2), late(1, None), UserCodeError, "the column late is null in 1 of 2 rows"),
        (ids(1), late(2**31, type_=pa.int64()), TargetError, r"don't fit the column late of predictions\.delay"),
        (ids(1), late(0.5, type_=pa.float64()), TargetError, "double values don't fit the column late"),
        (ids(1), late([1], type_=pa.list_(pa.int32())), TargetError, "don't fit the column late"),
    ],
)
def test_rows_that_can_not_be_sent(
    jobs: psycopg.Connection[Any],
    keys: pa.RecordBatch,
    predictions: pa.RecordBatch,
    kind: type[ModelOpsError],
    complaint: str,
) -> None:
    ensure(jobs)
    with refused(jobs, kind, complaint), RowsWriter(jobs, DELAY, 1, KEY, OUTPUTS) as writer:
        writer.write(ids(8), late(8))
        writer.write(keys, predictions)


@pytest.mark.parametrize("type_", ["bigint", "numeric"])
def test_text_that_postgresql_can_not_hold(jobs: psycopg.Connection[Any], type_: str) -> None:
    key, outputs = (TargetColumn(name="flight_id", type=type_),), (TargetColumn(name="late", type="text"),)
    ensure(jobs, key, outputs)
    with (
        refused(jobs, TargetError, r"a value doesn't fit the column late: invalid byte sequence|a row doesn't fit: "),
        RowsWriter(jobs, DELAY, 1, key, outputs) as writer,
    ):
        writer.write(ids("1", type_=pa.string()), late("a\0b", type_=pa.string()))
        writer.finish()


@pytest.mark.parametrize("type_", ["bigint", "numeric"])
def test_a_time_that_postgresql_can_not_hold(jobs: psycopg.Connection[Any], type_: str) -> None:
    key = (TargetColumn(name="flight_id", type=type_),)
    outputs = (TargetColumn(name="late", type="timestamp without time zone"),)
    ensure(jobs, key, outputs)
    with (
        refused(jobs, TargetError, "converting microseconds|value out of range"),
        RowsWriter(jobs, DELAY, 1, key, outputs) as writer,
    ):
        writer.write(ids(1).cast(pa.schema([("flight_id", pa.string())])), late(-(2**63), type_=pa.timestamp("us")))
        writer.finish()


def test_a_key_that_is_too_long(jobs: psycopg.Connection[Any]) -> None:
    key = (TargetColumn(name="flight_id", type="text"),)
    ensure(jobs, key)
    with (
        refused(jobs, DatasetError, "an entity key is too long"),
        RowsWriter(jobs, DELAY, 1, key, OUTPUTS) as writer,
    ):
        writer.write(ids(os.urandom(6000).hex(), type_=pa.string()), late(1))
        writer.finish()


def test_a_table_that_is_not_there(jobs: psycopg.Connection[Any]) -> None:
    with pytest.raises(TargetError, match=r'relation "predictions\.delay_rows" does not exist'):
        RowsWriter(jobs, DELAY, 1, KEY, OUTPUTS)
    jobs.rollback()


def test_who_leaves_without_the_end_leaves_no_rows(jobs: psycopg.Connection[Any]) -> None:
    ensure(jobs)
    jobs.commit()
    with RowsWriter(jobs, DELAY, 1, KEY, OUTPUTS) as writer:
        writer.write(ids(5), late(1))
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        jobs.execute("SELECT 1")
    jobs.rollback()
    assert jobs.execute("SELECT count(*) FROM predictions.delay_rows").fetchone() == (0,)


def test_a_session_that_waits_for_rows_is_not_ended(jobs: psycopg.Connection[Any]) -> None:
    ensure(jobs)
    jobs.commit()
    jobs.execute("SET idle_in_transaction_session_timeout = '100ms'")
    with RowsWriter(jobs, DELAY, 1, KEY, OUTPUTS) as writer:
        time.sleep(0.5)
        writer.write(ids(5), late(1))
        assert writer.finish() == 1


def test_a_connection_that_breaks(database: Database, jobs: psycopg.Connection[Any]) -> None:
    ensure(jobs)
    jobs.commit()
    with RowsWriter(jobs, DELAY, 1, KEY, OUTPUTS) as writer:
        writer.write(ids(5), late(1))
        with psycopg.connect(database.admin_url, autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(%s)", (jobs.info.backend_pid,))
        with pytest.raises(Unavailable, match=r"writing to predictions\.delay broke off"):
            writer.finish()
