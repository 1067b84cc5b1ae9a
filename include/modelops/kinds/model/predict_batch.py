"""Batch prediction: scores a deployment's dataset in one stream, and publishes all predictions at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.data.target import columns_for
from modelops.data.writing import RowsWriter
from modelops.domain.datasets import Dataset
from modelops.domain.errors import ModelOpsError
from modelops.domain.targets import Target, TargetColumn
from modelops.domain.versions import VersionKind
from modelops.kinds.model import code as version_code
from modelops.kinds.model.batch import BatchSource, BatchStatistics, Progress, check_not_empty
from modelops.kinds.model.sample import predictions_of
from modelops.kinds.model.workbench import Workbench
from modelops.registry.translation import translated
from modelops.registry.write import runs, schedules, versions
from modelops.registry.write import statistics as column_statistics
from modelops.stages.batch import begin, find_deployment
from modelops.stages.sweep import sweep

if TYPE_CHECKING:
    from modelops.domain.deployments import Deployment
    from modelops.domain.requests import BatchRequest
    from modelops.domain.versions import Version
    from modelops.jobs.run import JobRun
    from modelops.repository.definition import ModelDefinition
    from modelops.stages.code import Code


def predict_batch(request: BatchRequest, run: JobRun) -> dict[str, Any]:
    """Score all rows and publish them; returns their number, the view, and a psql command that reads it.

    Rows, statistics, publication and the job's completion are one transaction: if the attempt is killed, readers still
    see the previous rows, and the next attempt starts again. The rows of a partition are staged and not published.

    Raises:
        UnknownDeployment: the deployment does not exist or has ended.
        PartsError: the deployment's batches have no such partition.
        IntervalError: the interval is invalid, or overlaps with published rows.
        DatasetError, TargetError, UserCodeError, ScoringError, ArtifactChanged: the rows, the target or the model is
            invalid.
        Unavailable: a service is unavailable; a retry may help.
        FenceLost: a newer attempt has the job.
    """
    deployment, interval = find_deployment(request, run, VersionKind.MODEL)
    batch = begin(deployment, interval, run, part=request.partition)
    if request.set_aside_budget is None and (same := batch.reusable_result(run)):
        return same
    with run.workdir() as workdir:
        version = versions.find(run.ledger, deployment.model, deployment.version)
        code = version_code.load(version, workdir, run)
        files = version_code.fetch_artifacts(version, workdir, run)
        run.step("artifacts_fetched", sha256=version.artifact_sha256)
        bench = Workbench.of(run, version, code, workdir)
        environment = bench.build()
        dataset = _dataset(deployment, code, version)
        statistics = BatchStatistics(
            column_statistics.in_use(run.ledger, version.id),
            dataset,
            sample=None if request.partition is None else predictions_of(files.sample),
        )
        assert version.columns is not None
        zone = schedules.plan_of(run.ledger, deployment.id).schedule.time_zone
        source = BatchSource.of(
            run.resources.rows_url,
            dataset,
            where=f"{version.name}, dataset {dataset.label}",
            training_types=version.columns,
            interval=None if interval is None else interval.within(zone),
            part=request.partition,
            bounds=run.resources.settings.installation.read_bounds,
        )
        last = runs.rows_of_last(run.ledger, deployment.id)
        progress = Progress(
            run.log,
            expected=last // (1 if request.partition is None else request.partition.of)
            if last
            else source.expected_rows,
        )
        target = Target.parse(deployment.target, where="modelops.deployment")
        if request.partition is None or request.partition.number == 0:
            sweep(target, run)
        key = [TargetColumn(name=column["name"], type=column["type"]) for column in deployment.entity_key]
        _, outputs = columns_for((), deployment.outputs)
        run.step("scoring_started")
        with run.resources.connect() as connection, translated(), connection.transaction():
            with RowsWriter(connection, target, batch.run_id, key, outputs, where=source.where) as writer:
                scored = bench.score(
                    source,
                    writer,
                    environment,
                    dataset,
                    model=files.model,
                    outputs=deployment.outputs,
                    budget=_budget(request, deployment),
                    on_features=statistics.features.update,
                    on_scored=statistics.predictions.update,
                    on_progress=progress.report,
                )
                rows = writer.finish()
            if rows != scored.rows:
                raise ModelOpsError(f"{rows:,} rows were written to {target.rows}, but {scored.rows:,} were scored")
            progress.end(rows, set_aside=len(scored.set_aside))
            if request.partition is None:
                check_not_empty(deployment, interval, rows + len(scored.set_aside), where=source.where)
            run.step("rows_written", rows=rows)
            with run.fenced(connection):
                runs.add_set_aside(
                    connection, batch.run_id, ((row.position, row.key, row.reason) for row in scored.set_aside)
                )
                result = batch.publish(
                    run,
                    rows,
                    {
                        "feature": statistics.features.as_records(),
                        "prediction": statistics.predictions.as_records(),
                    },
                    set_aside=len(scored.set_aside),
                    connection=connection,
                    part=request.partition and str(request.partition),
                    rows_per_second=progress.rows_per_second,
                    view=deployment.target,
                )
    if request.partition is not None:
        run.log(f"{rows:,} rows of {request.partition} are staged; readers see them once all parts are published")
        return result
    run.log(f"Published {rows:,} rows in {target}. Read them with:\n  {result['psql']}")
    return result


def _dataset(deployment: Deployment, code: Code[ModelDefinition], version: Version) -> Dataset:
    """The deployed query with the roles of its columns. The code's dataset of that name may have another query."""
    declared = code.definition.datasets
    return Dataset(
        name=deployment.dataset["name"],
        sql=deployment.dataset["sql"],
        entity_key=declared.entity_key,
        feature_names=declared.features,
        target_names=declared.targets,
        had_nulls=version.had_nulls,
    )


def _budget(request: BatchRequest, deployment: Deployment) -> int:
    return deployment.set_aside_budget if request.set_aside_budget is None else request.set_aside_budget
