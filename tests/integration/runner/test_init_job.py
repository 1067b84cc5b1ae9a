"""The init job on two real databases, with FAB. Needs the packages of requirements-cluster.txt."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import psycopg
import pytest

from documents import ROOT
from modelops.runner.containers.accounts import ROLES
from modelops.runner.containers.init import FAB
from modelops.runner.postgres import PostgresServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest.importorskip("airflow.providers.fab", reason="the packages of requirements-cluster.txt are not installed")

LOGINS = ("OWNER", "JOBS", "READER", "SQL", "FEATURES")
RIGHTS = """
SELECT role.name, action.name || ' ' || resource.name
FROM ab_role role
JOIN ab_permission_view_role link ON link.role_id = role.id
JOIN ab_permission_view pair ON pair.id = link.permission_view_id
JOIN ab_permission action ON action.id = pair.permission_id
JOIN ab_view_menu resource ON resource.id = pair.view_menu_id
"""
ACCOUNTS = """
SELECT account.username, account.password, account.active, role.name
FROM ab_user account JOIN ab_user_role link ON link.user_id = account.id JOIN ab_role role ON role.id = link.role_id
ORDER BY 1, 4
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PostgresServer]:
    """A server with an empty database for Airflow, and nothing else."""
    made = PostgresServer(tmp_path / "data", tmp_path / "log", durable=False)
    made.ensure_initialised()
    made.start()
    with psycopg.connect(made.admin_url, autocommit=True) as admin:
        admin.execute("CREATE ROLE metadata LOGIN PASSWORD 'm'")
        admin.execute("CREATE DATABASE metadata OWNER metadata")
        admin.execute("CREATE DATABASE modelops")
    yield made
    made.stop(immediately=True)


def run(server: PostgresServer, home: Path, **more: str) -> str:
    """Run the job; what it printed."""
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "include"),
        "MODELOPS_HOME": str(home),
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW__CORE__AUTH_MANAGER": FAB,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://metadata:m@127.0.0.1:{server.port}/metadata",
        "MODELOPS_DATABASE_URL": server.admin_url.rpartition("/")[0] + "/modelops",
        **{f"MODELOPS_DATABASE_PASSWORD_{login}": f"of-{login}" for login in LOGINS},
        **{f"MODELOPS_ACCOUNT_PASSWORD_{name.upper()}": f"of-{name}" for name in ROLES},
        **more,
    }
    command = [sys.executable, "-P", "-m", "modelops.runner.containers.init"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_roles_and_accounts_are_made_once_and_what_people_change_stays(server: PostgresServer, tmp_path: Path) -> None:
    where = f"host=127.0.0.1 port={server.port}"
    said = run(server, tmp_path / "one")
    assert [name for name in ROLES if f"account {name} created" not in said] == []
    with psycopg.connect(f"{where} user=metadata password=m dbname=metadata", autocommit=True) as metadata:
        rights: dict[str, set[str]] = {}
        for role, right in metadata.execute(RIGHTS):
            rights.setdefault(role, set()).add(right)
        assert rights["Model viewer"] - rights["Viewer"] == {"can_read Plugins"}
        viewer = rights["Model viewer"]
        assert rights["Data scientist"] - viewer == {
            "can_edit DAGs",
            "can_create DAG Runs",
            "can_edit DAG Runs",
            "can_edit Task Instances",
        }
        assert rights["Reviewer"] - viewer == {"can_edit DAGs", "can_edit HITL Detail"}
        assert rights["Observer"] - viewer == {"can_read Audit Logs"}
        assert not [role for role in ("Data scientist", "Reviewer", "Observer") if viewer - rights[role]]
        first = metadata.execute(ACCOUNTS).fetchall()
        assert {name: role for name, _, _, role in first} == {name: role.name for name, role in ROLES.items()}
        assert not [name for name, password, *_ in first if f"of-{name}" in password]
        metadata.execute("UPDATE ab_user SET active = false WHERE username IN ('observer', 'viewer')")
        before = metadata.execute(ACCOUNTS).fetchall()

        # On another machine: nothing is kept beside the databases.
        more = {f"MODELOPS_ACCOUNT_PASSWORD_{name.upper()}": f"new-{name}" for name in ROLES}
        said = run(server, tmp_path / "two", **more)
        after = metadata.execute(ACCOUNTS).fetchall()
        observer = next(row for row in after if row[0] == "observer")
        assert "account observer: password set" in said
        assert "account observer: active, with the role Observer" in said
        assert (observer[1] != first[2][1], observer[2:]) == (True, (True, "Observer"))
        assert [row for row in after if row[0] != "observer"] == [row for row in before if row[0] != "observer"]

        assert "roles and accounts are as they were" in run(server, tmp_path / "three", **more)
        assert metadata.execute(ACCOUNTS).fetchall() == after
    for login in LOGINS:
        user = f"modelops_{login.lower()}"
        psycopg.connect(f"{where} user={user} password=of-{login} dbname=modelops").close()
