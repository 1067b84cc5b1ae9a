"""Fixtures for every part: one PostgreSQL for the whole run, a database of its own for each test that asks."""

from __future__ import annotations

import itertools
import subprocess
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from hypothesis import settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

from modelops.registry.migrate import migrate
from modelops.registry.roles import LOGINS, grant_database, open_to_logins, provision
from modelops.runner.postgres import PostgresServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PASSWORDS = {login: f"test-{login}" for login in LOGINS}
TEMPLATE = "template_of_the_tests"
# The same examples in each run: what is found by chance belongs into a test of its own. `--hypothesis-profile=default`
# searches for others.
settings.register_profile("same", derandomize=True)
settings.load_profile("same")
# Hypothesis also tries constants of our modules that are loaded, and which are depends on the tests before.
providers._get_local_constants = Constants


@dataclass(frozen=True, kw_only=True)
class Database:
    """A migrated, empty data database and how each login reaches it."""

    server: PostgresServer
    name: str

    def url(self, login: str) -> str:
        return f"postgresql://{login}:{PASSWORDS[login]}@127.0.0.1:{self.server.port}/{self.name}"

    @property
    def admin_url(self) -> str:
        return self.server.admin_url.rsplit("/", 1)[0] + f"/{self.name}"

    @property
    def owner_url(self) -> str:
        return self.url("modelops_owner")

    def connect(self, login: str = "modelops_jobs") -> psycopg.Connection[Any]:
        return psycopg.connect(self.url(login), autocommit=True)

    def psql(self, login: str, sql: str) -> subprocess.CompletedProcess[str]:
        """What a person with psql and this login's password would see."""
        return subprocess.run(
            [self.server.bin / "psql", self.url(login), "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-docs", action="store_true", help="write again what is made from the code: docs, the API's description"
    )
    parser.addoption(
        "--record-airflow", action="store_true", help="record again what Airflow answers the observer, from a real one"
    )


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """One embedded PostgreSQL that forgets when the power goes."""
    home: Path = tmp_path_factory.mktemp("postgres")
    server = PostgresServer(home / "data", home / "log", durable=False)
    server.ensure_initialised()
    server.start()
    try:
        yield server
    finally:
        server.stop(immediately=True)


@pytest.fixture(scope="session")
def template(server: PostgresServer) -> str:
    """A migrated database that is copied for each test."""
    provision(server.admin_url, passwords=PASSWORDS, data_database=TEMPLATE, airflow_database=None)
    migrate(Database(server=server, name=TEMPLATE).owner_url)
    return TEMPLATE


@pytest.fixture(scope="session")
def admin(server: PostgresServer) -> Iterator[psycopg.Connection[Any]]:
    """The superuser's connection to the server, kept as most tests need it."""
    with psycopg.connect(server.admin_url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def copy_of(server: PostgresServer, admin: psycopg.Connection[Any]) -> Callable[..., AbstractContextManager[Database]]:
    """Makes a database with all that is in another, to which nobody may be connected; it goes at the end.

    With `opened=False` the other one isn't as an installation opens it to the logins, and the copy is opened.
    """
    numbers = itertools.count(1)

    @contextmanager
    def copied(template: str, *, opened: bool = True) -> Iterator[Database]:
        name = f"test_{next(numbers)}"
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        try:
            # A copy of a database doesn't copy the grants on the database itself.
            admin.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
            grant_database(admin, name)
            database = Database(server=server, name=name)
            if not opened:
                with psycopg.connect(database.admin_url, autocommit=True) as connection:
                    open_to_logins(connection, name)
            yield database
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    return copied


@pytest.fixture
def database(copy_of: Callable[..., AbstractContextManager[Database]], template: str) -> Iterator[Database]:
    """A database of the test's own."""
    with copy_of(template) as database:
        yield database


@pytest.fixture
def connection(database: Database) -> Iterator[psycopg.Connection[Any]]:
    """The ledger's connection, as jobs have it."""
    with database.connect() as connection:
        yield connection
