"""Runs one query through ADBC, on a READ ONLY connection of its own."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeVar

from modelops.data.query import ALL_ROWS, PLATFORM, query_error, settings_of
from modelops.domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    import pyarrow as pa

    from modelops.data.query import IntervalBounds
    from modelops.domain.datasets import ReadBounds

T = TypeVar("T")

BATCH_BYTES = 2**20
"""Size of a batch. Memory use does not grow with the number of rows."""


def read(
    url: str,
    sql: str,
    consume: Callable[[pa.RecordBatchReader], T],
    *,
    where: str,
    interval: IntervalBounds | None = None,
    bounds: ReadBounds | None = None,
) -> T:
    """Pass the query's batches, from one consistent READ ONLY snapshot, to `consume`, and return its result.

    The driver blocks signals while it waits for the server, so it runs in a thread. An exception in the calling thread
    cancels the query.

    Raises:
        DatasetError: the server refuses the query, at once or after some rows; or there are more rows than `bounds`.
        Unavailable: the connection can't be made, or breaks.
    """
    reading = Reading(url, sql, where=where, interval=interval, bounds=bounds)
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
        url: has the login for users' SQL.
        sql: a single statement that returns only types that Arrow has, as `query.cast_for_arrow` makes it.
        where: the place that errors name.
        interval: the data interval, from its start to before its end, with time zones; the query can read it.
        batch_bytes: the approximate size of a batch.
        bounds: the most rows and bytes that the query may return; None: no bound.
    """

    def __init__(
        self,
        url: str,
        sql: str,
        *,
        where: str,
        interval: IntervalBounds | None = None,
        batch_bytes: int = BATCH_BYTES,
        bounds: ReadBounds | None = None,
    ) -> None:
        self._url, self._sql, self._bounds = url, sql, bounds
        self._where, self._interval, self._batch_bytes = where, interval, batch_bytes
        self._statement: Any = None
        self._cancelled = False

    def run(self, consume: Callable[[pa.RecordBatchReader], T]) -> T:
        """Pass the batches, from one consistent READ ONLY snapshot, to `consume`, and return its result.

        Raises:
            DatasetError: the server refuses the query, at once or after some rows; or it gives too many rows.
            Unavailable: the connection can't be made, or breaks; or the query was cancelled.
        """
        try:
            return self._run(consume)
        except BaseException as error:
            translated = self._translated(error)
            if translated is error:
                raise
            raise translated from error

    def cancel(self) -> None:
        """Cancel the query: `run` raises unless it has all rows already. Callable from any thread at any time."""
        import adbc_driver_manager as adbc

        self._cancelled = True
        try:
            if self._statement is not None:
                self._statement.cancel()
        except adbc.Error:
            pass  # it has ended already

    def _run(self, consume: Callable[[pa.RecordBatchReader], T]) -> T:
        # The driver's dbapi imports pandas and polars, which costs half a second and memory; so it isn't used.
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
            self._check_not_cancelled()
            statement.prepare()
            rows, _ = statement.execute_query()
            # Errors between batches have their SQLSTATE only in the driver's own reader.
            with closing(AdbcRecordBatchReader._import_from_c(rows.address)) as batches:
                self._check_not_cancelled()  # a cancel between the two lines above has no effect
                return consume(batches if self._bounds is None else self._bounded(batches, self._bounds))

    def _bounded(self, batches: pa.RecordBatchReader, bounds: ReadBounds) -> pa.RecordBatchReader:
        import pyarrow as pa

        def each() -> Iterator[pa.RecordBatch]:
            rows = size = 0
            for batch in batches:
                rows, size = rows + batch.num_rows, size + batch.nbytes
                bounds.check(rows=rows, size=size, where=self._where)
                yield batch

        return pa.RecordBatchReader.from_batches(batches.schema, each())

    def _check_not_cancelled(self) -> None:
        if self._cancelled:
            raise Unavailable(f"reading the dataset was cancelled ({self._where})")

    def _translated(self, error: BaseException) -> BaseException:
        """Translate a driver's error into an error of the query or of the platform; other errors are returned as is."""
        import adbc_driver_manager as adbc
        import pyarrow as pa

        if not isinstance(error, (adbc.Error, pa.ArrowException, OSError)):
            return error
        message = str(error).strip()
        if self._cancelled:
            return Unavailable(f"reading the dataset was cancelled ({self._where})")
        state = (getattr(error, "sqlstate", None) or "").strip("\0")
        if state and not PLATFORM.match(state):
            server_message = re.search(r" ?:  (.+)", message)  # after the severity, in the server's language
            message = server_message[1] if server_message else message
            return query_error(message, where=self._where, sql=self._sql, interval=self._interval, state=state)
        return Unavailable(f"reading the dataset broke off: {message}")


def _settings(interval: IntervalBounds | None) -> list[str]:
    """The statements that set a transaction's data interval; the driver runs one at a time and binds no parameters."""
    from psycopg.sql import SQL, Identifier, Literal

    return [
        SQL("SET LOCAL {} = {}").format(Identifier(*name.split(".")), Literal(moment)).as_string()
        for name, moment in settings_of(interval).items()
    ]
