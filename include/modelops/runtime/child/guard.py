"""The guard process between a job and the program that it runs. Whichever of them dies, no process remains.

Started by path (see `guarded.py`), never imported. It starts the program, waits for it, and then ends every process
that the program left, including daemons with a session of their own: on Linux they become children of this process,
their subreaper. It ends everything at once when its lifeline, a socket to the job's process, is closed; the kernel
closes it even if that process was killed. If the guard is killed, the kernel kills the program (PR_SET_PDEATHSIG), and
the job's process sees the end of the lifeline and kills the rest of the process group.

Before it closes the lifeline, the guard writes how the program ended: `exit 3` or `signal 11`. Without such a message,
the guard itself was lost.

Standard library only. On systems other than Linux, the parts that need the Linux kernel do nothing.

With rules, the program is confined before it starts (confinement.py); what came of it is written to REPORT_FD as JSON.

Usage: guard.py LIFELINE_FD PARENT_PID MEMORY_BYTES REPORT_FD RULES_JSON PROGRAM [ARGUMENT ...]
       (MEMORY_BYTES 0: no limit; RULES_JSON null: not confined)
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import resource
import selectors
import signal
import socket
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

# Time for helper processes, such as multiprocessing's resource tracker, to clean up after their program has ended.
GRACE_SECONDS = 0.5
# A process in uninterruptible sleep can't be killed; don't wait for it forever.
GIVE_UP_SECONDS = 10.0
# Extra memory with which a program beyond its limit can report that: it may raise its soft limit to the hard limit.
REPORT_BYTES = 64 * 2**20

STOPPED = "stopped 0"
"""The message of a guard that was told to end the program; the program's exit status has no meaning then."""


def main(arguments: list[str]) -> None:
    """Run the program of the command line, and end it and all processes that it started."""
    lifeline = socket.socket(fileno=int(arguments[0]))
    lifeline.set_inheritable(False)
    parent, memory, report, program = int(arguments[1]), int(arguments[2]), int(arguments[3]), arguments[5:]
    rules = json.loads(arguments[4])
    os.set_inheritable(report, False)
    woken = _wake_on(signal.SIGTERM, signal.SIGCHLD, signal.SIGINT, signal.SIGHUP)
    # SIGTERM and not SIGKILL: this process has to live on for a moment to end the others.
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    if os.getppid() != parent:
        return  # the parent died before the kernel was asked to send the signal
    guard = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become(program, guard=guard, parent=parent, memory=memory, rules=rules, report=report)
    os.close(report)
    status = _watch(pid, lifeline, woken)
    stopped = status is None
    if stopped:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    status = _end_what_is_left(pid, status)
    with contextlib.suppress(OSError):
        lifeline.sendall((STOPPED if stopped else _in_words(status)).encode())


def _wake_on(*signals: signal.Signals) -> socket.socket:
    """A socket on which the number of each of these signals arrives; handlers, unlike SIG_IGN, end with exec."""
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.detach(), warn_on_full_buffer=False)
    for number in signals:
        signal.signal(number, lambda *_: None)
    return reader


def _become(
    program: list[str], *, guard: int, parent: int, memory: int, rules: dict[str, object] | None, report: int
) -> None:
    """Confine this forked process, and replace it with the program."""
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGPIPE, signal.SIGTERM, signal.SIGCHLD, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == guard:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            with contextlib.suppress(OSError):
                # If the machine runs out of memory, the kernel should kill the user's code, not the database.
                Path("/proc/self/oom_score_adj").write_text("500")
            if memory:
                _limit_memory(memory)
            if rules is not None:
                os.write(report, _confine(rules, protected=(guard, parent)))
                # A change of identity or capabilities may have cleared it.
                _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == guard:
            os.execv(program[0], program)  # noqa: S606 - that is what this is for
    except BaseException as error:  # noqa: BLE001 - two copies of the guard must never go on
        os.write(2, f"{program[0]} could not be started: {error}\n".encode())
    finally:
        os._exit(127)


def _confine(rules: dict[str, object], *, protected: tuple[int, ...]) -> bytes:
    sys.path.insert(0, str(Path(__file__).parent))
    confinement = importlib.import_module("confinement")
    return f"{json.dumps(confinement.confine(rules, protected=protected))}\n".encode()


def _limit_memory(memory: int) -> None:
    _, ceiling = resource.getrlimit(resource.RLIMIT_DATA)
    hard = memory + REPORT_BYTES
    if ceiling != resource.RLIM_INFINITY:
        hard = min(hard, ceiling)
    resource.setrlimit(resource.RLIMIT_DATA, (min(memory, hard), hard))


def _watch(pid: int, lifeline: socket.socket, woken: socket.socket) -> int | None:
    """Wait until the program ends, and return its wait status; None if the guard has to end it."""
    selector = selectors.DefaultSelector()
    selector.register(lifeline, selectors.EVENT_READ)
    selector.register(woken, selectors.EVENT_READ)
    while True:
        ready = [key.fileobj for key, _ in selector.select()]
        signals = woken.recv(4096) if woken in ready else b""
        status, _ = _reap(pid, None)
        if status is not None:
            return status
        if lifeline in ready or signal.SIGTERM in signals:
            return None


def _end_what_is_left(pid: int, status: int | None) -> int | None:
    """Reap all processes. Those that don't end within the grace period are killed, repeatedly until none is left."""
    started = time.monotonic()
    while True:
        status, any_left = _reap(pid, status)
        elapsed = time.monotonic() - started
        if not any_left or elapsed > GIVE_UP_SECONDS:
            return status
        if elapsed > GRACE_SECONDS:
            for descendant in _descendants(os.getpid()):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(descendant, signal.SIGKILL)
        time.sleep(0.002)


def _reap(pid: int, status: int | None) -> tuple[int | None, bool]:
    """The program's wait status, once known, and whether any child is left."""
    while True:
        try:
            reaped, its_status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return status, False
        if reaped == 0:
            return status, True
        if reaped == pid:
            status = its_status


def _descendants(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # pid (name) state ppid ...: the name may hold spaces and brackets.
            parent = int(entry.read_text(errors="replace").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.parent.name))
    found = children.get(root, [])
    generation = found
    while generation:
        generation = [grandchild for child in generation for grandchild in children.get(child, [])]
        found = found + generation
    return found


def _in_words(status: int | None) -> str:
    if status is None:
        return "signal 9"
    if os.WIFSIGNALED(status):
        return f"signal {os.WTERMSIG(status)}"
    return f"exit {os.WEXITSTATUS(status)}"


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
