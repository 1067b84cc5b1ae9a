"""Training: (none) → created → trained or failed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modelops.lifecycle import code as version_code
from modelops.lifecycle.metrics import read_metrics
from modelops.lifecycle.preflight import check_training
from modelops.lifecycle.sample import take_sample
from modelops.lifecycle.training_statistics import training_statistics
from modelops.registry import evidence, jobs, runs, versions
from modelops.repository.pin import pin_model

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modelops.domain.jobs import Attempt
    from modelops.domain.versions import Version
    from modelops.lifecycle.code import Code
    from modelops.lifecycle.preflight import DeploymentTerms
    from modelops.lifecycle.services import Services
    from modelops.repository.definition import ModelDefinition


@dataclass(frozen=True, kw_only=True)
class TrainingRequest:
    """What was asked for: a model, and what to take instead of its own settings.

    `dataset` is the name of a dataset of the model or a SELECT; `hyperparameters` go on top of the model's;
    `allow_dirty` lets files be used that aren't committed, and is recorded. `evaluate_dataset` and `deployment` are
    what is to follow, checked before the training starts; None: nothing is known of it.
    """

    model: str
    dataset: str = "train"
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    allow_dirty: bool = False
    evaluate_dataset: str | None = None
    deployment: DeploymentTerms | None = None


def train(request: TrainingRequest, attempt: Attempt, services: Services) -> dict[str, Any]:
    """Train a model version; returns its name, number and hashes, and what train() left in metrics.json.

    The version is made once the request and what is to follow it have been checked. A retry takes up the version that
    its job began, with the code that was pinned then.

    Raises:
        BadInput: anything that the requester or the model's author got wrong.
        Unavailable: the platform's trouble; another attempt may do better.
        FenceLost: a newer attempt has the job.
    """
    with services.workdir(attempt) as workdir:
        version, code = _version(request, attempt, workdir, services)
        bench = services.workbench(version, code, attempt, workdir)
        environment = bench.build()
        dataset, rows = bench.read(request.dataset)
        # Before user code runs, which could write to the file.
        statistics = training_statistics(rows.path, dataset)
        output = bench.run("train", environment, dataset, rows)
        metrics = read_metrics(output, required=False)
        artifacts = services.store_output(output, attempt)
        if code.definition.has_scorer:
            sample = workdir / version_code.SAMPLE
            left_out = take_sample(bench, environment, dataset, rows, model=output.path, path=sample)
            if left_out:
                services.log(f"{len(left_out)} rows of the sample can't be scored; the first: {left_out[0].reason}")
            artifacts.append(services.store_sample(sample, attempt))
            services.reach(attempt, "sample_scored")

    with jobs.holding(services.connection, attempt):
        evidence.add_artifacts(services.connection, artifacts, version_id=version.id)
        for role, records in statistics.items():
            runs.add_statistics(services.connection, role, records, version_id=version.id)
        artifact_sha256 = versions.trained(
            services.connection,
            version,
            job_id=attempt.job_id,
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
        }
        jobs.complete(services.connection, attempt, result)
    services.log(f"{version.subject} is trained; SHA-256 of its artifacts: {artifact_sha256}")
    return result


def _version(
    request: TrainingRequest, attempt: Attempt, workdir: Path, services: Services
) -> tuple[Version, Code[ModelDefinition]]:
    """The version that the training makes, and its code."""
    version = versions.in_the_making(services.connection, job_id=attempt.job_id)
    if version is not None and version.code_sha256 is not None:
        services.reach(attempt, "version_created", version=version.number)
        code = version_code.load(version, workdir, services)
    else:
        pinned = pin_model(
            request.model,
            settings=services.settings,
            destination=workdir / "code",
            allow_dirty=request.allow_dirty,
        )
        if version is None:
            check_training(pinned.definition, request, attempt, services)
            version = _begin(request, attempt, services)
        services.reach(attempt, "version_created", version=version.number)
        version, code = version_code.pin(version, pinned, request, attempt, workdir, services)
    services.reach(attempt, "code_pinned", sha256=version.code_sha256, commit=version.commit)
    return version, code


def _begin(request: TrainingRequest, attempt: Attempt, services: Services) -> Version:
    with jobs.holding(services.connection, attempt):
        version = versions.begin(
            services.connection, name=request.model, job_id=attempt.job_id, created_by=attempt.requested_by
        )
        jobs.name_subject(services.connection, attempt, version)
    return version
