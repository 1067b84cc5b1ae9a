"""A write that is cancelled ends, whatever it waits for, and leaves no rows."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from integration.data.delays import DELAY, KEY, OUTPUTS, ensure, ids, late
from modelops.data.writing import RowsWriter
from modelops.domain.errors import Unavailable
from polling import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Database


@pytest.fixture
def blocked(database: Database, jobs: psycopg.Connection[Any]) -> Iterator[RowsWriter]:
    """A writer whose first row waits for another transaction, which has the same key."""
    ensure(jobs)
    jobs.commit()
    with psycopg.connect(database.url("modelops_jobs")) as other:
        other.execute("INSERT INTO predictions.delay_rows VALUES (1, 5, 1)")
        with RowsWriter(jobs, DELAY, 1, KEY, OUTPUTS) as writer:
            yield writer


def write_on(writer: RowsWriter, ended: list[BaseException]) -> None:
    try:
        for start in range(0, 10**8, 1000):
            writer.write(ids(*range(start, start + 1000)), late(*range(1000)))
        writer.finish()
    except BaseException as error:  # noqa: BLE001
        ended.append(error)


def test_cancel_ends_a_write_that_is_blocked(
    database: Database, jobs: psycopg.Connection[Any], blocked: RowsWriter
) -> None:
    ended: list[BaseException] = []
    writing = threading.Thread(target=write_on, args=(blocked, ended))
    writing.start()

    def waits() -> bool:
        with psycopg.connect(database.admin_url) as admin:
            waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            return admin.execute(waiting).fetchone() is not None

    until(waits, "it waits for the other transaction")
    blocked.cancel()
    writing.join()  # the other transaction doesn't end
    assert isinstance(ended[0], Unavailable)
    assert "was cancelled" in str(ended[0])
    jobs.rollback()
    assert jobs.execute("SELECT 1").fetchone() == (1,)


def test_cancel_cuts_the_line_to_a_server_that_does_not_answer(
    jobs: psycopg.Connection[Any], blocked: RowsWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelops.data.writing.PATIENCE", 0.5)
    ended: list[BaseException] = []
    server_process = jobs.info.backend_pid
    os.kill(server_process, signal.SIGSTOP)
    try:
        writing = threading.Thread(target=write_on, args=(blocked, ended))
        writing.start()
        time.sleep(0.5)
        blocked.cancel()
        writing.join(10)
        assert not writing.is_alive()
    finally:
        os.kill(server_process, signal.SIGCONT)
    assert isinstance(ended[0], Unavailable)


def test_nothing_is_written_after_cancel(jobs: psycopg.Connection[Any]) -> None:
    ensure(jobs)
    jobs.commit()
    with RowsWriter(jobs, DELAY, 1, KEY, OUTPUTS) as writer:
        writer.write(ids(5), late(1))
        writer.cancel()
        with pytest.raises(Unavailable, match="was cancelled"):
            writer.finish()
    jobs.rollback()
    assert jobs.execute("SELECT count(*) FROM predictions.delay_rows").fetchone() == (0,)
