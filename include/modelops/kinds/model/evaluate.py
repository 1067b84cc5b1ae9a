"""Evaluation: trained or evaluated → evaluated. A version in a later state keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.domain.versions import VersionKind
from modelops.kinds.model import code as version_code
from modelops.kinds.model import references
from modelops.kinds.model.metrics import read_metrics
from modelops.kinds.model.preflight import check_labelled
from modelops.kinds.model.workbench import Workbench
from modelops.registry.write import evidence, statistics, versions
from modelops.stages.versions import version_in_use

if TYPE_CHECKING:
    from modelops.domain.requests import EvaluationRequest
    from modelops.domain.versions import Version
    from modelops.jobs.run import JobRun


def evaluate(request: EvaluationRequest, run: JobRun) -> dict[str, Any]:
    """Evaluate a version; returns its metrics and the digest of the evidence.

    The predictions of a version's first evaluation are the reference of its later predictions.

    Raises:
        BadInput: the request or the model is invalid.
        Unavailable: a service is unavailable; a retry may help.
        FenceLost: a newer attempt has the job.
    """
    version = version_in_use(VersionKind.MODEL, request.model, request.version, run, purpose="be evaluated")
    run.log(f"evaluating {version.subject}")
    with run.workdir() as workdir:
        code = version_code.load(version, workdir, run)
        files = version_code.fetch_artifacts(version, workdir, run)
        run.step("artifacts_fetched", sha256=version.artifact_sha256)
        datasets = code.definition.datasets
        check_labelled(version.name, datasets, request.dataset, run.resources.rows_url, like=version.columns)
        bench = Workbench.of(run, version, code, workdir)
        environment = bench.build()
        dataset, rows = bench.read(request.dataset, trained_on=version)
        output = bench.run("evaluate", environment, dataset, rows, model=files.model)
        metrics = read_metrics(output, required=True)
        artifacts = run.store_output(output)
        predictions = None
        if files.sample.exists() and _is_first(version, run):
            predictions = references.of_predictions(bench, environment, dataset, rows, files=files)

    with run.fenced():
        versions.lock(run.ledger, version)
        is_first = _is_first(version, run)
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
        if predictions is not None and is_first:
            references.record(version, dataset, rows, {"prediction": predictions}, run)
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


def _is_first(version: Version, run: JobRun) -> bool:
    """Whether the version has neither an evaluation nor a reference of its predictions."""
    return evidence.newest_evaluation(run.ledger, version.id) is None and not statistics.has_reference(
        run.ledger, version.id, "prediction"
    )
