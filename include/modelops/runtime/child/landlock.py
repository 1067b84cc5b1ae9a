"""Landlock: which files a process, and all that it starts, may read, write and execute; for good.

Loaded by confinement.py; standard library only. A rule names a folder with all that is below it, or a file. What no
rule names can't be opened, whoever owns it; this holds for root too. Later versions of the kernel's interface restrict
more acts; what the kernel's version doesn't know stays possible. The kernel's documentation:
https://docs.kernel.org/userspace-api/landlock.html
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct

TYPE_CHECKING = False  # importing typing would take longer than confining does
if TYPE_CHECKING:
    from collections.abc import Iterable

LIBC = ctypes.CDLL(None, use_errno=True)
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on all machines
GIVE_VERSION, PATH_BENEATH = 1, 1

EXECUTE, WRITE_FILE, READ_FILE, READ_FOLDER = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_FOLDER, REMOVE_FILE = 1 << 4, 1 << 5
MAKE_DEVICE = 1 << 6 | 1 << 11
MAKE_FOLDER, MAKE_FILE, MAKE_SOCKET, MAKE_PIPE, MAKE_LINK = 1 << 7, 1 << 8, 1 << 9, 1 << 10, 1 << 12
MOVE, TRUNCATE, CONTROL_DEVICE = 1 << 13, 1 << 14, 1 << 15
FIRST = (1 << 13) - 1

READ = READ_FILE | READ_FOLDER
CHANGE = REMOVE_FOLDER | REMOVE_FILE | MAKE_FOLDER | MAKE_FILE | MAKE_SOCKET | MAKE_PIPE | MAKE_LINK | MOVE
WRITE = READ | WRITE_FILE | TRUNCATE | CHANGE
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | CONTROL_DEVICE
"""The rights that a rule may give on what isn't a folder."""

TCP = 0b11  # to bind, to connect
ABSTRACT_SOCKETS_AND_SIGNALS = 0b11

MOVES, TRUNCATION, NETWORK, DEVICES, SIGNALS = 2, 3, 4, 5, 6
"""The versions that brought: to move files between folders, to refuse truncate(), TCP, ioctl() on devices, signals."""


def restrict(*, read: Iterable[str], execute: Iterable[str], write: Iterable[str]) -> int:
    """Allow this process only these files, no TCP, and no signals to others; gives the version of Landlock.

    Paths that don't exist are left out. `execute` may be read as well, and `write` all of it.

    Raises:
        OSError: the kernel has no Landlock, it is switched off, or it refuses.
    """
    version = _call(CREATE_RULESET, None, 0, GIVE_VERSION)
    handled = FIRST
    for since, right in ((MOVES, MOVE), (TRUNCATION, TRUNCATE), (DEVICES, CONTROL_DEVICE)):
        handled |= right if version >= since else 0
    attributes = struct.pack("Q", handled)
    if version >= NETWORK:
        attributes += struct.pack("Q", TCP)
    if version >= SIGNALS:
        attributes += struct.pack("Q", ABSTRACT_SOCKETS_AND_SIGNALS)
    ruleset = _call(CREATE_RULESET, attributes, len(attributes), 0)
    try:
        for paths, rights in ((read, READ), (execute, READ | EXECUTE), (write, WRITE | EXECUTE)):
            for path in paths:
                _allow(ruleset, path, rights & handled)
        _call(RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    return version


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        rule = struct.pack("=Qi", rights if is_folder else rights & OF_FILES, descriptor)
        _call(ADD_RULE, ruleset, PATH_BENEATH, rule, 0)
    finally:
        os.close(descriptor)


def _call(number: int, *arguments: int | bytes | None) -> int:
    result: int = LIBC.syscall(number, *(ctypes.c_size_t(one) if isinstance(one, int) else one for one in arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
