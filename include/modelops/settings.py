"""Where things are, read from the environment once per process."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from modelops.domain.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The folders and addresses of one installation.

    `home` holds all state of this machine; `artifacts` is any URL that Airflow's ObjectStoragePath understands;
    `child_memory` is the most that a process of user code may allocate, in bytes (None: no limit).
    """

    home: Path
    artifacts: str
    repositories: Path
    child_memory: int | None = None

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

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read MODELOPS_HOME, MODELOPS_ARTIFACTS, MODELOPS_REPOSITORIES and MODELOPS_CHILD_MEMORY (MiB)."""
        home = Path(environ.get("MODELOPS_HOME") or PROJECT_ROOT / ".modelops").resolve()
        memory = environ.get("MODELOPS_CHILD_MEMORY")
        if memory and not memory.isdecimal():
            raise BadInput(
                f"{memory!r} is no amount of memory", where="MODELOPS_CHILD_MEMORY", expected="MiB, like 4096"
            )
        return cls(
            home=home,
            artifacts=environ.get("MODELOPS_ARTIFACTS") or (home / "artifacts").as_uri(),
            repositories=Path(environ.get("MODELOPS_REPOSITORIES") or PROJECT_ROOT / "repositories.yaml"),
            child_memory=int(memory) * 2**20 if memory else None,
        )
