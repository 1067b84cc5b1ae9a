"""A Docker engine of the tests' own: nothing of it is outside its folder, its namespaces and its control groups."""

from __future__ import annotations

import ctypes
import errno
import os
import shlex
import shutil
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import psutil
import pytest

from modelops.domain.errors import Unavailable
from modelops.runner.hosts.namespaces import AS_ROOT, namespaces
from modelops.runner.layout import tail

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAMS = {
    "dockerd": "docker.io",
    "docker": "docker.io",
    "iptables": "iptables",
    "ip": "iproute2",
    "mmdebstrap": "mmdebstrap",
    "setpriv": "util-linux",
    "unshare": "util-linux",
    "docker-compose": "",
}
"""What is needed, and Debian's packages with it; Docker Compose is the one that .ci/run downloads."""
ADDRESS = "10.78.0.1"
"""Of the engine in its own network; containers of all its networks reach it."""
ALONE = ("--net", "--mount", "--pid", "--ipc", "--fork", "--kill-child", "--mount-proc")
GROUPS = Path("/sys/fs/cgroup")
CLONE_NEWNET = 0x40000000
ENOUGH_MEMORY = 16 << 30
"""Bytes: the images may have ten GiB, and the services need some."""
HUNG_AFTER = 1500
"""Seconds after which a program is taken for hung: the image is built within minutes."""
UP_WITHIN = GONE_WITHIN = 120
"""Seconds after which what is waited for hangs."""

T = TypeVar("T")


def missing() -> str:
    """What keeps an engine from running here, as a sentence; empty if nothing does."""
    if os.geteuid() != 0:
        return "a Docker engine of the tests' own needs root"
    lacking = [program for program in PROGRAMS if shutil.which(program) is None]
    if not lacking:
        try:
            return "" if namespaces() == AS_ROOT else "this system gives root no namespaces of its own"
        except Unavailable as error:
            return str(error)
    packages = sorted({PROGRAMS[program] for program in lacking} - {""})
    ways = [f"`apt-get install {' '.join(packages)}` brings what Debian has"] if packages else []
    ways += [".ci/run says how tests get Docker Compose"] if "docker-compose" in lacking else []
    return f"there is no {', '.join(lacking)} on the PATH: {'; '.join(ways)}"


class Engine:
    """dockerd with all that it starts, which ends with the process that has started it, or with `stop`."""

    def __init__(self, home: Path, *, keep: bool = False) -> None:
        self.home = home
        self.in_memory = not keep and psutil.virtual_memory().available > ENOUGH_MEMORY
        self.log = home / "dockerd.log"
        self.group = f"modelops-engine-{os.getpid()}"
        self.host = f"unix://{home / 'socket'}"
        self.process = self._start()
        self._inside = ThreadPoolExecutor(1, initializer=self._enter)

    def _start(self) -> subprocess.Popen[bytes]:
        self.home.mkdir(parents=True, exist_ok=True)
        # Of an earlier engine in this folder: none gets the time to remove them.
        shutil.rmtree(self.home / "exec", ignore_errors=True)
        (self.home / "pid").unlink(missing_ok=True)
        folders = [f"--data-root={self.home / 'data'}", f"--exec-root={self.home / 'exec'}"]
        own = [f"--pidfile={self.home / 'pid'}", f"--host={self.host}", f"--cgroup-parent=/{self.group}"]
        dockerd = ["dockerd", *folders, *own, f"--bip={ADDRESS}/24", "--log-level=warn"]
        data = self.home / "data"
        data.mkdir(exist_ok=True)
        prepare = "ip link set lo up"
        if self.in_memory:  # to remove the hundred thousand files of the images takes a disk minutes
            prepare += f" && mount -t tmpfs -o size=10g engine {shlex.quote(str(data))}"
        # The first process of a PID namespace is the parent of orphans, which dockerd wouldn't wait for.
        first = ["sh", "-c", f'{prepare} || exit; "$@" & wait', "sh", *dockerd]
        with self.log.open("wb") as log:
            return subprocess.Popen(
                ["setpriv", "--pdeathsig=KILL", "unshare", *ALONE, *first],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self) -> None:
        """Wait until it answers; where it can't run, as for lack of rights, the tests are skipped with its log."""
        deadline = time.monotonic() + UP_WITHIN
        while self.docker("version", check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                pytest.skip(f"the engine doesn't start here:\n{tail(self.log, lines=20)}")
            time.sleep(0.2)

    def stop(self) -> None:
        """End it and its containers, and remove what it has left, but not its folder."""
        self._inside.shutdown()
        # All processes of the namespace are killed with its first, which is gone only after them; mounts go too.
        if self.process.poll() is None:
            for first in psutil.Process(self.process.pid).children():
                first.kill()
        self.process.wait()
        deadline = time.monotonic() + GONE_WITHIN
        while not all(map(removed, GROUPS.glob(f"*/{self.group}"))):
            if time.monotonic() > deadline:
                pytest.fail(f"the engine has left processes in {GROUPS}/*/{self.group}", pytrace=False)
            time.sleep(0.1)

    def _enter(self) -> None:
        with open(f"/proc/{self.process.pid}/ns/net") as namespace:
            if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "the engine's network can't be entered")

    def inside(self, ask: Callable[..., T], *arguments: Any, **more: Any) -> T:
        """Call something in the engine's network: sockets that it makes are there, whoever uses them later."""
        return self._inside.submit(ask, *arguments, **more).result()

    def listening(self) -> socket.socket:
        """A socket that listens in the engine's network, where containers reach it."""
        return self.inside(socket.create_server, (ADDRESS, 0), backlog=128)

    def ports(self) -> set[str]:
        """The addresses in the engine's network at which somebody listens."""
        said = self.inside(subprocess.run, ["ss", "-ltnuH"], capture_output=True, text=True, check=True).stdout
        return {line.split()[4] for line in said.splitlines()}

    def docker(self, *command: str, check: bool = True, **more: Any) -> subprocess.CompletedProcess[str]:
        return self.run("docker", *command, check=check, **more)

    def has(self, image: str) -> bool:
        return self.docker("image", "inspect", image, check=False).returncode == 0

    def run(self, *command: str, check: bool = True, **more: Any) -> subprocess.CompletedProcess[str]:
        """A program that asks this engine; what it says belongs to the failure."""
        # Without BuildKit: Docker Compose would look for buildx, which Debian doesn't have.
        own = {"HOME": str(self.home), "DOCKER_HOST": self.host, "DOCKER_BUILDKIT": "0"}
        environment = {"PATH": os.environ["PATH"], **own}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=HUNG_AFTER, **more
        )
        if check and done.returncode != 0:
            pytest.fail(f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}", pytrace=False)
        return done


def removed(group: Path) -> bool:
    """Remove a control group and those in it, which can be done once their last process is gone; whether it could."""
    try:
        for folder, _, _ in os.walk(group, topdown=False):
            os.rmdir(folder)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        return False
    return True
