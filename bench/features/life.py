"""Brings the feature task into production by the use cases that the operators call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.task import take
from modelops.domain.decisions import Answer, Verdict
from modelops.domain.jobs import JobType
from modelops.domain.versions import VersionKind
from modelops.features.deploy_task import TaskDeploymentRequest, deploy_task
from modelops.features.import_task import ImportRequest, import_task
from modelops.features.run_task import RunRequest, run_task
from modelops.lifecycle.approve import ask, decide

if TYPE_CHECKING:
    from bench.installation import Installation

TASK = "bench/measured"
TABLE = "features.measured"


def deployed(installation: Installation) -> int:
    """Import, run, approve and deploy it; returns the deployment. Nobody but the measurements tidies its table then."""
    run = "life"
    with installation.connect() as connection:
        services = installation.services(connection, lambda _: None)
        version = import_task(ImportRequest(task=TASK), take(connection, JobType.FEATURE_IMPORT, run=run), services)
        number = version["version"]
        run_task(RunRequest(task=TASK, version=number), take(connection, JobType.FEATURE_RUN, run=run), services)
        attempt = take(connection, JobType.FEATURE_APPROVAL, run=run)
        ask(TASK, number, attempt, services, kind=VersionKind.FEATURE_TASK)
        answer = Answer(person="grace", verdict=Verdict.APPROVED, comment="to be measured")
        with decide(connection, attempt.key, answer):
            pass
        request = TaskDeploymentRequest(task=TASK, version=number)
        made: int = deploy_task(request, take(connection, JobType.FEATURE_DEPLOYMENT, run=run), services)["deployment"]
    with installation.admin() as admin:
        admin.execute(f"ALTER TABLE {TABLE}_rows SET (autovacuum_enabled = off)")
    return made
