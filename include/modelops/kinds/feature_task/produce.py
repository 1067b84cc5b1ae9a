"""Makes and checks the rows of one run of a feature task, before they are published."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from modelops.data.insert_select import insert_from_select, insert_view, sweep_staging
from modelops.domain.deployments import INTERVAL
from modelops.domain.emptiness import Emptiness
from modelops.domain.errors import FeatureError
from modelops.domain.feature_tasks import Language
from modelops.kinds.feature_task.columns import interval_bounds, table_columns
from modelops.kinds.feature_task.python_task import run_python
from modelops.registry.write import jobs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from modelops.domain.deployments import Interval
    from modelops.domain.feature_tasks import FeatureTask
    from modelops.jobs.run import JobRun
    from modelops.kinds.feature_task.staged_run import StagedRun


def sweep(run: JobRun) -> None:
    """Drop the staging tables and views of killed attempts: those of this job, and of jobs that have ended."""

    def without_attempt(ids: Sequence[int]) -> set[int]:
        return {run.job_id, *jobs.ended_among(run.ledger, ids)}

    sweep_staging(run.ledger, without_attempt)


def check_interval(task: FeatureTask, interval: Interval | None) -> None:
    """Check that a task which is to run for an interval is incremental.

    Raises:
        FeatureError: the task is not incremental.
    """
    if interval is not None and task.incremental is None:
        raise FeatureError(
            f"{task.reference} isn't incremental, so it can't be run for an interval",
            where=INTERVAL,
            expected="no interval; or incremental: <column> in task.yaml, and a new version",
        )


def stage(staged_run: StagedRun, workdir: Path, run: JobRun) -> int:
    """Write and commit the rows without publishing them; returns their number.

    Raises:
        DatasetError, UserCodeError: the task's SQL or code fails.
        FeatureError: its rows are invalid, too few or too many.
        Unavailable: a service is unavailable.
    """
    task = staged_run.task
    rows = _from_select(staged_run, run) if task.language is Language.SQL else run_python(staged_run, workdir, run)
    run.step("rows_staged", rows=rows)
    _check_row_count(task, rows, whole=staged_run.interval is None)
    return rows


def check_times(task: FeatureTask, interval: Interval | None, statistics: Sequence[Mapping[str, Any]]) -> None:
    """Check that all rows are inside the interval of the run, because a publication replaces only that interval.

    Raises:
        FeatureError: the incremental column has a time before the interval, or at its end or later.
    """
    if interval is None or task.incremental is None:
        return
    found = [record["values"] for record in statistics if record["variable"] == task.incremental]
    extremes = [values[which] for values in found for which in ("min", "max") if values[which] is not None]
    is_date = task.columns[task.incremental] == "date"
    start, end = interval.start, interval.end
    dates = f" (from {start.date()} to before {end.date()})" if is_date else ""
    suffix = "_date" if is_date else "_local" if task.has_local_times else ""
    for moment in map(datetime.fromisoformat, extremes):
        inside = start.date() <= moment.date() < end.date() if is_date else start <= _aware(moment, interval) < end
        if not inside:
            raise FeatureError(
                f"{task.incremental} is {(moment.date() if is_date else moment).isoformat()} in a row,"
                f" which isn't within the interval {interval}{dates}",
                where=f"{task.reference}, the column {task.incremental}",
                expected=f"only rows whose {task.incremental} is from modelops.interval_start{suffix} to before"
                f" modelops.interval_end{suffix}"
                + (
                    f", in the time zone {_zone(start)}; or another time_zone in task.yaml"
                    if task.has_local_times
                    else ""
                ),
            )


def _from_select(staged_run: StagedRun, run: JobRun) -> int:
    task = staged_run.task
    assert task.sql is not None
    columns = [column.name for column in table_columns(task)]
    with (
        run.resources.connect() as connection,
        insert_view(connection, staged_run.target, staged_run.run_id, columns, tag=run.tag) as view,
    ):
        return insert_from_select(
            run.resources.features_url,
            view,
            task.sql,
            columns=columns,
            key=task.key,
            where=f"{task.reference}/task.sql",
            interval=interval_bounds(task, staged_run.interval),
            bounds=run.resources.settings.installation.read_bounds,
        )


def _check_row_count(task: FeatureTask, rows: int, *, whole: bool) -> None:
    """Check the number of rows. The task's maximum is for one data interval, so a run for all times may exceed it.

    `empty` in task.yaml determines whether a run may have no rows.
    """
    if not rows and task.empty.allows(whole=whole):
        return
    most = None if whole and task.incremental is not None else task.rows.most
    if not rows or rows < task.rows.least or (most is not None and rows > most):
        allowing = "" if rows else f", {Emptiness.needed(whole=whole)}"
        raise FeatureError(
            f"the task gave {rows:,} rows",
            where=f"{task.reference}/task.yaml (rows{'' if rows else ', empty'})",
            expected=f"{task.rows}; or other bounds{allowing} in task.yaml, and a new version",
        )


def _zone(moment: datetime) -> str:
    """The name of a moment's time zone as in task.yaml, such as America/New_York; `tzname()` would return EDT."""
    return str(getattr(moment.tzinfo, "key", None) or moment.tzname())


def _aware(moment: datetime, interval: Interval) -> datetime:
    """The moment that PostgreSQL assigns to a time without a zone, in the time zone of the interval.

    A time that occurs twice, when clocks go back, is the second one. A time that is skipped, when clocks go forward, is
    read with the offset before the change.
    """
    if moment.tzinfo is not None:
        return moment
    local = moment.replace(tzinfo=interval.start.tzinfo)
    return max(local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
