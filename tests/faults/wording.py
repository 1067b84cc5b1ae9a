"""What the reports on faults have in common: the commit, and counts in words."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping


def tried_commit() -> str:
    """The commit that is tried, and whether its files have been changed since."""
    changed = _git("status", "--porcelain", "--untracked-files=no")
    return _git("rev-parse", "HEAD") + (" (with changes)" if changed else "")


def counted(numbers: Mapping[str, int] | Mapping[int, int]) -> str:
    """Each thing with its count, in order."""
    return ", ".join(f"{name}: {count}" for name, count in sorted(dict(numbers).items()))


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()
