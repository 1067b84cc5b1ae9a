"""One run of one version of a feature task."""

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
class Production:
    """One run of one version: into which table, under which number, for which data interval (None: whole).

    The interval's ends are in the time zone in which dates and times without a zone are meant.
    """

    version: Version
    code: Code[FeatureTask]
    target: Target
    run_id: int
    interval: Interval | None

    @property
    def task(self) -> FeatureTask:
        return self.code.definition
