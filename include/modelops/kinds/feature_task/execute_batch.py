"""Feature batch: makes the rows of a deployment, for all times or a data interval, and publishes them at once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from modelops.domain.targets import Target
from modelops.domain.versions import VersionKind
from modelops.kinds.feature_task import code as version_code
from modelops.kinds.feature_task.measure import measure, records_by_role
from modelops.kinds.feature_task.produce import check_interval, check_times, stage
from modelops.kinds.feature_task.produce import sweep as sweep_killed
from modelops.kinds.feature_task.staged_run import StagedRun
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
    """Make, check and publish the rows; returns their number, the table, and a psql command that reads it.

    The rows are committed before they are published. Publication, statistics and the job's completion are one
    transaction: if the attempt is killed, readers still see the previous rows, and the next attempt starts again.

    Raises:
        UnknownDeployment: the deployment does not exist or has ended.
        IntervalError: the interval is invalid, or overlaps with published rows.
        DatasetError, FeatureError, UserCodeError, ArtifactChanged: the SQL, the code, its rows or a stored file is
            invalid.
        Unavailable: a service is unavailable; a retry may help.
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
        staged_run = StagedRun(version=version, code=code, target=target, run_id=batch.run_id, interval=local)
        rows = stage(staged_run, workdir, run)
        statistics = TableStatistics.with_bins_of(_reference(version, run), columns=list(code.definition.columns))
        measure(staged_run, statistics, run)
        check_times(code.definition, local, statistics.as_records())
        run.step("checked", rows=rows)
    speed = round(rows / (time.monotonic() - began))
    with run.fenced():
        measured = records_by_role(staged_run, statistics)
        result = batch.publish(run, rows, measured, rows_per_second=speed, table=deployment.target)
    run.log(f"Published {rows:,} rows in {target}. Read them with:\n  {result['psql']}")
    return result


def _reference(version: Version, run: JobRun) -> Sequence[Mapping[str, Any]]:
    """The statistics of the version's newest run; the rows of the batch are counted in their bins."""
    newest = evidence.newest_evaluation(run.ledger, version.id)
    return (newest and newest.statistics) or ()
