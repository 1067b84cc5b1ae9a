"""Writes rows into a target: one COPY, in the transaction that also completes the job."""

from __future__ import annotations

import os
import re
import select
import socket
import sys
import threading
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol

from modelops.data.target import repeated_key
from modelops.domain.errors import DatasetError, ModelOpsError, TargetError, Unavailable, UserCodeError
from modelops.domain.targets import RUN_ID, TargetColumn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    import psycopg
    import pyarrow as pa
    from psycopg import Connection, Cursor

    from modelops.domain.targets import Target

PATIENCE = 3.0
"""Seconds that a cancelled COPY has to end before its connection is closed."""

CHUNK = 128 * 1024
"""Bytes per write."""

BINARY = {
    "smallint": "int16",
    "integer": "int32",
    "bigint": "int64",
    "real": "float",
    "double precision": "double",
    "boolean": "bool",
    "text": "string",
    "character varying": "string",
    "bpchar": "string",
    "bytea": "binary",
    "date": "date32",
    "timestamp without time zone": "timestamp[us]",
    "timestamp with time zone": "timestamp[us]",
    "smallint[]": "int16",
    "integer[]": "int32",
    "bigint[]": "int64",
    "real[]": "float",
    "double precision[]": "double",
}
"""PostgreSQL types that pgpq encodes, with the Arrow type that it encodes from; timestamps with time zone are in UTC.
For an array, it is the type of the elements.
If a column has any other type, the whole COPY is in CSV."""


class RowsWriter:
    """Writes one run's rows in a single COPY, which starts at once and ends with `finish`, in the caller's transaction.

    A session that waits for rows within COPY is not idle, so `idle_in_transaction_session_timeout` does not end it.

        with RowsWriter(connection, target, run_id, key, outputs) as writer:
            writer.write(keys, predictions)
            rows = writer.finish()

    Leaving the block without `finish` writes no rows. After an error the transaction can only be rolled back.

    Args:
        connection: not to be used elsewhere until the end.
        target: a target from `ensure_target`, with the columns `key` and `outputs`.
        run_id: the value of the column run_id in every row.
        where: the name of the dataset in errors about its rows.

    Raises:
        TargetError: the table does not exist, or modelops_jobs may not write to it.
        Unavailable: the connection breaks, or `cancel` was called.
    """

    def __init__(
        self,
        connection: Connection[Any],
        target: Target,
        run_id: int,
        key: Sequence[TargetColumn],
        outputs: Sequence[TargetColumn],
        *,
        where: str = "the dataset",
    ) -> None:
        from psycopg.sql import SQL, Identifier

        self._connection, self._target, self._run_id, self._where = connection, target, run_id, where
        self._key, self._outputs = tuple(key), tuple(outputs)
        columns = (TargetColumn(name=RUN_ID, type="bigint"), *self._key, *self._outputs)
        self._encoder: _Encoded = _BinaryRows(columns) if all(c.type in BINARY for c in columns) else _CsvRows(columns)
        self._exchange_lock = threading.Lock()
        self._cancelled = False
        self._cursor: Cursor[Any] = connection.cursor()
        self._end = ExitStack()
        with self._translated():
            statement = SQL("COPY {} ({}) FROM STDIN (FORMAT {}, ENCODING 'UTF8')").format(
                Identifier(target.rows.schema, target.rows.name),
                SQL(", ").join(Identifier(column.name) for column in columns),
                SQL(self._encoder.format),
            )
            self._copy = self._end.enter_context(self._cursor.copy(statement))
            self._copy.write(self._encoder.begin())

    def __enter__(self) -> RowsWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._abort(error or ModelOpsError("the rows were not finished"))

    def write(self, keys: pa.RecordBatch, predictions: pa.RecordBatch) -> None:
        """Send rows. `keys` and `predictions` have the same number of rows; columns are matched by name.

        Raises:
            DatasetError: a key is null or a duplicate (the server may report that later, at the latest in `finish`).
            UserCodeError: a required column is null.
            TargetError: a value doesn't fit its column.
            Unavailable: the connection breaks, or `cancel` was called.
        """
        with self._translated():
            self._check_not_null(keys, predictions)
            arrays = [_repeated_id(self._run_id, keys.num_rows)]
            for batch, columns in ((keys, self._key), (predictions, self._outputs)):
                arrays += [_cast(batch.column(column.name), column, self._target) for column in columns]
            self._send(self._encoded(arrays))
            if self._has_error():
                # During a COPY the server sends nothing but errors; ending the COPY raises them.
                self._end.close()

    def finish(self) -> int:
        """End the COPY; returns the number of rows that it wrote.

        Raises:
            DatasetError, TargetError, Unavailable: as `write`.
        """
        with self._translated():
            self._copy.write(self._encoder.end())
            self._end.close()
        return self._cursor.rowcount

    def cancel(self) -> None:
        """Make `write` and `finish` raise, even if they are waiting for the server. Callable from any thread."""
        import psycopg

        self._cancelled = True
        with suppress(psycopg.Error):  # the connection is closed below if the cancel request fails
            self._connection.cancel_safe(timeout=PATIENCE)
        if self._exchange_lock.acquire(timeout=PATIENCE):
            self._exchange_lock.release()
        else:
            with socket.socket(fileno=os.dup(self._connection.fileno())) as connected:
                connected.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Translate the errors of one exchange with the server. Any error ends the COPY."""
        import psycopg

        with self._exchange_lock:
            try:
                self._check_not_cancelled()
                yield
            except psycopg.Error as error:
                self._abort(error)
                raise self._translation_of(error) from error
            except BaseException as error:
                self._abort(error)
                raise

    def _check_not_cancelled(self) -> None:
        if self._cancelled:
            raise Unavailable(f"writing to {self._target} was cancelled")

    def _send(self, rows: bytes) -> None:
        """Send rows no faster than the server takes them: libpq would buffer the rest in memory."""
        pgconn = self._connection.pgconn
        for start in range(0, len(rows), CHUNK):
            self._copy.write(rows[start : start + CHUNK])
            while pgconn.flush():
                select.select([], [pgconn.socket], [])

    def _abort(self, error: BaseException) -> None:
        """End the COPY, if it hasn't ended, so that the connection can roll back."""
        import psycopg

        with suppress(psycopg.Error):  # keep the first error, not the one that ending the COPY raises
            self._end.__exit__(type(error), error, error.__traceback__)

    def _has_error(self) -> bool:
        """Whether the socket holds an error message. With TLS this is always false, and `finish` raises the error."""
        descriptor = self._connection.fileno()
        if not select.select([descriptor], [], [], 0)[0]:
            return False
        with socket.socket(fileno=os.dup(descriptor)) as peeked:
            return peeked.recv(1, socket.MSG_PEEK) == b"E"

    def _check_not_null(self, keys: pa.RecordBatch, predictions: pa.RecordBatch) -> None:
        for column in self._key:
            if nulls := keys.column(column.name).null_count:
                raise DatasetError(
                    f"the entity key column {column.name} is null in {nulls} of {keys.num_rows} rows",
                    where=self._where,
                    expected="a key in every row",
                )
        for column in self._outputs:
            if column.required and (nulls := predictions.column(column.name).null_count):
                raise UserCodeError(
                    f"the column {column.name} is null in {nulls} of {keys.num_rows} rows",
                    where=str(self._target),
                    expected="a value in every row",
                )

    def _encoded(self, arrays: list[pa.Array]) -> bytes:
        try:
            return self._encoder.encode(arrays)
        except ValueError as error:  # pgpq raises it for a time outside PostgreSQL's range
            raise TargetError(
                f"values don't fit their columns: {error}",
                where=f"the rows for {self._target}",
                expected="values that PostgreSQL can hold",
            ) from error

    def _translation_of(self, error: psycopg.Error) -> ModelOpsError:
        import psycopg

        detail = error.diag.message_primary or str(error).strip()
        if self._cancelled:
            return Unavailable(f"writing to {self._target} was cancelled")
        match error:
            case psycopg.errors.UniqueViolation():
                names = [column.name for column in self._key]
                return DatasetError(
                    f"entity keys appear in more than one row{repeated_key(error.diag.message_detail or '', names)}",
                    where=self._where,
                    expected="one row per entity key",
                )
            case psycopg.errors.ProgramLimitExceeded():
                return DatasetError(
                    f"an entity key is too long for PostgreSQL's index: {detail}",
                    where=self._where,
                    expected="keys of less than 2700 bytes",
                )
            case psycopg.DataError():
                column = re.search(r"column (.+?)(?::|$)", error.diag.context or "")
                return TargetError(
                    f"a value doesn't fit the column {column[1]}: {detail}"
                    if column
                    else f"a row doesn't fit: {detail}",
                    where=str(self._target),
                    expected="values that PostgreSQL can hold",
                )
            case psycopg.ProgrammingError() | psycopg.IntegrityError():
                return TargetError(
                    f"PostgreSQL refuses rows for {self._target}: {detail}",
                    where=str(self._target.rows),
                    expected="the table as the deployment made it, and the login modelops_jobs as its owner",
                )
        return Unavailable(f"writing to {self._target} broke off: {detail}")


class _Encoded(Protocol):
    """Encodes rows for COPY; `format` is the name of COPY's format."""

    format: str

    def begin(self) -> bytes: ...
    def encode(self, arrays: list[pa.Array]) -> bytes: ...
    def end(self) -> bytes: ...


class _BinaryRows:
    format = "binary"

    def __init__(self, columns: Sequence[TargetColumn]) -> None:
        import pgpq
        import pyarrow as pa

        self._schema = pa.schema([(column.name, _arrow_type(column)) for column in columns])
        self._encoder = pgpq.ArrowToPostgresBinaryEncoder(self._schema)

    def begin(self) -> bytes:
        return bytes(self._encoder.write_header())

    def encode(self, arrays: list[pa.Array]) -> bytes:
        import pyarrow as pa

        encoded: bytes = self._encoder.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
        return encoded

    def end(self) -> bytes:
        return bytes(self._encoder.finish())


class _CsvRows:
    format = "csv"

    def __init__(self, columns: Sequence[TargetColumn]) -> None:
        self._columns = columns

    def begin(self) -> bytes:
        return b""

    def encode(self, arrays: list[pa.Array]) -> bytes:
        import pyarrow as pa
        from pyarrow import csv

        written = [_for_csv(array, column.type) for array, column in zip(arrays, self._columns, strict=True)]
        sink = pa.BufferOutputStream()
        batch = pa.RecordBatch.from_arrays(written, names=[str(number) for number in range(len(written))])
        # Arrow quotes every string, so that COPY does not read an empty one as NULL.
        csv.write_csv(batch, sink, csv.WriteOptions(include_header=False))
        encoded: bytes = sink.getvalue().to_pybytes()
        return encoded

    def end(self) -> bytes:
        return b""


def _repeated_id(run_id: int, rows: int) -> pa.Array:
    """An array with the same number in every row. pa.repeat() would import pandas if it is installed."""
    import pyarrow as pa

    values = pa.py_buffer(run_id.to_bytes(8, sys.byteorder) * rows)
    return pa.Array.from_buffers(pa.int64(), rows, [None, values])


def _arrow_type(column: TargetColumn) -> pa.DataType:
    import pyarrow as pa

    type_ = pa.type_for_alias(BINARY.get(column.type, "string"))
    return pa.list_(type_) if column.type.endswith("[]") and column.type in BINARY else type_


def _cast(array: pa.Array, column: TargetColumn, target: Target) -> pa.Array:
    """Cast the array to the exact type of its column: PostgreSQL would misread another type of the same width."""
    import pyarrow as pa

    try:
        return array.cast(_arrow_type(column))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise TargetError(
            f"{array.type} values don't fit the column {column.name} of {target}: {error}",
            where=f"column {column.name} of {target}",
            expected=f"values of type {column.type}",
        ) from error


def _for_csv(array: pa.Array, type_: str) -> pa.Array:
    """The array in a form that PostgreSQL reads from CSV."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_list(array.type):
        # Arrays are long and the format is rarely CSV, so this isn't made faster.
        return pa.array([None if row is None else _array_text(row) for row in array.to_pylist()], pa.string())
    if pa.types.is_binary(array.type):
        return pc.binary_join_element_wise("\\x", _hex(array), "")
    if not pa.types.is_temporal(array.type):
        return array
    # In Arrow, year 0 is 1 BC.
    years, text = pc.year(array), array.cast(pa.string())
    zone = "+00" if type_ == "timestamp with time zone" else ""
    if len(array) and pc.min(years).as_py() < 1:
        before = pc.utf8_lpad(pc.subtract(1, years).cast(pa.string()), 4, "0")
        day = pc.replace_substring_regex(text, r"^-?\d+", "")
        bc_text = pc.binary_join_element_wise(before, day, zone, " BC", "")
        return pc.if_else(pc.less(years, 1), bc_text, pc.binary_join_element_wise(text, zone, ""))
    return pc.binary_join_element_wise(text, zone, "") if zone else text


def _array_text(values: Sequence[float | None]) -> str:
    return "{" + ",".join("NULL" if value is None else repr(value) for value in values) + "}"


def _hex(array: pa.Array) -> pa.Array:
    """Binary values as hexadecimal digits: all bytes are converted at once, and the offsets are doubled."""
    import pyarrow as pa
    import pyarrow.compute as pc

    _, offsets, data = array.buffers()
    doubled = pa.Array.from_buffers(pa.int32(), len(array) + 1, [None, offsets], offset=array.offset)
    digits = pa.py_buffer(memoryview(data or b"").hex().encode())
    return pa.Array.from_buffers(pa.string(), len(array), [None, pc.add(doubled, doubled).buffers()[1], digits])
