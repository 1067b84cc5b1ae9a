"""A consistent snapshot of a query's rows as an Arrow file with its hash: the input of a training or an evaluation."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelops.data.arrays import lists_of
from modelops.data.checks import check_rows
from modelops.data.query import cast_for_arrow, columns_of, describe, inspection_connection
from modelops.data.reading import read
from modelops.plain_files import create_plain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    import pyarrow as pa

    from modelops.data.query import IntervalBounds
    from modelops.domain.datasets import Dataset, ReadBounds


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """An Arrow IPC file of `rows` rows; `sha256` is the hash of the file's bytes.

    `columns` maps each column name to its Arrow type, `had_nulls` to whether the column has a null.
    """

    path: Path
    sha256: str
    rows: int
    columns: Mapping[str, str]
    had_nulls: Mapping[str, bool]


class _HashingFile:
    """A file that hashes what is written to it."""

    def __init__(self, path: Path) -> None:
        self._file = create_plain(path)
        self._hash = hashlib.sha256()
        self.closed = False

    def write(self, data: Any) -> int:
        self._hash.update(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        if not self.closed:
            self._file.close()
            self.closed = True

    @property
    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def write_snapshot(
    url: str,
    dataset: Dataset,
    path: Path,
    *,
    where: str,
    labelled: bool = True,
    every_label: bool = True,
    training_types: Mapping[str, str] | None = None,
    limit: int | None = None,
    interval: IntervalBounds | None = None,
    bounds: ReadBounds | None = None,
) -> Snapshot:
    """Run the dataset's query once, in one consistent READ ONLY snapshot, and write its rows to `path`.

    `url` has the login for users' SQL. With `labelled`, the targets must exist, and not be null or NaN in any row;
    without `every_label`, not in all rows. The columns must have the Arrow types of the training, if `training_types`
    has these. The query can read `interval`.

    Raises:
        DatasetError: the query or its rows don't match the model's declaration, or exceed `bounds`; `path` is removed.
        Unavailable: the database can't be reached, or the connection breaks.
    """
    with inspection_connection(url) as connection:
        columns = describe(connection, dataset, where=where, labelled=labelled, interval=interval)
    sql = cast_for_arrow(dataset.sql, columns, exact=dataset.entity_key, lists=lists_of(columns, training_types))
    try:
        snapshot = read(
            url, sql, lambda batches: _write(batches, path, limit=limit), where=where, interval=interval, bounds=bounds
        )
        check_rows(
            snapshot.path,
            dataset,
            where=where,
            labelled=labelled,
            every_label=every_label,
            training_types=training_types,
        )
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return snapshot


def write_rows(
    url: str,
    sql: str,
    path: Path,
    *,
    where: str,
    exact: Collection[str] = (),
    interval: IntervalBounds | None = None,
    bounds: ReadBounds | None = None,
) -> Snapshot:
    """Run any query once and write its rows, possibly none, to `path`. Columns in `exact` keep all digits.

    Raises:
        DatasetError: the database rejects the query, or its rows exceed `bounds`; `path` is removed.
        Unavailable: the database can't be reached, or the connection breaks.
    """
    with inspection_connection(url) as connection:
        columns = columns_of(connection, sql, where=where, interval=interval)
    try:
        query = cast_for_arrow(sql, columns, exact=exact)
        return read(
            url, query, lambda batches: _write(batches, path, limit=None), where=where, interval=interval, bounds=bounds
        )
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _write(batches: pa.RecordBatchReader, path: Path, *, limit: int | None) -> Snapshot:
    import pyarrow as pa

    schema = _without_metadata(batches.schema)
    sink = _HashingFile(path)
    rows = 0
    had_nulls = dict.fromkeys(schema.names, False)
    try:
        with pa.PythonFile(sink, mode="w") as file, pa.ipc.new_file(file, schema) as writer:
            for batch in _up_to(batches, limit):
                columns = [_without_stray_bits(column) for column in batch.columns]
                writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
                had_nulls |= {
                    field.name: True for field, column in zip(schema, columns, strict=True) if column.null_count
                }
                rows += batch.num_rows
    finally:
        sink.close()
    return Snapshot(
        path=path,
        sha256=sink.hexdigest,
        rows=rows,
        columns={field.name: str(field.type) for field in schema},
        had_nulls=had_nulls,
    )


def _up_to(batches: pa.RecordBatchReader, limit: int | None) -> Iterator[pa.RecordBatch]:
    left = limit
    for batch in batches:
        if left is None:
            yield batch
            continue
        yield batch.slice(0, left)
        left -= min(left, batch.num_rows)
        if not left:
            return


def _without_metadata(schema: pa.Schema) -> pa.Schema:
    """Drop the driver's metadata (PostgreSQL type names), so that the hash depends on names, types and rows only."""
    import pyarrow as pa

    return pa.schema([pa.field(field.name, field.type, field.nullable) for field in schema])


def _without_stray_bits(array: pa.Array) -> pa.Array:
    """Clear the unused bits of each bitmap's last byte: the driver leaves random values there, and they are hashed."""
    import pyarrow as pa

    if pa.types.is_list(array.type) and not array.offset:
        validity, offsets, *_ = array.buffers()
        buffers, elements = [_cut(validity, -len(array) % 8, len(array)), offsets], _without_stray_bits(array.values)
        return pa.Array.from_buffers(array.type, len(array), buffers, array.null_count, children=[elements])
    spare = -len(array) % 8
    if not spare or array.offset:
        return array
    validity, *values = array.buffers()
    buffers = [_cut(validity, spare, len(array)), *values]
    if pa.types.is_boolean(array.type):
        buffers[1] = _cut(values[0], spare, len(array))
    return pa.Array.from_buffers(array.type, len(array), buffers, array.null_count)


def _cut(bitmap: pa.Buffer | None, spare: int, length: int) -> pa.Buffer | None:
    import pyarrow as pa

    if bitmap is None:
        return None
    kept = bytearray(bitmap)[: (length + 7) // 8]
    kept[-1] &= 0xFF >> spare
    return pa.py_buffer(bytes(kept))
