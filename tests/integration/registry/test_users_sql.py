"""What SQL of users, as their logins run it, can't do to others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from factories import deployed, take, task_key
from modelops.domain.job_types import JobType
from modelops.registry.roles import USERS, open_to_logins
from modelops.registry.write import jobs, runs

if TYPE_CHECKING:
    from psycopg import Connection

    from conftest import Database

ATTACKS = [
    "SELECT pg_advisory_lock(hashtextextended('modelops.target predictions.arrival_delay', 0))",
    "SELECT count(pg_advisory_lock(i)) FROM generate_series(1, 10000000) AS i",
    "SELECT pg_try_advisory_xact_lock_shared(1, 2)",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'modelops%'",
    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity",
    "SELECT lo_create(0)",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT pg_notify('x', 'y')",
]
LENGTHENS_ITSELF = """
SELECT count(t) FROM (SELECT set_config('statement_timeout', '0', false) AS t, generate_series(1, 1000000000)) AS s
"""
LOCKED = "SELECT FROM modelops.lock FOR UPDATE"


@pytest.mark.parametrize("login", USERS)
def test_functions_that_could_stop_others(database: Database, login: str) -> None:
    for sql in (*ATTACKS, LOCKED, "SELECT modelops.take_lock('target a.b')"):
        done = database.psql(login, sql)
        assert done.returncode != 0, sql
        assert "permission denied" in done.stderr, sql


@pytest.mark.parametrize("login", USERS)
def test_a_session_of_the_other_users_login_stays(database: Database, login: str) -> None:
    """modelops_features is a member of modelops_sql, so PostgreSQL itself would let it end these sessions."""
    with database.connect("modelops_sql") as other:
        pid = other.info.backend_pid
        assert "permission denied" in database.psql(login, f"SELECT pg_terminate_backend({pid})").stderr
        assert other.execute("SELECT 1").fetchone() == (1,)


def test_other_logins_keep_these_functions(database: Database) -> None:
    for login in ("modelops_owner", "modelops_jobs", "modelops_reader"):
        with database.connect(login) as connection:
            connection.execute("SELECT pg_advisory_lock(1)")


def test_a_publication_waits_for_no_advisory_lock(database: Database, connection: Connection[Any]) -> None:
    deployment = deployed(connection)
    attempt = take(connection, task_key(task_id="predict"), type=JobType.BATCH_PREDICTION)
    with jobs.fenced(connection, attempt):
        run = runs.begin(connection, deployment, attempt, None)
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SELECT pg_advisory_lock(hashtextextended('modelops.target ' || %s, 0))", (deployment.target,))
        connection.execute("SET lock_timeout = '2s'")
        with jobs.fenced(connection, attempt):
            runs.publish(connection, run, rows=1, set_aside=0)


def test_two_transactions_that_take_a_lock_take_turns(database: Database, connection: Connection[Any]) -> None:
    take_lock = "SELECT modelops.take_lock('target a.b')"
    for _ in range(2):  # the row is made, and then it is there
        with database.connect() as other, connection.transaction():
            connection.execute(take_lock)
            other.execute("SET lock_timeout = '200ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                other.execute(take_lock)


@pytest.mark.parametrize("login", USERS)
def test_a_statement_can_not_lengthen_its_own_time(database: Database, login: str) -> None:
    """The timer of a statement runs from its start: set_config counts from the next statement on."""
    with psycopg.connect(database.url(login), autocommit=True) as connection:
        assert connection.execute("SHOW statement_timeout").fetchone() == ("1h",)
        connection.execute("SET statement_timeout = '1s'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute(LENGTHENS_ITSELF)


@pytest.mark.parametrize("login", USERS)
def test_temporary_files_are_bounded(database: Database, login: str) -> None:
    with database.connect(login) as connection:
        assert connection.execute("SHOW temp_file_limit").fetchone() == ("20GB",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT set_config('temp_file_limit', '-1', false)")


def test_a_limit_that_an_administrator_has_set_stays(database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("ALTER ROLE modelops_sql SET statement_timeout = '2h'")
        try:
            open_to_logins(admin, database.name)
            with database.connect("modelops_sql") as connection:
                assert connection.execute("SHOW statement_timeout").fetchone() == ("2h",)
        finally:
            admin.execute("ALTER ROLE modelops_sql SET statement_timeout = '1h'")
