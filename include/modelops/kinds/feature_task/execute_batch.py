"""Batch run: a deployment's feature table, whole or for a data interval; readers see the old rows or the new ones."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from modelops.domain.targets import Target
from modelops.domain.versions import VersionKind
from modelops.kinds.feature_task import code as version_code
from modelops.kinds.feature_task.measure import measure, records_by_role
from modelops.kinds.feature_task.produce import check_interval, check_times, stage
from modelops.kinds.feature_task.produce import sweep as sweep_killed
from modelops.kinds.feature_task.production import Production
from modelops.kinds.feature_task.time_zone import zone_of
from modelops.registry.write import evidence, versions
from modelops.stages.batch import begin, find_deployment
from modelops.stages.sweep import sweep
from modelops.statistics.streaming import TableStatistics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelops.domain.requests import FeatureBatchRequest
    from modelops.domain.versions import Version
    from modelops.jobs.run import JobRun


def execute_batch(request: FeatureBatchRequest, run: JobRun) -> dict[str, Any]:
    """Make the rows, check them, and publish them; returns how many, the table, and a line for psql that reads it.

    The rows are committed under a run that nobody reads. Publication, statistics and the job's completion are one
    transaction: killed anywhere, readers see what they saw before, and the next attempt begins anew.

    Raises:
        UnknownDeployment: there is none, or it has ended, perhaps meanwhile.
        IntervalError: the interval is none, or overlaps with what is published.
        DatasetError, FeatureError, UserCodeError, ArtifactChanged: what is wrong with the rows or with what makes them.
        Unavailable: the platform's trouble; another attempt may do better.
        FenceLost: a newer attempt has the job.
    """
    began = time.monotonic()
    deployment, interval = find_deployment(request, run, VersionKind.FEATURE_TASK)
    with run.workdir() as workdir:
        version = versions.find(run.ledger, deployment.model, deployment.version, kind=VersionKind.FEATURE_TASK)
        code = version_code.load(version, workdir, run)
        check_interval(code.definition, interval)
        batch = begin(deployment, interval, run)
        if same := batch.reusable_result(run):
            return same
        target = Target.parse(deployment.target, where="modelops.deployment")
        sweep_killed(run)
        sweep(target, run, with_superseded=True)
        local = None if interval is None else interval.within(zone_of(code.definition, deployment))
        made = Production(version=version, code=code, target=target, run_id=batch.run_id, interval=local)
        rows = stage(made, workdir, run)
        statistics = TableStatistics.like(_reference(version, run), columns=list(code.definition.columns))
        measure(made, statistics, run)
        check_times(code.definition, local, statistics.as_records())
        run.step("checked", rows=rows)
    speed = round(rows / (time.monotonic() - began))
    with run.fenced():
        measured = records_by_role(made, statistics)
        result = batch.publish(run, rows, measured, rows_per_second=speed, table=deployment.target)
    run.log(f"Published {rows:,} rows in {target}. Read them with:\n  {result['psql']}")
    return result


def _reference(version: Version, run: JobRun) -> Sequence[Mapping[str, Any]]:
    """The statistics of the version's newest run, in whose bins the batch is counted."""
    newest = evidence.newest_evaluation(run.ledger, version.id)
    return (newest and newest.statistics) or ()
