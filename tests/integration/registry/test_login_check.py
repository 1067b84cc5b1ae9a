"""The connection check finds each thing that is wrong, and the statement that it names mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from conftest import PASSWORDS
from modelops.domain.errors import Unavailable
from modelops.registry.login_check.check import check_logins
from modelops.registry.privileges import OURS

if TYPE_CHECKING:
    from conftest import Database
    from modelops.registry.login_check.report import Report

OF_ROLES = [
    # of the whole server: mended by what the check says, else by the test
    ("ALTER ROLE modelops_sql SUPERUSER", "ALTER ROLE modelops_sql NOSUPERUSER"),
    ("ALTER ROLE modelops_jobs CREATEROLE BYPASSRLS", "ALTER ROLE modelops_jobs NOCREATEROLE NOBYPASSRLS"),
    ("GRANT modelops_owner TO modelops_features", "REVOKE modelops_owner FROM modelops_features"),
    ("GRANT pg_read_all_data TO modelops_sql", "REVOKE pg_read_all_data FROM modelops_sql"),
    ("GRANT pg_execute_server_program TO modelops_jobs", "REVOKE pg_execute_server_program FROM modelops_jobs"),
    ("REVOKE modelops_sql FROM modelops_features", "GRANT modelops_sql TO modelops_features"),
    (
        "ALTER ROLE modelops_sql RESET default_transaction_read_only",
        "ALTER ROLE modelops_sql SET default_transaction_read_only = on",
    ),
    (
        "ALTER ROLE modelops_features SET statement_timeout = 0",
        "ALTER ROLE modelops_features SET statement_timeout = '1h'",
    ),
    ("ALTER ROLE modelops_sql RESET temp_file_limit", "ALTER ROLE modelops_sql SET temp_file_limit = '20GB'"),
    (
        "ALTER ROLE modelops_reader SET tcp_keepalives_idle = 0",
        "ALTER ROLE modelops_reader SET tcp_keepalives_idle = 10",
    ),
    ("ALTER ROLE modelops_reader NOLOGIN", "ALTER ROLE modelops_reader LOGIN"),
]
OF_DATABASE = [
    "REVOKE CONNECT ON DATABASE {database} FROM modelops_sql",
    "GRANT TEMPORARY ON DATABASE {database} TO PUBLIC",
    "REVOKE CREATE ON DATABASE {database} FROM modelops_owner",
    "REVOKE CREATE ON SCHEMA predictions FROM modelops_jobs",
    "REVOKE USAGE ON SCHEMA staging FROM modelops_features",
    "GRANT CREATE ON SCHEMA staging TO modelops_features",
    "GRANT CREATE ON SCHEMA public TO PUBLIC",
    "GRANT USAGE ON SCHEMA modelops TO PUBLIC",
    "ALTER SCHEMA features OWNER TO postgres",
    "ALTER VIEW modelops.job_summary OWNER TO postgres",
    "DROP EXTENSION pg_trgm CASCADE",
    "REVOKE SELECT ON modelops.job FROM modelops_reader",
    "REVOKE INSERT (job_id) ON modelops.batch_run FROM modelops_jobs",
    "REVOKE UPDATE ON modelops.observation FROM modelops_jobs",
    "GRANT UPDATE (result) ON modelops.job TO modelops_reader",
    "GRANT DELETE, TRUNCATE ON modelops.job_event TO modelops_jobs",
    "GRANT SELECT ON ALL TABLES IN SCHEMA modelops TO modelops_sql",
    "REVOKE EXECUTE ON FUNCTION modelops.take_lock FROM modelops_jobs",
    "GRANT EXECUTE ON FUNCTION modelops.take_lock TO PUBLIC",
    "GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint), pg_notify(text, text) TO PUBLIC",
    "GRANT EXECUTE ON FUNCTION lo_create(oid) TO modelops_features",
]


def checked(database: Database) -> Report:
    return check_logins({login: database.url(login) for login in OURS})


def mended(database: Database, report: Report) -> list[str]:
    """Execute all statements that the findings name."""
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        for finding in report.findings:
            admin.execute(finding.expected)
    return [str(finding) for finding in checked(database).findings]


def test_nothing_is_wrong_with_what_every_start_makes(database: Database) -> None:
    report = checked(database)
    assert [str(finding) for finding in report.findings] == []
    assert report.remarks == []
    assert report.tried == list(OURS)
    with database.connect("modelops_owner") as owner:
        left = owner.execute("SELECT relname FROM pg_class WHERE relname LIKE 'login_check%'").fetchall()
    assert left == []


@pytest.mark.parametrize("broken", OF_DATABASE)
def test_the_named_statement_mends_a_database(database: Database, broken: str) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute(broken.format(database=database.name))
    report = checked(database)
    assert report.findings
    assert mended(database, report) == []


@pytest.mark.parametrize(("broken", "right"), OF_ROLES)
def test_the_named_statement_mends_a_login(database: Database, broken: str, right: str) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute(broken)
        try:
            report = checked(database)
            assert report.findings
            assert mended(database, report) == []
        finally:
            admin.execute(right)


def test_a_wrong_password_is_a_finding_about_that_login(database: Database) -> None:
    urls = {login: database.url(login) for login in OURS}
    urls["modelops_sql"] = urls["modelops_sql"].replace(PASSWORDS["modelops_sql"], "wrong")
    [finding] = check_logins(urls).findings
    assert "modelops_sql can't connect" in finding.what
    assert "wrong" not in str(finding)
    assert "pg_hba.conf" in finding.expected


def test_a_login_without_an_address_is_compared_by_the_catalogue(database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("GRANT DELETE ON modelops.job TO modelops_reader")
    report = check_logins({"modelops_jobs": database.url("modelops_jobs")})
    [finding] = report.findings
    assert finding.expected == 'REVOKE DELETE ON TABLE "modelops"."job" FROM "modelops_reader";'
    [remark] = report.remarks
    assert remark.startswith("Nothing was tried as modelops_owner, modelops_reader, modelops_sql, modelops_features")


def test_a_database_that_is_not_migrated(database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("DROP SCHEMA modelops CASCADE")
        admin.execute("CREATE SCHEMA modelops AUTHORIZATION modelops_owner")
    findings = checked(database).findings
    assert any("./modelops migrate" in finding.expected for finding in findings)


def test_a_server_that_is_not_there(database: Database) -> None:
    nowhere = database.url("modelops_jobs").replace(f":{database.server.port}/", ":1/")
    with pytest.raises(Unavailable, match="no login reaches the data database"):
        check_logins({"modelops_jobs": nowhere})
