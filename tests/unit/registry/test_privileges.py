"""The page on one's own server says what every start grants; `pytest --write-docs` makes that part of it anew."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from modelops.registry.privileges import (
    AIRFLOW,
    GRANTS,
    KEEPALIVES,
    LIMITS,
    MEMBERSHIPS,
    OURS,
    OWNER,
    SCHEMAS,
    SETTINGS,
    USERS,
    Right,
    registry_grants,
    rights_of,
    set_role,
)
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

PAGE = PROJECT_ROOT / "docs/how-to/use-your-own-postgresql.md"
BLOCK = re.compile(r"(<!-- what every start ensures: [^\n]*-->\n\n).*?(\n\n<!-- end -->)", re.DOTALL)


def statements() -> Iterator[str]:
    yield f"ALTER ROLE {OWNER} LOGIN PASSWORD '…'; -- and so for all six"
    yield f"GRANT {OWNER}, {AIRFLOW} TO CURRENT_USER;"
    yield from (f"CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {OWNER};" for schema in SCHEMAS)
    yield from (f"{grant.statement('ml').as_string()};" for grant in GRANTS)
    yield from (f"GRANT {role} TO {member};" for member, role in MEMBERSHIPS.items())
    for login, settings in SETTINGS.items():
        yield from (f"{set_role(login, name, value).as_string()};" for name, value in settings.items())
    yield "-- unless the login has a value:"
    yield from (f"{set_role(login, 'statement_timeout', LIMITS['statement_timeout']).as_string()};" for login in USERS)
    yield "-- and for all six, unless they have values:"
    yield from (f"{set_role(OWNER, name, value).as_string()};" for name, value in KEEPALIVES.items())


def test_the_page_says_what_every_start_grants(pytestconfig: pytest.Config) -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert len(BLOCK.findall(text)) == 1
    block = "```sql parsed\n" + "\n".join(statements()).replace('"', "") + "\n```"
    whole = BLOCK.sub(lambda found: found[1] + block + found[2], text)
    if pytestconfig.getoption("--write-docs"):
        PAGE.write_text(whole, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == whole, "`./modelops test unit --write-docs` makes the block anew"


def test_every_grant_of_the_schema_is_read() -> None:
    """One that the pattern missed would be reported as too much by a connection check."""
    files = [path.read_text() for path in (PROJECT_ROOT / "include/modelops/registry/schema").rglob("*.sql")]
    said = sum(len(re.findall(r"\bGRANT\b", text)) for text in files)
    read = sum(len(re.findall(r"^GRANT\s", text, re.MULTILINE)) for text in files)
    assert said == read
    assert {login for grant in registry_grants() for login in grant.logins} <= {*OURS}


def test_rights_of_a_login() -> None:
    rights = set(rights_of("modelops_jobs", registry_grants()))
    assert Right("TABLE", "modelops.batch_run", "UPDATE", "rows") in rights
    assert Right("TABLE", "modelops.observation", "UPDATE") in rights
    assert Right("FUNCTION", "modelops.take_lock", "EXECUTE") in rights
    assert not [right for right in rights if right.privilege == "DELETE"]
    assert set(rights_of("modelops_features", registry_grants())) == set()
    assert Right("SCHEMA", "predictions", "USAGE") in set(rights_of("modelops_features", GRANTS))
