"""Measures the time of repeated runs."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Steps = list[tuple[float, str]]
"""The lines of a job's log, with the seconds after which the job logged them."""


@dataclass
class Times:
    """The seconds of each repetition."""

    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return median(self.seconds)

    def __str__(self) -> str:
        return f"{self.median:.2f} s ({min(self.seconds):.2f} to {max(self.seconds):.2f})"

    def add(self, seconds: float) -> None:
        self.seconds.append(seconds)

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Add the time that the block takes."""
        began = time.perf_counter()
        yield
        self.add(time.perf_counter() - began)
