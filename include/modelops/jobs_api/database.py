"""Connections of the web server to the ledger and the registry: limited in number and in time."""

from __future__ import annotations

import atexit
import os
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import Busy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection
    from psycopg_pool import ConnectionPool

READER = "modelops_reader"
"""The Airflow connection of the login that may only read."""
SECONDS = 3
"""Default seconds to connect to the database, and for a query."""
AT_ONCE = 8
"""Maximum concurrent requests that read the ledger; Airflow's own requests need threads too."""
ANSWERS_AT_ONCE = 4
"""Maximum concurrent answers to approvals; they don't compete with pages that poll."""
_reader_slots = threading.BoundedSemaphore(AT_ONCE)
_answer_slots = threading.BoundedSemaphore(ANSWERS_AT_ONCE)


@contextmanager
def reading(application: str, *, seconds: int = SECONDS, login: str = READER) -> Iterator[Connection[Any]]:
    """A new connection in autocommit mode for one request; a query may take `seconds`.

    Args:
        login: the Airflow connection; by default that of the login that only reads.

    Raises:
        Unavailable: the database can't be reached, or doesn't answer in time.
    """
    import psycopg

    from modelops.airflow.connections import url_of
    from modelops.registry.translation import translated

    with translated():
        connection = psycopg.connect(
            url_of(login),
            autocommit=True,
            connect_timeout=SECONDS,
            # Which index is best depends on the bound values, so each query is planned with them.
            prepare_threshold=None,
            application_name=application,
        )
    with connection, translated():
        # Not as an option of the connection: PgBouncer refuses these.
        connection.execute("SELECT set_config('statement_timeout', %s, false)", (f"{seconds}s",))
        yield connection


@contextmanager
def limited_connection(application: str, *, seconds: int = SECONDS) -> Iterator[Connection[Any]]:
    """A connection of the pool, for at most `AT_ONCE` concurrent requests.

    Raises:
        Unavailable: as `reading`.
        Busy: too many requests are reading.
    """
    from modelops.airflow.connections import url_of
    from modelops.registry.translation import translated

    with (
        _limit_concurrency(_reader_slots, patience=0),
        translated(),
        _POOL.of(url_of(READER)).connection() as connection,
    ):
        settings = {"statement_timeout": f"{seconds}s", "application_name": application}
        connection.execute(_SET, [value for setting in settings.items() for value in setting])
        yield connection


@contextmanager
def approval_connection(application: str, *, login: str = READER) -> Iterator[Connection[Any]]:
    """A new connection for an answer to an approval; waits up to `SECONDS` for one of `ANSWERS_AT_ONCE` places.

    Raises:
        Unavailable: as `reading`.
        Busy: too many answers are being taken.
    """
    with _limit_concurrency(_answer_slots, patience=SECONDS), reading(application, login=login) as connection:
        yield connection


class _Pool:
    """The pool of this process for one address. The first request makes it, so that no thread exists before a fork."""

    def __init__(self) -> None:
        self._made: ConnectionPool[Connection[Any]] | None = None
        self._for: tuple[int, str] | None = None
        self._lock = threading.Lock()

    def of(self, url: str) -> ConnectionPool[Connection[Any]]:
        """The pool for this address; replaced if the address has changed, such as by a new password."""
        with self._lock:
            if self._made is None or self._for != (os.getpid(), url):
                self._close()
                self._made, self._for = _pool(url), (os.getpid(), url)
            return self._made

    def close(self) -> None:
        """Close the connections and end the threads."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        # A pool that the parent process has opened belongs to the parent.
        if self._made is not None and self._for is not None and self._for[0] == os.getpid():
            self._made.close()
        self._made = self._for = None


def _pool(url: str) -> ConnectionPool[Connection[Any]]:
    from psycopg_pool import ConnectionPool

    return ConnectionPool(
        url,
        kwargs={"autocommit": True, "connect_timeout": SECONDS, "prepare_threshold": None},
        min_size=0,
        max_size=AT_ONCE,
        timeout=SECONDS,
        # If the database is down, no attempt to connect outlasts the request, and the next request tries again.
        reconnect_timeout=SECONDS,
        check=ConnectionPool.check_connection,
        num_workers=2,
        name="modelops reader",
        open=True,
    )


_SET = "SELECT set_config(%s, %s, false), set_config(%s, %s, false)"
_POOL = _Pool()
atexit.register(_POOL.close)


@contextmanager
def _limit_concurrency(slots: threading.BoundedSemaphore, *, patience: float) -> Iterator[None]:
    if not slots.acquire(timeout=patience):
        raise Busy("too many use the ledger at once")
    try:
        yield
    finally:
        slots.release()


def freshness(known_up_to: datetime | None) -> dict[str, Any]:
    """The freshness of an answer: the time up to which the ledger is complete, and how many seconds ago that was."""
    behind = None if known_up_to is None else max(0.0, (datetime.now(UTC) - known_up_to).total_seconds())
    return {"known_up_to": known_up_to, "behind": behind}
