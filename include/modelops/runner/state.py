"""The lock of an installation, and the state file of the process that holds it."""

from __future__ import annotations

import fcntl
import signal
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from modelops.domain.errors import Unavailable
from modelops.loaded_code import LOADED
from modelops.polling import poll
from modelops.runner.layout import read_json, write_json
from modelops.runner.processes import KILL, end, found, identified

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from modelops.runner.layout import Layout

STOP_TIMEOUT = 60
"""Seconds after which a runner that is stopping is killed."""


@dataclass(frozen=True, kw_only=True)
class Runner:
    """The process that holds the lock of an installation.

    Attributes:
        command: the command of `./modelops` that it runs.
        url: the address of the web UI; None if it starts no components.
        ready: whether all components are up.
        components: the processes of the components, as `processes.identified` returns them.
        code: the digest of the code that it runs.
    """

    process: psutil.Process
    command: str
    url: str | None
    ready: bool
    components: Mapping[str, Mapping[str, float]]
    code: str | None

    @property
    def runs_this_code(self) -> bool:
        """Whether it runs the same code as this process."""
        return self.code == LOADED.digest


def current(layout: Layout) -> Runner | None:
    """The process that holds the lock of the installation; None if there is none."""
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


class StateFile:
    """The file in which the process that holds the lock describes itself."""

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

    def update(self, **changes: object) -> None:
        """Write new values of `url`, `ready` or `components`."""
        with self._lock:
            self._state = self._state | changes
            write_json(self._path, self._state)


@contextmanager
def locked(layout: Layout, *, command: str) -> Iterator[StateFile]:
    """Hold the lock of the installation.

    Raises:
        Unavailable: another process holds the lock.
    """
    layout.prepare()
    with (layout.run / "lock").open("w") as lock:
        _acquire(lock.fileno(), layout)
        try:
            yield StateFile(_file(layout), command)
        finally:
            with suppress(FileNotFoundError):
                _file(layout).unlink()


def stop(runner: Runner) -> None:
    """Stop a runner, which stops its components, and wait for its end. After `STOP_TIMEOUT` it is killed."""
    end([runner.process], (signal.SIGTERM, STOP_TIMEOUT), KILL)


def _acquire(lock: int, layout: Layout) -> None:
    for _ in poll(every=0.1, within=2):  # the holder may be ending, or may not have written its state file yet
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
    holder = current(layout)
    name = f"`./modelops {holder.command}` (process {holder.process.pid})" if holder else "another process"
    raise Unavailable(f"{layout.home} is in use by {name}; wait for its end, or stop it with `./modelops down`")


def _file(layout: Layout) -> Path:
    return layout.run / "state.json"
