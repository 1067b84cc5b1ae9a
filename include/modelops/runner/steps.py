"""Prints the steps of a command and their durations."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.live import Live
    from rich.text import Text

WIDTH = 46


class Steps:
    """Prints a line for each completed step, and on a terminal also for each running step.

    Steps may run concurrently, in threads.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._lock = threading.Lock()
        self._active: dict[object, tuple[str, float]] = {}
        self._live: Live | None = None

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Measure the time of the `with` block. If the block raises an exception, the step is marked with ✗."""
        started, key = time.monotonic(), object()
        self._change(key, (text, started))
        mark = "✗"
        try:
            yield
            mark = "✓"
        finally:
            self._change(key, None)
            self.say(f"{mark} {text:<{WIDTH}} {time.monotonic() - started:6.1f} s")

    def say(self, line: str) -> None:
        """Print a line immediately. A closed terminal is not an error."""
        with self._lock, suppress(OSError, ValueError):
            if self._live is not None:
                self._live.console.print(line, markup=False, highlight=False, soft_wrap=True)
            else:
                encoding = self._stream.encoding or "utf-8"
                print(line.encode(encoding, "replace").decode(encoding), file=self._stream, flush=True)

    def _change(self, key: object, active: tuple[str, float] | None) -> None:
        with self._lock, suppress(OSError, ValueError):
            if active is None:
                self._active.pop(key)
            else:
                self._active[key] = active
            if not self._stream.isatty():
                return
            # The live display exists only while steps are running, so that other code can print between steps.
            if self._active and self._live is None:
                self._live = self._start()
            elif not self._active and self._live is not None:
                self._live.stop()
                self._live = None

    def _start(self) -> Live:
        from rich.console import Console
        from rich.live import Live

        live = Live(
            console=Console(file=self._stream), get_renderable=self._lines, refresh_per_second=8, transient=True
        )
        live.start()
        return live

    def _lines(self) -> Text:
        from rich.text import Text

        now = time.monotonic()
        sign = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"[int(now * 8) % 10]
        lines = [f"{sign} {text:<{WIDTH}} {now - started:6.1f} s" for text, started in list(self._active.values())]
        return Text("\n".join(lines))


class Quiet(Steps):
    """Prints nothing."""

    def say(self, line: str) -> None:
        """Ignore the line."""

    def _change(self, key: object, active: tuple[str, float] | None) -> None:
        """Ignore the step."""
