"""Locks between the processes that make, use and remove what lies under `Settings.environments`.

The lock of a path is an flock on the file `<path>.lock`, which stays when the path is removed. The kernel frees it when
its holder ends, however that is.
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

WAITING = "waiting for another job that is making the same environment"


@contextlib.contextmanager
def exclusive(path: Path, log: Callable[[str], None]) -> Iterator[int]:
    """Make or replace this path as the only one; gives the descriptor of the lock.

    A program that inherits the descriptor holds the lock too, so that it is free only when that program has ended.
    """
    with open_lock(f"{path}.lock") as file:
        _lock(file, fcntl.LOCK_EX, log)
        yield file.fileno()


class Shared:
    """The path in use beside others: nobody makes or removes it until this is closed, or gone.

    Waits for who makes or removes it now, and says so.
    """

    def __init__(self, path: Path, log: Callable[[str], None]) -> None:
        with open_lock(f"{path}.lock") as file:
            _lock(file, fcntl.LOCK_SH, log)
            # The lock is that of the open file, which a second descriptor keeps open.
            self.close = weakref.finalize(self, os.close, os.dup(file.fileno()))


@contextlib.contextmanager
def exclusive_if_free(path: Path) -> Iterator[int | None]:
    """As `exclusive`, but without waiting: gives None where somebody makes or uses the path."""
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
