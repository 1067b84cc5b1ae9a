"""A feature task: its inputs, its output table, and the rules for that table's rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from modelops.domain.resources import ResourceRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelops.domain.emptiness import Emptiness
    from modelops.domain.targets import Target

FEATURES = "features"
"""The default schema of outputs."""
RUN_COLUMNS = ("run_id", "task_version", "job_id", "published_at")
"""Columns that a feature table has in addition to the task's own; they come from the run that wrote the rows."""


class Language(StrEnum):
    """The language of a feature task."""

    SQL = "sql"
    """One SELECT, which the database runs; the rows never leave the database."""
    PYTHON = "python"
    """A function that gets its inputs as Arrow and returns Arrow."""


@dataclass(frozen=True, kw_only=True)
class RowBounds:
    """The minimum and maximum number of rows of a run that has rows; `most` None: no maximum."""

    least: int = 1
    most: int | None = None

    def __str__(self) -> str:
        return f"at least {self.least:,}" if self.most is None else f"from {self.least:,} to {self.most:,}"


@dataclass(frozen=True, kw_only=True)
class FeatureTask:
    """A feature-engineering task as its folder declares it.

    `name` is the name of the folder, `title` is for people. For `Language.SQL`, `function` is empty and `sql` is the
    text of task.sql; for Python, `sql` is None. `inputs` has SELECT statements by name. `columns` has all columns of
    the output in order, with PostgreSQL's types as its function format_type prints them. The columns in `key` identify
    a row, and the column `incremental` assigns a row to a data interval. `time_zone` is the zone of dates and times
    without one in that column; None: the schedule's. `rows` has the bounds for runs with rows, and `empty` says which
    runs may have none. `requirements` is the text of requirements.txt, or None if there is no such file. `approvers`
    may decide on its versions; empty: anybody except a requester.
    """

    reference: str
    name: str
    title: str
    description: str
    language: Language
    function: str
    sql: str | None
    inputs: Mapping[str, str]
    output: Target
    key: tuple[str, ...]
    columns: Mapping[str, str]
    incremental: str | None
    time_zone: str | None
    rows: RowBounds
    empty: Emptiness
    properties: Mapping[str, Any]
    requirements: str | None
    approvers: tuple[str, ...]
    resources: ResourceRequest = field(default_factory=ResourceRequest)

    @property
    def has_local_times(self) -> bool:
        """Whether the incremental column has dates or times without a time zone."""
        return self.incremental is not None and self.columns[self.incremental] != "timestamp with time zone"

    def as_record(self) -> dict[str, Any]:
        """The task as JSON for the registry. The columns are a list of pairs, since jsonb does not keep key order."""
        return {
            "title": self.title,
            "description": self.description,
            "language": self.language.value,
            "function": self.function,
            "sql": self.sql,
            "inputs": dict(self.inputs),
            "output": str(self.output),
            "key": list(self.key),
            "columns": [[name, type_] for name, type_ in self.columns.items()],
            "incremental": self.incremental,
            **({} if self.time_zone is None else {"time_zone": self.time_zone}),
            "rows": {"min": self.rows.least, "max": self.rows.most},
            "empty": self.empty.value,
            "properties": dict(self.properties),
            # Earlier versions lack this: their code still gets pandas types that depend on the values.
            "nullable_types": True,
        }
