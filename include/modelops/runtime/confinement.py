"""What users' code may do on a machine, which layers of its confinement the machine has, and what these amount to.

child/confinement.py does the confining, in the process that becomes the code.
"""

from __future__ import annotations

import enum
import json
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_PROGRAM = Path(__file__).parent / "child" / "confinement.py"
_PROBE_SECONDS = 30
# The parts of a Python's folder. The folder itself may be somebody's home.
_PARTS_OF_PYTHON = ("bin", "include", "lib", "lib64", "libexec", "share", "pyvenv.cfg")

# The layers by their names in child/confinement.py.
PRIVILEGES, CAPABILITIES, FILES, CALLS = "no new privileges", "no capabilities", "Landlock", "seccomp"
_NEEDED_FOR_ANY = {PRIVILEGES, CAPABILITIES, CALLS}


class Rank(enum.StrEnum):
    """How much of the confinement a machine has, of what holds against code that means harm."""

    CONFINED = "confined"
    """The code reaches its own files, no socket, and no process but its own. Without the layer "Landlock for signals"
    it may signal other processes of its user than the guard and the job."""
    HALF = "half confined"
    """It makes no socket, but as the machine lacks Landlock it reaches all files of its user. Among these are the
    memory and the environment of the user's processes in /proc, unless it has a user namespace of its own."""
    NONE = "not confined"
    """It reaches what its user reaches; only its memory, its environment variables and its end are looked after."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a process of users' code may do.

    Attributes:
        read, execute, write: files, and folders with what is below them, beyond those of every Python. What it may
            execute or write it may read.
        file_bytes: the most that one file may have.
        shared_memory: how many bytes its own /dev/shm may hold; None: half of the machine's memory.
        cpu_seconds: how long each of its processes may compute; None: no limit.
    """

    read: tuple[Path, ...] = ()
    execute: tuple[Path, ...] = ()
    write: tuple[Path, ...] = ()
    file_bytes: int | None = None
    shared_memory: int | None = None
    cpu_seconds: int | None = None

    def to_json(self) -> dict[str, Any]:
        """As child/confinement.py reads them."""
        return {
            "read": [*map(str, self.read)],
            "execute": [*map(str, self.execute)],
            "write": [*map(str, self.write)],
            "file_bytes": self.file_bytes,
            "shared_memory": self.shared_memory,
            "cpu_seconds": self.cpu_seconds,
        }


@dataclass(frozen=True, kw_only=True)
class Confinement:
    """The layers that a process has: `held`, and those that the machine lacks with the reason."""

    held: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, report: bytes | str) -> Confinement:
        """From what child/confinement.py reports."""
        found = json.loads(report)
        return cls(held=tuple(found["held"]), missing=dict(found["missing"]))

    @property
    def rank(self) -> Rank:
        """What the layers amount to.

        The namespaces don't count: what they hide is refused by seccomp and Landlock too.
        """
        if not set(self.held) >= _NEEDED_FOR_ANY:
            return Rank.NONE
        return Rank.CONFINED if FILES in self.held else Rank.HALF

    @property
    def lacks(self) -> str:
        """The missing layers with their reasons, or an empty text."""
        return ", ".join(f"{layer} ({reason})" for layer, reason in self.missing.items())

    def __str__(self) -> str:
        """One line for a log."""
        layers = f"users' code is {self.rank}: {', '.join(self.held) or 'no layer'}"
        return f"{layers}; this machine lacks {self.lacks}" if self.missing else layers


def python_files(python: Path) -> tuple[Path, ...]:
    """The files of a Python environment, and of the Python that it was made with."""
    folders = (python.parent.parent, python.resolve().parent.parent, Path(sys.base_prefix))
    return tuple(folder / part for folder in dict.fromkeys(folders) for part in _PARTS_OF_PYTHON)


@cache
def confinement_of_this_machine() -> Confinement:
    """The layers that a process of users' code has here; found once, by a process that confines itself."""
    command = [sys.executable, "-I", "-S", str(_PROGRAM)]
    try:
        ended = subprocess.run(command, capture_output=True, timeout=_PROBE_SECONDS, check=True)
        return Confinement.of(ended.stdout)
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        return Confinement(missing={"all layers": f"{_PROGRAM.name} failed: {error}"})
