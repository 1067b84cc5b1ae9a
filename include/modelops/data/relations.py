"""Finds, locks and drops the relations of a target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.domain.errors import TargetError, Unavailable

if TYPE_CHECKING:
    from psycopg import Connection

    from modelops.domain.targets import Target

KINDS = {"r": "table", "v": "view", "m": "materialized view", "f": "foreign table", "p": "partitioned table"}
LOCK = "SELECT modelops.take_lock('target ' || %s)"
RELEASED = "SELECT modelops.target_is_released(%s)"
SET_LOCK_TIMEOUT = "SELECT set_config('lock_timeout', %s, true)"
WAIT_FOR_BATCH = "10s"
"""How long a deployment waits for a batch that writes into a released target."""
STAGING_VIEWS = """
SELECT DISTINCT nspname, pg_class.relname
FROM pg_depend
JOIN pg_rewrite ON pg_rewrite.oid = objid AND classid = 'pg_rewrite'::regclass
JOIN pg_class ON pg_class.oid = ev_class
JOIN pg_namespace ON pg_namespace.oid = relnamespace AND nspname = 'staging'
WHERE refclassid = 'pg_class'::regclass AND refobjid = to_regclass(format('%%I.%%I', %s::text, %s::text))
"""
RELATION = """
SELECT pg_class.oid, relkind::text, relowner::regrole::text, relowner = current_user::regrole
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE nspname = %s AND relname = %s
"""


def lock(connection: Connection[Any], target: Target) -> None:
    """Take the target's lock until the transaction ends."""
    connection.execute(LOCK, (str(target),))


def drop_released(connection: Connection[Any], target: Target) -> None:
    """Drop the relations of a target that an earlier model has released, so that the next model can create its own.

    Within a transaction that has the target's lock. A batch of an ended deployment may still be writing rows that it
    can't publish any more.

    Raises:
        Unavailable: the batch is still writing after WAIT_FOR_BATCH.
    """
    import psycopg
    from psycopg.sql import SQL, Identifier

    if connection.execute(RELEASED, (str(target),)).fetchone() != (True,):
        return
    [(before,)] = connection.execute("SELECT current_setting('lock_timeout')").fetchall()
    connection.execute(SET_LOCK_TIMEOUT, (WAIT_FOR_BATCH,))
    try:
        with connection.transaction():
            # Feature tasks add rows through these views; a killed attempt leaves its view behind.
            for schema, name in connection.execute(STAGING_VIEWS, (target.rows.schema, target.rows.name)).fetchall():
                connection.execute(SQL("DROP VIEW {}").format(Identifier(schema, name)))
            as_of = Identifier(target.as_of.schema, target.as_of.name)
            connection.execute(SQL("DROP FUNCTION IF EXISTS {}(timestamptz)").format(as_of))
            for relation, kind in ((target.history, "v"), (target, "v"), (target.rows, "r")):
                if owned_relation(connection, relation, kind) is not None:
                    statement = SQL("DROP VIEW {}" if kind == "v" else "DROP TABLE {}")
                    connection.execute(statement.format(Identifier(relation.schema, relation.name)))
    except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
        raise Unavailable(f"a batch of an ended deployment still writes into {target.rows}") from error
    connection.execute(SET_LOCK_TIMEOUT, (before,))


def owned_relation(connection: Connection[Any], name: Target, kind: str) -> int | None:
    """The oid of ModelOps' own table or view of that name; None if it does not exist."""
    found = connection.execute(RELATION, (name.schema, name.name)).fetchone()
    if found is None:
        return None
    oid, is_kind, owner, own = found
    if is_kind != kind or not own:
        raise TargetError(
            f"{name} already exists: a {KINDS.get(is_kind, 'relation')} of {owner}",
            where=str(name),
            expected="another target; ModelOps creates and owns the view and the table of a target",
        )
    return int(oid)
