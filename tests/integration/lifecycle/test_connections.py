"""The connection check as a job, and what a deployment checks of the logins before it changes anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from factories import deployed
from modelops.domain.errors import LoginError, Unavailable
from modelops.domain.job_types import JobType
from modelops.domain.requests import ConnectionCheckRequest
from modelops.domain.versions import VersionKind
from modelops.stages.connections import check_connections, require_logins

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Database
    from workplace import Workplace


@pytest.fixture
def administrator(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        yield connection


def test_a_job_checks_the_logins_of_its_machine(workplace: Workplace, log: list[str]) -> None:
    result = check_connections(ConnectionCheckRequest(), workplace.job(JobType.CONNECTION_CHECK))
    assert result["findings"] == 0
    assert result["tried"] == ["modelops_jobs", "modelops_sql", "modelops_features"]
    assert any("Nothing was tried as modelops_owner, modelops_reader" in line for line in log)
    row = workplace.connection.execute("SELECT status, result ->> 'server' FROM modelops.job").fetchone()
    assert row == ("completed", result["server"])


def test_the_job_fails_with_the_statement_that_mends_it(
    workplace: Workplace, administrator: psycopg.Connection, log: list[str]
) -> None:
    administrator.execute("GRANT INSERT ON modelops.decision TO modelops_sql")
    with pytest.raises(LoginError) as caught:
        check_connections(ConnectionCheckRequest(), workplace.job(JobType.CONNECTION_CHECK))
    assert caught.value.expected == 'REVOKE INSERT ON TABLE "modelops"."decision" FROM "modelops_sql";'
    assert any(caught.value.expected in line for line in log)


@pytest.mark.parametrize(
    ("broken", "kind", "mends"),
    [
        ("REVOKE USAGE ON SCHEMA predictions FROM modelops_reader", VersionKind.MODEL, "GRANT USAGE ON SCHEMA"),
        ("REVOKE CREATE ON SCHEMA predictions FROM modelops_jobs", VersionKind.MODEL, "GRANT CREATE ON SCHEMA"),
        ("REVOKE UPDATE (rows) ON modelops.batch_run FROM modelops_jobs", VersionKind.MODEL, 'GRANT UPDATE ("rows")'),
        ("REVOKE USAGE ON SCHEMA staging FROM modelops_features", VersionKind.FEATURE_TASK, "GRANT USAGE ON SCHEMA"),
    ],
)
def test_a_deployment_requires_what_its_batches_need(
    workplace: Workplace, administrator: psycopg.Connection, broken: str, kind: VersionKind, mends: str
) -> None:
    run = workplace.job(JobType.DEPLOYMENT)
    require_logins(kind, "predictions.price", run)
    administrator.execute(broken)
    with pytest.raises(LoginError) as caught:
        require_logins(kind, "predictions.price", run)
    assert mends in caught.value.expected
    administrator.execute(caught.value.expected)
    require_logins(kind, "predictions.price", run)


def test_a_server_without_free_connections_is_tried_again(
    workplace: Workplace, administrator: psycopg.Connection
) -> None:
    run = workplace.job(JobType.DEPLOYMENT)
    administrator.execute("ALTER ROLE modelops_sql CONNECTION LIMIT 0")
    try:
        with pytest.raises(Unavailable):
            require_logins(VersionKind.MODEL, "predictions.price", run)
    finally:
        administrator.execute("ALTER ROLE modelops_sql CONNECTION LIMIT -1")


def test_what_a_login_has_too_much_of_is_no_matter_of_a_deployment(
    workplace: Workplace, administrator: psycopg.Connection
) -> None:
    administrator.execute("GRANT SELECT ON modelops.job TO modelops_sql")
    require_logins(VersionKind.MODEL, "predictions.price", workplace.job(JobType.DEPLOYMENT))
    assert deployed(workplace.connection).target
