"""Evaluation: trained or evaluated → evaluated; a version that has got further stays where it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import UnknownVersion
from modelops.domain.versions import VersionStatus
from modelops.lifecycle import code as version_code
from modelops.lifecycle.metrics import read_metrics
from modelops.lifecycle.preflight import check_labelled
from modelops.registry import evidence, jobs, versions

if TYPE_CHECKING:
    from modelops.domain.jobs import Attempt
    from modelops.domain.versions import Version
    from modelops.lifecycle.services import Services


@dataclass(frozen=True, kw_only=True)
class EvaluationRequest:
    """Which version to evaluate, on which dataset: a name or a SELECT.

    `version` None is the newest that was trained when the job began; a retry keeps to it.
    """

    model: str
    version: int | None = None
    dataset: str = "evaluate"


def evaluate(request: EvaluationRequest, attempt: Attempt, services: Services) -> dict[str, Any]:
    """Evaluate a version; returns its metrics and the digest of the evidence.

    Raises:
        BadInput: anything that the requester or the model's author got wrong.
        Unavailable: the platform's trouble; another attempt may do better.
        FenceLost: a newer attempt has the job.
    """
    version = _version(request, attempt, services)
    services.log(f"evaluating {version.subject}")
    with services.workdir(attempt) as workdir:
        code = version_code.load(version, workdir, services)
        model = version_code.fetch_artifacts(version, workdir, services).model
        services.reach(attempt, "artifacts_fetched", sha256=version.artifact_sha256)
        datasets = code.definition.datasets
        check_labelled(version.name, datasets, request.dataset, services.rows_url, like=version.columns)
        bench = services.workbench(version, code, attempt, workdir)
        environment = bench.build()
        dataset, rows = bench.read(request.dataset, trained_on=version)
        output = bench.run("evaluate", environment, dataset, rows, model=model)
        metrics = read_metrics(output, required=True)
        artifacts = services.store_output(output, attempt)

    with jobs.holding(services.connection, attempt):
        evaluation_id, digest = evidence.add_evaluation(
            services.connection,
            version,
            attempt,
            dataset=dataset.as_record(),
            data_sha256=rows.sha256,
            data_rows=rows.rows,
            metrics=metrics,
        )
        evidence.add_artifacts(services.connection, artifacts, evaluation_id=evaluation_id)
        versions.evaluated(services.connection, version, job_id=attempt.job_id)
        result = {
            "model": version.name,
            "version": version.number,
            "evaluation": evaluation_id,
            "dataset": dataset.label,
            "rows": rows.rows,
            "metrics": metrics,
            "digest": digest,
        }
        jobs.complete(services.connection, attempt, result)
    return result


def _version(request: EvaluationRequest, attempt: Attempt, services: Services) -> Version:
    begun = None if attempt.fresh else versions.of_job(services.connection, job_id=attempt.job_id)
    version = begun or versions.find(services.connection, request.model, request.version)
    if version.status in {
        VersionStatus.CREATED,
        VersionStatus.FAILED,
        VersionStatus.REJECTED,
        VersionStatus.RETIRED,
    }:
        raise UnknownVersion(
            f"{version.subject} is {version.status} and can't be evaluated",
            where="the parameter version",
            expected="a version that is trained and not at its end",
        )
    with jobs.holding(services.connection, attempt):
        jobs.name_subject(services.connection, attempt, version)
    return version
