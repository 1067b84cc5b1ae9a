"""The memory of a process and all that it started, as long as it runs."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from pathlib import Path

import psutil

EVERY = 0.05
"""Seconds between two samples."""


@dataclass
class Peak:
    """The greatest sum over the processes, in bytes: pages that several share count for each in part, or in full."""

    proportional: int = 0
    resident: int = 0
    samples: int = 0


class Sampler:
    """Samples until it is left.

        with Sampler(pid) as sampler:
            …
        print(sampler.peak)

    Args:
        pid: the process whose descendants count too.
    """

    def __init__(self, pid: int) -> None:
        self.peak = Peak()
        self._root = psutil.Process(pid)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="memory", daemon=True)

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._over.wait(EVERY):
            with contextlib.suppress(psutil.NoSuchProcess):
                found = [memory_of(process.pid) for process in (self._root, *self._root.children(recursive=True))]
                self.peak.proportional = max(self.peak.proportional, sum(pss for pss, _ in found))
                self.peak.resident = max(self.peak.resident, sum(rss for _, rss in found))
                self.peak.samples += 1


def memory_of(pid: int) -> tuple[int, int]:
    """PSS and RSS of a process in bytes; none of one that is over."""
    values = {"Pss": 0, "Rss": 0}
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            name, _, rest = line.partition(":")
            if name in values:
                values[name] = int(rest.split()[0]) * 1024
    return values["Pss"], values["Rss"]
