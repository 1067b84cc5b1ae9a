"""Runs a feature task in Python: reads its inputs, runs its function in a child process, and writes its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelops.data.arrow_files import batches, opened
from modelops.data.snapshot import write_rows
from modelops.data.writing import RowsWriter
from modelops.domain.resources import Allowance, Limits
from modelops.kinds.feature_task.code import REQUIREMENTS
from modelops.kinds.feature_task.columns import arrow_columns, interval_bounds, table_columns
from modelops.registry.translation import translated
from modelops.runtime.environment import build
from modelops.runtime.tasks import TaskAssignment, run_task

if TYPE_CHECKING:
    from pathlib import Path

    from modelops.data.query import IntervalBounds
    from modelops.jobs.run import JobRun
    from modelops.kinds.feature_task.staged_run import StagedRun

OUTPUT = "made.arrow"


def run_python(staged_run: StagedRun, workdir: Path, run: JobRun) -> int:
    """Run the function on its inputs, and write the rows that it returns; returns the number of rows.

    Inputs and rows are read and written batch by batch, in bounded memory.

    Raises:
        DatasetError: PostgreSQL rejects the SQL of an input.
        UserCodeError: the function fails, or its output is invalid.
        FeatureError: a key is null or appears twice, or a value doesn't fit its column.
        Unavailable: a service is unavailable.
    """
    task, version = staged_run.task, staged_run.version
    environment = build(
        staged_run.code.lock,
        machine=run.resources.settings.machine,
        where=f"{task.reference}/{REQUIREMENTS}",
        log=run.log,
    )
    run.step("environment_ready", requirements=staged_run.code.lock.sha256)
    ends = interval_bounds(task, staged_run.interval)
    inputs = _inputs(staged_run, ends, workdir, run)
    arrow = arrow_columns(task)
    output = workdir / OUTPUT
    limits = Limits.of(task.resources, run.resources.settings.ceilings, where=f"{task.reference}/task.yaml")
    run.step("run_started")
    run_task(
        TaskAssignment(
            folder=staged_run.code.folder,
            function=task.function,
            inputs=inputs,
            output=output,
            columns=[(name, arrow[name], type_) for name, type_ in task.columns.items()],
            interval=None if ends is None else _iso_texts(ends),
            properties=task.properties,
            nullable_types=bool((version.definition or {}).get("nullable_types")),
            project_id=task.reference.partition("/")[0],
            task_id=task.name,
            task_version=str(version.number),
            job_id=str(run.job_id),
        ),
        environment=environment,
        workdir=workdir,
        allowance=Allowance(limits=limits, meter=run.meter),
        log_bounds=run.resources.settings.installation.log_bounds,
        on_line=run.log,
    )
    run.step("run_finished")
    return _write(staged_run, output, run)


def _inputs(staged_run: StagedRun, ends: IntervalBounds | None, workdir: Path, run: JobRun) -> dict[str, Path]:
    paths = {}
    for name, sql in staged_run.task.inputs.items():
        where = f"{staged_run.task.reference}/task.yaml (inputs.{name})"
        rows = write_rows(
            run.resources.rows_url,
            sql,
            workdir / f"input-{name}.arrow",
            where=where,
            interval=ends,
            bounds=run.resources.settings.installation.read_bounds,
        )
        run.step("input_read", input=name, rows=rows.rows, sha256=rows.sha256)
        paths[name] = rows.path
    return paths


def _write(staged_run: StagedRun, path: Path, run: JobRun) -> int:
    columns = table_columns(staged_run.task)
    key = [column for column in columns if column.name in staged_run.task.key]
    others = [column for column in columns if column.name not in staged_run.task.key]
    with run.resources.connect() as connection, translated(), connection.transaction(), opened(path) as reader:
        where = f"the rows of {staged_run.task.reference}"
        with RowsWriter(connection, staged_run.target, staged_run.run_id, key, others, where=where) as writer:
            rows = 0
            for batch in batches(reader, path):
                rows += batch.num_rows
                run.resources.settings.installation.read_bounds.check(rows=rows, where=where)
                writer.write(batch, batch)
            return writer.finish()


def _iso_texts(ends: IntervalBounds) -> tuple[str | None, str | None]:
    start, end = ends
    return None if start is None else start.isoformat(), None if end is None else end.isoformat()
