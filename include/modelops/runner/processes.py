"""Starts, finds and ends the processes of one installation, and of no other."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil

from modelops import parent_death
from modelops.polling import poll
from modelops.runner.configuration import MARKER
from modelops.runner.layout import private, rotated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

COMPONENT = "MODELOPS_COMPONENT"
"""Which component a process is part of."""
KILL = (signal.SIGKILL, 5.0)
"""The last signal, and the seconds that the kernel has to do it."""


def start(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    log: Path,
    parent_death_signal: signal.Signals,
    cwd: Path | None = None,
    keep_open: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own; it gets `parent_death_signal` when the thread that calls this ends.

    It inherits the descriptors `keep_open`.
    """
    tied = (sys.executable, "-IS", str(parent_death.__file__), str(int(parent_death_signal)), str(os.getpid()))
    with open(rotated(log), "ab", opener=private) as output:
        return subprocess.Popen(
            [*tied, *command],
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=0o077,
            pass_fds=keep_open,
        )


def identified(process: psutil.Process) -> dict[str, float]:
    """Identifies a process, also against a later one with the same number."""
    return {"pid": process.pid, "create_time": process.create_time()}


def found(identity: Mapping[str, float]) -> psutil.Process | None:
    """The process that was identified so, while it lives."""
    try:
        process = psutil.Process(int(identity["pid"]))
        if abs(process.create_time() - identity["create_time"]) < 0.05 and is_alive(process):
            return process
    except (KeyError, psutil.Error):
        return None
    return None


def is_alive(process: psutil.Process) -> bool:
    """Whether it runs; a dead one whose parent hasn't noticed doesn't."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def marked(home: Path, component: str | None = None) -> list[psutil.Process]:
    """The processes that the runner of this home has started, directly or through others, or those of one component."""
    mine = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    wanted = {MARKER: str(home)} | ({COMPONENT: component} if component else {})
    ours = []
    for process in psutil.process_iter():
        # Other users' processes can't be looked into, and aren't ours.
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid not in mine and wanted.items() <= process.environ().items():
                ours.append(process)
    return ours


def end(processes: Iterable[psutil.Process], *signals: tuple[signal.Signals, float]) -> list[psutil.Process]:
    """Send each signal in turn to the processes still alive, and wait that many seconds; returns the survivors."""
    left = [process for process in processes if is_alive(process)]
    for number, seconds in signals:
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.send_signal(number)
        left = wait(left, seconds)
    return left


def wait(processes: Iterable[psutil.Process], timeout: float) -> list[psutil.Process]:
    """Wait until they have ended; those that haven't after `timeout` seconds."""
    left = list(processes)
    for _ in poll(every=0.05, within=timeout):
        left = [process for process in left if is_alive(process)]
        if not left:
            break
    return left


def end_marked(home: Path, *, component: str | None = None, grace: float) -> int:
    """End the processes of an installation or of one of its components, and return their number."""
    ended, signals = 0, [(signal.SIGTERM, grace), KILL] if grace > 0 else [KILL]
    # What is being started while we look is seen the next time.
    for _ in range(5):
        leftovers = marked(home, component)
        if not leftovers:
            break
        ended += len(leftovers)
        end(leftovers, *signals)
    return ended
