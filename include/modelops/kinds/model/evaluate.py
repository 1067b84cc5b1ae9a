"""Evaluation: trained or evaluated → evaluated. A version in a later state keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.domain.errors import UnknownVersion
from modelops.domain.versions import VersionStatus
from modelops.kinds.model import code as version_code
from modelops.kinds.model.metrics import read_metrics
from modelops.kinds.model.preflight import check_labelled
from modelops.kinds.model.workbench import Workbench
from modelops.registry.write import evidence, versions

if TYPE_CHECKING:
    from modelops.domain.requests import EvaluationRequest
    from modelops.domain.versions import Version
    from modelops.jobs.run import JobRun


def evaluate(request: EvaluationRequest, run: JobRun) -> dict[str, Any]:
    """Evaluate a version; returns its metrics and the digest of the evidence.

    Raises:
        BadInput: anything that the requester or the model's author got wrong.
        Unavailable: the platform's trouble; another attempt may do better.
        FenceLost: a newer attempt has the job.
    """
    version = _version(request, run)
    run.log(f"evaluating {version.subject}")
    with run.workdir() as workdir:
        code = version_code.load(version, workdir, run)
        model = version_code.fetch_artifacts(version, workdir, run).model
        run.step("artifacts_fetched", sha256=version.artifact_sha256)
        datasets = code.definition.datasets
        check_labelled(version.name, datasets, request.dataset, run.resources.rows_url, like=version.columns)
        bench = Workbench.of(run, version, code, workdir)
        environment = bench.build()
        dataset, rows = bench.read(request.dataset, trained_on=version)
        output = bench.run("evaluate", environment, dataset, rows, model=model)
        metrics = read_metrics(output, required=True)
        artifacts = run.store_output(output)

    with run.fenced():
        evaluation_id, digest = evidence.add_evaluation(
            run.ledger,
            version,
            run.attempt,
            dataset=dataset.as_record(),
            data_sha256=rows.sha256,
            data_rows=rows.rows,
            metrics=metrics,
        )
        evidence.add_artifacts(run.ledger, artifacts, evaluation_id=evaluation_id)
        versions.evaluated(run.ledger, version, job_id=run.job_id)
        result = {
            "model": version.name,
            "version": version.number,
            "evaluation": evaluation_id,
            "dataset": dataset.label,
            "rows": rows.rows,
            "metrics": metrics,
            "digest": digest,
        }
        run.complete(result)
    return result


def _version(request: EvaluationRequest, run: JobRun) -> Version:
    begun = None if run.attempt.fresh else versions.of_job(run.ledger, job_id=run.job_id)
    version = begun or versions.find(run.ledger, request.model, request.version)
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
    with run.fenced():
        run.name_subject(version)
    return version
