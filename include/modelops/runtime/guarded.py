"""Runs a program under a guard process, delivers its output line by line, and leaves no process behind."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from modelops.domain.resources import Usage
from modelops.polling import poll
from modelops.runtime.confinement import Confinement
from modelops.runtime.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from modelops.runtime.confinement import Rules
    from modelops.settings import LogBounds

# The environment variable that identifies the processes of a guarded program if the guard is lost.
MARKER = "MODELOPS_CHILD"

_GUARD = Path(__file__).parent / "child" / "guard.py"
# More than the guard gives to the processes that a program leaves behind.
_GUARD_SECONDS = 12.0
_SWEEP_SECONDS = 5.0
_SECOND = 1.0
_PIPE_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a guarded program ended.

    `status` is the exit code; or, negative, the number of the signal that ended it; or None if the guard was lost.
    `exceeded` is the limit for which the guard ended it, `memory`, `cpu_seconds` or `seconds`; None: none. `usage` is
    what all its processes have used; None if the guard was lost.
    """

    status: int | None
    exceeded: str | None = None
    usage: Usage | None = None

    @classmethod
    def parse(cls, message: str) -> Ending:
        """From the message of child/guard.py; empty: the guard was lost."""
        if not message:
            return cls(status=None)
        kind, number, peak_memory, peak_allocated, cpu_seconds, seconds, exceeded = message.split(" ")
        usage = Usage(
            peak_memory=int(peak_memory),
            peak_allocated=int(peak_allocated),
            cpu_seconds=float(cpu_seconds),
            seconds=float(seconds),
        )
        status = {"exit": int(number), "signal": -int(number)}.get(kind)
        return cls(status=status, exceeded=None if exceeded == "-" else exceeded, usage=usage)


def run_guarded(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    on_line: Callable[[str], None],
    log_bounds: LogBounds,
    memory: int | None = None,
    cpu_seconds: float | None = None,
    code_seconds: float | None = None,
    seconds: float | None = None,
    keep_open: Sequence[int] = (),
    rules: Rules | None = None,
    on_confined: Callable[[Confinement], None] | None = None,
    on_second: Callable[[], None] | None = None,
    on_usage: Callable[[Usage], None] | None = None,
) -> Ending:
    """Run a program to its end, and return how it ended.

    `on_line` is called in this thread with each line of stdout and stderr, in order. When this function returns or
    raises, or when the calling process is killed, the program and all processes that it started have ended. On Linux
    the program also ends with the calling thread.

    Args:
        command: the program by absolute path, and its arguments.
        env: the whole environment of the program.
        cwd: an existing folder.
        on_line: called with a line of output, without its line ending.
        log_bounds: how much of the output is passed to `on_line`.
        memory: bytes that each of its processes may allocate (RLIMIT_DATA), and that all together may use; None: no
            limit.
        cpu_seconds: CPU time that its processes may use together; None: no limit.
        code_seconds: the time after which the guard ends it; None: no limit.
        seconds: the limit after which TimeoutError is raised; None: no limit.
        keep_open: file descriptors that the program inherits.
        rules: what the program may do; None: it is not confined.
        on_confined: called with the layers of its confinement, before any line of output.
        on_second: called about every second while the program runs. An exception that it raises ends the program.
        on_usage: called once with what the program has used, also if this raises; not if the guard was lost.
    """
    lines = Lines(log_bounds)
    own_end, guard_end = socket.socketpair()
    reader, writer = os.pipe()
    with own_end, os.fdopen(reader, "rb") as report:
        with guard_end, os.fdopen(writer, "wb"):
            guard = subprocess.Popen(
                [
                    sys.executable,
                    "-I",
                    "-S",
                    _GUARD,
                    *map(
                        str,
                        (guard_end.fileno(), os.getpid(), memory or 0, cpu_seconds or 0, code_seconds or 0, writer),
                    ),
                    json.dumps(rules and rules.to_json()),
                    *command,
                ],
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                bufsize=0,
                start_new_session=True,
                pass_fds=(guard_end.fileno(), writer, *keep_open),
            )
        message = b""
        try:
            if on_confined is not None and (layers := report.readline()):  # empty if the program could not be started
                on_confined(Confinement.of(layers))
            message = _follow(guard, own_end, lines, on_line, seconds, on_second)
        finally:
            try:
                message = message or _dismiss(own_end)
            finally:
                _kill(guard, env, lost=not message)
            ending = Ending.parse(message.decode())
            if on_usage is not None and ending.usage is not None:
                on_usage(ending.usage)
    return ending


def _follow(
    guard: subprocess.Popen[bytes],
    lifeline: socket.socket,
    lines: Lines,
    on_line: Callable[[str], None],
    seconds: float | None,
    on_second: Callable[[], None] | None,
) -> bytes:
    """Deliver the output until the guard has ended; returns its message on how the program ended."""
    deadline = None if seconds is None else time.monotonic() + seconds
    output, message = _output_of(guard), b""
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        selector.register(lifeline, selectors.EVENT_READ)
        # Output may end before the program, or after it if a process escaped: only the lifeline shows the end.
        while lifeline in selector.get_map():
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError(f"not done within {seconds:.0f} seconds")
            if on_second is not None:
                on_second()
                left = _SECOND if left is None else min(left, _SECOND)
            for key, _ in selector.select(left):
                chunk = os.read(key.fd, _PIPE_BYTES)
                if not chunk:
                    selector.unregister(key.fileobj)
                elif key.fileobj is lifeline:
                    message += chunk
                else:
                    for line in lines.feed(chunk):
                        on_line(line)
    os.set_blocking(output, False)
    with contextlib.suppress(BlockingIOError):
        for line in lines.feed(os.read(output, _PIPE_BYTES)):
            on_line(line)
    for line in lines.end():
        on_line(line)
    return message


def _output_of(guard: subprocess.Popen[bytes]) -> int:
    assert guard.stdout is not None  # Popen was called with stdout=PIPE
    return guard.stdout.fileno()


def _dismiss(lifeline: socket.socket) -> bytes:
    """Have the guard end all processes, and wait until it has done so."""
    message = b""
    with contextlib.suppress(OSError):
        lifeline.shutdown(socket.SHUT_WR)
        lifeline.settimeout(_GUARD_SECONDS)
        while chunk := lifeline.recv(256):
            message += chunk
    return message


def _kill(guard: subprocess.Popen[bytes], env: Mapping[str, str], *, lost: bool) -> None:
    # The guard is not reaped yet, so its process group id can't have been reused.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(guard.pid, signal.SIGKILL)
    guard.wait()
    if guard.stdout is not None:
        guard.stdout.close()
    if lost and MARKER in env:
        _sweep([f"{name}={env[name]}".encode() for name in (MARKER, "TMPDIR")])


def _sweep(marks: list[bytes]) -> None:
    """Kill the processes with these environment variables: those that have left the guard's process group."""
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
