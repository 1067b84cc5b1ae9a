"""Detects that the code of this package on disk differs from the code that a process has loaded.

An installation runs the code with which it was started. After a `git pull`, programs that are
started for user code would be new, and modules that the scheduler has imported would be old.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CODE = Path(__file__).parent
SUFFIXES = (".py", ".sql", ".md", ".mako")


@dataclass(frozen=True, kw_only=True)
class Code:
    """The files of a package: for each its path, size and time of modification in ns; and a digest of all contents."""

    files: frozenset[tuple[str, int, int]]
    digest: str

    @classmethod
    def on_disk(cls, folder: Path = CODE) -> Code:
        """The present code in the folder."""
        digest = hashlib.sha256()
        files = _files(folder)
        for path in sorted(path for path, _, _ in files):
            content = Path(path).read_bytes()
            digest.update(f"{Path(path).relative_to(folder)}\0{len(content)}\0".encode() + content)
        return cls(files=files, digest=digest.hexdigest())

    def matches_disk(self, folder: Path = CODE) -> bool:
        """Whether the folder has the same contents. Files are only read if sizes or times differ."""
        try:
            return _files(folder) == self.files or Code.on_disk(folder).digest == self.digest
        except OSError:  # a file was removed in between
            return False


def _files(folder: Path) -> frozenset[tuple[str, int, int]]:
    return frozenset((entry.path, entry.stat().st_size, entry.stat().st_mtime_ns) for entry in _entries(folder))


def _entries(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    """The code files, without the files that editors and Python create."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith((".", "#", "__pycache__")):
                continue
            if entry.is_dir():
                yield from _entries(entry.path)
            elif entry.name.endswith(SUFFIXES) and entry.is_file():
                yield entry


LOADED = Code.on_disk()
"""The code when this process, or the one that it was forked from, imported this module."""
