"""The commands for those who work on the project: test, lint, lock."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from modelops.domain.errors import BadInput
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

PARTS = ("unit", "integration", "dags", "e2e")
"""The folders of tests, the quick ones first."""

CHECKS = {
    "ruff check": ("ruff", "check", ".", "modelops"),
    "ruff format": ("ruff", "format", "--check", ".", "modelops"),
    "mypy": ("mypy",),
    "lint-imports": ("lint-imports",),
}


def test(arguments: Sequence[str]) -> int:
    """Run pytest on one part of the tests, or on all.

    Raises:
        BadInput: the first argument is neither a part nor anything for pytest.
    """
    part, *rest = arguments or ("",)
    if part in PARTS:
        folders = [f"tests/{part}"]
    else:
        folders, rest = [f"tests/{name}" for name in PARTS], list(arguments)
        if part and not part.startswith("-"):
            if not (PROJECT_ROOT / part.split("::")[0]).exists():
                raise BadInput(f"there are no tests {part!r}", where="./modelops test", expected=", ".join(PARTS))
            folders = []
    return _tool("python", "-m", "pytest", *folders, *rest)


def lint() -> int:
    """Run all checks, whichever fails, and say which did."""
    failed = []
    for name, command in CHECKS.items():
        print(f"— {name}", flush=True)
        if _tool(*command) != 0:
            failed.append(name)
    print(f"✗ failed: {', '.join(failed)}" if failed else "✓ all checks pass")
    return 1 if failed else 0


def lock() -> int:
    """Make requirements.txt anew by the command that its header shows.

    Raises:
        BadInput: the header shows none.
    """
    file = PROJECT_ROOT / "requirements.txt"
    shown = re.search(r"^#\s+uv (pip compile .+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    if shown is None:
        raise BadInput(
            "the lock doesn't show how it is made", where=str(file), expected="# uv pip compile … in its header"
        )
    return _tool("uv", *shown.group(1).split())


def _tool(program: str, *arguments: str) -> int:
    """Run a program of the project's environment in the project's folder."""
    folder = Path(sys.executable).parent
    include = str(PROJECT_ROOT / "include")
    path = f"{folder}:{os.environ.get('PATH', '')}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": include, "MYPYPATH": include}
    return subprocess.run([folder / program, *arguments], cwd=PROJECT_ROOT, env=environment, check=False).returncode
