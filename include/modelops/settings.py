"""Settings, read from the environment once per process."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from modelops.domain.datasets import ReadBounds
from modelops.domain.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The folders and addresses of one installation.

    `home` holds all state of this machine; `artifacts` is any URL that Airflow's ObjectStoragePath understands;
    `child_memory` is the most that a process of user code may allocate, in bytes (None: no limit). The files that one
    run of user code leaves may be `output_files`, folders included, and have `output_bytes` all together. `read_bounds`
    bounds what one of users' queries returns.
    """

    home: Path
    artifacts: str
    repositories: Path
    child_memory: int | None = None
    output_files: int = 1000
    output_bytes: int = 2**30
    read_bounds: ReadBounds = field(default_factory=ReadBounds)

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
    def deployment_dags(self) -> Path:
        """The DAG files of the deployments, each with a copy of the deployments that it was parsed with."""
        return self.home / "deployment_dags"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read MODELOPS_HOME, MODELOPS_ARTIFACTS, MODELOPS_REPOSITORIES, MODELOPS_CHILD_MEMORY (MiB),
        MODELOPS_OUTPUT_FILES, MODELOPS_OUTPUT_SIZE (MiB), MODELOPS_DATASET_ROWS and MODELOPS_DATASET_SIZE (MiB)."""
        home = Path(environ.get("MODELOPS_HOME") or PROJECT_ROOT / ".modelops").resolve()
        memory = _number(environ, "MODELOPS_CHILD_MEMORY", 0, unit=" of MiB")
        return cls(
            home=home,
            artifacts=environ.get("MODELOPS_ARTIFACTS") or (home / "artifacts").as_uri(),
            repositories=Path(environ.get("MODELOPS_REPOSITORIES") or PROJECT_ROOT / "repositories.yaml"),
            child_memory=memory * 2**20 or None,
            output_files=_number(environ, "MODELOPS_OUTPUT_FILES", cls.output_files),
            output_bytes=_number(environ, "MODELOPS_OUTPUT_SIZE", cls.output_bytes // 2**20, unit=" of MiB") * 2**20,
            read_bounds=ReadBounds(
                rows=_number(environ, "MODELOPS_DATASET_ROWS", ReadBounds.rows),
                bytes=_number(environ, "MODELOPS_DATASET_SIZE", ReadBounds.bytes // 2**20, unit=" of MiB") * 2**20,
            ),
        )


@dataclass(frozen=True, kw_only=True)
class LogBounds:
    """How much of what a program prints goes to the log: bytes of one line, and of all lines together."""

    line: int = 128 * 2**10
    all: int = 100 * 2**20

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> LogBounds:
        """Read MODELOPS_LOG_LINE (KiB) and MODELOPS_LOG_SIZE (MiB)."""
        return cls(
            line=_number(environ, "MODELOPS_LOG_LINE", cls.line // 2**10, unit=" of KiB") * 2**10,
            all=_number(environ, "MODELOPS_LOG_SIZE", cls.all // 2**20, unit=" of MiB") * 2**20,
        )


def _number(environ: Mapping[str, str], name: str, default: int, *, unit: str = "") -> int:
    text = environ.get(name)
    if not text:
        return default
    if not (text.isdecimal() and len(text) < 10 and int(text)):
        raise BadInput(f"{name} is {text!r}", where=name, expected=f"a whole number{unit}, at least 1")
    return int(text)
