"""Puts a model into production with the use cases that the operators call."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from bench.task import claim, key_of
from modelops.domain.decisions import Answer, Verdict
from modelops.domain.job_types import JobType
from modelops.domain.requests import DeploymentRequest, EvaluationRequest, TrainingRequest
from modelops.kinds.model.deploy import deploy
from modelops.kinds.model.evaluate import evaluate
from modelops.kinds.model.train import train
from modelops.stages.approve import decide, request_approval

if TYPE_CHECKING:
    from bench.installation import Installation
    from modelops.jobs.run import JobRun

_runs = itertools.count(1)


def approve_version(installation: Installation, model: str) -> int:
    """Train, evaluate and approve a version of a model; returns its number."""
    run = f"lifecycle_{next(_runs)}"
    with installation.connect() as connection:

        def job(type_: JobType) -> JobRun:
            return claim(installation, connection, type_, key=key_of(type_, run))

        version: int = train(TrainingRequest(model=model), job(JobType.TRAINING))["version"]
        evaluate(EvaluationRequest(model=model, version=version), job(JobType.EVALUATION))
        request_approval(model, version, job(JobType.APPROVAL))
        answer = Answer(person="grace", verdict=Verdict.APPROVED, comment="for the benchmark")
        with decide(connection, key_of(JobType.APPROVAL, run), answer):
            pass
    return version


def deploy_version(
    installation: Installation, model: str, version: int, *, target: str, dataset: str = "predict", parts: int = 1
) -> int:
    """Deploy an approved version into a target; returns the number of the deployment."""
    with installation.connect() as connection:
        key = key_of(JobType.DEPLOYMENT, f"lifecycle_{next(_runs)}")
        request = DeploymentRequest(model=model, version=version, target=target, dataset=dataset, parts=parts)
        made: int = deploy(request, claim(installation, connection, JobType.DEPLOYMENT, key=key))["deployment"]
    with installation.admin() as admin:
        admin.execute(f"ALTER TABLE predictions.{target}_rows SET (autovacuum_enabled = off)")
    return made
