"""Databases in which the owner may create schemas, as in an installation; one of them holds the flights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from conftest import Database
from demo.load import load
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelops.runner.postgres import PostgresServer

FLIGHTS = "flights_of_the_tests"


@pytest.fixture(scope="session")
def flights(server: PostgresServer, template: str) -> Iterator[Database]:
    """A database with the flights, made once, for tests that leave them as they are."""
    loaded = Database(server=server, name=FLIGHTS)
    names = {"name": sql.Identifier(FLIGHTS), "template": sql.Identifier(template)}
    with psycopg.connect(server.admin_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {name} TEMPLATE {template}").format(**names))
        _let_owner_create(loaded)
        load(loaded.owner_url)
        _show_features(loaded)
        yield loaded
        connection.execute(sql.SQL("DROP DATABASE {name} WITH (FORCE)").format(**names))


def _show_features(database: Database) -> None:
    """The model's features, computed while they are read. How they are published: tests/e2e/test_demo.py."""
    task = (PROJECT_ROOT / "include/demo/feature_engineering_tasks/flight_features/task.sql").read_text()
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        for end, time in (("start", "-infinity"), ("end", "infinity")):
            setting = sql.Identifier("modelops", f"interval_{end}")
            connection.execute(
                sql.SQL("ALTER DATABASE {} SET {} = {}").format(sql.Identifier(database.name), setting, time)
            )
    with database.connect("modelops_owner") as connection:
        connection.execute(f"CREATE VIEW features.flight_features AS {task}".encode())
        connection.execute("GRANT SELECT ON features.flight_features TO modelops_sql")


def _let_owner_create(database: Database) -> None:
    # A copy of a database doesn't copy the grants on the database itself.
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        grant = sql.SQL("GRANT CREATE ON DATABASE {} TO modelops_owner")
        connection.execute(grant.format(sql.Identifier(database.name)))
