"""Retirement: ends a deployment at once. When the last deployment of a version is retired, the version is too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.domain.deployments import DeploymentEnd
from modelops.domain.versions import VersionKind
from modelops.registry.write import deployments

if TYPE_CHECKING:
    from modelops.domain.requests import RetirementRequest
    from modelops.jobs.run import JobRun


def retire_model(request: RetirementRequest, run: JobRun) -> dict[str, Any]:
    """End a deployment of a model; see `_retire`."""
    return _retire(request, run, VersionKind.MODEL)


def retire_task(request: RetirementRequest, run: JobRun) -> dict[str, Any]:
    """End a deployment of a feature task; see `_retire`."""
    return _retire(request, run, VersionKind.FEATURE_TASK)


def _retire(request: RetirementRequest, run: JobRun, kind: VersionKind) -> dict[str, Any]:
    """End a deployment; a running batch of it can't publish any more.

    Raises:
        UnknownDeployment: no deployment of this kind has that number, or it has ended.
        FenceLost: a newer attempt has the job.
    """
    deployment = deployments.find_active(run.ledger, request.deployment, kind=kind)
    with run.fenced():
        run.name_deployment(deployment)
    with run.fenced():
        ended_at = deployments.end(run.ledger, deployment.id, how=DeploymentEnd.RETIRED, job_id=run.job_id)
        if ended_at is None:  # another job has ended it in the meantime; the error says how
            deployments.find_active(run.ledger, request.deployment, kind=kind)
        assert ended_at is not None
        result = {
            "deployment": deployment.id,
            kind.parameter: deployment.model,
            "version": deployment.version,
            "target": deployment.target,
            "ended_at": ended_at.isoformat(),
            "reason": request.reason,
        }
        run.complete(result)
    held = deployments.owners_of_target(run.ledger, deployment.target)
    shown = "still shows its published rows" if held else "has no published rows and is released"
    run.log(f"{deployment.subject} is retired; {deployment.target} {shown}")
    return result
