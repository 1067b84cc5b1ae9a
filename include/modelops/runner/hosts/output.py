"""Reads a program's output, up to a bound."""

from __future__ import annotations

import os
import select
import time
from typing import IO

CHUNK = 64 * 1024
MOST = 2**20
"""Maximum bytes that are kept of what a command prints."""


def read(stream: IO[bytes], *, within: float, most: int = MOST) -> str:
    """Read a program's output from a pipe until all writers have closed it.

    Of more than `most` bytes, only the first and the last half are kept, with a line between them that states how many
    bytes were left out.

    Raises:
        TimeoutError: a process still has the pipe open after `within` seconds.
    """
    deadline, half = time.monotonic() + within, most // 2
    first, last, size = bytearray(), bytearray(), 0
    readable = select.poll()
    readable.register(stream, select.POLLIN)
    while (left := deadline - time.monotonic()) > 0 and readable.poll(left * 1000):
        data = os.read(stream.fileno(), CHUNK)
        if not data:
            return _joined(bytes(first), bytes(last[-half:]), size)
        room = half - len(first)
        first += data[:room]
        last += data[room:]
        size += len(data)
        if len(last) > most:
            del last[:-half]
    raise TimeoutError(f"the output didn't end in {within:g} s")


def _joined(first: bytes, last: bytes, size: int) -> str:
    left_out = size - len(first) - len(last)
    if left_out == 0:
        return (first + last).decode(errors="replace")
    notice = f"\n[{left_out:,} bytes left out: the first and the last {len(last):,} bytes are kept]\n"
    return first.decode(errors="replace") + notice + last.decode(errors="replace")
