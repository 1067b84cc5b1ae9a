"""Measurement of performance: compares published predictions with the labels that have become known since."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelops.data.labels import PublishedBatch, read_labelled
from modelops.domain.alerts import Subject
from modelops.domain.deployments import INTERVAL, Interval
from modelops.domain.errors import BadInput, LabelsError, UnknownBatch
from modelops.domain.findings import Findings
from modelops.domain.targets import Target
from modelops.domain.versions import VersionKind
from modelops.kinds.model.imported import imported_of
from modelops.kinds.model.performance import columns_of_target, metrics_of
from modelops.registry.write import deployments, jobs, performance, schedules, statistics, versions
from modelops.stages.alerts import update_alerts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from modelops.data.labels import LabelledPredictions
    from modelops.domain.deployments import Deployment
    from modelops.domain.labels import Truth
    from modelops.domain.requests import PerformanceRequest
    from modelops.jobs.run import JobRun
    from modelops.kinds.model.performance import Metric

MOST = 500
"""Maximum batches that a job measures; the next job measures the others."""
LONGEST = 1800
"""Seconds after which a job starts no further batch, because the deployments of a DAG run share its workers."""
MAX_NAMED = 100
"""Maximum number of batches in a result."""


def measure_performance(request: PerformanceRequest, run: JobRun) -> dict[str, Any]:
    """Measure the batches of a deployment whose labels are due, or those of an interval; returns what was measured.

    Each batch is measured with the rows that it published, even if a later batch has superseded them. Each measurement
    is recorded at once, so that a killed job loses none. If a batch can't be measured, the error is recorded, and the
    job continues with the others. The deployment may have ended.

    Raises:
        UnknownDeployment: no deployment of a model has that number.
        IntervalError: the interval is invalid.
        UnknownBatch: there is no published batch of the interval.
        LabelsError: the deployment has no labels, or they aren't due yet.
        LabelsError, DatasetError, SeveralErrors: one or several batches can't be measured.
        Unavailable: a service is unavailable; a retry may help.
        FenceLost: a newer attempt has the job.
    """
    interval = run.interval(request.interval_start, request.interval_end)
    deployment = deployments.find(run.ledger, request.deployment, kind=VersionKind.MODEL)
    with run.fenced():
        run.name_deployment(deployment)
    if deployment.truth is None:
        raise LabelsError(
            f"{deployment.subject} has no labels to compare its predictions with",
            where="the parameter deployment",
            expected="a deployment with a dataset truth: deploy the version again with the parameter truth",
        )
    batches = _batches(deployment, interval, request, run)
    classes = _classes(deployment, run)
    findings, measured = Findings(), []
    alerts: dict[str, list[int]] = {"fired": [], "resolved": []}

    def record(batch: Mapping[str, Any], **measurement: Any) -> None:
        """Record a measurement. The transaction of the last one also evaluates the alert rules."""
        with run.fenced() as ledger:
            performance.add(ledger, run.attempt, batch["id"], rows=batch["rows"], **measurement)
            if batch is batches[-1]:
                alerts.update(update_alerts(ledger, deployment.target, Subject.METRIC, job_id=run.job_id))

    until = time.monotonic() + LONGEST
    for number, batch in enumerate(batches):
        if time.monotonic() > until:
            run.log(f"After {LONGEST / 60:,.0f} minutes {len(batches) - number:,} batches are left for the next job")
            break
        with findings.collecting():
            measured.append(_measure(deployment, deployment.truth, batch, classes, record, run))
    findings.raise_if_any()
    due_at = performance.next_due(run.ledger, deployment.id)
    result = {
        "deployment": deployment.id,
        "model": deployment.model,
        "version": deployment.version,
        "batches": len(measured),
        "rows": sum(one["rows"] for one in measured),
        "labelled": sum(one["labelled"] for one in measured),
        "measured": measured[-MAX_NAMED:],
        "next_due_at": due_at and due_at.isoformat(),
        "alerts": alerts,
    }
    with run.fenced():
        run.complete(result)
    if not batches:
        run.log("No labels are due" + (f"; the next ones are due at {due_at.isoformat()}" if due_at else ""))
    return result


def _batches(
    deployment: Deployment, interval: Interval | None, request: PerformanceRequest, run: JobRun
) -> Sequence[Mapping[str, Any]]:
    if interval is None:
        found = performance.due(run.ledger, deployment.id, also_missing=request.also_missing, most=MOST)
        if len(found) == MOST:
            run.log(f"At most {MOST} batches are measured, those that wait longest; the next job measures the others")
        return found
    assert deployment.maturity is not None
    complete_at = interval.end + deployment.maturity
    if complete_at > jobs.now(run.ledger):
        raise LabelsError(
            f"the labels of {interval} are complete from {complete_at.isoformat()} on",
            where=INTERVAL,
            expected="an interval whose labels are complete, or a deployment with another maturity of labels",
        )
    batches = performance.of_interval(run.ledger, deployment.id, interval, most=MOST)
    if len(batches) == MOST:
        run.log(f"The interval was published {MOST} times or more often; the first {MOST} are measured")
    if not batches:
        raise UnknownBatch(
            f"{deployment.subject} has published no batch for {interval} whose rows still exist",
            where=INTERVAL,
            expected="the interval of a published batch, or none for all batches whose labels are due",
        )
    return batches


def _measure(
    deployment: Deployment,
    truth: Truth,
    batch: Mapping[str, Any],
    classes: _Classes,
    record: Callable[..., None],
    run: JobRun,
) -> dict[str, Any]:
    """Measure a batch and record the result, or why it can't be measured.

    Raises:
        BadInput: the batch can't be measured.
    """
    interval = None if batch["start"] is None else Interval(start=batch["start"], end=batch["end"])
    try:
        labelled, metrics = _compute_metrics(deployment, truth, batch, interval, classes, run)
    except BadInput as error:
        record(batch, error=str(error))
        of_batch = f"batch run {batch['id']}" + (f" for {interval}" if interval else "")
        raise type(error)(error.what, where=f"{error.where}, {of_batch}", expected=error.expected) from error
    record(batch, labelled=labelled.labelled, metrics=[one.as_record() for one in metrics])
    found = {"run": batch["id"], "rows": labelled.rows, "labelled": labelled.labelled}
    run.step("measured", **found)
    return {**found, "interval": interval and interval.as_record()}


def _compute_metrics(
    deployment: Deployment,
    truth: Truth,
    batch: Mapping[str, Any],
    interval: Interval | None,
    classes: _Classes,
    run: JobRun,
) -> tuple[LabelledPredictions, list[Metric]]:
    local = None
    if interval is not None:
        local = interval.within(schedules.plan_of(run.ledger, deployment.id).schedule.time_zone)
    published = PublishedBatch(
        target=Target.parse(deployment.target, where=deployment.subject),
        job_id=batch["job_id"],
        published_at=batch["published_at"],
        rows=batch["rows"],
        key=[column["name"] for column in deployment.entity_key],
        interval=None if local is None else (local.start, local.end),
    )
    outputs = [name for target in truth.targets for name in columns_of_target(target, deployment.outputs)]
    where = f"{deployment.model}, dataset {truth.label}"
    labelled = read_labelled(run.resources.rows_url, truth, published, outputs, where=where)
    return labelled, metrics_of(labelled, truth, classes=classes.known, positive=classes.positive, say=run.log)


@dataclass(frozen=True, kw_only=True)
class _Classes:
    """The known classes of each target: its categories in the training, or its least and its greatest number.

    `positive` is the class whose probability an imported model publishes; None: the second one.
    """

    known: Mapping[str, Sequence[Any]]
    positive: Any


def _classes(deployment: Deployment, run: JobRun) -> _Classes:
    found: dict[str, Sequence[Any]] = {}
    for record in statistics.in_use(run.ledger, deployment.version_id):
        name, values = record["variable"], record["values"]
        if record["role"] != "target":
            continue
        if record["kind"] == "categorical":
            found[name] = list(values["frequencies"])
        elif values.get("min") is not None:
            found[name] = [values["min"], values["max"]]
    model = imported_of(versions.find(run.ledger, deployment.model, deployment.version))
    return _Classes(known=found, positive=None if model is None else model.positive)
