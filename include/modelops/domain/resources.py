"""The resources of a job that runs users' code: what its folder requests, the limits, and what was used."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import RepositoryError
from modelops.domain.findings import Findings
from modelops.domain.spelling import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

MIB, GIB = 2**20, 2**30
MIN_MEMORY, MAX_MEMORY = 128 * MIB, 2**46
"""Bytes that may be requested. Python needs nearly as much as the minimum to start and to read rows."""
MAX_SECONDS = 31 * 24 * 60 * 60
"""Maximum time, and CPU time per processor, that may be requested."""
MAX_CPU_SECONDS = 1_000 * MAX_SECONDS
NAMES = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
"""Names of queues and pools."""

_UNITS = {"MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_SIZE = re.compile(r"(\d{1,12}(?:\.\d{1,3})?) ?(MiB|GiB|TiB)")
_HEADROOM, _STEP = 1.25, 256 * MIB
_CPU_HEADROOM, _CPU_STEP = 2.0, 60
"""A suggestion is this many times the most that was used, rounded up to a multiple of the step."""


def bytes_of(size: str) -> int | None:
    """The bytes of a size such as "4 GiB" or "1.5 GiB"; None: the text is no size."""
    found = _SIZE.fullmatch(size.strip())
    return None if found is None else int(float(found[1]) * _UNITS[found[2]])


def size_text(size: int) -> str:
    """Bytes as text: "512 MiB", "1.5 GiB"."""
    for unit in ("TiB", "GiB"):
        if size >= _UNITS[unit]:
            return f"{size / _UNITS[unit]:,.1f}".removesuffix(".0") + f" {unit}"
    return f"{size / MIB:,.0f} MiB" if size >= MIB else f"{size / MIB:.1f} MiB"


def seconds_text(seconds: float) -> str:
    """Seconds as text: "600 s", "2.5 s"."""
    return f"{seconds:,.1f}".removesuffix(".0") + " s"


def suggested_memory(used: int) -> int:
    """The bytes to request for jobs of which none has used more than `used`."""
    return max(-(-int(used * _HEADROOM) // _STEP) * _STEP, MIN_MEMORY)


def suggested_cpu_seconds(used: float) -> int:
    """The CPU time to request, in seconds; with more headroom than memory, since processors differ in speed."""
    return max(math.ceil(used * _CPU_HEADROOM / _CPU_STEP), 1) * _CPU_STEP


@dataclass(frozen=True, kw_only=True)
class Ceilings:
    """The maximum of each limit, and the queues and pools that a folder may name, as the installation sets them."""

    memory: int | None = None
    cpu_seconds: float | None = None
    seconds: float | None = None
    queues: tuple[str, ...] = ()
    pools: tuple[str, ...] = ()


SETTINGS = {
    "memory": "MODELOPS_CHILD_MEMORY",
    "cpu_seconds": "MODELOPS_CHILD_CPU_SECONDS",
    "seconds": "MODELOPS_CHILD_SECONDS",
    "queue": "MODELOPS_QUEUES",
    "pool": "MODELOPS_POOLS",
}
"""The setting that restricts each key."""


@dataclass(frozen=True, kw_only=True)
class ResourceRequest:
    """The section `resources` of a folder, all keys of which are optional.

    `queue` and `pool` are names in Airflow. `memory` is in bytes; `cpu_seconds` is CPU time of all processes together,
    `seconds` the time for which the code runs.
    """

    queue: str | None = None
    pool: str | None = None
    memory: int | None = None
    cpu_seconds: float | None = None
    seconds: float | None = None

    @classmethod
    def from_record(cls, record: Mapping[str, Any] | None) -> ResourceRequest:
        """From the registry; None: the version was pinned before resources could be requested."""
        known = cls.__dataclass_fields__
        return cls(**{name: value for name, value in (record or {}).items() if name in known})

    def as_record(self) -> dict[str, Any]:
        """The keys that are set, for the registry."""
        return {name: value for name, value in vars(self).items() if value is not None}

    def check(self, ceilings: Ceilings, *, where: str) -> None:
        """Check the request against what the installation allows; `where` is its file.

        Raises:
            RepositoryError: a limit is above the maximum, or a queue or a pool is not allowed; SeveralErrors if several
                are.
        """
        findings = Findings()
        for name, shown in (("memory", size_text), ("cpu_seconds", seconds_text), ("seconds", seconds_text)):
            wanted, most = getattr(self, name), getattr(ceilings, name)
            if wanted is not None and most is not None and wanted > most:
                findings.errors.append(
                    RepositoryError(
                        f"resources.{name} is {shown(wanted)}, and this installation allows {shown(most)}",
                        where=f"{where} (resources.{name})",
                        expected=f"at most {shown(most)}, or have {SETTINGS[name]} raised",
                    )
                )
        for name, allowed in (("queue", ceilings.queues), ("pool", ceilings.pools)):
            wanted = getattr(self, name)
            if wanted is not None and wanted not in allowed:
                expected = f"one of {', '.join(allowed)}" if allowed else f"no {name}: this installation has none"
                findings.errors.append(
                    RepositoryError(
                        f"there is no {name} {wanted!r}{did_you_mean(wanted, list(allowed))}",
                        where=f"{where} (resources.{name})",
                        expected=f"{expected}; {SETTINGS[name]} lists the {name}s for models",
                    )
                )
        findings.raise_if_any()


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A limit: its value in bytes or seconds, and who set it: the key of a file, or a setting."""

    value: float
    source: str
    expected: str
    """How to get a higher one."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of the user code of one job; None: no limit.

    Memory in bytes: what one process may allocate, and what all processes together may use. CPU time in seconds: of all
    processes together. Time in seconds: for which the code runs.
    """

    memory: Limit | None = None
    cpu_seconds: Limit | None = None
    seconds: Limit | None = None

    @classmethod
    def of(cls, request: ResourceRequest, ceilings: Ceilings, *, where: str) -> Limits:
        """The request's limits. The ceiling counts where the request has none, or where it was lowered since.

        `where` is the file of the request.
        """
        found: dict[str, Limit | None] = {}
        for name, shown in (("memory", size_text), ("cpu_seconds", seconds_text), ("seconds", seconds_text)):
            wanted, most, setting = getattr(request, name), getattr(ceilings, name), SETTINGS[name]
            key = f"resources.{name} in {where}"
            if wanted is None and most is None:
                found[name] = None
            elif wanted is not None and (most is None or wanted <= most):
                more = "" if most is None else f" (at most {shown(most)})"
                found[name] = Limit(value=wanted, source=key, expected=f"a new version with a larger {key}{more}")
            else:
                found[name] = Limit(value=most, source=setting, expected=f"have {setting} raised")
        return cls(**found)


@dataclass(frozen=True, kw_only=True)
class Usage:
    """The resources that processes of user code have used.

    `peak_memory` is the resident memory of the largest process, or of all that ran at one time if that is more;
    `peak_allocated` the memory that a process had allocated, used or not, which its limit counts. Both in bytes.
    """

    peak_memory: int = 0
    peak_allocated: int = 0
    cpu_seconds: float = 0.0
    seconds: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        """The usage of one after the other."""
        return Usage(
            peak_memory=max(self.peak_memory, other.peak_memory),
            peak_allocated=max(self.peak_allocated, other.peak_allocated),
            cpu_seconds=self.cpu_seconds + other.cpu_seconds,
            seconds=self.seconds + other.seconds,
        )

    def as_record(self) -> dict[str, Any]:
        """For the events of the ledger."""
        return {
            "peak_memory": self.peak_memory,
            "peak_allocated": self.peak_allocated,
            "cpu_seconds": round(self.cpu_seconds, 2),
            "code_seconds": round(self.seconds, 2),
        }

    def __str__(self) -> str:
        return (
            f"{size_text(self.peak_memory)} of memory at most, {seconds_text(self.cpu_seconds)} of CPU time,"
            f" {seconds_text(self.seconds)}"
        )


@dataclass(kw_only=True)
class Meter:
    """What the user code of one attempt at a job has used so far; None: none has run."""

    total: Usage | None = None

    def add(self, usage: Usage) -> None:
        """Add the usage of a process that has ended."""
        self.total = usage if self.total is None else self.total + usage


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """The limits of a job, which its processes of user code use up one after the other."""

    limits: Limits = field(default_factory=Limits)
    meter: Meter = field(default_factory=Meter)

    @property
    def memory(self) -> int | None:
        """Bytes that the next process may allocate."""
        return None if self.limits.memory is None else int(self.limits.memory.value)

    @property
    def cpu_seconds(self) -> float | None:
        """CPU time that is left; never zero, so that the next process starts and reports that it is used up."""
        used = 0.0 if self.meter.total is None else self.meter.total.cpu_seconds
        return None if self.limits.cpu_seconds is None else max(self.limits.cpu_seconds.value - used, 0.01)

    @property
    def seconds(self) -> float | None:
        """Time that is left; never zero."""
        used = 0.0 if self.meter.total is None else self.meter.total.seconds
        return None if self.limits.seconds is None else max(self.limits.seconds.value - used, 0.01)
