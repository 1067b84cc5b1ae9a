"""Checks that a task's queries return the columns that it declares, without reading a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelops.data.query import columns_of, inspection_connection
from modelops.data.writing import BINARY
from modelops.domain.errors import FeatureError
from modelops.domain.feature_tasks import Language
from modelops.domain.findings import Findings
from modelops.domain.targets import TargetColumn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelops.data.query import IntervalBounds
    from modelops.domain.deployments import Interval
    from modelops.domain.feature_tasks import FeatureTask

ALL_TIMES: IntervalBounds = (None, None)
"""The interval of a run for all times."""
ARROW = BINARY | {"timestamp with time zone": "timestamp[us, tz=UTC]"}
"""The Arrow type that a Python task returns for a column, by the column's PostgreSQL type; by default, string."""


def interval_bounds(task: FeatureTask, interval: Interval | None) -> IntervalBounds | None:
    """The interval that the task's queries can read; by default all times, or None if the task is not incremental."""
    if interval is not None:
        return interval.start, interval.end
    return None if task.incremental is None else ALL_TIMES


def table_columns(task: FeatureTask) -> list[TargetColumn]:
    """The columns of the task's rows table; the key and the incremental column are NOT NULL."""
    required = {*task.key, task.incremental}
    return [TargetColumn(name=name, type=type_, required=name in required) for name, type_ in task.columns.items()]


def arrow_columns(task: FeatureTask) -> Mapping[str, str]:
    """The declared columns with the Arrow types that a Python task returns."""
    return {name: ARROW.get(type_, "string") for name, type_ in task.columns.items()}


def check_declared(task: FeatureTask, url: str) -> None:
    """Have PostgreSQL parse the task's SELECTs, and compare the columns of task.sql with those in task.yaml.

    `url` has the login for users' SQL.

    Raises:
        DatasetError: PostgreSQL rejects a query.
        FeatureError: the columns differ.
        SeveralErrors: more than one query is wrong.
        Unavailable: the database can't be reached.
    """
    ends, findings = interval_bounds(task, None), Findings()
    with inspection_connection(url) as connection:
        for name, sql in task.inputs.items():
            with findings.collecting():
                columns_of(connection, sql, where=f"{task.reference}/task.yaml (inputs.{name})", interval=ends)
        if task.language is Language.SQL:
            assert task.sql is not None
            where = f"{task.reference}/task.sql"
            with findings.collecting():
                given = columns_of(connection, task.sql, where=where, interval=ends)
                _compare(task, {column.name: column.sql_type for column in given}, where=where)
    findings.raise_if_any()


def _compare(task: FeatureTask, given: Mapping[str, str], *, where: str) -> None:
    missing = [name for name in task.columns if name not in given]
    surplus = [name for name in given if name not in task.columns]
    if missing or surplus:
        found = (("lacks", missing), ("also gives", surplus))
        what = [f"{verb} {', '.join(names)}" for verb, names in found if names]
        raise FeatureError(
            f"the SELECT {' and '.join(what)}, unlike task.yaml",
            where=where,
            expected=f"exactly the columns {', '.join(task.columns)}",
        )
    for name, declared in task.columns.items():
        if given[name] != declared:
            raise FeatureError(
                f"the column {name} is {given[name]}; task.yaml declares it as {declared}",
                where=where,
                expected=f"{name}::{declared} in the SELECT, or {name}: {given[name]} in task.yaml",
            )
