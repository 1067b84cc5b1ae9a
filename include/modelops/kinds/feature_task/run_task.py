"""Run: imported or tested → tested. The version is executed once, for evidence; nothing is published."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from modelops.data.arrow_files import batches, opened
from modelops.data.feature_table import staged_table
from modelops.data.insert_select import STAGING, staging_name
from modelops.data.snapshot import write_rows
from modelops.domain.drift import Rule, Verdict
from modelops.domain.targets import Target
from modelops.domain.versions import ArtifactRole, VersionKind
from modelops.kinds.feature_task import code as version_code
from modelops.kinds.feature_task.columns import table_columns
from modelops.kinds.feature_task.measure import rows_of
from modelops.kinds.feature_task.produce import check_interval, check_times, stage, sweep
from modelops.kinds.feature_task.staged_run import StagedRun
from modelops.kinds.feature_task.time_zone import zone_of
from modelops.plain_files import create_plain
from modelops.registry.write import deployments, evidence, versions
from modelops.stages.versions import version_in_use
from modelops.statistics.drift import Cause, compare_all, distribution
from modelops.statistics.reference import Rows, reference_records
from modelops.statistics.streaming import TableStatistics

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modelops.data.snapshot import Snapshot
    from modelops.domain.feature_tasks import FeatureTask
    from modelops.domain.requests import TaskRunRequest
    from modelops.domain.versions import Artifact, Evaluation
    from modelops.jobs.run import JobRun
    from modelops.statistics.drift import Comparison

RULE = Rule()
REMEDIES = {
    Cause.NO_REFERENCE: "in Airflow, clear the task `run` in the DAG run of the deployed version, without downstream"
    " tasks; then clear the task `run` of this version"
}
SAMPLE_ROWS = 100
ROWS, SAMPLE = "output.arrow", "sample.csv"


def run_task(request: TaskRunRequest, run: JobRun) -> dict[str, Any]:
    """Run a version into a temporary table, check its rows, and record the result as evidence.

    The evidence is the statistics of every column with their drift from the deployed version, the hash of the rows, and
    a sample of them.

    Raises:
        BadInput: the task or its rows are invalid.
        Unavailable: a service is unavailable; a retry may help.
        FenceLost: a newer attempt has the job.
    """
    interval = run.interval(request.interval_start, request.interval_end)
    version = version_in_use(VersionKind.FEATURE_TASK, request.task, request.version, run, purpose="be run")
    with run.workdir() as workdir:
        code = version_code.load(version, workdir, run)
        task = code.definition
        check_interval(task, interval)
        deployed = deployments.last_of_target(run.ledger, str(task.output))
        local = None if interval is None else interval.within(zone_of(task, deployed))
        run.step("code_loaded", sha256=version.code_sha256)
        sweep(run)
        target = Target(schema=STAGING, name=staging_name(run.tag))
        before = evidence.compared_with(run.ledger, version.id)
        with run.resources.connect() as connection, staged_table(connection, target, table_columns(task), key=task.key):
            staged_run = StagedRun(version=version, code=code, target=target, run_id=0, interval=local)
            stage(staged_run, workdir, run)
            rows = write_rows(
                run.resources.ledger_url,
                rows_of(staged_run, ordered=True),
                workdir / ROWS,
                where=str(target),
                exact=task.key,
            )
        records = _statistics(rows, task, before)
        check_times(task, local, records)
        run.step("checked", sha256=rows.sha256)
        sample = _sample(rows, workdir / SAMPLE, run)
        found = [(record["variable"], record["drift"]) for record in records if record["drift"] is not None]
        drift = {name: one["index"] for name, one in found if one["index"] is not None}
        metrics = {"rows": rows.rows, "columns": len(task.columns)}
        with run.fenced():
            evaluation, digest = evidence.add_evaluation(
                run.ledger,
                version,
                run.attempt,
                dataset={"name": None, "inputs": dict(task.inputs), "interval": interval and interval.as_record()},
                data_sha256=rows.sha256,
                data_rows=rows.rows,
                metrics=metrics | ({"greatest_drift": max(drift.values())} if drift else {}),
                statistics=records,
            )
            evidence.add_artifacts(run.ledger, [sample], evaluation_id=evaluation)
            versions.evaluated(run.ledger, version, job_id=run.job_id)
            result = {
                "task": version.name,
                "version": version.number,
                "interval": interval and interval.as_record(),
                "rows": rows.rows,
                "data_sha256": rows.sha256,
                "digest": digest,
                "drift": drift,
            }
            run.complete(result)
    run.log(f"{version.subject} made {rows.rows:,} rows that match its declaration; nothing is published")
    return result


def _statistics(rows: Snapshot, task: FeatureTask, before: Evaluation | None) -> list[dict[str, Any]]:
    """One record per column: its reference for later rows, and `drift`, the comparison with the deployed version.

    `drift` is None if no version is deployed. It includes `bins`: the rows of both versions in the bins of the deployed
    one; empty if the column can't be compared.
    """
    deployed = {record["variable"]: record for record in (before and before.statistics) or ()}
    with opened(rows.path) as reader:
        statistics = TableStatistics.with_bins_of(deployed.values(), schema=reader.schema, columns=list(task.columns))
        if deployed:
            for batch in batches(reader, rows.path):
                statistics.update(batch)
        all_rows = Rows.of(lambda: batches(reader, rows.path), reader.schema, key=task.key)
        records = reference_records(all_rows, columns=list(task.columns))
    # A key differs from run to run.
    others = [one for one in statistics.as_records() if one["variable"] not in task.key]
    found = compare_all(deployed, [one for one in others if one["variable"] in deployed], RULE, remedies=REMEDIES)
    now = {one["variable"]: one for one in others}
    drift = {
        one.variable: one.as_record() | {"bins": _bins(one, deployed[one.variable], now[one.variable])} for one in found
    }
    return [record | {"drift": drift.get(record["variable"])} for record in records]


def _bins(found: Comparison, deployed: Mapping[str, Any], now: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [] if found.verdict is Verdict.NOT_COMPARABLE else distribution(deployed, now)


def _sample(rows: Snapshot, path: Path, run: JobRun) -> Artifact:
    """Store the first rows, sorted by key, as a CSV file."""
    import pyarrow as pa
    from pyarrow import csv

    with opened(rows.path) as reader:
        first = [batch.slice(0, SAMPLE_ROWS) for batch in itertools.islice(batches(reader, rows.path), 1)]
        table = pa.Table.from_batches(first, schema=reader.schema)
        with create_plain(path) as file:
            csv.write_csv(_printable(table), file)
    return run.store_file(path, ArtifactRole.SAMPLE)


def _printable(table: Any) -> Any:
    """Convert bytes to hexadecimal digits, because CSV can't represent bytes."""
    import pyarrow as pa

    arrays = [
        pa.array([None if value is None else value.hex() for value in column.to_pylist()], pa.string())
        if pa.types.is_binary(column.type)
        else column
        for column in table.columns
    ]
    return pa.Table.from_arrays(arrays, names=table.column_names)
