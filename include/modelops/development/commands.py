"""The commands for developers: test, bench, faults, lint, lock."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import takewhile
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, TYPE_CHECKING

from modelops.domain.errors import BadInput
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

PARTS = ("unit", "integration", "dags", "e2e", "cluster", "engine")
"""The folders of tests, fast ones first. The last two run only if they are named."""
SIDE_BY_SIDE = ("unit", "integration", "dags")
"""The parts whose files run in parallel."""
SEVERAL_AT_ONCE = ("-n", str(len(os.sched_getaffinity(0)) + 1), "--dist", "loadscope")
"""One more than the number of processors, because some tests mostly wait."""
NICE = "nice"
NONE_CHOSEN = 5
"""The exit code of pytest if the arguments select no test."""

BROWSER = "chromium"
"""The browser of the tests of the view."""
MEASURED = ("backfill", "batch", "deployments", "drift", "features", "lists", "parts", "statistics")
OF_THE_VIEW = "tests/e2e/test_view*.py"

LOCKS = ("requirements.txt", "requirements-cluster.txt")

CHECKS = {
    "ruff check": ("ruff", "check", ".", "modelops"),
    "ruff format": ("ruff", "format", "--check", ".", "modelops"),
    "mypy": ("mypy",),
    "lint-imports": ("lint-imports",),
}


def test(arguments: Sequence[str]) -> int:
    """Run pytest on the parts that the first arguments name, or on all of them, and continue after failures.

    Raises:
        BadInput: the first argument is neither a part nor an argument of pytest.
    """
    chosen = list(takewhile(PARTS.__contains__, arguments))
    if chosen:
        groups = ([one for one in chosen if one in SIDE_BY_SIDE], [one for one in chosen if one not in SIDE_BY_SIDE])
        return _code([_pytest(group, arguments[len(chosen) :]) for group in groups if group])
    first = next(iter(arguments), "-")
    if not first.startswith("-"):
        if not (PROJECT_ROOT / first.split("::")[0]).exists():
            raise BadInput(f"there are no tests {first!r}", where="./modelops test", expected=", ".join(PARTS))
        return _tool("python", "-m", "pytest", *arguments)
    # Tests with a real Airflow mostly wait, so the others run at the same time, with a lower priority.
    with ThreadPoolExecutor(1) as beside, NamedTemporaryFile() as said:
        others = beside.submit(_pytest, SIDE_BY_SIDE, arguments, said)
        codes = [_pytest(("e2e",), arguments), others.result()]
        sys.stdout.flush()
        print(Path(said.name).read_text(encoding="utf-8", errors="replace"), flush=True)
    return _code(codes)


def _code(codes: Sequence[int]) -> int:
    """The exit code of several pytest runs: a failure if there is one; NONE_CHOSEN only if every run chose no test."""
    return next((code for code in codes if code not in {0, NONE_CHOSEN}), min(codes))


def _pytest(parts: Sequence[str], arguments: Sequence[str], beside: IO[bytes] | None = None) -> int:
    """Run these parts; with `beside`, another run uses the terminal, and the output goes there."""
    workers = SEVERAL_AT_ONCE if set(parts) <= set(SIDE_BY_SIDE) else ()
    left_out = []
    if "e2e" in parts and shutil.which(BROWSER) is None:
        left_out = [f"--ignore-glob={OF_THE_VIEW}"]
        print(f"— without {OF_THE_VIEW}: there is no {BROWSER}; `apt-get install {BROWSER}` brings it", flush=True)
    folders = [f"tests/{part}" for part in parts]
    return _tool("python", "-m", "pytest", *workers, *folders, *left_out, *arguments, beside=beside)


def bench(arguments: Sequence[str]) -> int:
    """Run a benchmark of the folder bench, and print its report; with `--write`, into docs/benchmarks too.

    Raises:
        BadInput: there is no benchmark of this name.
    """
    part, *rest = arguments or ("",)
    if part not in MEASURED:
        raise BadInput(f"there is no benchmark {part!r}", where="./modelops bench", expected=" or ".join(MEASURED))
    return _tool("python", "-m", f"bench.{part}", *rest)


def faults(*, kills: int, seed: int, write: bool, of_cluster: bool = False) -> int:
    """Kill processes of batch predictions, see the folder tests/faults, and print the report; with `write`, keep it.

    Args:
        of_cluster: kill hosts of a cluster and cut its workers off instead, see the folder tests/cluster.

    Raises:
        BadInput: the number of kills is less than 1.
    """
    if kills < 1:
        raise BadInput("there is nothing to kill", where="./modelops faults", expected="a number of at least 1")
    chosen = ["--kills", str(kills), "--seed", str(seed), *(["--write"] if write else [])]
    return _tool("python", "-m", "cluster" if of_cluster else "faults", *chosen, path=("include", "tests"))


def lint() -> int:
    """Run all checks, and report those that fail."""
    failed = []
    for name, command in CHECKS.items():
        print(f"— {name}", flush=True)
        if _tool(*command) != 0:
            failed.append(name)
    print(f"✗ failed: {', '.join(failed)}" if failed else "✓ all checks pass")
    return 1 if failed else 0


def lock() -> int:
    """Rewrite each of `LOCKS` with the command in its header; the second uses the versions of the first.

    Raises:
        BadInput: a header has no command.
    """
    return next((code for code in map(_lock, LOCKS) if code != 0), 0)


def _lock(name: str) -> int:
    file = PROJECT_ROOT / name
    shown = re.search(r"^#\s+uv (pip compile .+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    if shown is None:
        raise BadInput(
            "the lock doesn't show how it is made", where=str(file), expected="# uv pip compile … in its header"
        )
    return _tool("uv", *shown.group(1).split())


def _tool(program: str, *arguments: str, path: Sequence[str] = ("include",), beside: IO[bytes] | None = None) -> int:
    """Run a program of the project's environment in the project's folder, with `path` on its PYTHONPATH.

    What runs `beside` another program prints there, and leaves the processor to that one.
    """
    folder = Path(sys.executable).parent
    include = str(PROJECT_ROOT / "include")
    programs = f"{folder}:{os.environ.get('PATH', '')}"
    packages = os.pathsep.join(str(PROJECT_ROOT / name) for name in path)
    environment = {**os.environ, "PATH": programs, "PYTHONPATH": packages, "MYPYPATH": include}
    # If it is set, as in many images, each process that tests start would compile our modules again.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [*((NICE, "-n", "5") if beside else ()), str(folder / program), *arguments]
    errors = None if beside is None else subprocess.STDOUT
    done = subprocess.run(command, cwd=PROJECT_ROOT, env=environment, stdout=beside, stderr=errors, check=False)
    return done.returncode
