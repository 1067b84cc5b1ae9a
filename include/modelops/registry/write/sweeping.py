"""Finds what can be removed: rows that no reader sees, and packages that no version needs. See `sql/sweeping.sql`.

The functions that find runs lock them until the end of the caller's transaction, which removes the rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.registry.queries import Queries
from modelops.registry.translation import translated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection

_QUERIES = Queries("sweeping")


def unpublishable_runs(connection: Connection[Any], target: str, *, most: int) -> list[Mapping[str, Any]]:
    """The runs of a target that can never be published: `id`, and `is_finished`, whether no attempt still writes to it.

    These are the runs of attempts that are over, and partitions that were made again, whose batch failed to publish or
    returned another job's result, whose deployment has ended, or whose DAG run ended seven days ago.
    """
    with translated():
        return list(_QUERIES.execute(connection, "unpublishable_runs", target=target, most=most))


def superseded(connection: Connection[Any], target: str, *, days: int, most: int) -> list[Mapping[str, Any]]:
    """The runs of a target that were superseded at least `days` ago: `id`, and the number of `rows` published."""
    with translated():
        return list(_QUERIES.execute(connection, "superseded", target=target, days=days, most=most))


def runs_with_rows(connection: Connection[Any], ids: Sequence[int]) -> list[int]:
    """The runs that hold the rows of these published runs: the runs themselves and their partitions."""
    with translated():
        return [row["id"] for row in _QUERIES.execute(connection, "runs_with_rows", ids=list(ids))]


def note_swept(connection: Connection[Any], ids: Sequence[int]) -> None:
    """Record that the rows of these runs were removed."""
    with translated():
        _QUERIES.execute(connection, "note_swept", ids=list(ids))


def prunable(connection: Connection[Any], *, days: int) -> list[Mapping[str, Any]]:
    """What was superseded at least `days` ago, by `target`: `runs`, `rows` and an estimate of `bytes`."""
    with translated():
        return list(_QUERIES.execute(connection, "prunable", days=days))


def needed_requirements(connection: Connection[Any]) -> set[str]:
    """The hashes of the pinned packages of all versions that are neither failed, rejected nor retired."""
    with translated():
        return {row["sha256"] for row in _QUERIES.execute(connection, "needed_requirements")}
