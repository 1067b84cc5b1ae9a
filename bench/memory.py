"""Measures the memory of a process and its descendants."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from pathlib import Path

import psutil

SAMPLE_INTERVAL = 0.05
"""Seconds between two samples."""


@dataclass
class Peak:
    """The maximum of the sum over the processes, in bytes: proportional (PSS) and resident (RSS) set size."""

    proportional: int = 0
    resident: int = 0
    samples: int = 0


class Sampler:
    """Samples the memory in a thread, from the start to the end of a `with` block, and records the maximum in `peak`.

    Args:
        pid: the process; its descendants are included.
    """

    def __init__(self, pid: int, peak: Peak) -> None:
        self._peak = peak
        self._root = psutil.Process(pid)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="memory", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._stopped.wait(SAMPLE_INTERVAL):
            with contextlib.suppress(psutil.NoSuchProcess):
                sizes = [_memory_of(process.pid) for process in (self._root, *self._root.children(recursive=True))]
                self._peak.proportional = max(self._peak.proportional, sum(pss for pss, _ in sizes))
                self._peak.resident = max(self._peak.resident, sum(rss for _, rss in sizes))
                self._peak.samples += 1


def _memory_of(pid: int) -> tuple[int, int]:
    """PSS and RSS of a process in bytes; 0 if it has ended."""
    values = {"Pss": 0, "Rss": 0}
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            name, _, rest = line.partition(":")
            if name in values:
                values[name] = int(rest.split()[0]) * 1024
    return values["Pss"], values["Rss"]
