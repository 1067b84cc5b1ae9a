"""The values that describe one run of a version of a feature task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelops.domain.deployments import Interval
    from modelops.domain.feature_tasks import FeatureTask
    from modelops.domain.targets import Target
    from modelops.domain.versions import Version
    from modelops.stages.code import Code


@dataclass(frozen=True, kw_only=True)
class StagedRun:
    """One run of a version, whose rows are staged in the rows table of `target` under `run_id`.

    `interval` is None for a run for all times. Its start and end are in the time zone of the table's dates and times
    without a zone.
    """

    version: Version
    code: Code[FeatureTask]
    target: Target
    run_id: int
    interval: Interval | None

    @property
    def task(self) -> FeatureTask:
        """The declarations of the task."""
        return self.code.definition
