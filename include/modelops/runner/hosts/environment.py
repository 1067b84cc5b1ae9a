"""The Python environment of the project's services, built once from requirements-cluster.txt."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from modelops.domain.errors import BadInput, Unavailable

if TYPE_CHECKING:
    from modelops.runner.steps import Steps

LOCK = "requirements-cluster.txt"
MARKER = ".made-from"
CODE = ("dags", "include", "plugins")


def ensure_environment(folder: Path, *, project: Path, steps: Steps) -> None:
    """Build the environment if it is missing, and compile the project's code to bytecode.

    If the code can't be compiled, that is printed and is no error: each process then compiles it in memory.

    Raises:
        BadInput: there is no lock file.
        Unavailable: a package, or uv itself, is not available.
    """
    lock = project / LOCK
    if not lock.is_file():
        raise BadInput(f"there is no {LOCK}", where=str(project), expected="the lock, which `./modelops lock` makes")
    # Compiled packages need this version of Python, and the environment links to its path.
    made_from = f"{hashlib.sha256(lock.read_bytes()).hexdigest()}\n{sys.version}\n{sys.base_prefix}\n"
    marker = folder / MARKER
    if not marker.exists() or marker.read_text(encoding="utf-8") != made_from:
        with steps.step("Python environment of the hosts made"):
            shutil.rmtree(folder, ignore_errors=True)
            uv = _uv()
            base = str(Path(sys.base_prefix) / "bin" / "python3")
            # Hosts mount it at the image's path, so its scripts must not contain the path that it has here.
            _run([uv, "venv", "--quiet", "--relocatable", "--no-project", "--python", base, str(folder)])
            python = str(folder / "bin" / "python")
            _run(
                [uv, "pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode", "--python", python, str(lock)]
            )
            marker.write_text(made_from, encoding="utf-8")
    # It is read-only in hosts, where each process would compile the code again.
    python = str(folder / "bin" / "python")
    try:
        _run([python, "-m", "compileall", "-q", *(str(project / name) for name in CODE)])
    except Unavailable as error:
        steps.say(f"Not all code of the hosts is compiled, so their programs start more slowly. {error}")


def _uv() -> str:
    from uv import find_uv_bin

    try:
        return find_uv_bin()
    except FileNotFoundError as error:
        raise Unavailable(f"The Python environment of the hosts can't be made: there is no uv ({error})") from None


def _run(command: list[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment.pop("VIRTUAL_ENV", None)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise Unavailable(f"`{' '.join(command)}` failed:\n{said}")
