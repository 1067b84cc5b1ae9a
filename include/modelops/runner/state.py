"""Records which process runs an installation, so that only one does and others can find it."""

from __future__ import annotations

import fcntl
import signal
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from modelops.domain.errors import Unavailable
from modelops.polling import looks
from modelops.release import LOADED
from modelops.runner.layout import read_json, write_json
from modelops.runner.processes import KILL, end, found, identified

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from modelops.runner.layout import Layout

STOP_TIMEOUT = 60
"""Seconds that a runner has to stop everything before it is killed."""


@dataclass(frozen=True, kw_only=True)
class Runner:
    """The process that holds an installation: a command, and what it has started.

    `ready` tells whether all is up; `components` are processes as `processes.identified` gives them; `code` is the
    digest of the code that it runs.
    """

    process: psutil.Process
    command: str
    url: str | None
    ready: bool
    components: Mapping[str, Mapping[str, float]]
    code: str | None

    @property
    def is_of_this_release(self) -> bool:
        """Whether it runs the code that this process has loaded."""
        return self.code == LOADED.digest


def current(layout: Layout) -> Runner | None:
    """Who holds the installation now, if anybody does."""
    state = read_json(_file(layout))
    process = found(state.get("runner", {}))
    if process is None:
        return None
    return Runner(
        process=process,
        command=state.get("command", "up"),
        url=state.get("url"),
        ready=state.get("ready", False),
        components=state.get("components", {}),
        code=state.get("code"),
    )


class Hold:
    """The installation is this process's own until `held` is left."""

    def __init__(self, path: Path, command: str) -> None:
        self._path = path
        self._state: dict[str, object] = {
            "runner": identified(psutil.Process()),
            "command": command,
            "ready": False,
            "code": LOADED.digest,
        }
        self._lock = threading.Lock()
        write_json(path, self._state)

    def tell(self, **changes: object) -> None:
        """Let others know: `url`, `ready`, `components`."""
        with self._lock:
            self._state = self._state | changes
            write_json(self._path, self._state)


@contextmanager
def held(layout: Layout, *, command: str) -> Iterator[Hold]:
    """Hold the installation; nobody else does meanwhile.

    Raises:
        Unavailable: another process holds it.
    """
    layout.prepare()
    with (layout.run / "lock").open("w") as lock:
        _take(lock.fileno(), layout)
        try:
            yield Hold(_file(layout), command)
        finally:
            with suppress(FileNotFoundError):
                _file(layout).unlink()


def stop(runner: Runner) -> None:
    """Have the runner stop all that it started, and wait for it; it is killed when it takes too long."""
    end([runner.process], (signal.SIGTERM, STOP_TIMEOUT), KILL)


def _take(lock: int, layout: Layout) -> None:
    for _ in looks(every=0.1, within=2):  # its holder may be about to end, or about to say who it is
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
    holder = current(layout)
    who = f"`./modelops {holder.command}` (process {holder.process.pid})" if holder else "another process"
    raise Unavailable(f"{layout.home} is in use by {who}; wait for it, or end it with `./modelops down`")


def _file(layout: Layout) -> Path:
    return layout.run / "state.json"
