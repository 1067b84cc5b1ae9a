"""Starts a program so that its secrets aren't in the environment that the kernel shows in /proc.

`/proc/<pid>/environ` is what a program was started with, and every process of the same user can read it. So a program
is started with the variables that Python, the loader and the runner need from the beginning, and gets all others from a
file in memory, which nothing else holds open. It sets them itself before anything of it is imported. Processes that it
forks have them too, and show no more than it does.

Usage: python -m modelops.runner.private_environment DESCRIPTOR MODULE [ARGUMENT ...]
"""

from __future__ import annotations

import json
import os
import re
import runpy
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# What is read before Python could set it, and by what processes are found. None of these holds a secret.
_FROM_THE_BEGINNING = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_[A-Z]+|TZ|TMPDIR|PYTHON[A-Z]*|LD_[A-Z_]+|MALLOC_[A-Z_]+|GLIBC_TUNABLES"
    r"|NO_COLOR|SPT_NOENV|MODELOPS_(HOME|SUPERVISED|COMPONENT)"
)


@dataclass(frozen=True, kw_only=True)
class Start:
    """How to start a module: the command, the environment that is shown, and the descriptor that it inherits."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    descriptor: int


@contextmanager
def hidden(module: Sequence[str], environment: Mapping[str, str]) -> Iterator[Start]:
    """How to start a module with its arguments, in this environment; to be started inside, once."""
    shown = {name: value for name, value in environment.items() if _FROM_THE_BEGINNING.fullmatch(name)}
    others = {name: value for name, value in environment.items() if name not in shown}
    with os.fdopen(os.memfd_create("environment"), "w+", encoding="utf-8") as file:
        json.dump(others, file)
        file.flush()
        file.seek(0)
        command = (sys.executable, "-m", __name__, str(file.fileno()), *module)
        yield Start(command=command, environment=shown, descriptor=file.fileno())


def main(descriptor: str, module: str, *arguments: str) -> None:
    """Take the variables over, and become the module."""
    with os.fdopen(int(descriptor), "rb") as file:
        os.environ.update(json.loads(file.read()))
    sys.argv[:] = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
