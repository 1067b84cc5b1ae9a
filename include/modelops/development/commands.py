"""The commands for developers: test, bench, faults, lint, lock."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, TYPE_CHECKING

from modelops.domain.errors import BadInput
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PARTS = ("unit", "integration", "dags", "e2e", "cluster", "engine")
"""The folders of tests, the fastest first. The last two run only if they are named."""
PARALLEL_PARTS = ("unit", "integration", "dags")
"""The parts whose files run in parallel."""
PARALLEL_OPTIONS = ("-n", str(len(os.sched_getaffinity(0)) + 1), "--dist", "loadscope")
"""One more worker than processors, because some tests mostly wait."""
NICE = "nice"
NO_TESTS_SELECTED = 5
"""The exit code of pytest if the arguments select no test."""

BROWSER = "chromium"
"""The browser that the tests of the view need."""
BENCHMARKS = ("backfill", "batch", "deployments", "drift", "features", "lists", "parts", "statistics")
VIEW_TESTS = "tests/e2e/test_view*.py"

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
        parallel = [part for part in chosen if part in PARALLEL_PARTS]
        groups = (parallel, [part for part in chosen if part not in parallel])
        return _code([_pytest(group, arguments[len(chosen) :]) for group in groups if group])
    first = next(iter(arguments), "-")
    if not first.startswith("-"):
        if not (PROJECT_ROOT / first.split("::")[0]).exists():
            raise BadInput(f"there are no tests {first!r}", where="./modelops test", expected=", ".join(PARTS))
        return _tool("python", "-m", "pytest", *arguments)
    # Tests with a real Airflow mostly wait, so the other tests run at the same time, with a lower priority.
    with ThreadPoolExecutor(1) as background, NamedTemporaryFile() as output:
        others = background.submit(_pytest, PARALLEL_PARTS, arguments, output)
        codes = [_pytest(("e2e",), arguments), others.result()]
        sys.stdout.flush()
        print(Path(output.name).read_text(encoding="utf-8", errors="replace"), flush=True)
    return _code(codes)


def _code(codes: Sequence[int]) -> int:
    """The exit code of several pytest runs: a failure if there is one; NO_TESTS_SELECTED only if all runs have it."""
    return next((code for code in codes if code not in {0, NO_TESTS_SELECTED}), min(codes))


def _pytest(parts: Sequence[str], arguments: Sequence[str], output: IO[bytes] | None = None) -> int:
    """Run pytest on parts of the tests, in the background if there is an `output` file."""
    options = [*PARALLEL_OPTIONS] if set(parts) <= set(PARALLEL_PARTS) else []
    options += [f"tests/{part}" for part in parts]
    if "e2e" in parts and shutil.which(BROWSER) is None:
        options.append(f"--ignore-glob={VIEW_TESTS}")
        print(f"— {VIEW_TESTS} are not run: install {BROWSER} with `apt-get install {BROWSER}`", flush=True)
    return _tool("python", "-m", "pytest", *options, *arguments, output=output)


def bench(arguments: Sequence[str]) -> int:
    """Run a benchmark of the folder bench, and print its report; with `--write`, also save it in docs/benchmarks.

    Raises:
        BadInput: there is no benchmark with this name.
    """
    part, *rest = arguments or ("",)
    if part not in BENCHMARKS:
        raise BadInput(f"there is no benchmark {part!r}", where="./modelops bench", expected=" or ".join(BENCHMARKS))
    return _tool("python", "-m", f"bench.{part}", *rest)


def faults(*, kills: int, seed: int, write: bool, of_cluster: bool = False) -> int:
    """Run the fault campaign in tests/faults, and print its report; with `write`, also save it in docs/reports.

    Args:
        of_cluster: run the campaign in tests/cluster instead, which kills and disconnects hosts of a cluster.

    Raises:
        BadInput: the number of kills is less than 1.
    """
    if kills < 1:
        raise BadInput(f"--kills is {kills}", where="./modelops faults", expected="a number of at least 1")
    chosen = ["--kills", str(kills), "--seed", str(seed), *(["--write"] if write else [])]
    return _tool("python", "-m", "cluster" if of_cluster else "faults", *chosen, path=("include", "tests"))


def lint() -> int:
    """Run all checks, and print the names of those that fail."""
    failed = []
    for name, command in CHECKS.items():
        print(f"— {name}", flush=True)
        if _tool(*command) != 0:
            failed.append(name)
    print(f"✗ failed: {', '.join(failed)}" if failed else "✓ all checks pass")
    return 1 if failed else 0


def lock() -> int:
    """Compile each file in `LOCKS` with the command in its header. The second file uses the versions of the first.

    Raises:
        BadInput: a header has no command.
    """
    return next((code for code in map(_lock, LOCKS) if code != 0), 0)


def _lock(name: str) -> int:
    file = PROJECT_ROOT / name
    shown = re.search(r"^#\s+uv (pip compile .+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    if shown is None:
        raise BadInput(
            "the header doesn't have the command", where=str(file), expected="# uv pip compile … in the header"
        )
    return _tool("uv", *shown.group(1).split())


def _tool(program: str, *arguments: str, path: Sequence[str] = ("include",), output: IO[bytes] | None = None) -> int:
    """Run a program of the project's environment in the project's folder, with `path` on its PYTHONPATH.

    With an `output` file, the program has a lower priority.
    """
    folder = Path(sys.executable).parent
    include = str(PROJECT_ROOT / "include")
    programs = f"{folder}:{os.environ.get('PATH', '')}"
    packages = os.pathsep.join(str(PROJECT_ROOT / name) for name in path)
    environment = {**os.environ, "PATH": programs, "PYTHONPATH": packages, "MYPYPATH": include}
    # With this variable, which many images set, each process of a test would compile the modules again.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [*((NICE, "-n", "5") if output else ()), str(folder / program), *arguments]
    errors = None if output is None else subprocess.STDOUT
    with _interrupts_left_to_programs():
        return subprocess.run(
            command, cwd=PROJECT_ROOT, env=environment, stdout=output, stderr=errors, check=False
        ).returncode


@contextmanager
def _interrupts_left_to_programs() -> Iterator[None]:
    """Wait for a program after Ctrl-C: the terminal sends it the signal too, and it may have to report."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: None)  # the program doesn't inherit a function, unlike SIG_IGN
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
