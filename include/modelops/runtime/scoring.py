"""Runs a model's ModelScorer as a filter in a process of its own: features in through one pipe, predictions out."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import select
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelops.runtime.outcome import OverBudget
from modelops.runtime.process import Subject, run_order

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from modelops.runtime.environment import Environment
    from modelops.settings import LogBounds

__all__ = ["SET_ASIDE", "Brake", "Incoming", "Outgoing", "OverBudget", "ScoringAssignment", "pipe", "run_scorer"]

SET_ASIDE = "__set_aside__"
"""The last column that comes back: why a row has no predictions, null where it has."""

_PIPE_BYTES = 2**20


@dataclass(frozen=True, kw_only=True)
class ScoringAssignment(Subject):
    """What the child is to do: score what comes.

    `outputs` maps the columns that must come back to the names of their Arrow types; with None the first batch decides.
    `budget` is how many rows may be set aside because they can't be scored.
    """

    outputs: Mapping[str, str] | None = None
    budget: int = 0

    def to_order(self) -> dict[str, Any]:
        """What child/main.py reads, but for the pipes."""
        return super().to_order() | {
            "verb": "score",
            "rows": None,
            "artifact_output": None,
            "outputs": None if self.outputs is None else dict(self.outputs),
            "budget": self.budget,
        }


def run_scorer(
    assignment: ScoringAssignment,
    *,
    environment: Environment,
    workdir: Path,
    memory: int | None,
    log_bounds: LogBounds,
    on_line: Callable[[str], None],
    source_fd: int,
    sink_fd: int,
) -> None:
    """Run the model's ModelScorer until it has answered the whole stream of features.

    From `source_fd` the child reads an Arrow IPC stream. To `sink_fd` it writes, for each batch, one of as many rows:
    the predictions, and SET_ASIDE. That is one IPC stream, or two: the first then has SET_ASIDE alone, for batches of
    which no row could be scored while the predictions' columns weren't known. When nobody reads them any
    more, the child ends.

    The caller closes its copies of both when this is over; only then does the other side see their end.
    `environment`, `workdir`, `memory`, `log_bounds` and `on_line` are as for `run_child`.

    Raises:
        UserCodeError: the code raised an error outside of predict(), crashed, ran out of its memory, has no
            ModelScorer, or predict() returned what it must not.
        OverBudget: more rows than the budget can't be scored.
        ChildLost: it was killed from outside.
        Unavailable: the environment isn't there.
    """
    run_order(
        assignment.to_order() | {"source_fd": source_fd, "sink_fd": sink_fd},
        environment=environment,
        workdir=workdir,
        memory=memory,
        log_bounds=log_bounds,
        on_line=on_line,
        keep_open=(source_fd, sink_fd),
    )


def pipe() -> tuple[int, int]:
    """A pipe, its end for reading first, which holds 1 MiB where the system lets it."""
    reader, writer = os.pipe()
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # a user's pipes may all in all hold only so much
            fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return reader, writer


class Interrupted(Exception):
    """What was waited for isn't wanted any more."""


class Brake:
    """Interrupts whoever waits for a pipe. Once pulled, it stays pulled."""

    def __init__(self) -> None:
        self._pulled = threading.Event()
        self._reader, self._writer = os.pipe()

    @property
    def pulled(self) -> bool:
        """Whether it was."""
        return self._pulled.is_set()

    def fileno(self) -> int:
        """What is readable once it was pulled."""
        return self._reader

    def pull(self) -> None:
        """Interrupt everything that waits, and what will."""
        if not self._pulled.is_set():
            self._pulled.set()
            os.write(self._writer, b"!")

    def close(self) -> None:
        """Give its files back, when nobody can wait any more."""
        os.close(self._reader)
        os.close(self._writer)


class _End(io.RawIOBase):
    """This side's end of a pipe, whose reads and writes a brake interrupts.

    Attributes:
        broken: whether there is no more to do at the other end: reading came to the end, or writing failed.
    """

    def __init__(self, fd: int, brake: Brake, *, events: int) -> None:
        self._fd, self._brake = fd, brake
        self._poll = select.poll()
        self._poll.register(fd, events)
        self._poll.register(brake, select.POLLIN)
        self.broken = False

    def fileno(self) -> int:
        return self._fd

    def close(self) -> None:
        if not self.closed:
            super().close()
            os.close(self._fd)

    def _wait(self) -> None:
        self._poll.poll()
        if self._brake.pulled:
            self.broken = True
            raise Interrupted


class Incoming(_End):
    """The end to read from, in an io.BufferedReader."""

    def __init__(self, fd: int, brake: Brake) -> None:
        super().__init__(fd, brake, events=select.POLLIN)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        self._wait()
        count = os.readv(self._fd, [buffer])
        self.broken = not count
        return count


class Outgoing(_End):
    """The end to write to. It writes all it is given, however much the pipe holds."""

    def __init__(self, fd: int, brake: Brake) -> None:
        os.set_blocking(fd, False)
        super().__init__(fd, brake, events=select.POLLOUT)

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        left = memoryview(data).cast("B")
        count = len(left)
        while left:
            self._wait()
            try:
                left = left[os.write(self._fd, left) :]
            except BlockingIOError:
                continue  # there is room, but less than what the kernel would take in one piece
            except OSError:
                self.broken = True
                raise
        return count
