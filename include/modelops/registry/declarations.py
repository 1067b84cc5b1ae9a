"""Writes the declared job types into the database: the type `job_type`, the tables `stage` and `transition`.

Values and rows are only added here. To change or remove one, write a migration: recorded jobs and versions may depend
on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from modelops.domain.errors import UnknownSchema
from modelops.domain.job_types import JobType
from modelops.registry.queries import Queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Set
    from typing import Any

    from psycopg import Connection

_QUERIES = Queries("declarations")


class StageRow(NamedTuple):
    """A row of `modelops.stage`."""

    kind: str
    stage: str
    job_type: str


class TransitionRow(NamedTuple):
    """A row of `modelops.transition`."""

    kind: str
    from_status: str | None
    to_status: str
    job_type: str
    meaning: str


def create_job_types(connection: Connection[Any]) -> None:
    """Create the type `job_type` in a new database; within the caller's transaction."""
    from psycopg.sql import SQL, Literal

    values = SQL(", ").join(Literal(str(each)) for each in JobType)
    connection.execute(SQL("CREATE TYPE modelops.job_type AS ENUM ({})").format(values))


def add_job_types(connection: Connection[Any], types: Iterable[str] = tuple(JobType)) -> None:
    """Add the job types that the database lacks, each in its place; the caller commits before they are used."""
    from psycopg.sql import SQL, Literal

    known = [row["value"] for row in _QUERIES.execute(connection, "job_types")]
    place = SQL("BEFORE {}").format(Literal(known[0]))
    for value in map(str, types):
        if value not in known:
            connection.execute(SQL("ALTER TYPE modelops.job_type ADD VALUE {} {}").format(Literal(value), place))
        place = SQL("AFTER {}").format(Literal(value))


def add_stages_and_transitions(connection: Connection[Any]) -> None:
    """Add the stages and transitions that the database lacks; within the caller's transaction.

    Raises:
        UnknownSchema: the database has one that no job type declares.
    """
    stages = {StageRow(**row) for row in _QUERIES.execute(connection, "stages")}
    transitions = {TransitionRow(**row) for row in _QUERIES.execute(connection, "transitions")}
    _check_declared("stage", stages, declared_stages())
    _check_declared("transition", transitions, declared_transitions())
    for stage in sorted(declared_stages() - stages):
        _QUERIES.execute(connection, "add_stage", **stage._asdict())
    for transition in sorted(declared_transitions() - transitions, key=str):
        _QUERIES.execute(connection, "add_transition", **transition._asdict())


def declared_stages() -> set[StageRow]:
    """The stages of all job types."""
    return {StageRow(str(kind), str(each.stage), str(each)) for each in JobType for kind in each.declaration.kinds}


def declared_transitions() -> set[TransitionRow]:
    """The transitions of all job types."""
    return {
        TransitionRow(str(kind), step.before and str(step.before), str(step.after), str(each), step.meaning)
        for each in JobType
        for kind in each.declaration.kinds
        for step in each.declaration.transitions
    }


def _check_declared(table: str, found: Set[tuple[Any, ...]], declared: Set[tuple[Any, ...]]) -> None:
    undeclared = sorted(found - declared, key=str)
    if undeclared:
        raise UnknownSchema(
            f"no job type declares {', '.join(map(str, undeclared[0]))}",
            where=f"the table modelops.{table}",
            expected="the release that migrated the database; to change or remove a row, write a migration",
        )
