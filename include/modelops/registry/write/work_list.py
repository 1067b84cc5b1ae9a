"""The data intervals that a deployment after a feature table still has to make. See `sql/work_list.sql`.

An event that starts a run does not say what to do: it may be merged with others, late or lost. The work list has the
publications of the table that no published run of the deployment's target has seen.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from modelops.registry.queries import Queries
from modelops.registry.translation import translated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from psycopg import Connection

    from modelops.domain.deployments import Interval

_QUERIES = Queries("work_list")
IntervalBounds = tuple["datetime", "datetime"]


def pending_intervals(connection: Connection[Any], deployment_id: int) -> list[IntervalBounds]:
    """The data intervals that an incremental deployment still has to make, earliest first, without overlaps.

    Adjacent intervals are not merged. An interval that overlaps with a published one is extended to cover it, because a
    published interval is replaced as a whole.
    """
    with translated():
        rows = _QUERIES.execute(connection, "pending", deployment_id=deployment_id).fetchall()
        found = [(row["start"], row["end"]) for row in rows]
        starts, ends = [start for start, _ in found], [end for _, end in found]
        shown = _QUERIES.execute(connection, "shown_among", deployment_id=deployment_id, starts=starts, ends=ends)
        return joined(found, [(row["start"], row["end"]) for row in shown])


def least_tried(
    connection: Connection[Any], deployment_id: int, intervals: Sequence[IntervalBounds], most: int
) -> list[IntervalBounds]:
    """The `most` intervals with the fewest failed attempts, earliest first.

    So intervals that always fail do not prevent newer ones from being made.
    """
    starts, ends = [start for start, _ in intervals], [end for _, end in intervals]
    with translated():
        rows = _QUERIES.execute(
            connection, "least_tried", deployment_id=deployment_id, starts=starts, ends=ends, most=most
        )
        return [(row["start"], row["end"]) for row in rows]


def joined(pending: Iterable[IntervalBounds], shown: Iterable[IntervalBounds]) -> list[IntervalBounds]:
    """The pending intervals, each extended to cover the published ones with which it overlaps."""
    groups: list[tuple[datetime, datetime, bool]] = []
    for start, end, wanted in sorted(chain(((*one, True) for one in pending), ((*one, False) for one in shown))):
        if groups and start < groups[-1][1]:
            first, last, before = groups.pop()
            groups.append((first, max(last, end), before or wanted))
        else:
            groups.append((start, end, wanted))
    return [(start, end) for start, end, wanted in groups if wanted]


def is_anything_pending(connection: Connection[Any], deployment_id: int) -> bool:
    """Whether the table has a publication that no run of the deployment has seen."""
    with translated():
        return _QUERIES.execute(connection, "pending", deployment_id=deployment_id).fetchone() is not None


def newest_interval(connection: Connection[Any], deployment_id: int) -> IntervalBounds | None:
    """The interval that was published last, whether the deployment has made it or not."""
    with translated():
        row = _QUERIES.execute(connection, "newest", deployment_id=deployment_id).fetchone()
    return None if row is None else (row["start"], row["end"])


def due(
    connection: Connection[Any], deployment_id: int, *, before: datetime | None, limit: int
) -> list[Mapping[str, Any]]:
    """The published intervals (`start`, `end`), latest first, and whether each `is_pending`."""
    with translated():
        return list(_QUERIES.execute(connection, "due", deployment_id=deployment_id, before=before, limit=limit))


def note_progress(connection: Connection[Any], deployment_id: int) -> None:
    """Record until when all publications are processed, so that reads of what is pending don't look at them again."""
    with translated():
        _QUERIES.execute(connection, "note_progress", deployment_id=deployment_id)


def note_seen(connection: Connection[Any], run_id: int, deployment_id: int, interval: Interval | None) -> None:
    """Record which publications a run will see; within the caller's transaction, after `begin` and before it reads."""
    if interval is None:
        _QUERIES.execute(connection, "note_seen", run_id=run_id, deployment_id=deployment_id)
    else:
        _QUERIES.execute(
            connection,
            "note_seen_of_interval",
            run_id=run_id,
            deployment_id=deployment_id,
            start=interval.start,
            end=interval.end,
        )


def note_seen_by_parts(connection: Connection[Any], run_id: int) -> None:
    """Record which publications a run has seen through its partitions, after it has taken them."""
    _QUERIES.execute(connection, "note_seen_by_parts", run_id=run_id)
