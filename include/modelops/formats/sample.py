"""Bounded reads of a model file whose format is not known yet."""

from __future__ import annotations

import os
from functools import cached_property
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SAMPLE_BYTES = 64 * 2**10
"""How much of the beginning and of the end of a file is looked at."""


class Sample:
    """An open model file.

    Attributes:
        name: its name, for messages.
        size: in bytes.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self.file: IO[bytes] = path.open("rb")
        self.size = os.fstat(self.file.fileno()).st_size

    def __enter__(self) -> Sample:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    @property
    def ending(self) -> str:
        """The end of the name from its last full stop, in lower case; empty if it has none."""
        return os.path.splitext(self.name)[1].lower()

    @cached_property
    def head(self) -> bytes:
        """The first bytes."""
        return self.at(0, SAMPLE_BYTES)

    @cached_property
    def tail(self) -> bytes:
        """The last bytes."""
        return self.at(max(self.size - SAMPLE_BYTES, 0), SAMPLE_BYTES)

    @property
    def is_sparse(self) -> bool:
        """Whether the file has a hole, for which the file system holds no bytes."""
        try:
            return os.lseek(self.file.fileno(), 0, os.SEEK_HOLE) < self.size
        except OSError:  # the file system doesn't know holes
            return False

    def at(self, place: int, count: int) -> bytes:
        """Up to `count` bytes from a place."""
        return os.pread(self.file.fileno(), count, place)
