"""Loads the pinned code of a feature task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelops.repository.task_definition import read_task
from modelops.stages import code

if TYPE_CHECKING:
    from pathlib import Path

    from modelops.domain.feature_tasks import FeatureTask
    from modelops.domain.versions import Version
    from modelops.jobs.run import JobRun

REQUIREMENTS = "requirements.txt"


def load(version: Version, workdir: Path, run: JobRun) -> code.Code[FeatureTask]:
    """Load the pinned code of a feature task's version; see `stages.code.load`."""
    return code.load(version, read_task, REQUIREMENTS, workdir, run)
