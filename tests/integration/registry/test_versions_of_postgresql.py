"""What differs between versions of PostgreSQL, on each server that this machine has: the embedded one and Debian's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from conftest import PASSWORDS, Database
from factories import deployed, take, task_key
from modelops.domain.job_types import JobType
from modelops.registry.login_check.check import check_logins
from modelops.registry.login_check.server import NEWEST, OLDEST
from modelops.registry.migrate import migrate
from modelops.registry.privileges import OURS
from modelops.registry.roles import provision
from modelops.registry.write import jobs, runs
from modelops.runner.postgres import PostgresServer, binaries

if TYPE_CHECKING:
    from collections.abc import Iterator

INSTALLED = {folder.parent.name: folder for folder in Path("/usr/lib/postgresql").glob("*/bin")}
VERSIONS = [str(number) for number in range(OLDEST, NEWEST + 1)]
EMBEDDED = "embedded"


@pytest.fixture(scope="module", params=[EMBEDDED, *VERSIONS])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database on a server of this version, migrated from zero."""
    folder = binaries() if request.param == EMBEDDED else INSTALLED.get(request.param)
    if folder is None or not (folder / "initdb").exists():
        pytest.skip(f"this machine has no PostgreSQL {request.param} in /usr/lib/postgresql")
    home = tmp_path_factory.mktemp("version")
    server = PostgresServer(home / "data", home / "log", durable=False)
    server.bin = folder
    server.start()
    try:
        provision(server.admin_url, passwords=PASSWORDS, data_database="ml", airflow_database=None)
        database = Database(server=server, name="ml")
        migrate(database.owner_url)
        migrate(database.owner_url)
        yield database
    finally:
        server.stop(immediately=True)


def test_the_server_is_of_that_version(served: Database, request: pytest.FixtureRequest) -> None:
    version = request.node.callspec.params["served"]
    with psycopg.connect(served.admin_url) as admin:
        found = admin.info.server_version // 10_000
    assert found in range(OLDEST, NEWEST + 1)
    assert version in (EMBEDDED, str(found))


def test_nothing_is_wrong_with_its_logins(served: Database) -> None:
    report = check_logins({login: served.url(login) for login in OURS})
    assert [str(finding) for finding in report.findings] == []
    assert re.match(r"PostgreSQL 1[5-8]", report.server)


def test_a_batch_is_published(served: Database) -> None:
    with served.connect() as connection:
        deployment = deployed(connection)
        attempt = take(connection, task_key(task_id="predict"), type=JobType.BATCH_PREDICTION)
        with jobs.fenced(connection, attempt):
            run = runs.begin(connection, deployment, attempt, None)
        with jobs.fenced(connection, attempt):
            runs.publish(connection, run, rows=1, set_aside=0)
            jobs.complete(connection, attempt, {"run": run})
    with served.connect("modelops_reader") as reader:
        status = reader.execute("SELECT status FROM modelops.job WHERE id = %s", (attempt.job_id,)).fetchone()
        assert status == ("completed",)
        assert reader.execute("SELECT count(*) FROM modelops.published_run").fetchone() == (1,)
        assert reader.execute("SELECT count(*) FROM modelops.in_production_at(now())").fetchone() == (1,)
        assert reader.execute("SELECT * FROM modelops.distribution(0)").fetchall() == []
