"""Retirement: a deployment ends, at once; its version is retired with its last one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.domain.deployments import DeploymentEnd
from modelops.domain.versions import VersionKind
from modelops.registry import deployments, jobs

if TYPE_CHECKING:
    from modelops.domain.jobs import Attempt
    from modelops.lifecycle.services import Services


def retire(
    deployment_id: int,
    reason: str | None,
    attempt: Attempt,
    services: Services,
    *,
    kind: VersionKind = VersionKind.MODEL,
) -> dict[str, Any]:
    """End a deployment of a model or a feature task; a batch that is under way then publishes nothing any more.

    Raises:
        UnknownDeployment: there is none of that number, or it has ended.
        FenceLost: a newer attempt has the job.
    """
    deployment = deployments.find_active(services.connection, deployment_id, kind=kind)
    with jobs.holding(services.connection, attempt):
        jobs.name_deployment(services.connection, attempt, deployment)
    with jobs.holding(services.connection, attempt):
        ended_at = deployments.end(services.connection, deployment.id, how=DeploymentEnd.RETIRED, job_id=attempt.job_id)
        if ended_at is None:  # meanwhile, by another: this says how
            deployments.find_active(services.connection, deployment_id, kind=kind)
        assert ended_at is not None
        result = {
            "deployment": deployment.id,
            kind.parameter: deployment.model,
            "version": deployment.version,
            "target": deployment.target,
            "ended_at": ended_at.isoformat(),
            "reason": reason,
        }
        jobs.complete(services.connection, attempt, result)
    services.log(f"{deployment.subject} is retired; what {deployment.target} shows stays")
    return result
