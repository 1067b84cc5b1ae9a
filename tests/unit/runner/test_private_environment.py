"""A component's secrets are in its environment, and not in what the kernel shows of it."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

from modelops.runner.private_environment import hidden
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from pathlib import Path

# Prints what it has, and what /proc shows of it and of a process that it forks.
PROGRAM = """
import json, os, sys

def shown():
    with open("/proc/self/environ", "rb") as file:
        return file.read().decode(errors="replace").split(chr(0))

reader, writer = os.pipe()
if os.fork() == 0:
    os.write(writer, json.dumps([shown(), os.environ["SECRET"]]).encode())
    os._exit(0)
os.wait()
forked = json.loads(os.read(reader, 100_000))
links = [f"/proc/self/fd/{n}" for n in range(20)]
files = [os.readlink(link) for link in links if os.path.lexists(link)]
print(json.dumps({"has": dict(os.environ), "shows": shown(), "forked": forked, "argv": sys.argv, "files": files}))
"""


def test_secrets_are_given_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / "toy.py").write_text(PROGRAM)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{PROJECT_ROOT / 'include'}:{tmp_path}",
        "MODELOPS_HOME": "/home/of/all",
        "SECRET": "as ünsafe\nas any",
        "AWS_SECRET_ACCESS_KEY": "of the user",
        "AIRFLOW_CONN_MODELOPS": "postgresql://modelops_jobs:secret@localhost/modelops",
        "AIRFLOW__API_AUTH__JWT_SECRET": "signs",
    }
    with hidden(("toy", "one", "--two"), environment) as start:
        done = subprocess.run(
            start.command,
            env=start.environment,
            pass_fds=[start.descriptor],
            capture_output=True,
            text=True,
            check=True,
        )
    found = json.loads(done.stdout)
    assert environment.items() <= found["has"].items()
    assert found["argv"][1:] == ["one", "--two"]
    assert not [file for file in found["files"] if "environment" in file], "the file in memory is closed"
    shown = {line.partition("=")[0] for line in [*found["shows"], *found["forked"][0]] if line}
    assert shown == {"PATH", "PYTHONPATH", "MODELOPS_HOME"}
    assert found["forked"][1] == environment["SECRET"]
    assert not [argument for argument in start.command if "secret" in argument]
