"""Prints the current step and how long it took."""

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
    """A line for each step when it is done; on a terminal also one for each that is being done.

    Steps may run side by side in threads.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._lock = threading.Lock()
        self._active: dict[object, tuple[str, float]] = {}
        self._live: Live | None = None

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Time what is done inside; an error crosses the step out and goes on."""
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
        """Print one line at once; a terminal that has been closed is no reason to stop."""
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
            # Only while something is under way, so that a plain print in between is safe.
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
    """Shows nothing."""

    def say(self, line: str) -> None:
        """Nothing."""

    def _change(self, key: object, active: tuple[str, float] | None) -> None:
        """Nothing."""
