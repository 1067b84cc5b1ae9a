"""The ledger and the registry as the web server uses them: within seconds, and but for decisions read only."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

READER = "modelops_reader"
"""The Airflow connection of the login that may only read."""
SECONDS = 3
"""How long somebody waits for the database, to be reached and again to answer, where nothing else is said."""
AT_ONCE = 8
"""Requests to the API that may read the ledger at a time; Airflow's own need threads too."""
_seats = threading.BoundedSemaphore(AT_ONCE)


@contextmanager
def reading(application: str, *, seconds: int = SECONDS, login: str = READER) -> Iterator[Connection[Any]]:
    """A connection in autocommit mode, for one request, of which a query may take so many seconds.

    Args:
        login: the Airflow connection; that of the reader, unless there is something to write.

    Raises:
        Unavailable: the database can't be reached, or doesn't answer in time.
    """
    import psycopg

    from modelops.connections import url_of
    from modelops.registry.translation import translated

    with translated():
        connection = psycopg.connect(
            url_of(login),
            autocommit=True,
            connect_timeout=SECONDS,
            # The bound values decide which index serves, so each query is planned with them.
            prepare_threshold=None,
            options=f"-c statement_timeout={seconds}s",
            application_name=application,
        )
    with connection, translated():
        yield connection


@contextmanager
def seated(application: str, *, seconds: int = SECONDS, login: str = READER) -> Iterator[Connection[Any]]:
    """The same, for a bounded number of requests at a time.

    Raises:
        Unavailable: as `reading`; or too many read at once.
    """
    if not _seats.acquire(blocking=False):
        raise Unavailable("too many read the ledger at once")
    try:
        with reading(application, seconds=seconds, login=login) as connection:
            yield connection
    finally:
        _seats.release()


def freshness(known_up_to: datetime | None) -> dict[str, Any]:
    """For answers that say how fresh they are: up to when the ledger has Airflow's news, and how many seconds ago."""
    behind = None if known_up_to is None else max(0.0, (datetime.now(UTC) - known_up_to).total_seconds())
    return {"known_up_to": known_up_to, "behind": behind}
