"""Statistics: computes the reference of an existing version, whose status does not change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.domain.findings import Findings
from modelops.domain.imported_models import MAX_SHOWN
from modelops.domain.parameters import MAX_SET_ASIDE
from modelops.domain.versions import VersionKind
from modelops.kinds.model import code as version_code
from modelops.kinds.model import references
from modelops.kinds.model.file_warnings import rounding_warnings, sentence
from modelops.kinds.model.preflight import check_labelled, check_scored
from modelops.kinds.model.sample import outputs_of
from modelops.kinds.model.scored_rows import score_rows
from modelops.kinds.model.workbench import Workbench
from modelops.stages.versions import version_in_use

if TYPE_CHECKING:
    from modelops.domain.datasets import Datasets
    from modelops.domain.requests import StatisticsRequest
    from modelops.domain.versions import Version
    from modelops.jobs.run import JobRun


def compute_statistics(request: StatisticsRequest, run: JobRun) -> dict[str, Any]:
    """Compute the references of a version's features, targets and predictions; returns the number of rows of each.

    Batches that start later are counted in the new bins. A model without a ModelScorer has no reference of predictions.

    Raises:
        BadInput: the request or the model is invalid.
        Unavailable: a service is unavailable; a retry may help.
        FenceLost: a newer attempt has the job.
    """
    version = version_in_use(
        VersionKind.MODEL, request.model, request.version, run, purpose="have its statistics computed"
    )
    run.log(f"computing statistics of {version.subject}")
    with run.workdir() as workdir:
        code = version_code.load(version, workdir, run)
        files = version_code.fetch_artifacts(version, workdir, run)
        run.step("artifacts_fetched", sha256=version.artifact_sha256)
        is_scored = files.sample.exists()
        _check(version, code.definition.datasets, request, run, is_scored=is_scored)
        bench = Workbench.of(run, version, code, workdir)
        dataset, rows = bench.read(request.dataset, trained_on=version)
        columns = references.of_rows(rows.path, dataset)
        warnings = rounding_warnings(version, columns)
        for warning in warnings or ():
            run.log(f"Warning: {sentence(warning)}")
        run.step("columns_counted", rows=rows.rows)
        if is_scored:
            environment = bench.build()
            scored_dataset, scored = bench.read(request.predictions_dataset, trained_on=version, labelled=False)
            with score_rows(
                bench,
                environment,
                scored_dataset,
                scored,
                model=files.model,
                outputs=outputs_of(files.sample),
                budget=MAX_SET_ASIDE,
            ) as predicted:
                predictions = references.of_predictions(predicted)
                run.step("predictions_counted", rows=predicted.scored.rows, set_aside=len(predicted.scored.set_aside))
        else:
            run.log(f"{version.subject} has no ModelScorer, so there is no reference of its predictions")

    result = {
        "model": version.name,
        "version": version.number,
        "dataset": dataset.label,
        "rows": rows.rows,
        "data_sha256": rows.sha256,
        "columns": sum(map(len, columns.values())),
    }
    if warnings is not None:
        result["warnings"] = [sentence(warning) for warning in warnings[:MAX_SHOWN]]
    if is_scored:
        result |= {"predictions_dataset": scored_dataset.label, "scored_rows": scored.rows}
    with run.fenced():
        references.record(version, dataset, rows, columns, run, warnings=warnings)
        if is_scored:
            references.record(version, scored_dataset, scored, {"prediction": predictions}, run)
        run.complete(result)
    return result


def _check(version: Version, datasets: Datasets, request: StatisticsRequest, run: JobRun, *, is_scored: bool) -> None:
    """Check both datasets before a row is read.

    Raises:
        DatasetError: PostgreSQL rejects a dataset, or it lacks columns of the model; SeveralErrors if both fail.
        Unavailable: the database can't be reached.
    """
    findings, url, training_types = Findings(), run.resources.rows_url, version.columns
    with findings.collecting():
        check_labelled(version.name, datasets, request.dataset, url, training_types=training_types)
    if is_scored:
        with findings.collecting():
            dataset = datasets.choose(request.predictions_dataset, where=f"{version.name}/datasets.yaml")
            check_scored(version.name, dataset, url, training_types=training_types)
    findings.raise_if_any()
