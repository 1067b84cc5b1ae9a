"""Starts, finds and ends the processes of an installation."""

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
"""The variable with the name of the component to which a process belongs."""
KILL = (signal.SIGKILL, 5.0)
"""The last signal, and the seconds to wait for the end of the process."""


def start(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    log: Path,
    parent_death_signal: signal.Signals,
    cwd: Path | None = None,
    keep_open: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a program in a new session. It gets `parent_death_signal` when the calling thread ends.

    Args:
        keep_open: file descriptors that the program inherits.
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
    """The process ID and the creation time, which identify a process even if its ID is used again."""
    return {"pid": process.pid, "create_time": process.create_time()}


def found(identity: Mapping[str, float]) -> psutil.Process | None:
    """The process with this identity, if it is running."""
    try:
        process = psutil.Process(int(identity["pid"]))
        if abs(process.create_time() - identity["create_time"]) < 0.05 and is_alive(process):
            return process
    except (KeyError, psutil.Error):
        return None
    return None


def is_alive(process: psutil.Process) -> bool:
    """Whether a process is running, and is not a zombie."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def marked(home: Path, component: str | None = None) -> list[psutil.Process]:
    """The processes of an installation, or of one component, except this process and its parents."""
    excluded = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    variables = {MARKER: str(home)} | ({COMPONENT: component} if component else {})
    processes = []
    for process in psutil.process_iter():
        # The environment of other users' processes can't be read.
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid not in excluded and variables.items() <= process.environ().items():
                processes.append(process)
    return processes


def end(processes: Iterable[psutil.Process], *signals: tuple[signal.Signals, float]) -> list[psutil.Process]:
    """Send each signal to the running processes and wait for its number of seconds; returns those still running."""
    left = [process for process in processes if is_alive(process)]
    for number, seconds in signals:
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.send_signal(number)
        left = wait(left, seconds)
    return left


def wait(processes: Iterable[psutil.Process], timeout: float) -> list[psutil.Process]:
    """Wait until processes have ended, at most `timeout` seconds; returns those still running."""
    left = list(processes)
    for _ in poll(every=0.05, within=timeout):
        left = [process for process in left if is_alive(process)]
        if not left:
            break
    return left


def end_marked(home: Path, *, component: str | None = None, grace: float) -> int:
    """End the processes of an installation or of one component; returns their number.

    Args:
        grace: the seconds between SIGTERM and SIGKILL; 0: SIGKILL at once.
    """
    ended, signals = 0, [(signal.SIGTERM, grace), KILL] if grace > 0 else [KILL]
    # A process that is started during the search is found in the next round.
    for _ in range(5):
        leftovers = marked(home, component)
        if not leftovers:
            break
        ended += len(leftovers)
        end(leftovers, *signals)
    return ended
