"""The flights arrive in PostgreSQL whole, in their types, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import adbc_driver_postgresql.dbapi as adbc
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from demo import load as loading
from demo.load import load
from modelops.domain.errors import BadInput, ModelOpsError, Unavailable
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Database

DATA = PROJECT_ROOT / "include" / "demo" / "data"
ROWS = {"airlines": 16, "airports": 1458, "planes": 3322, "weather": 26115, "flights": 336776}
KEYS = {
    "airlines": ["carrier"],
    "airports": ["faa"],
    "planes": ["tailnum"],
    "weather": ["origin", "time_hour"],
    "flights": ["flight_id"],
}


def ask(database: Database, sql: str, login: str = "modelops_owner") -> list[tuple[Any, ...]]:
    with database.connect(login) as connection:
        return connection.execute(sql.encode()).fetchall()


def relations(database: Database) -> list[tuple[Any, ...]]:
    """Tables and indexes; a number changes when one of them is made anew."""
    return ask(
        database,
        "SELECT relname, oid, relfilenode FROM pg_class WHERE relnamespace = to_regnamespace('flights') ORDER BY 1",
    )


def stored(database: Database, name: str) -> pa.Table:
    with adbc.connect(database.owner_url) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM flights.{name}")
        table = cursor.fetch_arrow_table()
    return table.replace_schema_metadata().sort_by([(key, "ascending") for key in KEYS[name]])


def test_every_value_arrives(flights: Database) -> None:
    for name, keys in KEYS.items():
        source, table = pq.read_table(DATA / f"{name}.parquet"), stored(flights, name)
        if name == "flights":
            assert table["flight_id"].to_pylist() == list(range(1, ROWS[name] + 1))
            table = table.drop_columns("flight_id")
        else:
            source = source.sort_by([(key, "ascending") for key in keys])
        assert table.equals(source.cast(pa.schema([(field.name, field.type) for field in table.schema]))), name


def test_every_table_has_its_key_and_says_what_it_is(flights: Database) -> None:
    keys = ask(
        flights,
        "SELECT conrelid::regclass::text FROM pg_constraint WHERE contype = 'p'"
        " AND connamespace = 'flights'::regnamespace",
    )
    assert {name for (name,) in keys} == {f"flights.{name}" for name in ROWS}
    silent = ask(
        flights,
        "SELECT relname FROM pg_class WHERE relnamespace = 'flights'::regnamespace AND relkind IN ('r', 'v')"
        " AND obj_description(oid, 'pg_class') IS NULL",
    )
    assert silent == []


def test_the_planner_knows_the_tables(flights: Database) -> None:
    assert ask(flights, "SELECT reltuples FROM pg_class WHERE oid = 'flights.flights'::regclass") == [(336776,)]


@pytest.mark.parametrize("login", ["modelops_sql", "modelops_reader"])
def test_readers_may_read_and_no_more(flights: Database, login: str) -> None:
    assert ask(flights, "SELECT count(*) FROM flights.flights", login) == [(336776,)]
    for statement in ("DELETE FROM flights.airlines", "CREATE TABLE flights.mine ()"):
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)):
            ask(flights, statement, login)


def test_what_is_there_already_is_left_alone(database: Database) -> None:
    load(database.owner_url)
    before = relations(database)
    assert load(database.owner_url) == ROWS
    assert relations(database) == before


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM flights.flights WHERE month = 3",
        "DROP TABLE flights.planes CASCADE",
        "COMMENT ON SCHEMA flights IS 'nycflights13, loaded by include/demo/load.py, sha256 of an earlier state'",
    ],
)
def test_what_is_incomplete_or_older_is_made_anew(database: Database, damage: str) -> None:
    load(database.owner_url)
    before = relations(database)
    with database.connect("modelops_owner") as connection:
        connection.execute(damage.encode())
    assert load(database.owner_url) == ROWS
    assert {name for name, *_ in relations(database)} == {name for name, *_ in before}
    assert set(relations(database)).isdisjoint(before)
    assert ask(database, "SELECT count(*) FROM flights.flights", "modelops_sql") == [(336776,)]


def test_two_at_once_load_once(database: Database) -> None:
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(load, [database.owner_url] * 2))
    assert done == [ROWS, ROWS]
    assert ask(database, "SELECT count(*) FROM flights.flights") == [(336776,)]


def test_a_schema_of_someone_else_is_not_touched(database: Database) -> None:
    with database.connect("modelops_owner") as connection:
        connection.execute("CREATE SCHEMA flights CREATE TABLE flights (mine text)")
    before = relations(database)
    with pytest.raises(BadInput, match="there is already a schema flights, and it is not the demonstration's") as told:
        load(database.owner_url)
    assert told.value.where == f"database {database.name}"
    assert relations(database) == before


def test_what_depends_on_an_older_state_is_named_and_kept(database: Database) -> None:
    load(database.owner_url)
    with database.connect("modelops_owner") as connection:
        connection.execute("CREATE SCHEMA mine CREATE VIEW early AS SELECT * FROM flights.flights WHERE hour < 8")
        connection.execute("DELETE FROM flights.flights WHERE month = 3")
    before = relations(database)
    with pytest.raises(BadInput, match=r"view mine\.early depends on table flights\.flights"):
        load(database.owner_url)
    assert relations(database) == before


def test_a_load_that_fails_leaves_nothing(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = tmp_path / "foreign_keys.sql"
    failing.write_text("SELECT 1 / 0")
    monkeypatch.setattr(loading, "_FOREIGN_KEYS", failing)
    with pytest.raises(ModelOpsError, match="division by zero"):
        load(database.owner_url)
    assert relations(database) == []


def test_a_database_that_cannot_be_reached_is_unavailable(database: Database) -> None:
    with pytest.raises(Unavailable, match="the data database can't be reached"):
        load(database.owner_url.replace(f":{database.server.port}/", ":1/"))
