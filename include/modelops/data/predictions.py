"""Previews published predictions as readers of the target see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.domain.errors import TargetError

if TYPE_CHECKING:
    from psycopg import Connection

    from modelops.domain.jobs import JobId
    from modelops.domain.targets import Target


def sample(
    connection: Connection[Any], target: Target, job_id: JobId, *, rows: int
) -> tuple[list[str], list[list[str | None]]]:
    """The view's column names, and up to `rows` rows that a job has published, each value as PostgreSQL's text.

    There are no rows if a later run has superseded them.

    Raises:
        TargetError: the view does not exist any more, or this login may not read it.
    """
    import psycopg
    from psycopg.rows import tuple_row
    from psycopg.sql import SQL, Identifier

    view = Identifier(target.schema, target.name)
    try:
        with connection.cursor(row_factory=tuple_row) as cursor:
            cursor.execute(SQL("SELECT * FROM {} LIMIT 0").format(view))
            names = [column.name for column in cursor.description or ()]
            texts = SQL(", ").join(SQL("{}::text").format(Identifier(name)) for name in names)
            cursor.execute(SQL("SELECT {} FROM {} WHERE job_id = %s LIMIT %s").format(texts, view), (job_id, rows))
            return names, [list(row) for row in cursor]
    except (
        psycopg.errors.UndefinedTable,
        psycopg.errors.UndefinedColumn,
        psycopg.errors.InsufficientPrivilege,
    ) as error:
        raise TargetError(
            f"the view {target} can't be read: {error.diag.message_primary}",
            where=str(target),
            expected="the view that ModelOps made, with SELECT for modelops_reader",
        ) from error
