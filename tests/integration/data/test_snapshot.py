"""What PostgreSQL's types, names and comments become on their way into an Arrow file."""

from __future__ import annotations

import signal
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import psycopg
import pyarrow as pa
import pytest

from modelops.data.snapshot import Snapshot, write_snapshot
from modelops.domain.datasets import Dataset
from modelops.domain.errors import DatasetError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Database


@pytest.fixture
def read(database: Database, tmp_path: Path) -> Callable[..., Snapshot]:
    """Reads `SELECT id, <x> AS x` of a few rows; x is the only feature, id the key, nothing is a target."""

    def read(sql: str, *, key: str = "id", **values: Any) -> Snapshot:
        dataset = Dataset(name=None, sql=sql, entity_key=(key,), feature_names=("x",), target_names=())
        return write_snapshot(
            database.url("modelops_sql"), dataset, tmp_path / "rows.arrow", where="the test", **values
        )

    return read


def rows(snapshot: Snapshot) -> list[dict[str, Any]]:
    with pa.memory_map(str(snapshot.path)) as source:
        found: list[dict[str, Any]] = pa.ipc.open_file(source).read_all().to_pylist()
        return found


TYPES = [
    ("true", "bool", True),
    ("7::smallint", "int16", 7),
    ("7::bigint", "int64", 7),
    ("1.5::real", "float", 1.5),
    ("1.25::numeric", "double", 1.25),
    ("'NaN'::numeric", "double", pytest.approx(float("nan"), nan_ok=True)),
    ("'a'::text", "string", "a"),
    ("'a'::char(3)", "string", "a"),
    ("'{1,2}'::int[]", "list<item: int32>", [1, 2]),
    ("'{1.5}'::numeric[]", "list<item: double>", [1.5]),
    ("'{{1,2},{3,4}}'::real[]", "list<item: float>", [1, 2, 3, 4]),
    ("NULL::float8[]", "list<item: double>", None),
    ("'{a}'::text[]", "string", "{a}"),
    ("'{\"a\": 1}'::jsonb", "string", '{"a": 1}'),
    ("'0b5e4f3c-1d2e-4f5a-8b6c-7d8e9f0a1b2c'::uuid", "string", "0b5e4f3c-1d2e-4f5a-8b6c-7d8e9f0a1b2c"),
    ("interval '1 day'", "string", "1 day"),
    ("'\\x00ff'::bytea", "binary", b"\x00\xff"),
    ("row(1, 'a')", "string", "(1,a)"),
]


@pytest.mark.parametrize(("expression", "type_", "value"), TYPES, ids=[expression for expression, _, _ in TYPES])
@pytest.mark.parametrize("count", [3, 8])
def test_types(read: Callable[..., Snapshot], expression: str, type_: str, value: Any, count: int) -> None:
    snapshot = read(f"SELECT id, {expression} AS x FROM generate_series(1, {count}) id")
    assert snapshot.columns == {"id": "int32", "x": type_}
    assert [row["x"] for row in rows(snapshot)] == [value] * count


@pytest.mark.parametrize("text", ["'infinity'::date", "'-infinity'::timestamptz", "'infinity'::timestamp"])
def test_infinity_is_refused(read: Callable[..., Snapshot], text: str) -> None:
    with pytest.raises(DatasetError, match=r"column x has the value infinity, or a time that is out of range"):
        read(f"SELECT 1 AS id, {text} AS x")


@pytest.mark.parametrize("text", ["'4713-01-01 BC'::date", "'1066-10-14'::timestamp", "NULL::timestamptz"])
def test_times_long_ago(read: Callable[..., Snapshot], text: str) -> None:
    assert read(f"SELECT 1 AS id, {text} AS x").rows == 1


@pytest.mark.parametrize("end", [";", " ;; \n", "\n-- that was it", " /* so */", ";\n"])
def test_the_end_of_a_statement(read: Callable[..., Snapshot], end: str) -> None:
    assert read(f"SELECT 1 AS id, '%s :x $1' AS x{end}").rows == 1


def test_a_large_numeric_key_keeps_its_digits(read: Callable[..., Snapshot]) -> None:
    snapshot = read("SELECT id::numeric + 9007199254740992 AS id, 1 AS x FROM generate_series(0, 1) id")
    assert [row["id"] for row in rows(snapshot)] == ["9007199254740992", "9007199254740993"]


@pytest.mark.parametrize("name", ["count_all", 'say "x"', "Größe", "select"])
def test_a_key_of_any_name(read: Callable[..., Snapshot], name: str) -> None:
    quoted = psycopg.sql.Identifier(name).as_string()
    assert read(f"SELECT id AS {quoted}, 1 AS x FROM generate_series(1, 3) id", key=name).rows == 3


def test_a_query_that_fails_after_some_rows_leaves_no_file(read: Callable[..., Snapshot], tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="division by zero"):
        read("SELECT id, 1 / (200000 - id) AS x FROM generate_series(1, 300000) id")
    assert not (tmp_path / "rows.arrow").exists()


def test_a_connection_that_breaks_is_the_platforms_trouble(
    read: Callable[..., Snapshot], database: Database, ended: Event
) -> None:
    """The session is ended once its query runs; users' SQL itself may not end one."""
    sleeping = "usename = 'modelops_sql' AND datname = current_database() AND wait_event = 'PgSleep'"

    def end() -> None:
        with psycopg.connect(database.admin_url, autocommit=True) as admin:
            while not ended.wait(0.05):
                admin.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {sleeping}")

    Thread(target=end, daemon=True).start()
    with pytest.raises(Unavailable):
        read("SELECT 1 AS id, pg_sleep(9999)::text AS x")


@pytest.fixture
def ended() -> Iterator[Event]:
    """Set at the test's end."""
    event = Event()
    yield event
    event.set()


def test_a_parameter_is_the_querys_fault(read: Callable[..., Snapshot]) -> None:
    with pytest.raises(DatasetError, match="parameter"):
        read("SELECT 1 AS id, $1 AS x")


def test_a_limit(read: Callable[..., Snapshot]) -> None:
    assert read("SELECT id, 1.5::float8 AS x FROM generate_series(1, 500000) id", limit=1000).rows == 1000


def test_who_is_told_to_end_does_not_wait_for_the_query(read: Callable[..., Snapshot], database: Database) -> None:
    class Stopped(BaseException):
        """As the operator's on_kill raises it."""

    def stop(_number: int, _frame: object) -> None:
        raise Stopped

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(Stopped):
            read("SELECT 1 AS id, pg_sleep(9999)::text AS x")
    finally:
        signal.signal(signal.SIGALRM, before)
    with psycopg.connect(database.admin_url) as admin:
        running = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'modelops_sql' AND state = 'active'"
        assert admin.execute(running).fetchone() == (0,)
