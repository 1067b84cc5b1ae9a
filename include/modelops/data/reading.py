"""Runs one query through ADBC, on a connection of its own that can do nothing but read."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from modelops.data.query import PLATFORM, refused
from modelops.domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    import pyarrow as pa

T = TypeVar("T")

BATCH_BYTES = 2**20
"""Size of a batch: the memory that reading takes doesn't grow with the number of rows."""


def read(url: str, sql: str, consume: Callable[[pa.RecordBatchReader], T], *, where: str) -> T:
    """Give the query's batches to `consume`, from one consistent READ ONLY snapshot; returns what that returns.

    The driver doesn't let signals through while it waits for the server. So it waits in a thread, and whoever ends
    this call from outside cancels the query.

    Raises:
        DatasetError: the server refuses the query, at once or after some rows.
        Unavailable: the connection can't be made, or breaks.
    """
    reading = _Reading(url, sql)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="reading") as pool:
        rows: Future[T] = pool.submit(reading.run, consume)
        try:
            return rows.result()
        except BaseException as error:
            reading.cancel()
            meaning = _meaning(error, where=where)
            if meaning is error:
                raise
            raise meaning from error


class _Reading:
    def __init__(self, url: str, sql: str) -> None:
        self._url, self._sql = url, sql
        self._cursor: Any = None

    def run(self, consume: Callable[[pa.RecordBatchReader], Any]) -> Any:
        import adbc_driver_postgresql.dbapi as driver

        hint = {"adbc.postgresql.batch_size_hint_bytes": str(BATCH_BYTES)}
        with driver.connect(self._url) as connection, connection.cursor(adbc_stmt_kwargs=hint) as cursor:
            self._cursor = cursor
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute(self._sql)
            return consume(cursor.fetch_record_batch())

    def cancel(self) -> None:
        import adbc_driver_manager as adbc

        try:
            if self._cursor is not None:
                self._cursor.adbc_cancel()
        except adbc.Error:
            pass  # it has ended already


def _meaning(error: BaseException, *, where: str) -> BaseException:
    """What a driver's error means: the query's own fault, the platform's trouble, or nothing of the driver.

    Once batches flow, the driver's errors have no SQLSTATE any more, so their text has to do.
    """
    import adbc_driver_manager as adbc
    import pyarrow as pa

    if not isinstance(error, (adbc.Error, pa.ArrowException, OSError)):
        return error
    said = str(error).strip()
    state = (getattr(error, "sqlstate", None) or "").strip("\0")
    servers = re.search(r"\b(?!FATAL|PANIC)[A-Z]+ ?:\s+(.+)", said)
    if servers and not PLATFORM.match(state):
        return refused(servers[1], where=where)
    return Unavailable(f"reading the dataset broke off: {said}")
