"""Which code a process has loaded, and whether the code on its machine is still the same.

An installation runs the code with which it was started. After a `git pull` some of it would be new, such as DAG files
and the programs of users' interpreters, and some old, such as what a scheduler has imported.
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


@dataclass(frozen=True, kw_only=True)
class Code:
    """The files of a package: for each its path, size and time of modification in ns; and a digest of all contents."""

    files: frozenset[tuple[str, int, int]]
    digest: str

    @classmethod
    def on_disk(cls, folder: Path = CODE) -> Code:
        """The code as it is now."""
        digest = hashlib.sha256()
        for path in sorted(entry.path for entry in _entries(folder)):
            content = Path(path).read_bytes()
            digest.update(f"{Path(path).relative_to(folder)}\0{len(content)}\0".encode() + content)
        return cls(files=_files(folder), digest=digest.hexdigest())

    def is_on_disk(self, folder: Path = CODE) -> bool:
        """Whether the folder has the same contents. Files are only read if sizes or times differ."""
        try:
            return _files(folder) == self.files or Code.on_disk(folder).digest == self.digest
        except FileNotFoundError:  # somebody is changing it
            return False


def _files(folder: Path) -> frozenset[tuple[str, int, int]]:
    return frozenset((entry.path, entry.stat().st_size, entry.stat().st_mtime_ns) for entry in _entries(folder))


def _entries(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                if entry.name != "__pycache__":
                    yield from _entries(entry.path)
            elif not entry.name.endswith(".pyc"):
                yield entry


LOADED = Code.on_disk()
"""The code when this process, or the one that it was forked from, imported this module."""
