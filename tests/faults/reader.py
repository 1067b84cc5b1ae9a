"""Somebody who reads the predictions all the while, and notes everything that isn't one whole run."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE = 0.05


class Reader:
    """Polls in a thread. While the server is down there is nothing to see.

    Args:
        connect: with the rights of a reader.
        query: gives a row for each job of which something is seen: the job, and what makes it whole.
        whole: that, of a whole run.

    Attributes:
        polls: how many answers there were.
        violations: what was seen that must never be.
    """

    def __init__(self, connect: Callable[[], psycopg.Connection[Any]], query: str, whole: tuple[Any, ...]) -> None:
        self._connect, self._query, self._whole = connect, query, whole
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._published = False
        self.polls = 0
        self.violations: list[str] = []

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _read(self) -> None:
        while not self._over.is_set():
            try:
                with self._connect() as connection:
                    while not self._over.is_set():
                        self._judge(connection.execute(self._query).fetchall())
                        time.sleep(PAUSE)
            except psycopg.OperationalError:
                time.sleep(PAUSE)

    def _judge(self, rows: list[tuple[Any, ...]]) -> None:
        self.polls += 1
        if not rows and not self._published:
            return
        self._published = True
        if len(rows) != 1 or rows[0][1:] != self._whole:
            self.violations.append(f"poll {self.polls} saw {rows}")
