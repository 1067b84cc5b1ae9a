"""Runs one program under a guard: delivers its output line by line, and leaves no process at its end."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from modelops.polling import poll
from modelops.runtime.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from modelops.settings import LogBounds

# In the environment of a guarded program under this name: what to find its processes by, should the guard be lost.
MARKER = "MODELOPS_CHILD"

_GUARD = Path(__file__).parent / "child" / "guard.py"
# More than the guard gives to the processes that a program leaves behind.
_GUARD_SECONDS = 5.0
_SWEEP_SECONDS = 5.0
_PIPE_BYTES = 64 * 1024


def run_guarded(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    on_line: Callable[[str], None],
    log_bounds: LogBounds,
    memory: int | None = None,
    seconds: float | None = None,
    keep_open: Sequence[int] = (),
) -> int | None:
    """Run a program to its end, and return how it ended.

    What it prints to stdout and stderr goes to `on_line`, in the calling thread, in the order printed. However this
    function is left, by return or by an exception (one of `on_line` too), the program and whatever it started are
    gone; so they are when the calling process is killed. Call it from a thread that waits for it: on Linux the end of
    the calling thread ends the program.

    Args:
        command: the program by absolute path, and its arguments.
        env: the whole environment of the program.
        cwd: an existing folder.
        on_line: gets a line of output without its end.
        log_bounds: of what it prints, this much is given to `on_line`.
        memory: bytes that each of its processes may allocate (RLIMIT_DATA); None: no limit.
        seconds: after these TimeoutError is raised; None: no limit.
        keep_open: file descriptors that the program inherits.

    Returns:
        The exit code; or, negative, the number of the signal that ended it; or None if the guard was lost.
    """
    lines = Lines(log_bounds)
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            guard = subprocess.Popen(
                [sys.executable, "-I", "-S", _GUARD, *map(str, (theirs.fileno(), os.getpid(), memory or 0)), *command],
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                bufsize=0,
                start_new_session=True,
                pass_fds=(theirs.fileno(), *keep_open),
            )
        last_word = b""
        try:
            last_word = _follow(guard, ours, lines, on_line, seconds)
        finally:
            try:
                last_word = last_word or _dismiss(ours)
            finally:
                _kill(guard, env, lost=not last_word)
    kind, _, number = last_word.decode().partition(" ")
    if kind in {"", "stopped"}:
        return None
    return int(number) if kind == "exit" else -int(number)


def _follow(
    guard: subprocess.Popen[bytes],
    lifeline: socket.socket,
    lines: Lines,
    on_line: Callable[[str], None],
    seconds: float | None,
) -> bytes:
    """Deliver the output until the guard is gone, and give its last word."""
    deadline = None if seconds is None else time.monotonic() + seconds
    output, last_word = _output_of(guard), b""
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        selector.register(lifeline, selectors.EVENT_READ)
        # The output may end before the program, or after it where a process got away: only the lifeline says it's over.
        while lifeline in selector.get_map():
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError(f"not done within {seconds:.0f} seconds")
            for key, _ in selector.select(left):
                chunk = os.read(key.fd, _PIPE_BYTES)
                if not chunk:
                    selector.unregister(key.fileobj)
                elif key.fileobj is lifeline:
                    last_word += chunk
                else:
                    for line in lines.feed(chunk):
                        on_line(line)
    os.set_blocking(output, False)
    with contextlib.suppress(BlockingIOError):
        for line in lines.feed(os.read(output, _PIPE_BYTES)):
            on_line(line)
    for line in lines.end():
        on_line(line)
    return last_word


def _output_of(guard: subprocess.Popen[bytes]) -> int:
    assert guard.stdout is not None  # it was asked for
    return guard.stdout.fileno()


def _dismiss(lifeline: socket.socket) -> bytes:
    """Have the guard end everything, and wait until it has."""
    last_word = b""
    with contextlib.suppress(OSError):
        lifeline.shutdown(socket.SHUT_WR)
        lifeline.settimeout(_GUARD_SECONDS)
        while chunk := lifeline.recv(64):
            last_word += chunk
    return last_word


def _kill(guard: subprocess.Popen[bytes], env: Mapping[str, str], *, lost: bool) -> None:
    # Not reaped yet, so its process group can't be anybody else's.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(guard.pid, signal.SIGKILL)
    guard.wait()
    if guard.stdout is not None:
        guard.stdout.close()
    if lost and MARKER in env:
        _sweep([f"{name}={env[name]}".encode() for name in (MARKER, "TMPDIR")])


def _sweep(marks: list[bytes]) -> None:
    """Kill the processes that have these in their environment: those that had left the guard's process group."""
    for _ in poll(every=0.002, within=_SWEEP_SECONDS):
        if not (marked := _with_environment(marks)):
            return
        for pid in marked:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def _with_environment(marks: list[bytes]) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if set(marks) <= set(entry.read_bytes().split(b"\0")):
                found.append(int(entry.parent.name))
    return found
