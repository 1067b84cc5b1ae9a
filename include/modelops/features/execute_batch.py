"""Batch run: a deployment's feature table, whole or for a data interval; readers see the old rows or the new ones."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from modelops.data.feature_table import sweep_rows
from modelops.domain.targets import Target
from modelops.domain.versions import VersionKind
from modelops.features.measure import measure, records_by_role
from modelops.features.produce import check_interval, check_times, stage, sweep
from modelops.features.production import Production
from modelops.features.time_zone import zone_of
from modelops.jobs.deduplication import reuse_concurrent_result
from modelops.lifecycle.code import load_task
from modelops.registry import deployments, runs, versions
from modelops.registry.translation import translated
from modelops.statistics.streaming import TableStatistics

if TYPE_CHECKING:
    from modelops.domain.deployments import Deployment, Interval
    from modelops.domain.requests import FeatureBatchRequest
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
    interval = run.interval(request.interval_start, request.interval_end)
    deployment = deployments.find_active(run.ledger, request.deployment, kind=VersionKind.FEATURE_TASK)
    with run.workdir() as workdir:
        version = versions.find(run.ledger, deployment.model, deployment.version, kind=VersionKind.FEATURE_TASK)
        code = load_task(version, workdir, run)
        check_interval(code.definition, interval)
        run_id = _begin(deployment, interval, run)
        run.step("run_begun", run=run_id, interval=None if interval is None else str(interval))
        if same := reuse_concurrent_result(run_id, run):
            return same
        target = Target.parse(deployment.target, where="modelops.deployment")
        _sweep(target, run)
        local = None if interval is None else interval.within(zone_of(code.definition, deployment))
        made = Production(version=version, code=code, target=target, run_id=run_id, interval=local)
        rows = stage(made, workdir, run)
        statistics = TableStatistics(columns=list(code.definition.columns))
        measure(made, statistics, run)
        check_times(code.definition, local, statistics.as_records())
        run.step("checked", rows=rows)
    result = {
        "deployment": deployment.id,
        "task": deployment.model,
        "version": deployment.version,
        "run": run_id,
        "interval": interval and interval.as_record(),
        "rows": rows,
        "rows_per_second": round(rows / (time.monotonic() - began)),
        "table": deployment.target,
        "psql": f"./modelops psql -c 'TABLE {deployment.target} LIMIT 10'",
    }
    with run.fenced(), translated():
        for role, records in records_by_role(made, statistics).items():
            runs.add_statistics(run.ledger, role, records, run_id=run_id)
        runs.publish(run.ledger, run_id, rows=rows, set_aside=0)
        run.complete(result)
    run.log(f"Published {rows:,} rows in {target}. Read them with:\n  {result['psql']}")
    return result


def _begin(deployment: Deployment, interval: Interval | None, run: JobRun) -> int:
    with run.fenced():
        run.name_deployment(deployment)
        return runs.begin(run.ledger, deployment, run.attempt, interval)


def _sweep(target: Target, run: JobRun) -> None:
    """Remove the rows of runs that were superseded or given up, and what else killed attempts left."""
    sweep(run)
    swept = sweep_rows(run.ledger, target, runs.unseen(run.ledger, str(target), run.attempt))
    if swept:
        run.log(f"{swept:,} rows of earlier runs that nobody reads any more are removed")
