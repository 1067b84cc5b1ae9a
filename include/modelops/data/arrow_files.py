"""Reads and writes Arrow files that user code can also reach."""

from __future__ import annotations

import mmap
import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from modelops.domain.errors import UserCodeError
from modelops.plain_files import create_plain, open_plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa


@contextmanager
def opened(path: Path, *, mapped: bool = True) -> Iterator[pa.ipc.RecordBatchFileReader]:
    """Open a reader of the file.

    Args:
        mapped: map the file into memory. This must be false while user code runs: if the code truncates the file,
            reading it would kill this process.

    Raises:
        UserCodeError: the file does not exist, is not a plain file, or is not an Arrow file.
    """
    import pyarrow as pa

    try:
        with ExitStack() as stack:
            file = stack.enter_context(open_plain(path))
            if mapped:
                size = os.fstat(file.fileno()).st_size
                content = mmap.mmap(file.fileno(), size, prot=mmap.PROT_READ) if size else b""
                reader = pa.ipc.open_file(pa.BufferReader(pa.py_buffer(content)))
            else:
                reader = pa.ipc.open_file(pa.PythonFile(file, mode="r"))
            closing = stack.pop_all()
    except (FileNotFoundError, pa.ArrowInvalid) as error:
        raise _no_arrow_file(path, error) from None
    with closing:
        yield reader


def batches(reader: pa.ipc.RecordBatchFileReader, path: Path) -> Iterator[pa.RecordBatch]:
    """Yield the batches of an opened file. Each batch is validated, so that its offsets stay within its buffers.

    Raises:
        UserCodeError: a batch can't be read. A valid footer does not prove that the batches are valid.
    """
    import pyarrow as pa

    for number in range(reader.num_record_batches):
        try:
            batch = reader.get_batch(number)
            batch.validate(full=True)
        except (pa.ArrowException, OSError) as error:
            raise _no_arrow_file(path, error) from None
        yield batch


def _no_arrow_file(path: Path, error: Exception) -> UserCodeError:
    return UserCodeError(
        f"{path.name} is missing or no longer an Arrow file: {error}",
        where=path.name,
        expected="code that leaves the files of its job alone",
    )


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table to a new file, which replaces any file of that name."""
    import pyarrow as pa

    with create_plain(path) as file, pa.PythonFile(file, mode="w") as sink, pa.ipc.new_file(sink, table.schema) as out:
        out.write_table(table)
