"""One's own PostgreSQL: an administration login that is no superuser is enough."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from conftest import PASSWORDS
from modelops.domain.errors import Unavailable
from modelops.registry.migrate import migrate
from modelops.registry.roles import provision
from modelops.runner.postgres import PostgresServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def strangers_server(tmp_path: Path) -> Iterator[PostgresServer]:
    """A server without our logins."""
    server = PostgresServer(tmp_path / "data", tmp_path / "log", durable=False)
    server.ensure_initialised()
    server.start()
    yield server
    server.stop(immediately=True)


def test_a_login_that_may_make_roles_and_databases(strangers_server: PostgresServer) -> None:
    with psycopg.connect(strangers_server.admin_url, autocommit=True) as admin:
        admin.execute("CREATE ROLE dba LOGIN PASSWORD 'secret' CREATEROLE CREATEDB")
        admin.execute("CREATE DATABASE warehouse OWNER dba")
    where = f"127.0.0.1:{strangers_server.port}"
    url = f"postgresql://dba:secret@{where}/warehouse"
    for _ in range(2):
        provision(url, passwords=PASSWORDS, data_database="warehouse", airflow_database="warehouse_airflow")
        migrate(f"postgresql://modelops_owner:{PASSWORDS['modelops_owner']}@{where}/warehouse")
    with psycopg.connect(f"postgresql://airflow:{PASSWORDS['airflow']}@{where}/warehouse_airflow") as airflow:
        airflow.execute("CREATE TABLE mine (x int)")
    with psycopg.connect(f"postgresql://modelops_jobs:{PASSWORDS['modelops_jobs']}@{where}/warehouse") as jobs:
        assert jobs.execute("SELECT count(*) FROM modelops.transition").fetchone() == (20,)


def test_a_machine_that_vanishes_is_noticed(strangers_server: PostgresServer) -> None:
    """The system's default is two hours, in which the session of a lost worker holds its locks."""
    provision(strangers_server.admin_url, data_database="modelops", airflow_database="airflow", passwords=PASSWORDS)
    for login, password in PASSWORDS.items():
        database = "airflow" if login == "airflow" else "modelops"
        url = f"postgresql://{login}:{password}@127.0.0.1:{strangers_server.port}/{database}"
        with psycopg.connect(url) as connection:
            probes = [
                connection.execute(f"SHOW tcp_keepalives_{what}").fetchone() for what in ("idle", "interval", "count")
            ]
        assert probes == [("10",), ("5",), ("3",)], login


def test_where_airflows_metadata_is_elsewhere_it_has_no_login(strangers_server: PostgresServer) -> None:
    passwords = {login: password for login, password in PASSWORDS.items() if login != "airflow"}
    for _ in range(2):
        provision(strangers_server.admin_url, data_database="modelops", airflow_database=None, passwords=passwords)
    with psycopg.connect(strangers_server.admin_url) as connection:
        logins = connection.execute("SELECT rolname FROM pg_roles WHERE rolname !~ '^(pg_|postgres$)'").fetchall()
    assert {name for (name,) in logins if name in PASSWORDS} == set(passwords)


def test_a_server_that_is_not_there(strangers_server: PostgresServer) -> None:
    parts = urlsplit(strangers_server.admin_url)
    nowhere = urlunsplit(parts._replace(netloc=parts.netloc.replace(f":{strangers_server.port}", ":1")))
    with pytest.raises(Unavailable, match="can't be reached"):
        provision(nowhere, passwords=PASSWORDS, data_database="modelops", airflow_database=None)


def test_no_password_stands_in_the_log_of_a_server_that_logs_every_statement(strangers_server: PostgresServer) -> None:
    with psycopg.connect(strangers_server.admin_url, autocommit=True) as connection:
        connection.execute("ALTER ROLE CURRENT_USER SET log_statement = 'all'")
    provision(strangers_server.admin_url, data_database="modelops", airflow_database="airflow", passwords=PASSWORDS)
    written = strangers_server.log.read_text()
    assert "LOGIN PASSWORD" in written
    assert [login for login, password in PASSWORDS.items() if f"'{password}'" in written] == []
