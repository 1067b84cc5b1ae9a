"""Every statement of the documents runs on a new database, as the login that its page names. See `documents.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from documents import Block, all_blocks, commands
from modelops.data.target import ensure_target
from modelops.domain.targets import Target, TargetColumn
from modelops.runner.cli import parser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from conftest import Database

USERS_TABLES = """
CREATE SCHEMA flights;
CREATE TABLE flights.flights (flight_id bigint, time_hour timestamptz, distance smallint, month smallint);
CREATE SCHEMA sales;
CREATE TABLE sales.orders (order_id bigint, amount numeric);
GRANT USAGE ON SCHEMA flights TO modelops_sql;
GRANT SELECT ON flights.flights TO modelops_sql;
"""
INTERVAL = {"start": "2013-08-01T00:00:00Z", "end": "2013-08-02T00:00:00Z"}
TARGETS = ("arrival_delay", "risk", "late")
PARSE = "DO $parse$ BEGIN IF false THEN {} END IF; END $parse$"
"""PL/pgSQL parses what it doesn't run."""
READER = "reader"
LOGIN_OF_YOUR_OWN = "bi"
"""A login that a page takes for granted."""


@pytest.fixture(scope="module")
def installation(copy_of: Callable[[str], AbstractContextManager[Database]], template: str) -> Iterator[Database]:
    """A database with the tables and targets that the documents speak of; each test leaves it as it was."""
    with copy_of(template) as database:
        yield from prepared(database)


def prepared(database: Database) -> Iterator[Database]:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute(USERS_TABLES)
        admin.execute(f"CREATE ROLE {LOGIN_OF_YOUR_OWN}")
        # As in an installation: a copy of a database doesn't have the grants on the database itself.
        database_name = psycopg.sql.Identifier(database.name)
        admin.execute(psycopg.sql.SQL("GRANT CREATE ON DATABASE {} TO modelops_owner").format(database_name))
    key = TargetColumn(name="flight_id", type="bigint")
    output = TargetColumn(name="late", type="integer")
    with database.connect() as connection:
        for name in TARGETS:
            ensure_target(connection, Target(schema="predictions", name=name), key=[key], outputs=[output])
    yield database
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute(f"DROP OWNED BY {LOGIN_OF_YOUR_OWN} CASCADE")
        admin.execute(f"DROP ROLE {LOGIN_OF_YOUR_OWN}")


def connected(database: Database, role: str, *, autocommit: bool = False) -> psycopg.Connection[Any]:
    """As whom `./modelops psql --role` goes in."""
    url = database.admin_url if role == "admin" else database.url(f"modelops_{role}")
    return psycopg.connect(url, autocommit=autocommit)


def run(database: Database, sql: str, role: str) -> None:
    with connected(database, role) as connection, connection.transaction(force_rollback=True):
        for end, moment in INTERVAL.items():
            connection.execute("SELECT set_config(%s, %s, true)", (f"modelops.interval_{end}", moment))
        connection.execute(sql.replace("DATABASE modelops ", f"DATABASE {database.name} ").encode())


def parse(database: Database, sql: str) -> None:
    statement = sql.strip().rstrip(";")
    with connected(database, "admin") as connection:
        connection.execute(PARSE.format(f"{statement};").encode())


@pytest.mark.parametrize("block", all_blocks("sql"), ids=lambda block: block.place)
def test_sql_of_the_documents(installation: Database, block: Block) -> None:
    role = block.word("role", READER)
    if "fragment" in block.words:
        parse(installation, f"PERFORM 1 FROM something {block.text}")
    elif "parsed" in block.words:
        parse(installation, block.text)
    elif "outside=transaction" in block.words:
        with connected(installation, role, autocommit=True) as connection:
            connection.execute(block.text.encode())
    else:
        run(installation, block.text, role)


def statements() -> Iterator[Any]:
    """The statements that the documents give to `./modelops psql -c`: as whom, and what."""
    for block in all_blocks("sh"):
        for command in commands(block.text):
            if command[:2] != ["./modelops", "psql"]:
                continue
            chosen, rest = parser().parse_known_args(command[1:])
            if rest[:1] == ["-c"] and not rest[1].startswith("\\"):
                yield pytest.param(chosen.role, rest[1], id=block.place)


@pytest.mark.parametrize(("role", "sql"), [*statements()])
def test_statements_given_to_psql(installation: Database, role: str, sql: str) -> None:
    run(installation, sql, role)


@pytest.mark.parametrize("sql", ["SELEC 1", "SELECT 1 FROM a b c d", "GRANT ALL ON"])
def test_parsing_refuses_what_is_no_sql(installation: Database, sql: str) -> None:
    with pytest.raises(psycopg.errors.SyntaxError):
        parse(installation, sql)
