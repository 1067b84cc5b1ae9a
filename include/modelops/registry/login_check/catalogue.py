"""Compares the privileges that reach a login, by the server's catalogue, with those that it is granted."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from modelops.registry.privileges import (
    AIRFLOW,
    GRANTS,
    MEMBERSHIPS,
    OPEN_FUNCTIONS,
    OTHER_LOGINS,
    OURS,
    OWNER,
    PUBLIC,
    READER,
    SCHEMAS,
    USERS,
    Grant,
    Right,
    close_functions,
    registry_grants,
    rights_of,
)
from modelops.registry.queries import Queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from psycopg import Connection

    from modelops.registry.login_check.report import Place

_QUERIES = Queries("login_check")
ATTRIBUTES = {
    "rolsuper": "SUPERUSER",
    "rolcreaterole": "CREATEROLE",
    "rolcreatedb": "CREATEDB",
    "rolreplication": "REPLICATION",
    "rolbypassrls": "BYPASSRLS",
}
"""Attributes that none of our logins needs."""
DANGEROUS = (
    "pg_execute_server_program",
    "pg_maintain",
    "pg_read_all_data",
    "pg_read_server_files",
    "pg_signal_backend",
    "pg_write_all_data",
    "pg_write_server_files",
)
"""Predefined roles that none of our logins may be a member of."""
OPEN = Right("FUNCTION", "pg_catalog", "EXECUTE")
"""Stands for any of the functions that users' logins must not call."""


def check_attributes(connection: Connection[Any], place: Place) -> bool:
    """Check what a login may do whatever is granted; false if that is everything, so that no REVOKE matters."""
    from psycopg.sql import SQL, Identifier

    found = _QUERIES.execute(connection, "logins", logins=[place.login]).fetchone()
    if found is None:
        return True
    login = Identifier(place.login)
    for column, attribute in ATTRIBUTES.items():
        if found[column]:
            place.find(
                f"{place.login} has the attribute {attribute}",
                SQL("ALTER ROLE {} {}").format(login, SQL(f"NO{attribute}")),
            )
    others = [name for name in (*DANGEROUS, *OURS, AIRFLOW) if name not in (place.login, MEMBERSHIPS.get(place.login))]
    members = list(_QUERIES.execute(connection, "memberships", roles=others, login=place.login))
    role = MEMBERSHIPS.get(place.login)
    for row in members:
        if row["granted"] == role:
            continue  # reported for that role
        through = "" if row["granted"] == row["reached"] else f" through {row['granted']}"
        place.find(
            f"{place.login} is a member of {row['reached']}{through}",
            SQL("REVOKE {} FROM {}").format(Identifier(row["granted"]), login),
        )
    if role and not list(_QUERIES.execute(connection, "memberships", roles=[role], login=place.login)):
        place.find(f"{place.login} is no member of {role}", SQL("GRANT {} TO {}").format(Identifier(role), login))
    return not found["rolsuper"] and not members


def check_rights(connection: Connection[Any], place: Place, grants: Iterable[Grant] | None = None) -> None:
    """Check that a login has its privileges; and, unless only some `grants` are asked about, no others."""
    from_all = grants is None
    expected = set(rights_of(place.login, (*GRANTS, *registry_grants()) if grants is None else grants))
    reached = _reached(connection, place.login, {right.name for right in expected if right.on == "SCHEMA"})
    held = reached.keys()
    whole = {right._replace(column="") for right in held if not right.column}
    missing = [right for right in expected - held if right._replace(column="") not in whole]
    if missing:
        missing = list(_of_what_there_is(connection, place, missing))
    for right in missing:
        place.known.add(right._replace(column=""))
    for grant in _together(((right, place.login) for right in missing), given=True):
        privileges = ", ".join(grant.privileges)
        place.find(f"{place.login} has no {privileges} on {_told(grant, place)}", grant.statement(place.database))
    if from_all and place.login != OWNER:
        for grant in _together(_excess(place.login, reached, expected), given=False):
            privileges = ", ".join(grant.privileges)
            through = " through PUBLIC" if grant.logins == (PUBLIC,) else ""
            through = f" through {grant.logins[0]}" if grant.logins[0] not in (PUBLIC, place.login) else through
            what = f"{place.login} has {privileges} on {_told(grant, place)}{through}, and must not"
            place.find(what, grant.statement(place.database))


def check_owners(connection: Connection[Any], place: Place) -> None:
    """Check that the schemas are there and, with what is in the registry, belong to their owner."""
    from psycopg.sql import SQL, Identifier

    for row in _QUERIES.execute(connection, "missing_schemas", schemas=list(SCHEMAS)):
        create = SQL("CREATE SCHEMA {} AUTHORIZATION {}").format(Identifier(row["name"]), Identifier(OWNER))
        place.find(f"there is no schema {row['name']}", create)
    for row in _QUERIES.execute(connection, "strangers", schemas=list(SCHEMAS), owner=OWNER):
        names = [row["schema"], *([row["name"]] if row["name"] else [])]
        alter = SQL("ALTER {} {} OWNER TO {}").format(SQL(row["kind"]), Identifier(*names), Identifier(OWNER))
        place.find(f"the {row['kind'].lower()} {'.'.join(names)} belongs to {row['owner']}", alter)


def check_open_functions(connection: Connection[Any], place: Place) -> None:
    """Check that SQL of users can't call what could stop others."""
    if place.login not in USERS:
        return
    functions = [name for (name,) in connection.execute(OPEN_FUNCTIONS, (place.login,))]
    if functions:
        others = [name for (name,) in connection.execute(OTHER_LOGINS, (list(USERS),))]
        named = functions[0] + (f" and {len(functions) - 1} more" if len(functions) > 1 else "")
        place.find(
            f"{place.login} may call functions that stop others or fill the server: {named}",
            *close_functions(functions, others),
        )
        place.known.add(OPEN)


def _of_what_there_is(connection: Connection[Any], place: Place, rights: Iterable[Right]) -> Iterator[Right]:
    """Leave out, and report, what the registry lacks as a whole: no GRANT mends that."""
    there = {row["name"] for row in _QUERIES.execute(connection, "things")}
    lacking = set()
    for right in rights:
        if right.on in ("TABLE", "FUNCTION") and right.name not in there:
            lacking.add(right.name)
            place.known.add(right._replace(column=""))
        else:
            yield right
    if lacking:
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        place.find(f"the registry lacks {min(lacking)}{more}", otherwise="./modelops migrate, which makes it")


def _reached(connection: Connection[Any], login: str, schemas: Iterable[str]) -> Mapping[Right, set[str]]:
    """The privileges of a login, each with the roles that it has them from."""
    found = defaultdict(set)
    wanted = sorted({*SCHEMAS, "public", *schemas})
    for row in _QUERIES.execute(connection, "reaching", login=login, schemas=wanted):
        found[Right(row["kind"], row["name"], row["privilege"], row["part"])].add(row["grantee"])
    return found


def _excess(login: str, reached: Mapping[Right, set[str]], expected: set[Right]) -> Iterator[tuple[Right, str]]:
    wholes = {right for right in expected if not right.column}
    for right, grantees in reached.items():
        if right in expected or right._replace(column="") in wholes or not _is_forbidden(login, right):
            continue
        # A member is to lose it where the role has it, which is reported for that role.
        for grantee in grantees - {MEMBERSHIPS.get(login)}:
            yield right, grantee


def _is_forbidden(login: str, right: Right) -> bool:
    """Whether a login must not have a privilege that nothing grants to it."""
    match right:
        case Right("DATABASE", _, "TEMPORARY"):
            return login in USERS
        case Right("DATABASE", _, "CONNECT"):
            return login not in OURS
        case Right("SCHEMA", "public", privilege):
            return privilege == "CREATE" and login in (*USERS, READER)
        case _:
            return True


def _together(rights: Iterable[tuple[Right, str]], *, given: bool) -> Iterator[Grant]:
    """One statement for all things of a kind, all columns of a table, of which a login has the same privilege."""
    limits: dict[tuple[Right, str], list[str]] = defaultdict(list)
    for right, grantee in sorted(rights):
        limits[right._replace(column=""), grantee].append(right.column)
    names: dict[tuple[str, str, tuple[str, ...], str], list[str]] = defaultdict(list)
    for (right, grantee), columns in limits.items():
        names[right.on, right.privilege, tuple(filter(None, columns)), grantee].append(right.name)
    for (on, privilege, of_table, grantee), of in names.items():
        things = tuple(filter(None, of))
        yield Grant(on=on, names=things, privileges=(privilege,), logins=(grantee,), columns=of_table, given=given)


def _told(grant: Grant, place: Place) -> str:
    names = grant.names or (place.database,)
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    what = {"TABLE": "", "FUNCTION": "the function ", "SCHEMA": "the schema ", "DATABASE": "the database "}[grant.on]
    columns = f" ({', '.join(grant.columns)})" if grant.columns else ""
    return f"{what}{shown}{columns}"
