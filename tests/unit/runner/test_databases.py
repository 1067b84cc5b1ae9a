"""The addresses of the databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from psycopg.conninfo import conninfo_to_dict

from modelops.domain.errors import BadInput
from modelops.runner.databases import ROLES, Databases, external_databases, passwords_from
from modelops.runner.layout import Secrets

if TYPE_CHECKING:
    from pathlib import Path

SECRETS = Secrets(owner="o/w:n@r", jobs="jobs-secret")


def own(url: str, *, elsewhere: bool = False) -> Databases:
    return external_databases(url, secrets=SECRETS, airflow_elsewhere=elsewhere)


def test_each_role_has_its_own_login_on_the_data_database() -> None:
    databases = own("postgresql://boss:p%40ss@db.example.com:6543/warehouse?sslmode=require")
    assert conninfo_to_dict(databases.url("owner")) == {
        "user": "modelops_owner",
        "password": "o/w:n@r",
        "host": "db.example.com",
        "port": "6543",
        "dbname": "warehouse",
        "sslmode": "require",
    }
    assert len({databases.url(role) for role in ROLES}) == len(ROLES)


def test_airflow_gets_a_database_beside_the_data() -> None:
    databases = own("postgres://boss:x@db/warehouse")
    assert databases.airflow_url is not None
    airflow = conninfo_to_dict(databases.airflow_url)
    assert (airflow["user"], airflow["dbname"]) == ("airflow", "warehouse_airflow")
    assert databases.admin_url.startswith("postgresql://"), "SQLAlchemy knows no `postgres`"


def test_no_database_is_made_for_airflow_when_its_metadata_is_elsewhere() -> None:
    databases = own("postgresql://boss:x@db/warehouse", elsewhere=True)
    assert databases.airflow_database is None
    assert databases.airflow_url is None


@pytest.mark.parametrize(
    "url",
    [
        "mysql://boss:x@db/warehouse",
        "postgresql://boss:x@db",
        "postgresql://boss:x@db/",
        "postgresql://db/warehouse",
        "postgresql:///warehouse",
        "postgresql://boss:x@db:port/warehouse",
        "postgresql://boss:x@db:99999/warehouse",
        "warehouse",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_showing_its_password(url: str) -> None:
    with pytest.raises(BadInput) as refused:
        own(url)
    assert refused.value.where == "MODELOPS_DATABASE_URL"
    assert "postgresql://login:password@host:5432/database" in refused.value.expected
    assert url not in str(refused.value)


GIVEN = {f"MODELOPS_DATABASE_PASSWORD_{role.upper()}": f"secret of {role}" for role in (*ROLES, "airflow")}


def test_passwords_that_the_environment_gives(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("from a file\n")
    environ = {**GIVEN, "MODELOPS_DATABASE_PASSWORD_JOBS": "", "MODELOPS_DATABASE_PASSWORD_JOBS_FILE": str(file)}
    given = passwords_from(environ, airflow_elsewhere=False)
    assert given == {role: f"secret of {role}" for role in (*ROLES, "airflow")} | {"jobs": "from a file"}
    assert passwords_from({}, airflow_elsewhere=False) == {}


def test_a_missing_password_is_refused_by_its_name() -> None:
    lacking = {name: value for name, value in GIVEN.items() if not name.endswith(("_SQL", "_AIRFLOW"))}
    with pytest.raises(
        BadInput, match=r"missing: MODELOPS_DATABASE_PASSWORD_SQL, MODELOPS_DATABASE_PASSWORD_AIRFLOW\n"
    ):
        passwords_from(lacking, airflow_elsewhere=False)
    with pytest.raises(BadInput, match=r"missing: MODELOPS_DATABASE_PASSWORD_SQL\n") as refused:
        passwords_from(lacking, airflow_elsewhere=True)
    assert "secret of" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "can't be read"), ("\n", "is empty"), ("given", "_JOBS and MODELOPS_DATABASE_PASSWORD")],
)
def test_a_password_file_that_cannot_be_used(tmp_path: Path, content: str | None, said: str) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_text(content)
    name = "MODELOPS_DATABASE_PASSWORD_JOBS"
    environ = {**GIVEN, name: "another" if content == "given" else "", f"{name}_FILE": str(file)}
    with pytest.raises(BadInput, match=said):
        passwords_from(environ, airflow_elsewhere=True)
