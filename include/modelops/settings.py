"""Settings, read from the environment: those of an installation, and those of one machine of it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from modelops.domain.datasets import ReadBounds
from modelops.domain.errors import BadInput
from modelops.domain.resources import NAMES, Ceilings

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT_ROOT = Path(__file__).resolve().parents[2]
INBOX = "inbox"
MODEL_SOURCES = (INBOX, "s3", "gs", "abfs")
_SOURCE = re.compile(r"(?!(?:file|local|https?)\b)[a-z][a-z0-9+.-]*(?:://[^\s,]+)?")
"""A file:// address would name any file of a worker, and http(s) any service that it reaches."""


@dataclass(frozen=True, kw_only=True)
class LogBounds:
    """How much of what a program prints goes to the log: bytes of one line, and of all lines together."""

    line: int = 128 * 2**10
    all: int = 100 * 2**20


@dataclass(frozen=True, kw_only=True)
class InstallationSettings:
    """What must be equal on every machine of an installation.

    `artifacts` is any URL that Airflow's ObjectStoragePath understands; all machines reach the same files there.
    `repositories` is the file that lists the repositories; its text is the same on all machines. The files that one run
    of user code leaves may be `output_files`, folders included, and have `output_bytes` all together. `read_bounds`
    bounds what one of users' queries returns, and `log_bounds` what one run of user code prints. The user code of one
    job may use `child_cpu_seconds` of CPU time and run for `child_seconds` (None: no limit). Models and feature tasks
    may name these Airflow `queues` and `pools`. A model file that is imported may have `model_file_bytes`, and comes
    from one of `model_sources`: `inbox`, the scheme of an address, or the beginning of addresses.
    """

    artifacts: str
    repositories: Path
    output_files: int = 1000
    output_bytes: int = 2**30
    read_bounds: ReadBounds = field(default_factory=ReadBounds)
    log_bounds: LogBounds = field(default_factory=LogBounds)
    child_cpu_seconds: int | None = None
    child_seconds: int | None = None
    queues: tuple[str, ...] = ()
    pools: tuple[str, ...] = ()
    model_file_bytes: int = 2**30
    model_sources: tuple[str, ...] = MODEL_SOURCES

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> InstallationSettings:
        """Read MODELOPS_ARTIFACTS (in MODELOPS_HOME by default), MODELOPS_REPOSITORIES, MODELOPS_OUTPUT_FILES,
        MODELOPS_OUTPUT_SIZE (MiB), MODELOPS_DATASET_ROWS, MODELOPS_DATASET_SIZE (MiB), MODELOPS_LOG_LINE (KiB),
        MODELOPS_LOG_SIZE (MiB), MODELOPS_CHILD_CPU_SECONDS, MODELOPS_CHILD_SECONDS, MODELOPS_QUEUES, MODELOPS_POOLS,
        MODELOPS_MODEL_FILE_SIZE (MiB) and MODELOPS_MODEL_SOURCES.

        Raises:
            BadInput: a bound isn't a positive whole number, or a queue, a pool or a source has no possible name.
        """
        return cls(
            artifacts=environ.get("MODELOPS_ARTIFACTS") or (_home(environ) / "artifacts").as_uri(),
            repositories=Path(environ.get("MODELOPS_REPOSITORIES") or PROJECT_ROOT / "repositories.yaml"),
            output_files=_number(environ, "MODELOPS_OUTPUT_FILES", cls.output_files),
            output_bytes=_number(environ, "MODELOPS_OUTPUT_SIZE", cls.output_bytes // 2**20, unit=" of MiB") * 2**20,
            read_bounds=ReadBounds(
                rows=_number(environ, "MODELOPS_DATASET_ROWS", ReadBounds.rows),
                bytes=_number(environ, "MODELOPS_DATASET_SIZE", ReadBounds.bytes // 2**20, unit=" of MiB") * 2**20,
            ),
            log_bounds=LogBounds(
                line=_number(environ, "MODELOPS_LOG_LINE", LogBounds.line // 2**10, unit=" of KiB") * 2**10,
                all=_number(environ, "MODELOPS_LOG_SIZE", LogBounds.all // 2**20, unit=" of MiB") * 2**20,
            ),
            child_cpu_seconds=_number(environ, "MODELOPS_CHILD_CPU_SECONDS", 0, unit=" of seconds") or None,
            child_seconds=_number(environ, "MODELOPS_CHILD_SECONDS", 0, unit=" of seconds") or None,
            queues=_names(environ, "MODELOPS_QUEUES"),
            pools=_names(environ, "MODELOPS_POOLS"),
            model_file_bytes=_number(environ, "MODELOPS_MODEL_FILE_SIZE", cls.model_file_bytes // 2**20, unit=" of MiB")
            * 2**20,
            model_sources=_sources(environ, "MODELOPS_MODEL_SOURCES"),
        )


@dataclass(frozen=True, kw_only=True)
class MachineSettings:
    """What each machine of an installation may have its own of.

    `home` holds all state of this machine; `child_memory` is the most that a process of user code may allocate, and
    that all processes of a job's user code may use together, in bytes (None: no limit). `inbox_folder` has the model
    files that may be imported; all machines see the same files there (None: the folder inbox in `home`).
    `foreign_unconfined` lets model files be opened where the machine can't confine the process that reads them.
    """

    home: Path
    child_memory: int | None = None
    inbox_folder: Path | None = None
    foreign_unconfined: bool = False

    @property
    def environments(self) -> Path:
        """One Python environment per set of pinned requirements."""
        return self.home / "environments"

    @property
    def work(self) -> Path:
        """One folder per attempt at a job, removed with it."""
        return self.home / "work"

    @property
    def mirrors(self) -> Path:
        """A bare mirror per git repository that is configured."""
        return self.home / "repositories"

    @property
    def inbox(self) -> Path:
        """The folder of the model files that may be imported."""
        return self.inbox_folder or self.home / "inbox"

    @property
    def deployment_dags(self) -> Path:
        """The DAG files of the deployments, each with a copy of the deployments that it was parsed with."""
        return self.home / "deployment_dags"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> MachineSettings:
        """Read MODELOPS_HOME, MODELOPS_CHILD_MEMORY (MiB), MODELOPS_INBOX and MODELOPS_FOREIGN.

        Raises:
            BadInput: the memory isn't a positive whole number, or MODELOPS_FOREIGN has an unknown value.
        """
        memory = _number(environ, "MODELOPS_CHILD_MEMORY", 0, unit=" of MiB")
        inbox = environ.get("MODELOPS_INBOX")
        foreign = environ.get("MODELOPS_FOREIGN") or "confined"
        if foreign not in {"confined", "unconfined"}:
            raise BadInput(
                f"MODELOPS_FOREIGN is {foreign!r}",
                where="MODELOPS_FOREIGN",
                expected="confined (default), or unconfined: model files are opened without confinement where the"
                " machine lacks it",
            )
        return cls(
            home=_home(environ),
            child_memory=memory * 2**20 or None,
            inbox_folder=Path(inbox).resolve() if inbox else None,
            foreign_unconfined=foreign == "unconfined",
        )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings, for what needs both kinds."""

    installation: InstallationSettings
    machine: MachineSettings

    @property
    def ceilings(self) -> Ceilings:
        """The maximum of what the folder of a model or a feature task may request on this machine."""
        return Ceilings(
            memory=self.machine.child_memory,
            cpu_seconds=self.installation.child_cpu_seconds,
            seconds=self.installation.child_seconds,
            queues=self.installation.queues,
            pools=self.installation.pools,
        )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read the variables of both.

        Raises:
            BadInput: one of them has a wrong value.
        """
        return cls(
            installation=InstallationSettings.from_environment(environ),
            machine=MachineSettings.from_environment(environ),
        )


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("MODELOPS_HOME") or PROJECT_ROOT / ".modelops").resolve()


def _names(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Read names that are separated by commas."""
    found = tuple(part.strip() for part in (environ.get(name) or "").split(",") if part.strip())
    for one in found:
        if not NAMES.fullmatch(one):
            raise BadInput(
                f"{name} has the name {one!r}",
                where=name,
                expected="names of letters, digits, _, . and -, separated by commas: large,night",
            )
    return found


def _sources(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Read where model files may come from, separated by commas."""
    found = tuple(part.strip() for part in (environ.get(name) or "").split(",") if part.strip())
    for one in found:
        if not _SOURCE.fullmatch(one):
            raise BadInput(
                f"{name} has {one!r}",
                where=name,
                expected=f"{INBOX}, schemes of object stores, or beginnings of addresses, separated by commas:"
                f" {INBOX},s3,gs://models; not file and not http",
            )
    return found or MODEL_SOURCES


def _number(environ: Mapping[str, str], name: str, default: int, *, unit: str = "") -> int:
    text = environ.get(name)
    if not text:
        return default
    if not (text.isdecimal() and len(text) < 10 and int(text)):
        raise BadInput(f"{name} is {text!r}", where=name, expected=f"a whole number{unit}, at least 1")
    return int(text)
