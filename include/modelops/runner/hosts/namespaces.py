"""Finds out whether and how this machine allows the namespaces that hosts need."""

from __future__ import annotations

import os
import shutil
import subprocess

from modelops.domain.errors import Unavailable

PROGRAMS = {"unshare": "util-linux", "nsenter": "util-linux", "pivot_root": "util-linux", "ip": "iproute2"}
"""The programs that are needed, and Debian's packages with them."""
OUTER = ("--net", "--mount", "--pid", "--ipc", "--fork", "--kill-child", "--mount-proc")
AS_ROOT = ("unshare", *OUTER)
AS_USER = ("unshare", "--user", "--map-root-user", *OUTER)
TRIAL = "ip link add t0 type veth peer name t1 && ip link add t2 type bridge && unshare --net --pid --fork true"


def namespaces() -> tuple[str, ...]:
    """The command that starts a program as process 1 of namespaces of its own, with the rights of root in them.

    Raises:
        Unavailable: a program is missing, or the system allows namespaces neither to root nor in a user namespace.
    """
    missing = [program for program in PROGRAMS if shutil.which(program, path=search_path()) is None]
    if missing:
        packages = ", ".join(dict.fromkeys(PROGRAMS[program] for program in missing))
        raise Unavailable(f"There is no {', '.join(missing)} on the PATH; Debian and Ubuntu have them in {packages}")
    said = ""
    for command in (AS_ROOT, AS_USER) if os.geteuid() == 0 else (AS_USER,):
        done = _tried(command)
        if done.returncode == 0:
            return command
        said = done.stderr.strip()
    raise Unavailable(
        "Hosts without Docker need network, process and mount namespaces, and this system gives them neither to this"
        f" user nor to a user namespace ({said}): run this as root, or the same file with Docker Compose, by `docker"
        " compose up --detach --wait`"
    )


def search_path() -> str:
    """PATH with the folders of system programs, which an ordinary user's PATH may lack."""
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/bin:/bin"


def _tried(command: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": search_path()}
    return subprocess.run(
        [*command, "/bin/sh", "-c", TRIAL], env=environment, capture_output=True, text=True, check=False
    )
