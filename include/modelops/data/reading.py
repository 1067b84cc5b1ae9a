"""Runs one query through ADBC, on a READ ONLY connection of its own."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeVar

from modelops.data.query import ALL_ROWS, PLATFORM, refused, settings_of
from modelops.domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    import pyarrow as pa

    from modelops.data.query import Ends

T = TypeVar("T")

BATCH_BYTES = 2**20
"""Size of a batch: the memory that reading takes doesn't grow with the number of rows."""


def read(
    url: str,
    sql: str,
    consume: Callable[[pa.RecordBatchReader], T],
    *,
    where: str,
    interval: Ends | None = None,
) -> T:
    """Give the query's batches to `consume`, from one consistent READ ONLY snapshot; returns what that returns.

    The driver doesn't let signals through while it waits for the server. So it waits in a thread, and whoever ends
    this call from outside cancels the query.

    Raises:
        DatasetError: the server refuses the query, at once or after some rows.
        Unavailable: the connection can't be made, or breaks.
    """
    reading = Reading(url, sql, where=where, interval=interval)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="reading") as pool:
        rows: Future[T] = pool.submit(reading.run, consume)
        try:
            return rows.result()
        except BaseException:
            reading.cancel()
            raise


class Reading:
    """One query that one thread runs and another can cancel.

    Args:
        url: that of the login for users' SQL.
        sql: one statement, of types that Arrow has: `query.travelling`.
        where: what an error names as its place.
        interval: that of the data, from its start to before its end, with time zones; the query can ask for it.
        batch_bytes: the size of a batch, about.
    """

    def __init__(
        self,
        url: str,
        sql: str,
        *,
        where: str,
        interval: Ends | None = None,
        batch_bytes: int = BATCH_BYTES,
    ) -> None:
        self._url, self._sql = url, sql
        self._where, self._interval, self._batch_bytes = where, interval, batch_bytes
        self._statement: Any = None
        self._cancelled = False

    def run(self, consume: Callable[[pa.RecordBatchReader], T]) -> T:
        """Give the batches to `consume`, from one consistent READ ONLY snapshot; returns what that returns.

        Raises:
            DatasetError: the server refuses the query, at once or after some rows.
            Unavailable: the connection can't be made, or breaks; or the query was cancelled.
        """
        try:
            return self._run(consume)
        except BaseException as error:
            meaning = self._meaning(error)
            if meaning is error:
                raise
            raise meaning from error

    def cancel(self) -> None:
        """End the query; `run` raises, unless it had all rows already. From any thread, at any time."""
        import adbc_driver_manager as adbc

        self._cancelled = True
        try:
            if self._statement is not None:
                self._statement.cancel()
        except adbc.Error:
            pass  # it has ended already

    def _run(self, consume: Callable[[pa.RecordBatchReader], T]) -> T:
        # Not the driver's dbapi, which imports pandas and polars: half a second, and memory that lasts.
        import adbc_driver_manager as adbc
        import adbc_driver_postgresql as driver
        from adbc_driver_manager._reader import AdbcRecordBatchReader

        with (
            driver.connect(self._url) as database,
            adbc.AdbcConnection(database) as connection,
            adbc.AdbcStatement(connection) as statement,
        ):
            self._statement = statement
            connection.set_autocommit(False)
            transaction = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
            for setting in (transaction, ALL_ROWS, *_settings(self._interval)):
                statement.set_sql_query(setting)
                statement.execute_update()
            statement.set_options(**{driver.StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(self._batch_bytes)})
            statement.set_sql_query(self._sql)
            self._check_wanted()
            statement.prepare()
            rows, _ = statement.execute_query()
            # The driver's own reader: errors that come between batches have their SQLSTATE only there.
            with closing(AdbcRecordBatchReader._import_from_c(rows.address)) as batches:
                self._check_wanted()  # what was cancelled between the two lines above went unheard
                return consume(batches)

    def _check_wanted(self) -> None:
        if self._cancelled:
            raise Unavailable(f"reading the dataset was cancelled ({self._where})")

    def _meaning(self, error: BaseException) -> BaseException:
        """What a driver's error means: the query's own fault, the platform's trouble, or nothing of the driver."""
        import adbc_driver_manager as adbc
        import pyarrow as pa

        if not isinstance(error, (adbc.Error, pa.ArrowException, OSError)):
            return error
        said = str(error).strip()
        if self._cancelled:
            return Unavailable(f"reading the dataset was cancelled ({self._where})")
        state = (getattr(error, "sqlstate", None) or "").strip("\0")
        if state and not PLATFORM.match(state):
            servers = re.search(r" ?:  (.+)", said)  # after the severity, in whatever language
            said = servers[1] if servers else said
            return refused(said, where=self._where, sql=self._sql, interval=self._interval, state=state)
        return Unavailable(f"reading the dataset broke off: {said}")


def _settings(interval: Ends | None) -> list[str]:
    """The statements that tell a transaction its data interval; the driver takes one at a time and binds nothing."""
    from psycopg.sql import SQL, Identifier, Literal

    return [
        SQL("SET LOCAL {} = {}").format(Identifier(*name.split(".")), Literal(moment)).as_string()
        for name, moment in settings_of(interval).items()
    ]
