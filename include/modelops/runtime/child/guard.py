"""The guard process between a job and the program that it runs. Whichever of them dies, no process remains.

Started by path (see `guarded.py`), never imported. It starts the program, waits for it, and then ends every process
that the program left, including daemons with a session of their own: on Linux they become children of this process,
their subreaper. It ends everything at once when its lifeline, a socket to the job's process, is closed; the kernel
closes it even if that process was killed. If the guard is killed, the kernel kills the program (PR_SET_PDEATHSIG), and
the job's process sees the end of the lifeline and kills the rest of the process group.

The guard measures what all processes use together, and ends them when they use more memory, CPU time or time than the
limits allow. Before it closes the lifeline, it writes how the program ended, what was used, and which limit was
exceeded, if any: `exit 3 PEAK_MEMORY PEAK_ALLOCATED CPU_SECONDS SECONDS -` or `signal 9 … cpu_seconds`, with memory in
bytes. Without such a message, the guard itself was lost.

Standard library only. On systems other than Linux, the parts that need the Linux kernel do nothing.

With rules, the program is confined before it starts (confinement.py); what came of it is written to REPORT_FD as JSON.

Usage: guard.py LIFELINE_FD PARENT_PID MEMORY_BYTES CPU_SECONDS SECONDS REPORT_FD RULES_JSON PROGRAM [ARGUMENT ...]
       (0: no limit; RULES_JSON null: not confined)
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import math
import os
import resource
import selectors
import signal
import socket
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36

# Time for helper processes, such as multiprocessing's resource tracker, to clean up after their program has ended.
GRACE_SECONDS = 0.5
# A process in uninterruptible sleep can't be killed; don't wait for it forever.
GIVE_UP_SECONDS = 10.0
# Extra memory with which a program beyond its limit can report that: it may raise its soft limit to the hard limit.
REPORT_BYTES = 64 * 2**20

# The pause between two measurements: at least the first, and this many times the CPU time of a measurement.
MEASURE_SECONDS = 0.2
MEASURE_PAUSES = 30
# CPU time beyond the limit after which the kernel ends a process itself, if the guard has not.
CPU_REPRIEVE_SECONDS = 1

STOPPED = "stopped 0"
"""The message of a guard that was told to end the program; the program's exit status has no meaning then."""


def main(arguments: list[str]) -> None:
    """Run the program of the command line, and end it and all processes that it started."""
    lifeline = socket.socket(fileno=int(arguments[0]))
    lifeline.set_inheritable(False)
    parent, memory, report, program = int(arguments[1]), int(arguments[2]), int(arguments[5]), arguments[7:]
    meter = Meter(memory=memory, cpu_seconds=float(arguments[3]), seconds=float(arguments[4]))
    rules = json.loads(arguments[6])
    os.set_inheritable(report, False)
    woken = _wake_on(signal.SIGTERM, signal.SIGCHLD, signal.SIGINT, signal.SIGHUP)
    # SIGTERM and not SIGKILL: this process has to live on for a moment to end the others.
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    _prctl(PR_SET_DUMPABLE, 0)  # processes of the same user don't reach its memory through /proc
    if os.getppid() != parent:
        return  # the parent died before the kernel was asked to send the signal
    guard = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become(
            program,
            guard=guard,
            parent=parent,
            memory=memory,
            cpu_seconds=meter.cpu_limit,
            rules=rules,
            report=report,
        )
    os.close(report)
    status = _watch(pid, lifeline, woken, meter)
    stopped = status is None and not meter.exceeded
    if status is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    status = _end_what_is_left(pid, status, grace=0.0 if meter.exceeded else GRACE_SECONDS)
    meter.finish()
    with contextlib.suppress(OSError):
        lifeline.sendall(f"{STOPPED if stopped else _in_words(status)} {meter}".encode())


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
    program: list[str],
    *,
    guard: int,
    parent: int,
    memory: int,
    cpu_seconds: float,
    rules: dict[str, object] | None,
    report: int,
) -> None:
    """Confine this forked process, and replace it with the program."""
    try:
        _prctl(PR_SET_DUMPABLE, 1)  # or it could not write its files below /proc/self
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
            if cpu_seconds:
                _limit_cpu(math.ceil(cpu_seconds))
            if rules is not None:
                os.write(report, _confine(rules, protected=(guard, parent)))
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


def _limit_cpu(seconds: int) -> None:
    """Limit the CPU time of this process, and of each that it starts; the guard adds up that of all of them."""
    _, ceiling = resource.getrlimit(resource.RLIMIT_CPU)
    soft = seconds + CPU_REPRIEVE_SECONDS
    hard = soft + CPU_REPRIEVE_SECONDS
    if ceiling != resource.RLIM_INFINITY:
        hard = min(hard, ceiling)
    resource.setrlimit(resource.RLIMIT_CPU, (min(soft, hard), hard))


def _watch(pid: int, lifeline: socket.socket, woken: socket.socket, meter: Meter) -> int | None:
    """Wait until the program ends, and return its wait status; None if the guard has to end it."""
    selector = selectors.DefaultSelector()
    selector.register(lifeline, selectors.EVENT_READ)
    selector.register(woken, selectors.EVENT_READ)
    while True:
        ready = [key.fileobj for key, _ in selector.select(meter.pause())]
        signals = woken.recv(4096) if woken in ready else b""
        status, _ = _reap(pid, None)
        if status is not None:
            return status
        if lifeline in ready or signal.SIGTERM in signals:
            return None
        if meter.is_due() and meter.measure():
            return None


class Meter:
    """What the processes below this one use together, and which of their limits they have exceeded (0: no limit).

    Memory: resident memory of the largest process, exactly, as the kernel keeps it; if several run at one time also
    that of all, shared pages counted once, as measured now and then. CPU time: that of the living and the dead,
    including what a process had used when it was last seen whose parent never waited for it.
    """

    def __init__(self, *, memory: int, cpu_seconds: float, seconds: float) -> None:
        self.memory_limit, self.cpu_limit, self.seconds_limit = memory, cpu_seconds, seconds
        self.exceeded = ""
        self._started = time.monotonic()
        self._due = self._started
        self._peak = self._allocated = 0
        self._seconds = 0.0
        self._cpu = self._cpu_of_unwaited = 0.0
        self._seen: dict[tuple[int, str], float] = {}

    def pause(self) -> float:
        """Seconds until the next measurement."""
        until = self._due
        if self.seconds_limit:
            until = min(until, self._started + self.seconds_limit)
        return max(until - time.monotonic(), 0.0)

    def is_due(self) -> bool:
        """Whether it is time for a measurement."""
        return self.pause() == 0

    def measure(self) -> bool:
        """Measure the living processes; whether a limit is exceeded."""
        begun = time.process_time()
        pids = _descendants(os.getpid())
        self._measure_memory(pids)
        self._measure_cpu(pids)
        now = time.monotonic()
        if self.seconds_limit and now - self._started >= self.seconds_limit:
            self.exceeded = "seconds"
        self._due = now + max(MEASURE_SECONDS, MEASURE_PAUSES * (time.process_time() - begun))
        return bool(self.exceeded)

    def finish(self) -> None:
        """Add what the kernel knows of the processes that have ended."""
        self._seconds = time.monotonic() - self._started
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        self._peak = max(self._peak, ended.ru_maxrss * 1024)
        self._cpu = max(self._cpu, ended.ru_utime + ended.ru_stime)
        if self.cpu_limit and self._cpu >= self.cpu_limit:
            self.exceeded = self.exceeded or "cpu_seconds"

    def __str__(self) -> str:
        return f"{self._peak} {self._allocated} {self._cpu:.3f} {self._seconds:.3f} {self.exceeded or '-'}"

    def _measure_memory(self, pids: list[int]) -> None:
        together = anonymous = 0
        for pid in pids:
            with contextlib.suppress(OSError, ValueError, IndexError):
                # In pages: size, resident, shared, text, lib, data; the data are what RLIMIT_DATA limits.
                pages = [int(word) for word in Path(f"/proc/{pid}/statm").read_text().split()]
                resident, data = (pages[field] * resource.getpagesize() for field in (1, 5))
                self._allocated = max(self._allocated, data)
                # A process alone can have more than its RLIMIT_DATA in shared memory.
                if len(pids) > 1 or (self.memory_limit and resident > self.memory_limit):
                    resident, own = _proportional(pid) or (resident, resident)
                    together += resident
                    anonymous += own
        self._peak = max(self._peak, together)
        self._allocated = max(self._allocated, anonymous)
        if self.memory_limit and anonymous > self.memory_limit:
            self.exceeded = "memory"

    def _measure_cpu(self, pids: list[int]) -> None:
        # Parents are read before their children: a child that ends in between is not counted twice.
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        total = ended.ru_utime + ended.ru_stime
        seen: dict[tuple[int, str], float] = {}
        for pid in pids:
            with contextlib.suppress(OSError, ValueError, IndexError):
                fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
                # User and system time: of the process, and of those of its children that it has waited for.
                user, system, of_children, system_of_children = (int(field) for field in fields[11:15])
                seen[pid, fields[19]] = (user + system) / _TICKS
                total += (user + system + of_children + system_of_children) / _TICKS
        self._cpu_of_unwaited += sum(cpu for process, cpu in self._seen.items() if process not in seen)
        self._seen = seen
        self._cpu = max(self._cpu, total, self._cpu_of_unwaited + sum(seen.values()))
        if self.cpu_limit and self._cpu >= self.cpu_limit:
            self.exceeded = "cpu_seconds"


_TICKS = os.sysconf("SC_CLK_TCK")


def _proportional(pid: int) -> tuple[int, int] | None:
    """Bytes of a process, of which pages that others share count in proportion: all, and those that no file has."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return None
    sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}
    own = ("Pss_Anon", "Pss_Shmem", "SwapPss")
    return (sizes["Pss"], sum(sizes.get(name, 0) for name in own)) if "Pss_Anon" in sizes else None


def _end_what_is_left(pid: int, status: int | None, *, grace: float) -> int | None:
    """Reap all processes. Those that don't end within the grace period are killed, repeatedly until none is left."""
    started = time.monotonic()
    while True:
        status, any_left = _reap(pid, status)
        elapsed = time.monotonic() - started
        if not any_left or elapsed > GIVE_UP_SECONDS:
            return status
        if elapsed >= grace:
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
    """The living descendants of a process, parents before their children."""
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
