"""Splits a program's output, which arrives in pieces of any size, into log lines."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelops.settings import LogBounds

MAX_BYTES = 8 * 1024
TAIL_BYTES = 64 * 1024
"""Bytes kept from the end of an output that is too long; the reason for a failure is usually there."""


class Lines:
    """Splits bytes into lines of text without line endings.

    Of a line that is overwritten with carriage returns, such as a progress bar, the last state is returned. A line of
    more than 8 KiB is split. Bytes that aren't UTF-8 are replaced. Output beyond the bounds is omitted, and a line in
    its place says how much; the end of the output is always kept.
    """

    def __init__(self, bounds: LogBounds) -> None:
        self._bounds = bounds
        self._begun = b""
        self._given = self._cut_off = 0  # bytes of the current line
        self._written = 0  # bytes of all lines
        self._tail: deque[str] = deque()
        self._tail_bytes = self._left_out = 0

    def feed(self, output: bytes) -> Iterator[str]:
        """The lines that are complete with this output."""
        *complete, self._begun = (self._begun + output).split(b"\n")
        for line in complete:
            yield from self._line(line.rstrip(b"\r"))
        # A carriage return at the end may be the first half of a line ending.
        body, returns = self._begun.rstrip(b"\r"), self._begun.endswith(b"\r")
        self._begun = _last_state(body) + b"\r" * returns
        while len(self._begun) > MAX_BYTES:
            piece, self._begun = _cut(self._begun)
            yield from self._piece(piece)

    def end(self) -> Iterator[str]:
        """The remaining lines at the end of the output: an unfinished one, and the last ones of too much output."""
        line, self._begun = self._begun.rstrip(b"\r"), b""
        if line or self._cut_off:
            yield from self._line(line)
        if self._left_out:
            yield (
                f"… {self._left_out:,} lines are left out here: the log has {self._bounds.all // 2**20:,} MiB"
                " (MODELOPS_LOG_SIZE)"
            )
        yield from self._tail

    def _line(self, line: bytes) -> Iterator[str]:
        """Return the rest of a line."""
        for piece in _pieces(_last_state(line)):
            yield from self._piece(piece)
        cut_off, self._given, self._cut_off = self._cut_off, 0, 0
        if cut_off:
            yield from self._out(f"… {cut_off:,} bytes of this line are left out (MODELOPS_LOG_LINE)")

    def _piece(self, piece: bytes) -> Iterator[str]:
        kept = piece[: max(self._bounds.line - self._given, 0)]
        self._cut_off += len(piece) - len(kept)
        if kept or not piece:
            self._given += len(kept)
            yield from self._out(kept.decode(errors="replace"))

    def _out(self, line: str) -> Iterator[str]:
        size = len(line.encode()) + 1
        if self._written + size <= self._bounds.all and not self._tail:
            self._written += size
            yield line
            return
        self._tail.append(line)
        self._tail_bytes += size
        while self._tail_bytes > TAIL_BYTES:
            self._tail_bytes -= len(self._tail.popleft().encode()) + 1
            self._left_out += 1


def _last_state(line: bytes) -> bytes:
    return line[line.rfind(b"\r") + 1 :]


def _pieces(line: bytes) -> Iterator[bytes]:
    while len(line) > MAX_BYTES:
        piece, line = _cut(line)
        yield piece
    yield line


def _cut(line: bytes) -> tuple[bytes, bytes]:
    """Cut off a piece of at most MAX_BYTES, not inside a character."""
    at = MAX_BYTES
    while at > MAX_BYTES - 4 and line[at] & 0b1100_0000 == 0b1000_0000:
        at -= 1
    return line[:at], line[at:]
