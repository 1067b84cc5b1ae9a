"""The client of a cluster: it starts the keeper process, sends it commands, and ends it."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import psutil

from modelops.domain.errors import BadInput, ModelOpsError, Unavailable
from modelops.plain_files import open_lock
from modelops.polling import poll
from modelops.runner.hosts import compose
from modelops.runner.hosts.environment import ensure_environment
from modelops.runner.hosts.interpolation import read_env_file
from modelops.runner.hosts.keeper import BEGIN, CONTROL, MAX_SECONDS, PLAN
from modelops.runner.hosts.namespaces import namespaces, search_path
from modelops.runner.hosts.plan import Host, plan
from modelops.runner.layout import private, read_json, rotated, tail, write_json
from modelops.runner.processes import KILL, end, found, identified, wait
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelops.runner.steps import Steps

FILE = "docker-compose.yaml"
ENV_FILE = ".env"
LOCK = "lock"
"""Held by the command that starts the cluster, and then by the keeper as long as it lives."""
LOOK_EVERY = 0.2
END_WITHIN = 10.0
"""Seconds that the keeper has to answer that it ends, and to end beyond the grace periods of the hosts."""
STILL_RUNS = "What was started still runs: `./modelops cluster down` stops it."
LINES = 5
"""How many lines of the log of a host that isn't well are shown."""
MAX_STARTS = 5
"""How often the program of a host may be started until the start of the cluster is given up."""


class Refused(ModelOpsError):
    """The keeper refused a command."""


class Cluster:
    """The cluster of one state folder.

    Args:
        state: the cluster's state folder.
        file: the compose file; its paths are relative to its folder, which also contains the Dockerfile.
        env_file: the file with the values of its variables; environment variables take precedence.
        environment: the folder of the Python environment of the project's services; created if missing.
    """

    def __init__(
        self,
        state: Path,
        *,
        file: Path = PROJECT_ROOT / FILE,
        env_file: Path | None = None,
        environment: Path | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.state = state
        self.file = file
        self.env_file = env_file
        self.environment = environment or state / "environment"
        self._environ = environ
        self._started: subprocess.Popen[bytes] | None = None

    def variables(self) -> dict[str, str]:
        """The values for the file's variables.

        Raises:
            BadInput: the named file can't be read, or a line is invalid.
        """
        path = self.env_file or self.file.parent / ENV_FILE
        found = read_env_file(path, self._environ) if self.env_file or path.exists() else {}
        return {**found, **self._environ}

    def plan(self, workers: int) -> list[Host]:
        """The hosts of the services in the file.

        Raises:
            BadInput: the file is invalid, a variable has no value, or an image is not supported.
        """
        services = compose.read(self.file, self.variables())
        return plan(
            services,
            workers=workers,
            state=self.state,
            project=PROJECT_ROOT,
            python=self.environment,
            file=self.file.name,
        )

    def up(self, *, workers: int, steps: Steps, timeout: float) -> list[Host]:
        """Start all hosts, and wait until all are healthy.

        Raises:
            BadInput: the cluster is already up, or the file is invalid.
            Unavailable: another process is starting it; namespaces or programs are not available; or a host is not
                healthy within `timeout` seconds: the started hosts then keep running.
        """
        hosts = self.plan(workers)
        prefix = namespaces()
        for folder in (self.state, self.state / "logs"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open_lock(self.state / LOCK) as lock:
            self._take(lock)
            if any(bind.source == str(self.environment) for host in hosts for bind in host.binds):
                ensure_environment(self.environment, project=PROJECT_ROOT, steps=steps)
            write_json(self.state / PLAN, [_written(host) for host in hosts])
            with _listeners(hosts) as listeners:
                self._spawn(prefix, listeners, lock)
        try:
            self._await_health(steps, timeout)
        except Unavailable as error:
            if self.keeper() is None:
                raise
            raise Unavailable(f"{error}\n{STILL_RUNS}") from None
        return hosts

    def down(self, *, at_once: bool) -> bool:
        """Stop all hosts and remaining processes; returns whether there were any."""
        keeper = self.keeper()
        if keeper is None:
            return False
        with suppress(ModelOpsError):
            answer = self.ask({"do": "down", "at_once": at_once}, timeout=END_WITHIN)
            wait([keeper], answer["grace"] + END_WITHIN)
        left = [keeper]
        with suppress(psutil.NoSuchProcess):
            # Its child is process 1 of the hosts' namespaces; when that ends, the kernel ends all processes in them.
            left = [*keeper.children(), keeper]
        end(left, KILL)
        if self._started is not None:
            self._started.wait()
        return True

    def keeper(self) -> psutil.Process | None:
        """The process of the running cluster: `unshare`, the parent of process 1; None if it isn't running."""
        if self._started is not None:
            self._started.poll()  # reaps it if it is a child of this process
        return found(read_json(self.state / "keeper.json"))

    def hosts(self) -> list[dict[str, Any]]:
        """The status of each host, as `LiveHost.told` returns it; empty if the cluster isn't up."""
        return list(self.ask({"do": "status"})["hosts"]) if self.keeper() else []

    def ask(self, request: Mapping[str, Any], *, timeout: float | None = MAX_SECONDS + 10) -> dict[str, Any]:
        """Send the keeper a command, and return its answer.

        Raises:
            Refused: the keeper refused the command; the message has the reason.
            Unavailable: the cluster isn't up, or doesn't answer within `timeout` seconds.
        """
        if self.keeper() is None:
            raise Unavailable("The cluster isn't up; `./modelops cluster up` starts it")
        try:
            # Relative to the folder, because a socket's path may have at most 108 characters.
            folder = os.open(self.state, os.O_PATH | os.O_DIRECTORY)
            try:
                with closing(socket.socket(socket.AF_UNIX)) as client:
                    client.settimeout(timeout)
                    client.connect(f"/proc/self/fd/{folder}/{CONTROL}")
                    client.sendall(json.dumps(request).encode() + b"\n")
                    answer = json.loads(client.makefile().readline())
            finally:
                os.close(folder)
        except (OSError, ValueError) as error:
            log = self._keeper_log
            raise Unavailable(f"The cluster's keeper doesn't answer ({error}); its log is {log}") from None
        if "error" in answer:
            raise Refused(answer["error"])
        return dict(answer)

    @property
    def _keeper_log(self) -> Path:
        return self.state / "logs" / "keeper.log"

    def _take(self, lock: IO[bytes]) -> None:
        for _ in poll(every=0.1, within=2):  # the process that holds the lock is about to end, or to write its number
            if self.keeper() is not None:
                raise BadInput(
                    "the cluster is already running",
                    where=str(self.state),
                    expected="run `./modelops cluster down` first",
                )
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
        raise Unavailable(f"{self.state} is in use by another process, which starts or ends the cluster; wait for it")

    def _spawn(self, prefix: tuple[str, ...], listeners: list[socket.socket], lock: IO[bytes]) -> None:
        numbers = [listener.fileno() for listener in listeners]
        program = [sys.executable, "-P", "-m", "modelops.runner.hosts.keeper", str(self.state), *map(str, numbers)]
        # The keeper needs no other variables of the user's environment.
        kept = {name: value for name, value in os.environ.items() if name in ("HOME", "TMPDIR", "LANG")}
        with open(rotated(self._keeper_log), "ab", opener=private) as log:
            self._started = subprocess.Popen(
                [*prefix, *program],
                env={**kept, "PATH": search_path(), "PYTHONPATH": str(PROJECT_ROOT / "include")},
                cwd=self.state,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[*numbers, lock.fileno()],
                start_new_session=True,
            )
        assert self._started.stdin is not None
        # The keeper starts work once its number is on record, and ends if this process ends before that.
        with self._started.stdin as begin:
            write_json(self.state / "keeper.json", identified(psutil.Process(self._started.pid)))
            with suppress(BrokenPipeError):
                begin.write(BEGIN)
                begin.flush()

    def _await_health(self, steps: Steps, timeout: float) -> None:
        began, told = time.monotonic(), set()
        hosts: list[dict[str, Any]] = []
        for _ in poll(every=LOOK_EVERY, within=timeout):
            with suppress(Unavailable):  # not listening yet
                hosts = self.hosts()
            for host in hosts:
                if host["well"] and host["name"] not in told:
                    told.add(host["name"])
                    steps.say(f"✓ {host['name']:<46} {time.monotonic() - began:6.1f} s")
            if hosts and all(host["well"] for host in hosts):
                return
            if self.keeper() is None:
                log = self._keeper_log
                raise Unavailable(f"The cluster's keeper has ended; the end of {log}:\n{tail(log)}")
            for host in hosts:
                if not host["well"] and (
                    host["state"] in {"failed", "exited"}
                    or host["health"] == "unhealthy"
                    or host["starts"] > MAX_STARTS
                ):
                    raise Unavailable(_complaint(host))
        if not hosts:
            raise Unavailable(f"The cluster's keeper didn't answer for {timeout:g} s; its log is {self._keeper_log}")
        missing = [host for host in hosts if not host["well"]]
        raise Unavailable("\n".join([f"Not healthy after {timeout:g} s:", *map(_complaint, missing)]))


def _complaint(host: Mapping[str, Any]) -> str:
    state = host["state"] if host["code"] is None else f"{host['state']} ({host['code']})"
    end_of_log = tail(Path(host["log"]), lines=LINES)
    return f"{host['name']} is {state}. {host['why']}\nThe end of {host['log']}:\n{end_of_log}"


@contextmanager
def _listeners(hosts: list[Host]) -> Iterator[list[socket.socket]]:
    """Open a listening socket for each published port here, as the hosts' network is not reachable from outside."""
    listeners: list[socket.socket] = []
    try:
        for host in hosts:
            for port in host.ports:
                family = socket.AF_INET6 if ":" in port.address else socket.AF_INET
                try:
                    listeners.append(socket.create_server((port.address, port.published), family=family))
                except OSError as error:
                    raise Unavailable(
                        f"can't listen on {port.address}:{port.published} for {host.name}: {error.strerror}; set"
                        " another address or port in its service"
                    ) from None
        yield listeners
    finally:
        for listener in listeners:
            listener.close()


def _written(host: Host) -> dict[str, Any]:
    return {**asdict(host), "folder": str(host.folder)}
