"""What the logins may do and how they are set up, as data.

`roles` gives it to them, `login_check` tries it, and a test compares docs/how-to/use-your-own-postgresql.md with
it.
What is granted neither here nor by the schema's files, a login must not have.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from psycopg.sql import Composed

OWNER, JOBS, READER, SQL_LOGIN, FEATURES = (
    "modelops_owner",
    "modelops_jobs",
    "modelops_reader",
    "modelops_sql",
    "modelops_features",
)
OURS = (OWNER, JOBS, READER, SQL_LOGIN, FEATURES)
AIRFLOW = "airflow"
LOGINS = (*OURS, AIRFLOW)
USERS = (SQL_LOGIN, FEATURES)
"""The logins that run users' SQL."""
MEMBERSHIPS = {FEATURES: SQL_LOGIN}
"""What may be read is granted to the one, and so to the other."""
OUTPUTS = ("predictions", "features")
SCHEMAS = ("modelops", "staging", *OUTPUTS)
"""They belong to modelops_owner."""
SETTINGS: Mapping[str, Mapping[str, str]] = {
    # The query of a job that was killed ends with it.
    SQL_LOGIN: {"default_transaction_read_only": "on", "client_connection_check_interval": "2s"},
    FEATURES: {"client_connection_check_interval": "2s"},
    JOBS: {
        # Whatever the server's default is: guards that have waited for a lock have to see what was committed meanwhile.
        "default_transaction_isolation": "read committed",
        # A worker whose machine has gone would hold its job's row, and with it the next attempt and the observer.
        "idle_in_transaction_session_timeout": "15s",
    },
}
LIMITS = {"statement_timeout": "1h", "temp_file_limit": "20GB"}
"""Of users' logins, unless an administrator has set another value for the login. Only a superuser sets the second."""
KEEPALIVES = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}
"""Of all logins, unless an administrator has set another value: the seconds and the number of probes after which the
server ends the session of a machine that has vanished. By its system's default that takes two hours, in which a COPY
holds its locks. `tcp_user_timeout` would also end the sessions of readers that take rows slowly."""
OPEN_FUNCTIONS = """
SELECT oid::regprocedure::text FROM pg_proc
WHERE pronamespace = 'pg_catalog'::regnamespace
  AND (proname IN ('pg_terminate_backend', 'pg_cancel_backend', 'pg_notify', 'pg_logical_emit_message', 'loread',
                   'lowrite')
       OR proname ~ '^(pg_advisory_|pg_try_advisory_|lo_)')
  AND has_function_privilege(%s, oid, 'EXECUTE')
ORDER BY 1
"""
"""Functions that a login may call, and users' logins must not: they could stop others."""
OTHER_LOGINS = """
SELECT rolname FROM pg_roles
WHERE NOT rolsuper AND rolname <> ALL(%s) AND (rolname = 'pg_signal_backend' OR rolname !~ '^pg_')
ORDER BY 1
"""
PUBLIC = "PUBLIC"
EXTENSION, HOME_OF_EXTENSIONS = "pg_trgm", "modelops_extensions"
_SCHEMA = Path(__file__).with_name("schema")
_GRANT = re.compile(r"^GRANT\s+([^;]+?)\s+ON\s+(FUNCTION\s+|SCHEMA\s+)?([^;]+?)\s+TO\s+([^;]+?);", re.MULTILINE)
_PRIVILEGE = re.compile(r"([A-Z]+)\s*(?:\(([^)]*)\))?")


class Right(NamedTuple):
    """One privilege on one thing; `name` is empty for the database, `column` for the whole."""

    on: str
    name: str
    privilege: str
    column: str = ""


@dataclass(frozen=True, kw_only=True)
class Grant:
    """Privileges on the DATABASE, on SCHEMAs, TABLEs (also views) or FUNCTIONs.

    Args:
        names: empty for the DATABASE, which is the data database.
        columns: of a TABLE, those that the privileges are limited to; empty: no limit.
        given: false: a REVOKE.
    """

    on: str
    names: tuple[str, ...] = ()
    privileges: tuple[str, ...]
    logins: tuple[str, ...]
    columns: tuple[str, ...] = ()
    given: bool = True

    def statement(self, database: str) -> Composed:
        """The GRANT or the REVOKE."""
        from psycopg.sql import SQL, Identifier

        names = self.names or (database,)
        split = self.on in ("TABLE", "FUNCTION")
        limit = SQL(" ({})").format(SQL(", ").join(map(Identifier, self.columns))) if self.columns else SQL("")
        return SQL("GRANT {} ON {} {} TO {}" if self.given else "REVOKE {} ON {} {} FROM {}").format(
            SQL(", ").join([SQL("{}{}").format(SQL(each), limit) for each in self.privileges]),
            SQL(self.on),
            SQL(", ").join([Identifier(*(name.split(".") if split else [name])) for name in names]),
            SQL(", ").join([SQL(each) if each == PUBLIC else Identifier(each) for each in self.logins]),
        )


def _schema(name: str, privileges: tuple[str, ...], *logins: str, given: bool = True) -> Grant:
    return Grant(on="SCHEMA", names=(name,), privileges=privileges, logins=logins, given=given)


def output_grants(schema: str) -> tuple[Grant, ...]:
    """What a schema needs that has targets of predictions or features."""
    return _schema(schema, ("USAGE", "CREATE"), JOBS), _schema(schema, ("USAGE",), READER, SQL_LOGIN)


GRANTS = (
    Grant(on="DATABASE", privileges=("CONNECT",), logins=OURS),
    Grant(on="DATABASE", privileges=("CREATE",), logins=(OWNER,)),
    _schema("staging", ("USAGE", "CREATE"), JOBS),
    _schema("staging", ("CREATE",), FEATURES, given=False),  # an earlier release granted it
    _schema("staging", ("USAGE",), FEATURES),
    *(grant for schema in OUTPUTS for grant in output_grants(schema)),
)
"""What is granted on the database and its schemas, in this order. On the registry, the schema's files grant."""


@cache
def registry_grants() -> tuple[Grant, ...]:
    """The grants of the files of `schema/`, one for each privilege and name."""
    paths = [_SCHEMA / "script.sql", *sorted(_SCHEMA.glob("*/*.sql"))]
    return tuple(grant for path in paths for grant in _grants_in(path.read_text(encoding="utf-8")))


def _grants_in(text: str) -> Iterator[Grant]:
    for privileges, kind, names, logins in _GRANT.findall(text):
        for privilege, columns in _PRIVILEGE.findall(privileges):
            yield Grant(
                on=kind.strip() or "TABLE",
                names=_listed(names),
                privileges=(privilege,),
                logins=_listed(logins),
                columns=_listed(columns) if columns else (),
            )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(","))


def rights_of(login: str, grants: Iterable[Grant]) -> Iterator[Right]:
    """What a login may do according to these grants, and as a member of another role."""
    holders = {login, MEMBERSHIPS.get(login, login)}
    for grant in grants:
        if grant.given and holders & set(grant.logins):
            for name in grant.names or ("",):
                for privilege in grant.privileges:
                    for column in grant.columns or ("",):
                        yield Right(grant.on, name, privilege, column)


def set_role(login: str, name: str, value: str) -> Composed:
    """The ALTER ROLE that sets one setting of a login."""
    from psycopg.sql import SQL, Identifier, Literal

    return SQL("ALTER ROLE {} SET {} = {}").format(Identifier(login), Identifier(name), Literal(value))


def close_functions(functions: Iterable[str], others: Iterable[str]) -> tuple[Composed, Composed]:
    """The GRANT to all other logins, and the REVOKE from PUBLIC, of functions as `OPEN_FUNCTIONS` names them."""
    from psycopg.sql import SQL, Identifier

    named = SQL(", ").join([SQL("pg_catalog.{}").format(SQL(name)) for name in functions])
    to = SQL(", ").join([Identifier(name) for name in others])
    users = SQL(", ").join([Identifier(name) for name in USERS])
    return (
        SQL("GRANT EXECUTE ON FUNCTION {} TO {}").format(named, to),
        SQL("REVOKE EXECUTE ON FUNCTION {} FROM PUBLIC, {}").format(named, users),
    )
