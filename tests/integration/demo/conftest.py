"""Databases in which the owner may create schemas, as in an installation; one of them holds the flights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from conftest import Database
from demo.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelops.runner.postgres import PostgresServer

FLIGHTS = "flights_of_the_tests"


@pytest.fixture(scope="session")
def flights(server: PostgresServer, template: str) -> Iterator[Database]:
    """A database with the flights, made once, for tests that only read."""
    loaded = Database(server=server, name=FLIGHTS)
    names = {"name": sql.Identifier(FLIGHTS), "template": sql.Identifier(template)}
    with psycopg.connect(server.admin_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {name} TEMPLATE {template}").format(**names))
        _let_owner_create(loaded)
        load(loaded.owner_url)
        yield loaded
        connection.execute(sql.SQL("DROP DATABASE {name} WITH (FORCE)").format(**names))


def _let_owner_create(database: Database) -> None:
    # A copy of a database doesn't copy the grants on the database itself.
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        grant = sql.SQL("GRANT CREATE ON DATABASE {} TO modelops_owner")
        connection.execute(grant.format(sql.Identifier(database.name)))
