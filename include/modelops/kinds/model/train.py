"""Training: (none) → created → trained or failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.domain.versions import ArtifactRole
from modelops.kinds.model import code as version_code
from modelops.kinds.model.metrics import read_metrics
from modelops.kinds.model.preflight import check_training
from modelops.kinds.model.references import of_rows
from modelops.kinds.model.sample import take_sample
from modelops.kinds.model.standard import standard_functions, stored_estimator
from modelops.kinds.model.workbench import Workbench
from modelops.registry.write import evidence, statistics, versions
from modelops.repository.pin import pin_model

if TYPE_CHECKING:
    from pathlib import Path

    from modelops.domain.requests import TrainingRequest
    from modelops.domain.versions import Version
    from modelops.jobs.run import JobRun
    from modelops.repository.definition import ModelDefinition
    from modelops.stages.code import Code


def train(request: TrainingRequest, run: JobRun) -> dict[str, Any]:
    """Train a model version; returns its name, number and hashes, its metrics and standard functions.

    The version is created after this request and those for the later stages have been checked. A retry continues with
    the version that an earlier attempt created, and with its pinned code.

    Raises:
        BadInput: the request or the model is invalid.
        Unavailable: a service is unavailable; a retry may help.
        FenceLost: a newer attempt has the job.
    """
    with run.workdir() as workdir:
        version, code = _version(request, workdir, run)
        bench = Workbench.of(run, version, code, workdir)
        environment = bench.build()
        dataset, rows = bench.read(request.dataset)
        # This precedes the user code, which could write to the file.
        reference = of_rows(rows.path, dataset)
        output = bench.run("train", environment, dataset, rows)
        metrics = read_metrics(output, required=False)
        estimator = stored_estimator(output)
        artifacts = run.store_output(output)
        if code.definition.has_scorer or estimator is not None:
            sample = workdir / version_code.SAMPLE
            left_out = take_sample(bench, environment, dataset, rows, model=output.path, path=sample)
            if left_out:
                run.log(f"{len(left_out)} rows of the sample can't be scored; the first: {left_out[0].reason}")
            artifacts.append(run.store_file(sample, ArtifactRole.SAMPLE))
            run.step("sample_scored")

    with run.fenced():
        evidence.add_artifacts(run.ledger, artifacts, version_id=version.id)
        for role, records in reference.items():
            statistics.add(run.ledger, role, records, version_id=version.id)
        artifact_sha256 = versions.trained(
            run.ledger,
            version,
            job_id=run.job_id,
            dataset=dataset.as_record(),
            data_sha256=rows.sha256,
            data_rows=rows.rows,
            columns=rows.columns,
            columns_with_nulls=[name for name, had_nulls in rows.had_nulls.items() if had_nulls],
        )
        result = {
            "model": version.name,
            "version": version.number,
            "rows": rows.rows,
            "data_sha256": rows.sha256,
            "artifact_sha256": artifact_sha256,
            "metrics": metrics,
            "standard": standard_functions(code.definition, estimator),
        }
        run.complete(result)
    run.log(f"{version.subject} is trained; SHA-256 of its artifacts: {artifact_sha256}")
    return result


def _version(request: TrainingRequest, workdir: Path, run: JobRun) -> tuple[Version, Code[ModelDefinition]]:
    """Create the version and pin its code, or continue with the version that an earlier attempt created."""
    version = versions.in_the_making(run.ledger, job_id=run.job_id)
    if version is not None and version.code_sha256 is not None:
        run.step("version_created", version=version.number)
        code = version_code.load(version, workdir, run)
    else:
        pinned = pin_model(
            request.model,
            settings=run.resources.settings,
            destination=workdir / "code",
            allow_dirty=request.allow_dirty,
        )
        if version is None:
            check_training(pinned.definition, request, run)
            version = _begin(request, run)
        run.step("version_created", version=version.number)
        version, code = version_code.pin(version, pinned, request.hyperparameters, workdir, run)
    run.step("code_pinned", sha256=version.code_sha256, commit=version.commit)
    return version, code


def _begin(request: TrainingRequest, run: JobRun) -> Version:
    with run.fenced():
        version = versions.begin(run.ledger, name=request.model, job_id=run.job_id, created_by=run.attempt.requested_by)
        run.name_subject(version)
    return version
