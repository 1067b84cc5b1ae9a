"""Finds and ends the processes of one installation, and of no other."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

import psutil

from modelops.runner.configuration import MARKER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

COMPONENT = "MODELOPS_COMPONENT"
"""Which component a process is part of."""


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


def end(processes: Iterable[psutil.Process], *, grace: float) -> list[psutil.Process]:
    """Terminate processes, kill those left after `grace` seconds, and return those that even survive that."""
    left = [process for process in processes if is_alive(process)]
    if grace > 0:
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.terminate()
        left = wait(left, grace)
    for process in left:
        with contextlib.suppress(psutil.Error):
            process.kill()
    return wait(left, 5)


def wait(processes: Iterable[psutil.Process], timeout: float) -> list[psutil.Process]:
    """Wait until they have ended; those that haven't after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    left = [process for process in processes if is_alive(process)]
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = [process for process in left if is_alive(process)]
    return left


def end_marked(home: Path, *, component: str | None = None, grace: float) -> int:
    """End the processes of an installation or of one of its components, and return their number."""
    ended = 0
    # What is being started while we look is seen the next time.
    for _ in range(5):
        leftovers = marked(home, component)
        if not leftovers:
            break
        ended += len(leftovers)
        end(leftovers, grace=grace)
    return ended
