"""Evaluation: trained, imported or evaluated → evaluated. A version in a later state keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import BadInput, IllegalTransition, ResourceLimitError, RowsChanged
from modelops.domain.parameters import MAX_SET_ASIDE
from modelops.domain.versions import ArtifactRole, VersionKind, VersionStatus
from modelops.kinds.model import code as version_code
from modelops.kinds.model import references
from modelops.kinds.model.details import Details, read_details
from modelops.kinds.model.metrics import read_metrics, refuse_standard
from modelops.kinds.model.preflight import check_labelled
from modelops.kinds.model.sample import outputs_of
from modelops.kinds.model.scored_rows import FILE, MAX_ROWS, score_rows
from modelops.kinds.model.workbench import Workbench
from modelops.registry.write import evidence, statistics, versions
from modelops.repository.definition import EVALUATION
from modelops.stages.versions import version_in_use

if TYPE_CHECKING:
    from pathlib import Path

    from modelops.domain.requests import EvaluationRequest
    from modelops.domain.versions import Artifact, Version
    from modelops.jobs.run import JobRun
    from modelops.kinds.model.scored_rows import ScoredRows
    from modelops.settings import InstallationSettings


@dataclass(frozen=True, kw_only=True)
class _Scored:
    """The scored rows of an evaluation: their file, the artifact if they are kept, the reference if it is the first."""

    path: Path
    rows: int
    artifact: Artifact | None
    predictions: references.Records | None


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
    _check_statistics(version, run)
    with run.workdir() as workdir:
        code = version_code.load(version, workdir, run)
        files = version_code.fetch_artifacts(version, workdir, run)
        run.step("artifacts_fetched", sha256=version.artifact_sha256)
        check_labelled(
            version.name,
            code.definition.datasets,
            request.dataset,
            run.resources.rows_url,
            training_types=version.columns,
            slice_by=code.definition.slice_by,
        )
        bench = Workbench.of(run, version, code, workdir)
        environment = bench.build()
        standard = EVALUATION in code.definition.left_out
        dataset, rows = bench.read(request.dataset, trained_on=version, every_label=not standard)
        first, scored = _is_first(version, run), None
        if standard:
            outputs = outputs_of(files.sample)
            with score_rows(
                bench, environment, dataset, rows, model=files.model, outputs=outputs, budget=None
            ) as found:
                scored = _keep(found, workdir, run, first=first)
            output = bench.run("evaluate", environment, dataset, rows, model=files.model, scored=scored.path)
        else:
            output = bench.run("evaluate", environment, dataset, rows, model=files.model)
        metrics = read_metrics(output, required=True)
        if not standard:
            refuse_standard(metrics)
        details = read_details(output, metrics)
        artifacts = run.store_output(output)
        if not standard and files.sample.exists():
            try:
                with score_rows(
                    bench,
                    environment,
                    dataset,
                    rows,
                    model=files.model,
                    outputs=outputs_of(files.sample),
                    budget=MAX_SET_ASIDE,
                ) as found:
                    scored = _keep(found, workdir, run, first=first)
            except (ResourceLimitError, RowsChanged):
                raise
            except BadInput as error:
                if first:
                    raise
                run.log(f"The evaluation keeps no scored rows: {error}")
        if scored is not None and scored.artifact is not None:
            artifacts.append(scored.artifact)

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
            details=_record(details, scored, standard=standard),
        )
        evidence.add_artifacts(run.ledger, artifacts, evaluation_id=evaluation_id)
        if scored is not None and scored.predictions is not None and is_first:
            references.record(version, dataset, rows, {"prediction": scored.predictions}, run)
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


def _check_statistics(version: Version, run: JobRun) -> None:
    """Check that an imported model has statistics; the database checks it too.

    Raises:
        IllegalTransition: it has none.
    """
    if version.status is VersionStatus.IMPORTED and not statistics.has_reference(run.ledger, version.id, "feature"):
        raise IllegalTransition(
            f"{version.subject} is imported, and its statistics are not computed",
            where="the version's statistics",
            expected="its statistics first, with the DAG model_statistics; byom_lifecycle computes them",
        )


def _record(details: Details | None, scored: _Scored | None, *, standard: bool) -> dict[str, Any] | None:
    """The details as the registry stores them, with the hash of the scored rows; None if there is nothing."""
    kept = None
    if scored is not None and scored.artifact is not None:
        kept = {"sha256": scored.artifact.sha256, "rows": scored.rows}
    if details is None and kept is None and not standard:
        return None
    return (details or Details()).model_dump(by_alias=True) | {"scored_rows": kept, "standard": standard}


def _keep(found: ScoredRows, workdir: Path, run: JobRun, *, first: bool) -> _Scored:
    """Write the scored rows to a file, store it if it is within the bounds, and count the predictions if they are new.

    Raises:
        RowsChanged: the model's code has changed the file of the dataset's rows.
    """
    counted = {"rows": found.scored.rows, "set_aside": len(found.scored.set_aside)}
    run.step("rows_scored", **counted)
    predictions = None
    if first:
        predictions = references.of_predictions(found)
        run.step("predictions_counted", **counted)
    path = workdir / FILE
    found.write(path)
    artifact = None
    excess = _excess(found.scored.rows, path.stat().st_size, run.resources.settings.installation)
    if excess is None:
        artifact = run.store_file(path, ArtifactRole.SCORED_ROWS)
    else:
        run.log(f"The evaluation keeps no scored rows: {excess}")
    return _Scored(path=path, rows=found.scored.rows, artifact=artifact, predictions=predictions)


def _excess(rows: int, size: int, settings: InstallationSettings) -> str | None:
    """Why scored rows are too many or too large to be kept; None if they aren't."""
    if rows > MAX_ROWS:
        return f"there are {rows:,}, more than {MAX_ROWS:,}"
    if size > settings.output_bytes:
        return f"they have {size:,} bytes, more than MODELOPS_OUTPUT_SIZE allows"
    return None


def _is_first(version: Version, run: JobRun) -> bool:
    """Whether the version has neither an evaluation nor a reference of its predictions."""
    return evidence.newest_evaluation(run.ledger, version.id) is None and not statistics.has_reference(
        run.ledger, version.id, "prediction"
    )
