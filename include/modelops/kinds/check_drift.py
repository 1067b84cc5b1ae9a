"""Drift check: compares a published batch with the reference of its version, and changes neither."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from modelops.domain.alerts import Subject
from modelops.domain.deployments import INTERVAL
from modelops.domain.drift import MOVED, DriftSettings, Verdict
from modelops.domain.errors import UnknownBatch
from modelops.domain.versions import VersionKind
from modelops.kinds.model import code as version_code
from modelops.registry.write import deployments, drift, evidence, statistics, versions
from modelops.stages.alerts import update_alerts
from modelops.statistics.bins import has_bins
from modelops.statistics.drift import Cause, Comparison, compare_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelops.domain.deployments import Deployment, Interval
    from modelops.domain.requests import DriftCheckRequest
    from modelops.domain.versions import Version
    from modelops.jobs.run import JobRun

NO_REFERENCE = {
    VersionKind.MODEL: "recompute the statistics of the version (DAG model_statistics), then rerun the batch",
    VersionKind.FEATURE_TASK: "import and run the task again (DAG feature_pipeline), and deploy that version",
}
MAX_NAMED = 100
"""Maximum number of columns in a result."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """The reference of a version: the records of its columns, by role, and the model's drift settings.

    `evaluation_id` is the run of a feature task from which the records come; None for a model.
    """

    columns: Mapping[str, Sequence[Mapping[str, Any]]]
    evaluation_id: int | None = None
    settings: DriftSettings = field(default_factory=DriftSettings)


def check_drift(request: DriftCheckRequest, run: JobRun) -> dict[str, Any]:
    """Compare a published batch with the reference of its version; returns the columns that have moved.

    The batch is that of `batch_task`, or the newest of the interval. The rate of false findings is for all features
    together, and for all predictions together. A column that can't be compared has the reason in `why`. The deployment
    may have ended.

    Raises:
        UnknownDeployment: no deployment has that number.
        IntervalError: the interval is invalid.
        UnknownBatch: no such batch is published.
        Unavailable: the platform's trouble; another attempt may do better.
        FenceLost: a newer attempt has the job.
    """
    interval = run.interval(request.interval_start, request.interval_end)
    deployment = deployments.find(run.ledger, request.deployment)
    with run.fenced():
        run.name_deployment(deployment)
    batch = _find_batch(deployment, interval, request.batch_task, run)
    version = versions.find(run.ledger, deployment.model, deployment.version, kind=deployment.kind)
    reference = reference_of(version, run)
    found = _compare_columns(deployment, batch, reference, run)
    run.step("compared", run=batch["id"], columns=sum(map(len, found.values())))
    moved = _moved_columns(found)
    compared = sum(one.index is not None for of_role in found.values() for one in of_role)
    result = {
        "deployment": deployment.id,
        deployment.kind.parameter: deployment.model,
        "version": deployment.version,
        "run": batch["id"],
        "interval": interval and interval.as_record(),
        "rows": batch["rows"],
        "compared": compared,
        "greatest": moved[0]["verdict"] if moved else None,
        "moved": moved[:MAX_NAMED],
        "ignored": len(reference.settings.ignore),
    }
    with run.fenced() as ledger:
        for role, of_role in found.items():
            drift.add(
                ledger,
                run.attempt,
                batch["id"],
                role,
                (one.as_record() for one in of_role),
                references={one["variable"]: one.get("reference_id") for one in reference.columns[role]},
                evaluation_id=reference.evaluation_id,
            )
        result["alerts"] = update_alerts(
            ledger, deployment.target, Subject.FEATURES, Subject.PREDICTIONS, job_id=run.job_id
        )
        run.complete(result)
    names = ", ".join(f"{one['variable']} ({one['verdict']})" for one in moved[:MAX_NAMED])
    outcome = names or ("no column has moved" if compared else "no column could be compared")
    run.log(f"Batch run {batch['id']}: {outcome}")
    return result


def _find_batch(deployment: Deployment, interval: Interval | None, task: str | None, run: JobRun) -> Mapping[str, Any]:
    """The batch run that is compared.

    Raises:
        UnknownBatch: the task has published no batch, or no batch of the interval is published.
    """
    if task is not None:
        key = replace(run.attempt.key, task_id=task)
        if batch := drift.run_of_task(run.ledger, deployment.id, key):
            return batch
        raise UnknownBatch(
            f"the task {task} of this DAG run has published no batch",
            where=f"the job of {key}",
            expected="a batch that has completed",
        )
    batch = drift.newest_run(run.ledger, deployment.id, interval)
    if batch is None:
        of_interval = f"for {interval}" if interval is not None else "without an interval"
        raise UnknownBatch(
            f"{deployment.subject} has published no batch {of_interval}",
            where=INTERVAL,
            expected="the interval of a published batch, or none for a deployment whose batches have none",
        )
    return batch


def reference_of(version: Version, run: JobRun) -> Reference:
    """The reference with which the batches of a version are compared."""
    return (_model_reference if version.kind is VersionKind.MODEL else _task_reference)(version, run)


def comparable_columns(version: Version, run: JobRun) -> Mapping[str, Sequence[str]]:
    """The names of the columns that a drift check of the version's batches can compare, by role."""
    columns = reference_of(version, run).columns
    return {role: [one["variable"] for one in records if has_bins(one)] for role, records in columns.items()}


def _model_reference(version: Version, run: JobRun) -> Reference:
    """The reference of a model: the current statistics of its features and predictions."""
    with run.workdir() as workdir:
        settings = version_code.load(version, workdir, run).definition.datasets.drift
    recorded = statistics.in_use(run.ledger, version.id)
    roles = ("feature", "prediction")
    columns = {role: [one for one in recorded if one["role"] == role] for role in roles}
    columns["feature"] = [one for one in columns["feature"] if one["variable"] not in settings.ignore]
    return Reference(columns=columns, settings=settings)


def _task_reference(version: Version, run: JobRun) -> Reference:
    """The reference of a feature task: the statistics of its newest run."""
    newest = evidence.newest_evaluation(run.ledger, version.id)
    if newest is None:
        return Reference(columns={"feature": ()})
    return Reference(columns={"feature": newest.statistics or ()}, evaluation_id=newest.id)


def _compare_columns(
    deployment: Deployment, batch: Mapping[str, Any], reference: Reference, run: JobRun
) -> dict[str, list[Comparison]]:
    """Compare the columns with their references, by role. Columns without statistics in the batch are included."""
    counted = statistics.of_run(run.ledger, batch["id"])
    # The reference of a feature task has the columns of the key too; their values differ from run to run.
    keys = {one["variable"] for one in counted if one["role"] == "key"}
    remedies = {Cause.NO_REFERENCE: NO_REFERENCE[deployment.kind], Cause.OTHER_BINS: "rerun the batch"}
    found = {}
    for role, records in reference.columns.items():
        before = {one["variable"]: one for one in records if one["variable"] not in keys}
        ignored = reference.settings.ignore if role == "feature" else ()
        now = {one["variable"]: one for one in counted if one["role"] == role and one["variable"] not in ignored}
        missing = [
            _without_statistics(name, batch["rows"]) for name in before.keys() - now.keys() if has_bins(before[name])
        ]
        found[role] = compare_all(before, now.values(), reference.settings.rule, remedies=remedies) + missing
    return found


def _without_statistics(name: str, rows: int) -> Comparison:
    """The comparison of a column for which the batch has no statistics."""
    if not rows:
        return Comparison(variable=name)
    why = "the batch was published without statistics of it: rerun the batch"
    return Comparison(variable=name, verdict=Verdict.NOT_COMPARABLE, why=why)


def _moved_columns(found: Mapping[str, Sequence[Comparison]]) -> list[dict[str, Any]]:
    """The columns that have moved, with the greatest change first."""
    moved = [
        (MOVED.index(one.verdict), one.index or 0.0, {"role": role, **one.as_summary()})
        for role, of_role in found.items()
        for one in of_role
        if one.verdict.has_moved
    ]
    return [summary for *_, summary in sorted(moved, key=lambda each: each[:2], reverse=True)]
