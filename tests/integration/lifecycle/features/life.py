"""Takes a feature task through its life without Airflow: what each stage's operator does with its use case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from factories import task_key
from integration.lifecycle.life import attempt_at, decided
from modelops.domain.decisions import Answer, Verdict
from modelops.domain.job_types import JobType
from modelops.domain.requests import (
    FeatureBatchRequest,
    ImportRequest,
    RetirementRequest,
    TaskDeploymentRequest,
    TaskRunRequest,
)
from modelops.domain.versions import VersionKind
from modelops.kinds.feature_task.deploy_task import deploy_task
from modelops.kinds.feature_task.execute_batch import execute_batch
from modelops.kinds.feature_task.import_task import import_task
from modelops.kinds.feature_task.run_task import run_task
from modelops.stages.approve import request_approval
from modelops.stages.retire import retire_task

if TYPE_CHECKING:
    from workplace import Workplace

TASK = "here/doubled"


def imported(workplace: Workplace, task: str = TASK, **asked_for: Any) -> dict[str, Any]:
    return import_task(ImportRequest(task=task, **asked_for), workplace.job(JobType.FEATURE_IMPORT))


def ran(workplace: Workplace, version: int | None = None, task: str = TASK, **asked_for: Any) -> dict[str, Any]:
    request = TaskRunRequest(task=task, version=version, **asked_for)
    return run_task(request, workplace.job(JobType.FEATURE_RUN))


def answered(
    workplace: Workplace,
    version: int,
    *,
    task: str = TASK,
    person: str = "grace",
    verdict: Verdict = Verdict.APPROVED,
    comment: str | None = None,
) -> dict[str, Any]:
    """The result of the answer that was decided on."""
    key = task_key(task_id="approve")
    request_approval(
        task,
        version,
        workplace.job(JobType.FEATURE_APPROVAL, key=key),
        kind=VersionKind.FEATURE_TASK,
    )
    return decided(workplace, key, Answer.from_fields(person, verdict, {"comment": comment}))


def approved(workplace: Workplace, task: str = TASK) -> int:
    """The number of a version that was imported, run and approved."""
    version: int = imported(workplace, task)["version"]
    ran(workplace, version, task)
    answered(workplace, version, task=task)
    return version


def put_into_production(
    workplace: Workplace, version: int | None, task: str = TASK, **asked_for: Any
) -> dict[str, Any]:
    request = TaskDeploymentRequest(task=task, version=version, **asked_for)
    return deploy_task(request, workplace.job(JobType.FEATURE_DEPLOYMENT))


def deployed(workplace: Workplace, task: str = TASK) -> dict[str, Any]:
    return put_into_production(workplace, approved(workplace, task), task)


def made(workplace: Workplace, deployment: int, **asked_for: Any) -> dict[str, Any]:
    request = FeatureBatchRequest(deployment=deployment, **asked_for)
    return execute_batch(request, workplace.job(JobType.FEATURE_BATCH))


def retired(workplace: Workplace, deployment: int) -> dict[str, Any]:
    job = attempt_at(workplace, JobType.FEATURE_RETIREMENT)
    return retire_task(RetirementRequest(deployment=deployment), workplace.run(job))
