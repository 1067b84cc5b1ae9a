"""Connections for those who look at a database again and again until something is there."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

T = TypeVar("T")


class Kept:
    """One connection that is kept, as making one costs the machine more than a look; for any number of threads.

    One that has died with its server is made anew.
    """

    def __init__(self, connect: Callable[[], psycopg.Connection[Any]]) -> None:
        self._connect = connect
        self._connection: psycopg.Connection[Any] | None = None
        self._lock = Lock()

    def look(self, read: Callable[[psycopg.Connection[Any]], T]) -> T:
        """What `read` reads; it may be called twice."""
        with self._lock:
            if self._connection is not None and not self._connection.closed:
                try:
                    return read(self._connection)
                except Exception:
                    if not self._connection.closed:
                        raise
            self.close()
            self._connection = self._connect()
            return read(self._connection)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
