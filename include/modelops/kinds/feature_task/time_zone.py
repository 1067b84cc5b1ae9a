"""The time zone of dates and of times without a zone in a feature table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.domain.errors import TargetError
from modelops.registry.write import deployments, versions

if TYPE_CHECKING:
    from psycopg import Connection

    from modelops.domain.deployments import Deployment
    from modelops.domain.feature_tasks import FeatureTask

ZONE = "time_zone"
UTC = "UTC"


def zone_of(task: FeatureTask, deployment: Deployment | None) -> str:
    """What task.yaml declares, else that of the schedule when it was deployed; UTC where it isn't deployed."""
    return task.time_zone or (deployment.dataset.get(ZONE) if deployment else None) or UTC


def zone_to_deploy(connection: Connection[Any], task: FeatureTask, of_schedule: str) -> str:
    """The zone of a new deployment, which can't differ from that of the published rows.

    Raises:
        TargetError: what is published is meant in another one.
    """
    zone = task.time_zone or of_schedule
    # Not the newest deployment: readers may still see the rows of one before.
    last = deployments.last_seen_of_target(connection, str(task.output)) if task.is_by_calendar else None
    if last is None or last.model != task.reference:
        return zone
    declared = versions.find(connection, last.model, last.version, kind=last.kind).definition
    before = (declared or {}).get(ZONE) or last.dataset.get(ZONE) or UTC
    if zone != before:
        raise TargetError(
            f"{task.incremental} in {task.output} is meant in {before}; this deployment means it in {zone}",
            where=f"{task.reference}/task.yaml (time_zone)",
            expected=f"time_zone: {before} in task.yaml, and a new version; or another output",
        )
    return zone
