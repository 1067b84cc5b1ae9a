"""The heartbeat of a process: a file that it touches while it works. Its age shows whether the process hangs.

`MODELOPS_HEARTBEAT` names the file; without it there is none.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

VARIABLE = "MODELOPS_HEARTBEAT"


def beat() -> None:
    """Touch the file."""
    if file := os.environ.get(VARIABLE):
        Path(file).touch()


def age() -> float | None:
    """Seconds since the last beat; None if there was none."""
    file = os.environ.get(VARIABLE)
    try:
        return max(0.0, time.time() - Path(file).stat().st_mtime) if file else None
    except OSError:
        return None
