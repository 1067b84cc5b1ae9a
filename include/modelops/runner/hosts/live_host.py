"""Runs one host: starts it after its dependencies, checks its health, and restarts it by its service's policy."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import threading
import time
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import BadInput, ModelOpsError, Unavailable
from modelops.polling import poll
from modelops.runner.hosts import host_init, network, output
from modelops.runner.hosts.compose import Condition
from modelops.runner.hosts.host_spec import spec_of
from modelops.runner.hosts.images import PYTHON
from modelops.runner.layout import private, rotated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelops.runner.hosts.plan import Host
    from modelops.runner.identity import Identity

NAMESPACES = ("--net", "--mount", "--uts", "--pid", "--ipc")
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 60.0
"""Seconds before a program that has ended is started again; doubled each time, as Docker does."""
LONG_ENOUGH = 10.0
"""Seconds after which a program counts as started, and the pause begins anew."""
LOOK_EVERY = 0.1
KILL_WITHIN = 10.0
"""Seconds that the kernel has to end all processes of a host."""
SHELL = ("/bin/sh", "-c", 'cd "$0" && exec "$@"')


class State(StrEnum):
    """The state of a host."""

    WAITING = "waiting"
    """A service that it depends on isn't there yet."""
    RUNNING = "running"
    PAUSING = "restarting"
    """Its program has ended or couldn't be started, and is started again after a pause."""
    EXITED = "exited"
    """Its program has ended, and its service says no more."""
    KILLED = "killed"
    """Killed by a person, who may start it again."""
    FAILED = "failed"
    """It couldn't be started and isn't to be started again, or one that it depends on has failed."""


class LiveHost:
    """A host. `keep_up` runs in a thread of its own; other threads call the other methods.

    Args:
        names: the hosts file.
        identity: as whom programs run.
        log: the file for their output.
    """

    def __init__(self, host: Host, *, names: str, identity: Identity, log: Path) -> None:
        self.host = host
        self.state = State.WAITING
        self.health: str | None = "starting" if host.healthcheck else None
        self.code: int | None = None
        self.starts = 0
        self.is_cut = False
        self.why = ""
        self._names = names
        self._identity = identity
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._init: int | None = None
        self._has_run = False
        self._wanted = threading.Event()
        self._wanted.set()
        self._ended = threading.Event()
        self._ending = threading.Event()
        self._killed = False
        self._lock = threading.RLock()

    def keep_up(self, others: Mapping[str, Sequence[LiveHost]]) -> None:
        """Wait for the hosts of the services that it depends on, and run until the cluster ends."""
        pause = FIRST_PAUSE
        if not self._dependencies_met(others):
            return None
        while not self._ending.is_set():
            began, why = time.monotonic(), ""
            try:
                if not self._start():
                    return None
            except (OSError, ModelOpsError, ValueError) as error:
                self.code, why = None, str(error)
                self._write(f"The host can't be started: {why}")
            code = None if why else self._wait()
            if self._ending.is_set():
                return self._end(State.EXITED)
            if self._killed:
                self._end(State.KILLED)
                self._wanted.wait()
                continue
            if not self._restarts(code):
                return self._end(State.FAILED if code is None else State.EXITED, why)
            pause = FIRST_PAUSE if time.monotonic() - began > LONG_ENOUGH else min(pause * 2, LONGEST_PAUSE)
            self._end(State.PAUSING, why)
            self._ending.wait(pause)
        return None

    def satisfies(self, condition: Condition) -> bool | None:
        """Whether hosts that depend on this one may start; None: they never will."""
        if self.state is State.FAILED:
            return None
        match condition:
            case Condition.STARTED:
                return self._has_run
            case Condition.HEALTHY:
                gone = self.state in {State.EXITED, State.KILLED} or self.health == "unhealthy"
                return None if gone else self.state is State.RUNNING and self.health in {"healthy", None}
            case _:
                return {True: True, False: None}[self.code == 0] if self.state is State.EXITED else False

    @property
    def is_well(self) -> bool:
        """Whether it is in the state that its service needs: healthy, running, or completed."""
        if self.state is State.EXITED or self.host.is_awaited:
            return self.state is State.EXITED and self.code == 0 and not self._restarts(0)
        return self.state is State.RUNNING and self.health in {"healthy", None} and not self.is_cut

    def told(self) -> dict[str, Any]:
        """The host's status, as `./modelops cluster status` shows it."""
        return {
            "name": self.host.name,
            "service": self.host.service,
            "address": self.host.address,
            "state": str(self.state),
            "health": self.health,
            "code": self.code,
            "starts": self.starts,
            "cut": self.is_cut,
            "why": self.why,
            "well": self.is_well,
            "log": str(self._log),
        }

    def kill(self) -> None:
        """Kill all of its processes at once, as a power failure would; it stays down until `start_again`.

        Raises:
            Unavailable: it doesn't run, or the kernel hasn't ended its processes in time.
        """
        with self._lock:
            self._running()
            self._killed = True
            self._wanted.clear()
            self._ended.clear()
            self._kill_all()
        if not self._ended.wait(KILL_WITHIN):
            raise Unavailable(
                f"{self.host.name} was killed, but the kernel hasn't ended its processes after {KILL_WITHIN:g} s;"
                " `./modelops cluster status` says when it has"
            )

    def start_again(self) -> None:
        """Start the host after a `kill`, with the same folders."""
        if not self._killed or self.state is not State.KILLED:
            raise BadInput(
                f"{self.host.name} was not killed", where="./modelops cluster start", expected="a killed host"
            )
        self._killed = False
        self._wanted.set()

    def partition(self) -> None:
        """Disconnect it from the network."""
        with self._lock:
            self._running()
            network.cut(self.host)
            self.is_cut = True

    def heal(self) -> None:
        """Reconnect it to the network."""
        with self._lock:
            if self._process is not None:
                network.mend(self.host)
            self.is_cut = False

    def stop(self, *, at_once: bool) -> None:
        """Stop the program, and kill it after its service's grace period; it isn't restarted."""
        self._ending.set()
        self._wanted.set()
        with self._lock:
            process, init = self._process, self._init
        if process is None or init is None:
            return
        if not at_once:
            with suppress(ProcessLookupError):
                os.kill(init, signal.Signals[self.host.stop_signal])
            with suppress(subprocess.TimeoutExpired):
                process.wait(self.host.grace)
        with self._lock:
            self._kill_all()
        process.wait()

    def run(self, command: Sequence[str], *, timeout: float) -> tuple[int, str]:
        """Run a command as the user of the host's programs; returns the exit code and the output, up to `output.MOST`.

        Raises:
            Unavailable: the host doesn't run, or the command or its output doesn't end in time (seconds).
        """
        deadline = time.monotonic() + timeout
        with self._lock:
            self._running()
            where = ["--target", str(self._init), "--mount", "--uts", "--ipc", "--net", "--pid"]
        program = [str(shutil.which("nsenter")), *where, *self._identity.prefix, *SHELL, self.host.workdir, *command]
        with subprocess.Popen(
            program,
            env=self.host.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process:
            assert process.stdout is not None
            try:
                said = output.read(process.stdout, within=timeout)
                process.wait(max(0.0, deadline - time.monotonic()))
            except (TimeoutError, subprocess.TimeoutExpired):
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise Unavailable(f"{command[0]} didn't end in {timeout:g} s on {self.host.name}") from None
        return _exit_code(process.returncode), said

    def _dependencies_met(self, others: Mapping[str, Sequence[LiveHost]]) -> bool:
        for _ in poll(every=LOOK_EVERY, within=math.inf):
            if self._ending.is_set():
                break
            answers = {
                (service, condition): other.satisfies(condition)
                for service, condition in self.host.depends_on.items()
                for other in others[service]
            }
            for (service, condition), answer in answers.items():
                if answer is None:
                    self._end(
                        State.FAILED,
                        f"the service {service}, which it depends on, did not meet the condition {condition}",
                    )
                    return False
            if all(answers.values()):
                return True
        return False

    def _start(self) -> bool:
        """Start the program, unless the cluster is ending.

        Raises:
            OSError, Unavailable: it can't be started; no process of it is left.
        """
        with self._lock:
            if self._ending.is_set():
                return False
            self.starts += 1
            spec = spec_of(self.host, names=self._names, identity=self._identity)
            with open(rotated(self._log), "ab", opener=private) as log:
                process = subprocess.Popen(
                    ["unshare", *NAMESPACES, "--fork", "--kill-child", PYTHON, "-IS", str(host_init.__file__)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    start_new_session=True,
                )
            try:
                init = self._set_up(process, spec)
            except BaseException:
                process.kill()
                process.wait()
                raise
            self._process, self._init, self._has_run = process, init, True
            self.code, self.why, self.state = None, "", State.RUNNING
        if self.host.healthcheck is not None:
            self.health = "starting"
            threading.Thread(target=self._check, args=(process,), daemon=True).start()
        return True

    def _set_up(self, process: subprocess.Popen[bytes], spec: Mapping[str, Any]) -> int:
        """Connect the host to the network, send its process 1 the description, and return that process's number."""
        assert process.stdin is not None
        assert process.stdout is not None
        with process.stdin, process.stdout:
            begun = process.stdout.readline() == b"here\n"
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
            if not begun or not children:
                raise Unavailable(f"its first process didn't start; see {self._log}")
            network.connect(self.host, process.pid, cut=self.is_cut)
            process.stdin.write(json.dumps(spec).encode())
        return int(children[0])

    def _wait(self) -> int:
        process = self._process
        assert process is not None
        code = process.wait()
        with self._lock:
            self._process = self._init = None
            self.code = _exit_code(code)
        return self.code

    def _restarts(self, code: int | None) -> bool:
        """Whether its restart policy restarts it after this exit code; None: it couldn't be started."""
        policy, _, most = self.host.restart.partition(":")
        if policy == "on-failure":
            return code != 0 and (not most or self.starts <= int(most))
        return policy in {"always", "unless-stopped"}

    def _check(self, process: subprocess.Popen[bytes]) -> None:
        """Check its health by Docker's rules.

        Failures in the start period don't count; `retries` failures in a row after it make the host unhealthy.
        """
        check = self.host.healthcheck
        assert check is not None
        began, failures = time.monotonic(), 0
        while True:
            beginning = self.health == "starting" and time.monotonic() - began < check.start_period
            time.sleep(min(check.start_interval, check.interval) if beginning else check.interval)
            if self._process is not process:
                return
            try:
                code, said = self.run(check.command, timeout=check.timeout)
            except (Unavailable, OSError) as error:
                code, said = 1, str(error)
            if self._process is not process:
                return
            if code == 0:
                self.health, self.why, failures = "healthy", "", 0
                continue
            self.why = said.strip()[-500:]
            in_start = self.health == "starting" and time.monotonic() - began < check.start_period
            failures += 0 if in_start else 1
            if failures >= check.retries:
                self.health = "unhealthy"

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise Unavailable(f"{self.host.name} doesn't run: it is {self.state}")
        return self._process

    def _kill_all(self) -> None:
        """Kill its process 1: the kernel then ends all others, and `unshare`, its parent, ends last."""
        if self._init is not None:
            with suppress(ProcessLookupError):
                os.kill(self._init, signal.SIGKILL)

    def _write(self, line: str) -> None:
        """Add a line to its log; errors are ignored."""
        with suppress(OSError), open(self._log, "a", encoding="utf-8", opener=private) as log:
            log.write(f"{line}\n")

    def _end(self, state: State, why: str = "") -> None:
        self.state, self.why = state, why
        self._ended.set()


def _exit_code(code: int) -> int:
    """The exit code as in a shell: 128 + n if the program was ended by signal n."""
    return code if code >= 0 else 128 - code
