"""Two observers of one ledger: one is active, and the other takes over when the session of the first ends."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from modelops.domain.errors import ModelOpsError
from modelops.observer.__main__ import await_turn
from modelops.registry.write.observation import become_active
from polling import until

if TYPE_CHECKING:
    from conftest import Database


@pytest.fixture
def observers(database: Database) -> Any:
    url = database.url("modelops_jobs")
    with (
        closing(psycopg.connect(url, autocommit=True)) as first,
        closing(psycopg.connect(url, autocommit=True)) as second,
    ):
        yield first, second


def test_the_second_takes_over_when_the_session_of_the_first_ends(observers: Any, caplog: Any) -> None:
    first, second = observers
    assert become_active(first)
    assert become_active(first)  # after a look that failed, say
    caplog.set_level("INFO")
    turn = threading.Thread(target=await_turn, args=(second, threading.Event()))
    turn.start()
    until(lambda: caplog.messages == ["another observer is active; standing by"], "the second stands by")
    assert not become_active(second)
    first.close()
    turn.join()
    assert become_active(second)


def test_one_that_stands_by_ends_when_it_is_told_to(observers: Any) -> None:
    first, second = observers
    assert become_active(first)
    ended = threading.Event()
    turn = threading.Thread(target=await_turn, args=(second, ended))
    turn.start()
    ended.set()
    turn.join()
    assert not become_active(second)


def test_users_sql_cannot_take_the_place(database: Database) -> None:
    for login in ("modelops_sql", "modelops_features"):
        with (
            psycopg.connect(database.url(login)) as connection,
            pytest.raises(ModelOpsError, match="permission denied"),
        ):
            become_active(connection)
