"""The flights arrive in PostgreSQL whole, in their types, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import demo.load
import psycopg
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from demo.load import load

from modelops.domain.errors import BadInput, ModelOpsError, Unavailable
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Database

ROWS = {"airlines": 16, "airports": 1458, "planes": 3322, "weather": 26115, "flights": 336776}
DATA = PROJECT_ROOT / "include" / "demo" / "data"


def ask(database: Database, sql: str, login: str = "modelops_owner") -> list[Any]:
    """The rows, each a tuple, or the value itself where there is one column."""
    with database.connect(login) as connection:
        rows = connection.execute(sql.encode()).fetchall()
    return [row[0] if len(row) == 1 else row for row in rows]


def counts(database: Database) -> dict[str, int]:
    return {name: ask(database, f"SELECT count(*) FROM flights.{name}")[0] for name in ROWS}


def table_files(database: Database) -> list[Any]:
    """What changes when a table is made anew or rewritten."""
    found = "SELECT relname, oid, relfilenode FROM pg_class WHERE relnamespace = 'flights'::regnamespace ORDER BY 1"
    return ask(database, found)


def test_every_row_arrives(database: Database) -> None:
    assert load(database.owner_url) == ROWS
    assert counts(database) == ROWS


def test_every_value_arrives(database: Database) -> None:
    load(database.owner_url)
    for name in ROWS:
        source = pq.read_table(DATA / f"{name}.parquet")
        selected = ", ".join(
            f"count({column}), "
            + (f"sum({column})::float8" if str(source[column].type) in {"int32", "double"} else f"min({column})::text")
            for column in source.column_names
        )
        [stored] = ask(database, f"SET TIME ZONE 'UTC'; SELECT {selected} FROM flights.{name}")
        for position, column in enumerate(source.column_names):
            values = source[column]
            assert stored[2 * position] == pc.count(values).as_py(), f"{name}.{column}"
            if str(values.type) in {"int32", "double"}:
                assert stored[2 * position + 1] == pytest.approx(pc.sum(values).as_py()), f"{name}.{column}"
