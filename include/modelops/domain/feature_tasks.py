"""What a feature-engineering task reads, what it makes, and by which rules that is a feature table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelops.domain.emptiness import Emptiness
    from modelops.domain.targets import Target

FEATURES = "features"
"""The schema of outputs that are named without one."""
OF_THE_RUN = ("run_id", "task_version", "job_id", "published_at")
"""Columns that a feature table has besides the task's own, from the run that wrote the rows."""


class Language(StrEnum):
    """What a task is written in."""

    SQL = "sql"
    """One SELECT, which the database runs; its rows never leave it."""
    PYTHON = "python"
    """A function, which gets its inputs as Arrow and gives Arrow back."""


@dataclass(frozen=True, kw_only=True)
class RowBounds:
    """How many rows one run must make at least, if it makes any, and may make at most; None: any number."""

    least: int = 1
    most: int | None = None

    def __str__(self) -> str:
        return f"at least {self.least:,}" if self.most is None else f"from {self.least:,} to {self.most:,}"


@dataclass(frozen=True, kw_only=True)
class FeatureTask:
    """A feature-engineering task as its folder declares it.

    `name` is that of the folder, `title` is for people. `function` is empty and `sql` the text of task.sql for
    `Language.SQL`; for Python, `sql` is None. `inputs` are SELECT statements by name. `columns` are all columns of the
    output in their order, with PostgreSQL's types as its function format_type prints them; those of `key` identify a
    row, and by the one of `incremental` rows belong to a data interval; `time_zone` is where dates and times without a
    zone in it are meant, None: where the schedule is. `rows` are bounds of runs that make rows, and `empty` says which
    may make none. `requirements` is the text of
    requirements.txt, or None where there is no such file. `approvers` may decide on its versions; empty: anybody but
    who asked for the version.
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

    @property
    def is_by_calendar(self) -> bool:
        """Whether its incremental column holds dates or times that mean a moment in some time zone only."""
        return self.incremental is not None and self.columns[self.incremental] != "timestamp with time zone"

    def as_record(self) -> dict[str, Any]:
        """What the registry keeps of it, as JSON. The columns are a list of pairs: jsonb forgets the order of names."""
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
            # Versions that were imported before lack this: their code goes on with types that depend on the values.
            "nullable_types": True,
        }
