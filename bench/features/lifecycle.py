"""Puts the feature task into production with the use cases that the operators call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.task import claim, key_of
from modelops.domain.decisions import Answer, Verdict
from modelops.domain.job_types import JobType
from modelops.domain.requests import ImportRequest, TaskDeploymentRequest, TaskRunRequest
from modelops.domain.versions import VersionKind
from modelops.kinds.feature_task.deploy_task import deploy_task
from modelops.kinds.feature_task.import_task import import_task
from modelops.kinds.feature_task.run_task import run_task
from modelops.stages.approve import decide, request_approval

if TYPE_CHECKING:
    from bench.installation import Installation
    from modelops.jobs.run import JobRun

TASK = "bench/measured"
TABLE = "features.measured"


def deploy(installation: Installation) -> int:
    """Import, run, approve and deploy the task; returns the deployment. Autovacuum of its table is off."""
    run = "lifecycle"
    with installation.connect() as connection:

        def job(type_: JobType) -> JobRun:
            return claim(installation, connection, type_, key=key_of(type_, run))

        number = import_task(ImportRequest(task=TASK), job(JobType.FEATURE_IMPORT))["version"]
        run_task(TaskRunRequest(task=TASK, version=number), job(JobType.FEATURE_RUN))
        request_approval(TASK, number, job(JobType.FEATURE_APPROVAL), kind=VersionKind.FEATURE_TASK)
        answer = Answer(person="grace", verdict=Verdict.APPROVED, comment="for the benchmark")
        with decide(connection, key_of(JobType.FEATURE_APPROVAL, run), answer):
            pass
        request = TaskDeploymentRequest(task=TASK, version=number)
        made: int = deploy_task(request, job(JobType.FEATURE_DEPLOYMENT))["deployment"]
    with installation.admin() as admin:
        admin.execute(f"ALTER TABLE {TABLE}_rows SET (autovacuum_enabled = off)")
    return made
