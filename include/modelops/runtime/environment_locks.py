"""Locks between the processes that build, use and remove what lies under `MachineSettings.environments`.

The lock of a path is an flock on the file `<path>.lock`, which remains when the path is removed. The kernel releases
the lock whenever its holder ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import weakref
from typing import TYPE_CHECKING

from modelops.plain_files import open_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import IO

WAITING = "waiting: another process is building or removing this environment"


@contextlib.contextmanager
def exclusive_lock(path: Path, log: Callable[[str], None]) -> Iterator[int]:
    """Hold an exclusive lock on the path; yields its descriptor. Blocks while another process holds a lock on it.

    A program that inherits the descriptor holds the lock too, so the lock is released only when that program has ended.
    """
    with open_lock(f"{path}.lock") as file:
        _lock(file, fcntl.LOCK_EX, log)
        yield file.fileno()


class SharedLock:
    """A shared lock on the path: no process builds or removes it until `close()` or garbage collection.

    Blocks while another process holds the exclusive lock.
    """

    def __init__(self, path: Path, log: Callable[[str], None]) -> None:
        with open_lock(f"{path}.lock") as file:
            _lock(file, fcntl.LOCK_SH, log)
            # The lock is that of the open file, which a second descriptor keeps open.
            self.close = weakref.finalize(self, os.close, os.dup(file.fileno()))


@contextlib.contextmanager
def try_exclusive_lock(path: Path) -> Iterator[int | None]:
    """As `exclusive_lock`, without blocking: yields None if another process holds a lock on the path."""
    with open_lock(f"{path}.lock") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield file.fileno()


def _lock(file: IO[bytes], how: int, log: Callable[[str], None]) -> None:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        log(WAITING)
        fcntl.flock(file, how)
