"""`./modelops check-connections` on a server of one's own."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import psycopg

from conftest import PASSWORDS
from modelops.runner.database_commands import check_connections
from modelops.runner.databases import PASSWORD, ROLES, VARIABLE
from modelops.runner.installation import METADATA_VARIABLE, Installation
from modelops.runner.steps import Steps

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Database


def test_all_findings_are_printed_and_nothing_is_changed(database: Database, tmp_path: Path) -> None:
    passwords = {f"{PASSWORD}{role.upper()}": PASSWORDS[f"modelops_{role}"] for role in ROLES}
    installation = Installation(
        tmp_path,
        environ={VARIABLE: database.admin_url, METADATA_VARIABLE: "postgresql://elsewhere/airflow", **passwords},
    )
    right = io.StringIO()
    assert check_connections(installation, steps=Steps(right)) == 0
    assert "; no findings" in right.getvalue()
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("REVOKE CREATE ON SCHEMA features FROM modelops_jobs")
        one = io.StringIO()
        assert check_connections(installation, steps=Steps(one)) == 1
        assert one.getvalue().endswith("; 1 finding\n")
        admin.execute("GRANT UPDATE ON modelops.decision TO modelops_jobs")
    for _ in range(2):
        wrong = io.StringIO()
        assert check_connections(installation, steps=Steps(wrong)) == 1
        assert 'GRANT CREATE ON SCHEMA "features" TO "modelops_jobs";' in wrong.getvalue()
        assert 'REVOKE UPDATE ON TABLE "modelops"."decision" FROM "modelops_jobs";' in wrong.getvalue()
        assert "2 findings" in wrong.getvalue()
        assert not any(password in wrong.getvalue() for password in passwords.values())
