"""One host while the cluster is up: started when its time has come, watched, and started again as its service says."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import BadInput, ModelOpsError, Unavailable
from modelops.runner.hosts import host_init, network
from modelops.runner.hosts.compose import Condition
from modelops.runner.hosts.images import PYTHON, Bind
from modelops.runner.hosts.plan import PREFIX
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
SHELL = ("/bin/sh", "-c", 'cd "$0" && exec "$@"')
USERS = """root:x:0:0:root:/root:/bin/sh
app:x:1000:1000:app:/tmp:/bin/sh
nobody:x:65534:65534::/nonexistent:/bin/false
"""
GROUPS = """root:x:0:
app:x:1000:
nogroup:x:65534:
"""


class State(StrEnum):
    """What a host does."""

    WAITING = "waiting"
    """A service that it depends on isn't there yet."""
    RUNNING = "running"
    PAUSING = "restarting"
    """Its program has ended, and is started again after a pause."""
    EXITED = "exited"
    """Its program has ended, and its service says no more."""
    KILLED = "killed"
    """Killed by a person, who may start it again."""
    FAILED = "failed"
    """It can't be started, or one that it depends on has failed."""


class LiveHost:
    """One host. `live` is run in a thread; the other methods are called from others.

    Args:
        names: the hosts file.
        identity: as whom programs run.
        log: where they write.
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
        self._wanted = threading.Event()
        self._wanted.set()
        self._ending = False
        self._killed = False
        self._lock = threading.RLock()

    def live(self, others: Mapping[str, Sequence[LiveHost]]) -> None:
        """Wait for the hosts of the services that it depends on, and run until the cluster ends."""
        pause = FIRST_PAUSE
        if not self._dependencies_met(others):
            return None
        while not self._ending:
            started = time.monotonic()
            try:
                if not self._start():
                    return None
            except (OSError, ModelOpsError, ValueError) as error:
                self._end(State.FAILED, str(error))
                return None
            code = self._wait()
            if self._ending:
                return self._end(State.EXITED)
            if self._killed:
                self._end(State.KILLED)
                self._wanted.wait()
                continue
            if not self._restarts(code):
                return self._end(State.EXITED)
            pause = FIRST_PAUSE if time.monotonic() - started > LONG_ENOUGH else min(pause * 2, LONGEST_PAUSE)
            self._end(State.PAUSING)
            self._pause(pause)
        return None

    def satisfies(self, condition: Condition) -> bool | None:
        """Whether those that wait for this may start; None once it never will."""
        if self.state is State.FAILED:
            return None
        match condition:
            case Condition.STARTED:
                return self.state is not State.WAITING
            case Condition.HEALTHY:
                gone = self.state in {State.EXITED, State.KILLED} or self.health == "unhealthy"
                return None if gone else self.state is State.RUNNING and self.health in {"healthy", None}
            case _:
                return {True: True, False: None}[self.code == 0] if self.state is State.EXITED else False

    @property
    def is_well(self) -> bool:
        """Whether it is as its service says: healthy, running, or done."""
        if self.state is State.EXITED or self.host.is_awaited:
            return self.state is State.EXITED and self.code == 0 and self.host.restart == "no"
        return self.state is State.RUNNING and self.health in {"healthy", None} and not self.is_cut

    def told(self) -> dict[str, Any]:
        """What `status` shows."""
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
        """End all of its processes at once, as when the power goes; it stays so until `start_again`."""
        with self._lock:
            process = self._running()
            self._killed = True
            self._wanted.clear()
            process.kill()  # its child, the host's process 1, goes with it, and with that one all others

    def start_again(self) -> None:
        """Start it after a `kill`, with the same folders."""
        if not self._killed:
            raise BadInput(
                f"{self.host.name} was not killed", where="./modelops cluster start", expected="a killed host"
            )
        self._killed = False
        self._wanted.set()

    def partition(self) -> None:
        """Cut it off from the network."""
        with self._lock:
            self._running()
            network.cut(self.host)
            self.is_cut = True

    def heal(self) -> None:
        """Connect it to the network again."""
        with self._lock:
            if self._process is not None:
                network.mend(self.host)
            self.is_cut = False

    def stop(self, *, at_once: bool) -> None:
        """Ask the program to end, and end it after its service's grace period; it isn't started again."""
        self._ending = True
        self._wanted.set()
        with self._lock:
            process = self._process
        if process is None:
            return
        if not at_once and self._init is not None:
            with suppress(ProcessLookupError):
                os.kill(self._init, signal.Signals[self.host.stop_signal])
            with suppress(subprocess.TimeoutExpired):
                process.wait(self.host.grace)
        process.kill()
        process.wait()

    def run(self, command: Sequence[str], *, timeout: float) -> tuple[int, str]:
        """Run a command in the host, as its programs run; its exit code, and what it printed.

        Raises:
            Unavailable: the host doesn't run, or the command doesn't end in time (seconds).
        """
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
            try:
                said, _ = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise Unavailable(f"{command[0]} didn't end in {timeout:g} s on {self.host.name}") from None
        return process.returncode, said.decode(errors="replace")

    def _dependencies_met(self, others: Mapping[str, Sequence[LiveHost]]) -> bool:
        while not self._ending:
            answers = {
                (service, condition): host.satisfies(condition)
                for service, condition in self.host.depends_on.items()
                for host in others[service]
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
            time.sleep(LOOK_EVERY)
        return False

    def _start(self) -> bool:
        """Start the program, unless the cluster ends."""
        spec = self._spec()
        with self._lock, open(rotated(self._log), "ab", opener=private) as log:
            if self._ending:
                return False
            process = subprocess.Popen(
                ["unshare", *NAMESPACES, "--fork", "--kill-child", PYTHON, "-IS", str(host_init.__file__)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
            assert process.stdin is not None
            assert process.stdout is not None
            if process.stdout.readline() != b"here\n":
                process.kill()
                raise Unavailable(f"its first process didn't start; see {self._log}")
            network.connect(self.host, process.pid, cut=self.is_cut)
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
            with process.stdin, process.stdout:
                process.stdin.write(json.dumps(spec).encode())
            self._process, self._init = process, int(children[0])
            self.starts += 1
            self.code, self.why, self.state = None, "", State.RUNNING
        if self.host.healthcheck is not None:
            self.health = "starting"
            threading.Thread(target=self._check, args=(process,), daemon=True).start()
        return True

    def _spec(self) -> dict[str, Any]:
        root = self.host.folder / "root"
        root.mkdir(parents=True, exist_ok=True)
        binds = list(self.host.binds)
        if not sys.base_prefix.startswith("/usr"):
            binds.insert(0, Bind(source=sys.base_prefix, target=sys.base_prefix, read_only=True))
        for bind in binds:
            if not os.path.exists(bind.source):
                Path(bind.source).mkdir(parents=True)
                os.chown(bind.source, self._identity.uid, self._identity.gid)
        return {
            "name": self.host.name,
            "root": str(root),
            "binds": [asdict(bind) for bind in binds],
            "files": {
                "hosts": self._names,
                "hostname": f"{self.host.name}\n",
                "resolv.conf": "",
                "passwd": USERS,
                "group": GROUPS,
            },
            "address": self.host.address,
            "prefix": PREFIX,
            "command": self.host.command,
            "identity": self._identity.prefix,
            "environment": self.host.environment,
            "workdir": self.host.workdir,
        }

    def _wait(self) -> int:
        process = self._process
        assert process is not None
        code = process.wait()
        with self._lock:
            self._process = self._init = None
            self.code = code if code >= 0 else 128 - code
        return self.code

    def _restarts(self, code: int) -> bool:
        policy, _, most = self.host.restart.partition(":")
        if policy == "on-failure":
            return code != 0 and (not most or self.starts <= int(most))
        return policy in {"always", "unless-stopped"}

    def _pause(self, pause: float) -> None:
        until = time.monotonic() + pause
        while not self._ending and time.monotonic() < until:
            time.sleep(LOOK_EVERY)

    def _check(self, process: subprocess.Popen[bytes]) -> None:
        """Docker's rules: failures in the start period don't count, so many in a row after it make it unhealthy."""
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

    def _end(self, state: State, why: str = "") -> None:
        self.state, self.why = state, why
