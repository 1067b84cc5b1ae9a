"""Removes rows from the table of a target, of predictions or of features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from psycopg import Connection

    from modelops.domain.targets import Target


def sweep_rows(connection: Connection[Any], target: Target, run_ids: Iterable[int]) -> int:
    """Delete the rows of runs that readers can't see, now or later; returns the number of rows deleted."""
    from psycopg.sql import SQL, Identifier

    return connection.execute(
        SQL("DELETE FROM {} WHERE run_id = ANY(%s)").format(Identifier(target.rows.schema, target.rows.name)),
        (list(run_ids),),
    ).rowcount
