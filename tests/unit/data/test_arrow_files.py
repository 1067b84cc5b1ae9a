"""Arrow files whose paths user code has known: what isn't one any more is refused, not waited for and not followed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from modelops.data.arrow_files import batches, opened, write_table
from modelops.domain.errors import UserCodeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TABLE = pa.table({"id": [1, 2, 3]})


def test_what_was_written_is_read(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    (tmp_path / "rows.arrow").symlink_to("precious")
    write_table(TABLE, tmp_path / "rows.arrow")
    assert (tmp_path / "precious").read_bytes() == b""
    with opened(tmp_path / "rows.arrow") as reader:
        read = reader.read_all()
    (tmp_path / "rows.arrow").unlink()
    assert read == TABLE  # the mapping stays


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda path: None, r"rows\.arrow is missing or no longer an Arrow file"),
        (lambda path: path.touch(), "no longer an Arrow file"),
        (lambda path: path.write_bytes(b"ARROW1\0\0nothing"), "no longer an Arrow file"),
        (os.mkfifo, "is not a plain file but a named pipe"),
        (lambda path: path.symlink_to("/etc/passwd"), "is not a plain file but a symbolic link"),
    ],
)
def test_what_is_none(tmp_path: Path, make: Callable[[Path], None], what: str) -> None:
    make(tmp_path / "rows.arrow")
    with pytest.raises(UserCodeError, match=what), opened(tmp_path / "rows.arrow"):
        pass


@pytest.mark.parametrize("at", ["metadata", "values"])
def test_a_batch_that_was_overwritten(tmp_path: Path, at: str) -> None:
    """The file's end still tells where it was."""
    path = tmp_path / "rows.arrow"
    write_table(pa.table({"name": ["a", "b" * 40]}), path)
    content = bytearray(path.read_bytes())
    if at == "metadata":
        start = content.index(b"\xff\xff\xff\xff", content.index(b"\xff\xff\xff\xff") + 4) + 4
        content[start + 4 : start + 40] = b"\xff" * 36
    else:
        start = content.index(b"a" + b"b" * 40)
        offsets = content.rindex((0).to_bytes(4, "little") + (1).to_bytes(4, "little"), 0, start)
        content[offsets + 4 : offsets + 8] = (2**30).to_bytes(4, "little")
    path.write_bytes(content)
    with (
        opened(path) as reader,
        pytest.raises(UserCodeError, match=r"rows\.arrow is missing or no longer an Arrow file"),
    ):
        list(batches(reader, path))
