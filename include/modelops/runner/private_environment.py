"""Starts a program without its secrets in the environment that the kernel shows in /proc.

`/proc/<pid>/environ` has the environment with which a program was started, and all processes of the same user can read
it. So the program is started only with the variables that Python, the loader and the runner need at the start, and
reads all others from a file in memory, which no other process has open. It sets these variables before it imports the
module. Processes that it forks inherit them, and their /proc entries don't show them either.

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

# Variables that are read before Python can set them, or that identify processes. None of them has a secret.
_VISIBLE = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_[A-Z]+|TZ|TMPDIR|PYTHON[A-Z]*|LD_[A-Z_]+|MALLOC_[A-Z_]+|GLIBC_TUNABLES"
    r"|NO_COLOR|SPT_NOENV|MODELOPS_(HOME|SUPERVISED|COMPONENT)"
)


@dataclass(frozen=True, kw_only=True)
class Start:
    """How to start a module: the command, the visible environment, and the file descriptor that it inherits."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    descriptor: int


@contextmanager
def hidden(module: Sequence[str], environment: Mapping[str, str]) -> Iterator[Start]:
    """Prepare the start of a module with its arguments in this environment. Start it once, in the `with` block."""
    visible = {name: value for name, value in environment.items() if _VISIBLE.fullmatch(name)}
    others = {name: value for name, value in environment.items() if name not in visible}
    with os.fdopen(os.memfd_create("environment"), "w+", encoding="utf-8") as file:
        json.dump(others, file)
        file.flush()
        file.seek(0)
        command = (sys.executable, "-m", __name__, str(file.fileno()), *module)
        yield Start(command=command, environment=visible, descriptor=file.fileno())


def main(descriptor: str, module: str, *arguments: str) -> None:
    """Set the variables, and run the module."""
    with os.fdopen(int(descriptor), "rb") as file:
        os.environ.update(json.loads(file.read()))
    sys.argv[:] = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
