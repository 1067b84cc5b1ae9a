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
    """The time zone in task.yaml, else that of the schedule at the deployment; UTC if the task isn't deployed."""
    return task.time_zone or (deployment.dataset.get(ZONE) if deployment else None) or UTC


def zone_to_deploy(connection: Connection[Any], task: FeatureTask, of_schedule: str) -> str:
    """The time zone for a new deployment. It must be the time zone of the published rows.

    Raises:
        TargetError: the published rows are in another time zone.
    """
    zone = task.time_zone or of_schedule
    # Readers may still see rows of a deployment before the newest one.
    last = deployments.last_seen_of_target(connection, str(task.output)) if task.has_local_times else None
    if last is None or last.model != task.reference:
        return zone
    declared = versions.find(connection, last.model, last.version, kind=last.kind).definition
    before = (declared or {}).get(ZONE) or last.dataset.get(ZONE) or UTC
    if zone != before:
        raise TargetError(
            f"{task.incremental} in {task.output} is in the time zone {before};"
            f" this deployment would read it in {zone}",
            where=f"{task.reference}/task.yaml (time_zone)",
            expected=f"time_zone: {before} in task.yaml, and a new version; or another output",
        )
    return zone
