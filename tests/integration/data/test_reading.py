"""What a query is told of its data interval, what is known before it runs, and how it is cancelled."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import psycopg
import pyarrow as pa
import pytest

from modelops.data.checks import check_times, check_types
from modelops.data.query import cast_for_arrow, describe, estimate_rows
from modelops.data.reading import Reading, read
from modelops.data.snapshot import write_rows, write_snapshot
from modelops.domain.datasets import Dataset, ReadBounds
from modelops.domain.errors import DatasetError, Unavailable
from polling import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Database

INDIA = timezone(timedelta(hours=5, minutes=30))
MAY = (datetime(2026, 5, 1, tzinfo=INDIA), datetime(2026, 5, 2, 0, 0, 0, 1, tzinfo=INDIA))
ASKS = (
    "SELECT 1 AS id, current_setting('modelops.interval_start')::timestamptz AS x,"
    " current_setting('modelops.interval_end')::timestamptz AS y"
)
DAYS = "generate_series(1, extract(day FROM current_setting('modelops.interval_start')::timestamptz)::int) AS id"
"""The planner asks for the setting already; in UTC the interval starts on the thirtieth of April."""


def dataset(sql: str) -> Dataset:
    return Dataset(name=None, sql=sql, entity_key=("id",), feature_names=("x",), target_names=())


@pytest.fixture
def readers(database: Database) -> Iterator[psycopg.Connection[Any]]:
    """A connection for users' SQL."""
    with psycopg.connect(database.url("modelops_sql")) as connection:
        yield connection


def test_the_interval_of_the_data(database: Database, readers: psycopg.Connection[Any], tmp_path: Path) -> None:
    url, asked = database.url("modelops_sql"), dataset(ASKS)
    columns = describe(readers, asked, where="a test", interval=MAY)
    assert [column.name for column in columns] == ["id", "x", "y"]
    rows = read(
        url,
        cast_for_arrow(asked.sql, columns, exact=asked.entity_key),
        lambda rows: rows.read_all().to_pylist(),
        where="a test",
        interval=MAY,
    )
    assert [(row["x"], row["y"]) for row in rows] == [MAY]
    assert write_snapshot(url, asked, tmp_path / "rows.arrow", where="a test", interval=MAY).rows == 1


@pytest.mark.parametrize("sql", [ASKS, f"SELECT id, x FROM ({ASKS}) AS y WHERE x < now()"])
def test_a_job_without_an_interval(database: Database, tmp_path: Path, sql: str) -> None:
    with pytest.raises(DatasetError, match="the dataset's SQL reads the data interval, but this job has none") as said:
        write_snapshot(database.url("modelops_sql"), dataset(sql), tmp_path / "rows.arrow", where="a test")
    assert said.value.where == "a test"
    assert said.value.expected == "give interval_start and interval_end, or a SELECT without modelops.interval_start"


def test_a_session_that_had_an_interval_once(readers: psycopg.Connection[Any]) -> None:
    describe(readers, dataset(ASKS), where="a test", interval=MAY)
    assert readers.execute("SELECT current_setting('modelops.interval_start')").fetchone() == ("",)
    with pytest.raises(DatasetError, match="reads the data interval, but this job has none"):
        describe(readers, dataset(f"SELECT id, 1 AS x FROM {DAYS}"), where="a test")


def test_another_setting_is_the_querys_own_matter(database: Database) -> None:
    with pytest.raises(DatasetError, match=r'unrecognized configuration parameter "modelops\.interval_strat"'):
        read(
            database.url("modelops_sql"),
            "SELECT current_setting('modelops.interval_strat')",
            lambda rows: rows.read_all(),
            where="a test",
            interval=MAY,
        )


def test_a_query_can_do_without_an_interval(database: Database, tmp_path: Path) -> None:
    asked = dataset("SELECT 1 AS id, current_setting('modelops.interval_start', true) IS NULL AS x")
    path = tmp_path / "rows.arrow"
    write_snapshot(database.url("modelops_sql"), asked, path, where="a test")
    with pa.memory_map(str(path)) as source:
        assert pa.ipc.open_file(source).read_all().to_pylist() == [{"id": 1, "x": True}]


def test_the_size_of_batches(database: Database) -> None:
    sizes = {}
    for batch_bytes in (2**12, 2**20):
        reading = Reading(
            database.url("modelops_sql"),
            "SELECT id FROM generate_series(1, 5000) id",
            where="a test",
            batch_bytes=batch_bytes,
        )
        sizes[batch_bytes] = reading.run(lambda rows: [batch.num_rows for batch in rows])
    assert sum(sizes[2**12]) == sum(sizes[2**20]) == 5000
    assert len(sizes[2**12]) > 5
    assert len(sizes[2**20]) == 1


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT pg_sleep(300)::text",
        "SELECT id, CASE WHEN id > 200000 THEN pg_sleep(300)::text END FROM generate_series(1, 200001) id",
    ],
    ids=["before the first row", "between rows"],
)
def test_cancel(database: Database, sql: str) -> None:
    reading = Reading(database.url("modelops_sql"), sql, where="dataset production")
    ended: list[BaseException] = []

    def run() -> None:
        try:
            reading.run(list)
        except BaseException as error:  # noqa: BLE001
            ended.append(error)

    def sleeps() -> bool:
        with psycopg.connect(database.admin_url) as admin:
            asleep = "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
            return admin.execute(asleep).fetchone() is not None

    running = threading.Thread(target=run)
    running.start()
    until(sleeps, "the query runs")
    reading.cancel()
    running.join()
    assert isinstance(ended[0], Unavailable)
    assert "reading the dataset was cancelled (dataset production)" in str(ended[0])


def test_cancel_before_the_start_and_after_the_end(database: Database) -> None:
    reading = Reading(database.url("modelops_sql"), "SELECT 1 AS id", where="a test")
    reading.cancel()
    with pytest.raises(Unavailable, match="was cancelled"):
        reading.run(list)
    reading = Reading(database.url("modelops_sql"), "SELECT 1 AS id", where="a test")
    assert [batch.to_pydict() for batch in reading.run(list)] == [{"id": [1]}]
    reading.cancel()


RAISES = """
CREATE FUNCTION public.raises(state text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'quelque chose' USING ERRCODE = state;
END $$
"""


@pytest.mark.parametrize("rows", [1, 300_000], ids=["before the first row", "between rows"])
@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("22012", DatasetError),
        ("P0001", DatasetError),
        ("42501", DatasetError),
        ("40001", Unavailable),
        ("40P01", Unavailable),
        ("53200", Unavailable),
        ("55P03", Unavailable),
        ("57014", Unavailable),
    ],
)
def test_whose_trouble_it_is_says_the_sqlstate(
    database: Database, state: str, kind: type[Exception], rows: int
) -> None:
    """Not the message, which the server may say in another language."""
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute(RAISES)
    sql = (
        f"SELECT CASE WHEN i = {rows} THEN public.raises('{state}') ELSE i END AS id FROM generate_series(1, {rows}) i"
    )
    with pytest.raises(kind, match="quelque chose") as caught:
        read(database.url("modelops_sql"), sql, list, where="a test")
    assert type(caught.value) is kind


MANY = "SELECT id, repeat('x', 1000) AS x FROM generate_series(1, 5000) AS id"


@pytest.mark.parametrize(
    ("bounds", "said", "setting"),
    [
        (ReadBounds(rows=4999), "there are more than 4,999 rows", "MODELOPS_DATASET_ROWS"),
        (ReadBounds(bytes=2**20), "the rows have more than 1 MiB", "MODELOPS_DATASET_SIZE"),
    ],
)
def test_more_rows_than_a_query_may_give(
    database: Database, tmp_path: Path, bounds: ReadBounds, said: str, setting: str
) -> None:
    path = tmp_path / "rows.arrow"
    for written in (
        lambda: write_rows(database.url("modelops_sql"), MANY, path, where="a test", bounds=bounds),
        lambda: write_snapshot(database.url("modelops_sql"), dataset(MANY), path, where="a test", bounds=bounds),
    ):
        with pytest.raises(DatasetError, match=said) as refused:
            written()
        assert refused.value.where == "a test"
        assert refused.value.expected.endswith(f"or have {setting} raised")
        assert not path.exists()
    at_most = ReadBounds(rows=5000, bytes=6 * 2**20)
    assert write_rows(database.url("modelops_sql"), MANY, path, where="a test", bounds=at_most).rows == 5000


def test_an_error_between_batches_keeps_its_meaning_with_a_bound(database: Database) -> None:
    sql = "SELECT 1 / (200000 - id) AS id FROM generate_series(1, 200001) AS id"
    with pytest.raises(DatasetError, match="division by zero"):
        read(database.url("modelops_sql"), sql, list, where="a test", bounds=ReadBounds())


def test_a_server_that_is_away_is_no_fault_of_the_query(database: Database) -> None:
    url = database.url("modelops_sql").replace(f":{database.server.port}/", ":1/")
    with pytest.raises(Unavailable, match=r"reading the dataset broke off: .*Connection refused"):
        Reading(url, "SELECT 1 AS id", where="a test").run(list)


def test_what_consume_raises_is_its_own(database: Database) -> None:
    def consume(_rows: pa.RecordBatchReader) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        Reading(database.url("modelops_sql"), "SELECT 1 AS id", where="a test").run(consume)


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT id, id AS x FROM generate_series(1, 7000) id; ", 7000),
        (f"SELECT id, 1 AS x FROM {DAYS}", 30),
        ("SELECT 1 AS id; SELECT 2 AS id", None),
        ("SELECT nothing", None),
        ("", None),
    ],
)
def test_how_many_rows_the_planner_expects(readers: psycopg.Connection[Any], sql: str, rows: int | None) -> None:
    assert estimate_rows(readers, sql, interval=MAY) == rows
    assert readers.execute("SELECT 1").fetchone() == (1,), "the connection is as it was"


def test_no_connection_no_estimate(database: Database, readers: psycopg.Connection[Any]) -> None:
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SELECT pg_terminate_backend(%s)", (readers.info.backend_pid,))
    assert estimate_rows(readers, "SELECT 1 AS id") is None


def test_types_are_checked_before_any_row_is_read() -> None:
    schema = pa.schema([("id", pa.int64()), ("x", pa.float32()), ("y", pa.string())])
    declared = Dataset(name="a", sql="", entity_key=("id",), feature_names=("x",), target_names=("y",))
    check_types(schema, declared, {"x": "float", "y": "int32"}, labelled=False, where="a test")
    with pytest.raises(DatasetError, match="column x is float; in training it was double"):
        check_types(schema, declared, {"x": "double"}, labelled=False, where="a test")
    with pytest.raises(DatasetError, match="column y is string; in training it was int32"):
        check_types(schema, declared, {"x": "float", "y": "int32"}, labelled=True, where="a test")


def test_infinity_is_found_in_a_batch(database: Database) -> None:
    sql = "SELECT id, CASE id WHEN 2 THEN 'infinity' ELSE now() END AS x FROM generate_series(1, 2) id"
    (batch,) = read(database.url("modelops_sql"), sql, list, where="a test")
    check_times(batch.slice(0, 1), where="a test")
    check_times(batch.slice(0, 0), where="a test")
    with pytest.raises(DatasetError, match="column x has the value infinity"):
        check_times(batch, where="a test")


POLICY = """
CREATE TABLE secured AS SELECT n AS id, n AS x FROM generate_series(1, 10) AS n;
ALTER TABLE secured ENABLE ROW LEVEL SECURITY;
CREATE POLICY half ON secured USING (id <= 5);
CREATE VIEW whole AS SELECT * FROM secured;
CREATE VIEW invoked WITH (security_invoker) AS SELECT * FROM secured;
CREATE FUNCTION called() RETURNS SETOF secured LANGUAGE plpgsql AS 'BEGIN RETURN QUERY SELECT * FROM secured; END';
CREATE FUNCTION defined() RETURNS SETOF secured LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS
  'BEGIN RETURN QUERY SELECT * FROM secured; END';
CREATE TABLE own AS SELECT * FROM secured;
ALTER TABLE own ENABLE ROW LEVEL SECURITY;
CREATE TABLE forced AS SELECT * FROM secured;
ALTER TABLE forced ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY half ON forced USING (id <= 5);
GRANT SELECT ON secured, whole, invoked TO modelops_sql;
ALTER TABLE own OWNER TO modelops_sql;
ALTER TABLE forced OWNER TO modelops_sql;
"""


@pytest.fixture
def secured(database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute(POLICY)


@pytest.mark.parametrize("source", ["secured", "invoked", "forced", "called()"])
@pytest.mark.usefixtures("secured")
def test_a_part_of_a_table_is_not_taken_for_the_whole(database: Database, tmp_path: Path, source: str) -> None:
    """A policy of row-level security would hide five of ten rows. A function is asked only when it runs."""
    url, path, sql = database.url("modelops_sql"), tmp_path / "rows.arrow", f"SELECT id, x FROM {source}"
    for reading in (
        lambda: write_snapshot(url, dataset(sql), path, where="a test", labelled=False),
        lambda: write_rows(url, sql, path, where="a test"),
    ):
        with pytest.raises(DatasetError, match="row-level security may hide rows from this login") as refused:
            reading()
        assert ('"forced"' if source == "forced" else '"secured"') in refused.value.what
        assert "ALTER ROLE modelops_sql BYPASSRLS" in str(refused.value.expected)
        assert not path.exists()


@pytest.mark.parametrize("source", ["whole", "own", "defined()"])
@pytest.mark.usefixtures("secured")
def test_who_is_above_the_policy_reads_all_rows(database: Database, tmp_path: Path, source: str) -> None:
    """The owner of the table, as whom a view and a function of his read."""
    asked = dataset(f"SELECT id, x FROM {source}")
    path = tmp_path / "rows.arrow"
    assert write_snapshot(database.url("modelops_sql"), asked, path, where="a test", labelled=False).rows == 10
