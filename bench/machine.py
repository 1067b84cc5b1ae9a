"""Describes the measured software and the machine, without names of machines, people or folders."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

import psutil

PACKAGES = ("adbc-driver-postgresql", "numpy", "pandas", "pgpq", "psycopg", "pyarrow", "scikit-learn", "SQLAlchemy")


def machine() -> dict[str, str]:
    """Processor, memory, kernel, Python."""
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    return {
        "Processor": f"{len(os.sched_getaffinity(0))} cores, {found[1] if found else platform.machine()}",
        "Memory": f"{psutil.virtual_memory().total / 2**30:.1f} GiB",
        "Kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "Packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
    }


def commit(folder: Path) -> str:
    """The commit of a working tree, and whether the tree has uncommitted changes."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True, check=False)
        return done.stdout.strip()

    return (git("rev-parse", "HEAD") or "not under git") + (", dirty" if git("status", "--porcelain") else "")
