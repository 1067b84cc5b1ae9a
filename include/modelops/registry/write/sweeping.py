"""The runs whose rows nobody sees, and that it is on record when these were removed. See `sql/sweeping.sql`.

The functions that find such runs lock them to the end of the caller's transaction, which removes the rows and notes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.registry.queries import Queries
from modelops.registry.translation import translated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection

_QUERIES = Queries("sweeping")


def given_up(connection: Connection[Any], target: str, *, most: int) -> list[Mapping[str, Any]]:
    """The runs of a target that can never be published: `id`, and `is_finished`, whether nobody writes under it.

    They are those of attempts that are over; and partitions that were made anew, whose batch has failed to publish or
    returned another job's result, whose deployment has ended, or whose DAG run has been over for seven days.
    """
    with translated():
        return list(_QUERIES.execute(connection, "given_up", target=target, most=most))


def superseded(connection: Connection[Any], target: str, *, days: int, most: int) -> list[Mapping[str, Any]]:
    """The runs of a target that were superseded so many days ago: `id`, and how many `rows` each published."""
    with translated():
        return list(_QUERIES.execute(connection, "superseded", target=target, days=days, most=most))


def holding(connection: Connection[Any], ids: Sequence[int]) -> list[int]:
    """The runs under which the rows of these published ones lie: they themselves and their partitions."""
    with translated():
        return [row["id"] for row in _QUERIES.execute(connection, "holding", ids=list(ids))]


def note_swept(connection: Connection[Any], ids: Sequence[int]) -> None:
    """Put on record that the rows of these runs were removed."""
    with translated():
        _QUERIES.execute(connection, "note_swept", ids=list(ids))


def prunable(connection: Connection[Any], *, days: int) -> list[Mapping[str, Any]]:
    """By `target`, what was superseded so many days ago: `runs`, `rows` and about how many `bytes`."""
    with translated():
        return list(_QUERIES.execute(connection, "prunable", days=days))
