"""Finds and removes environments and lists of pinned packages that no version needs any more."""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelops.domain.errors import Unavailable
from modelops.plain_files import remove
from modelops.runtime.environment import MARKER, folder_name
from modelops.runtime.environment_locks import try_exclusive_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from modelops.settings import MachineSettings

_ENVIRONMENT = re.compile(r"[0-9a-f]{16}")
# Written by `resolve`: the pinned packages, and what a resolution that was killed leaves.
_PINNED = re.compile(r"[0-9a-f]{64}\.(txt|begun|in)")
_BLOCK = 512


@dataclass(frozen=True, kw_only=True)
class UnneededFile:
    """An environment, or a file in `locks/`, that no version needs and no process builds or uses now.

    `frees` is the number of bytes that its removal frees. `linked` is the size of its files that have other hard links,
    such as those in uv's cache.
    """

    path: Path
    is_environment: bool
    frees: int
    linked: int


def find_unneeded(machine: MachineSettings, needed: Collection[str]) -> list[UnneededFile]:
    """The files that can be removed: environments first, each kind in the order of names. Nothing is changed.

    Args:
        machine: where environments are kept.
        needed: hashes of the pinned packages of the versions that may still run (`Lock.sha256`).
    """
    found = []
    for path in _existing_files(machine):
        with try_exclusive_lock(_locked_by(path)) as free:
            if free is not None and path.exists() and not _is_needed(path, needed):
                found.append(_measured(path))
    return found


def remove_unneeded(machine: MachineSettings, needed: Callable[[], Collection[str]]) -> Iterator[UnneededFile]:
    """Remove the unneeded files one after another; yields each removed one.

    If the process is killed, each environment is either complete, or counts as not built and is removed the next time.

    Args:
        machine: where environments are kept.
        needed: returns the hashes that versions need. It is called while the lock of a path is held, so a job that
            has built the environment before has already recorded its version.

    Raises:
        Unavailable: some could not be removed; the others were.
    """
    left = []
    for path in _existing_files(machine):
        with try_exclusive_lock(_locked_by(path)) as free:
            if free is None or not path.exists() or _is_needed(path, needed()):
                continue
            gone = _measured(path)
            with suppress(OSError):
                if gone.is_environment:
                    (path / MARKER).unlink(missing_ok=True)
                remove(path)
            if path.exists():
                left.append(str(path))
            else:
                yield gone
    if left:
        raise Unavailable(f"{', '.join(left)} can't be removed; remove them as the user who owns the files")


def _existing_files(machine: MachineSettings) -> list[Path]:
    environments, locks = machine.environments, machine.environments / "locks"
    folders = sorted(environments.iterdir()) if environments.is_dir() else []
    files = sorted(locks.iterdir()) if locks.is_dir() else []
    return [path for path in folders if _ENVIRONMENT.fullmatch(path.name) and path.is_dir()] + [
        path for path in files if _PINNED.fullmatch(path.name)
    ]


def _locked_by(path: Path) -> Path:
    """The path whose lock protects this one: all files of a resolution have the lock of its result."""
    return path if _ENVIRONMENT.fullmatch(path.name) else path.with_suffix(".txt")


def _is_needed(path: Path, needed: Collection[str]) -> bool:
    if path.is_dir():
        return (path / MARKER).exists() and path.name in {folder_name(sha256) for sha256 in needed}
    return path.suffix == ".txt" and hashlib.sha256(path.read_bytes()).hexdigest() in needed


def _measured(path: Path) -> UnneededFile:
    frees = linked = 0
    inside = (os.path.join(place, name) for place, _, names in os.walk(path) for name in names)
    for file in [path] if path.is_file() else inside:
        status = os.lstat(file)
        if status.st_nlink > 1:
            linked += status.st_blocks * _BLOCK
        else:
            frees += status.st_blocks * _BLOCK
    return UnneededFile(path=path, is_environment=path.is_dir(), frees=frees, linked=linked)
