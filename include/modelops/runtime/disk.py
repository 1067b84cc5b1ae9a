"""Bounds what users' code may write to the disk while it runs."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING

from modelops.domain.errors import Unavailable, UserCodeError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SHARE = 4
"""The code may write a quarter of what is free at its start, so that four jobs at once don't fill the disk."""
FLOOR_SHARE = 8
"""It is ended when less than an eighth of that is left: it may hold files open that it has removed."""
_LOOK_EVERY = 1.0
_MOST_OF_THE_TIME = 20.0
"""One look takes at most about one twentieth of the time, however many files there are."""


class DiskBound:
    """How much the code may write to the disk of its working folder.

    Attributes:
        bytes: the most that all its files may have, and so that one file may have.
    """

    def __init__(self, folder: Path, where: str) -> None:
        free = shutil.disk_usage(folder).free
        self.bytes = max(free // SHARE, 1)
        self._floor = free // FLOOR_SHARE
        self._folder, self._where = folder, where
        self._due = time.monotonic() + _LOOK_EVERY

    def check(self, written: Sequence[Path]) -> None:
        """Look at the disk, if it is time to.

        Args:
            written: the folders and files to which the code may write.

        Raises:
            UserCodeError: its files have more bytes than allowed.
            Unavailable: the disk is nearly full.
        """
        started = time.monotonic()
        if started < self._due:
            return
        found = sum(map(_size, written))
        left = shutil.disk_usage(self._folder).free
        self._due = started + max(_LOOK_EVERY, _MOST_OF_THE_TIME * (time.monotonic() - started))
        if found > self.bytes:
            raise UserCodeError(
                f"the code has written {found:,} bytes of files, more than a quarter of what was free on the disk",
                where=self._where,
                expected=f"at most {self.bytes:,} bytes of files at a time, temporary ones included, or a larger disk",
            )
        if left < self._floor:
            raise Unavailable(
                f"the disk of {self._folder} is nearly full: {left:,} bytes are free, and the code was ended before it"
                " could fill the disk"
            )


def _size(path: Path) -> int:
    """The bytes that files take on the disk; what vanishes meanwhile has none."""
    total = 0
    waiting = [os.fspath(path)]
    while waiting:
        place = waiting.pop()
        try:
            if not os.path.isdir(place) or os.path.islink(place):
                total += os.lstat(place).st_blocks * 512
                continue
            with os.scandir(place) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
        except OSError:
            continue
    return total
