"""Turns a program's output, as it comes in pieces of any size, into log lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 8 * 1024


class Lines:
    """Collects bytes and gives back lines of text without their ends.

    A line that a progress bar has drawn over again and again (carriage returns) is its last state. A line of more than
    8 KiB comes in pieces. What isn't UTF-8 is replaced.
    """

    def __init__(self) -> None:
        self._begun = b""

    def feed(self, output: bytes) -> Iterator[str]:
        """The lines that are complete with this output."""
        *complete, self._begun = (self._begun + output).split(b"\n")
        for line in complete:
            yield from _pieces(_last_state(line.rstrip(b"\r")))
        # A carriage return at the very end may be the first half of a line's end.
        body, returns = self._begun.rstrip(b"\r"), self._begun.endswith(b"\r")
        self._begun = _last_state(body) + b"\r" * returns
        while len(self._begun) > MAX_BYTES:
            piece, self._begun = _cut(self._begun)
            yield piece.decode(errors="replace")

    def end(self) -> Iterator[str]:
        """What is left when no more output comes: a line without its end, or nothing."""
        line, self._begun = self._begun.rstrip(b"\r"), b""
        if line:
            yield from _pieces(_last_state(line))


def _last_state(line: bytes) -> bytes:
    return line[line.rfind(b"\r") + 1 :]


def _pieces(line: bytes) -> Iterator[str]:
    while len(line) > MAX_BYTES:
        piece, line = _cut(line)
        yield piece.decode(errors="replace")
    yield line.decode(errors="replace")


def _cut(line: bytes) -> tuple[bytes, bytes]:
    """Cut off a piece of at most MAX_BYTES, not inside a character."""
    at = MAX_BYTES
    while at > MAX_BYTES - 4 and line[at] & 0b1100_0000 == 0b1000_0000:
        at -= 1
    return line[:at], line[at:]
