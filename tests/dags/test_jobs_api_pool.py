"""The connections that requests to the API share: made late, checked, bounded in time, and closed."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from modelops.domain.errors import Busy
from modelops.jobs_api import database as api_database
from modelops.jobs_api.database import limited_connection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Database


@pytest.fixture(autouse=True)
def reader(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    api_database._POOL.close()
    monkeypatch.setenv("AIRFLOW_CONN_MODELOPS_READER", database.url("modelops_reader"))
    yield
    api_database._POOL.close()


def asked(what: str, **how: Any) -> Any:
    with limited_connection("test", **how) as connection:
        row = connection.execute(what).fetchone()
        assert row is not None
        return row[0]


def pool_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("modelops reader")]


def test_requests_share_a_connection() -> None:
    assert asked("SELECT pg_backend_pid()") == asked("SELECT pg_backend_pid()")


def test_threads_begin_with_the_first_request_and_end_with_the_pool() -> None:
    assert pool_threads() == []
    asked("SELECT 1")
    assert pool_threads() != []
    api_database._POOL.close()
    assert pool_threads() == []


def test_each_request_has_its_own_time_and_name() -> None:
    """And neither from the request before; the login may only read."""
    assert asked("SHOW statement_timeout", seconds=7) == "7s"
    assert asked("SHOW statement_timeout") == "3s"
    assert asked("SHOW application_name") == "test"
    with pytest.raises(Busy):
        asked("SELECT pg_sleep(5)", seconds=1)
    assert asked("SELECT current_user") == "modelops_reader"


def test_the_next_request_heals_what_a_restart_of_the_database_broke(database: Database) -> None:
    before = asked("SELECT pg_backend_pid()")
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", (before,))
    assert asked("SELECT pg_backend_pid()") != before


def test_a_new_password_makes_a_new_pool(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    asked("SELECT 1")
    monkeypatch.setenv("AIRFLOW_CONN_MODELOPS_READER", database.url("modelops_jobs"))
    assert asked("SELECT current_user") == "modelops_jobs"


def test_a_child_process_has_a_pool_of_its_own() -> None:
    parents = asked("SELECT pg_backend_pid()")
    url = os.environ["AIRFLOW_CONN_MODELOPS_READER"]
    pool = api_database._POOL
    first = pool.of(url)
    pool._for = (os.getpid() + 1, url)  # as a fork sees it
    assert pool.of(url) is not first
    assert asked("SELECT pg_backend_pid()") != parents
    first.close()
