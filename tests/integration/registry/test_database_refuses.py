"""What must never be wrong is refused by the database itself, whoever asks, with psql and any login."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from factories import begin_version, take, trained_version

if TYPE_CHECKING:
    from psycopg import Connection

    from conftest import Database

WRITERS = ["modelops_jobs", "modelops_owner"]


@pytest.mark.parametrize("login", WRITERS)
def test_an_illegal_transition(database: Database, connection: Connection[Any], login: str) -> None:
    version = trained_version(connection)
    answer = database.psql(login, f"UPDATE modelops.version SET status = 'created' WHERE id = {version.id}")
    assert answer.returncode != 0
    assert "demo/arrival_delay v1: there is no transition from trained to created by a job of type training" in (
        answer.stderr
    )


def test_a_transition_by_the_wrong_kind_of_job(database: Database, connection: Connection[Any]) -> None:
    version = trained_version(connection)
    answer = database.psql("modelops_jobs", f"UPDATE modelops.version SET status = 'evaluated' WHERE id = {version.id}")
    assert "no transition from trained to evaluated by a job of type training" in answer.stderr


def test_a_trained_version_without_artifacts(database: Database, connection: Connection[Any]) -> None:
    version = begin_version(connection, take(connection))
    answer = database.psql("modelops_jobs", f"UPDATE modelops.version SET status = 'trained' WHERE id = {version.id}")
    assert 'violates check constraint "version_pinned"' in answer.stderr


@pytest.mark.parametrize(
    "change", ["artifact_sha256 = repeat('c', 64)", "code_sha256 = repeat('c', 64)", "hyperparameters = '{\"a\": 1}'"]
)
def test_a_changed_hash(database: Database, connection: Connection[Any], change: str) -> None:
    trained_version(connection)
    answer = database.psql("modelops_owner", f"UPDATE modelops.version SET {change}")
    assert "what a version pins is written once" in answer.stderr


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE modelops.job_event SET actor = 'nobody'",
        "DELETE FROM modelops.job_event",
        "TRUNCATE modelops.job_event",
        "UPDATE modelops.artifact SET sha256 = repeat('c', 64)",
        "DELETE FROM modelops.artifact",
        "DELETE FROM modelops.version",
        "DELETE FROM modelops.job",
        "UPDATE modelops.transition SET job_type = 'evaluation'",
    ],
)
def test_an_edited_record(database: Database, connection: Connection[Any], statement: str) -> None:
    trained_version(connection)
    as_jobs = database.psql("modelops_jobs", statement)
    assert "permission denied" in as_jobs.stderr
    as_owner = database.psql("modelops_owner", statement)
    assert "is append-only" in as_owner.stderr or "cannot truncate" in as_owner.stderr


def test_two_versions_in_the_making_of_one_job(database: Database, connection: Connection[Any]) -> None:
    attempt = take(connection)
    begin_version(connection, attempt)
    answer = database.psql(
        "modelops_jobs",
        "INSERT INTO modelops.version (name, number, job_id, changed_by, created_by)"
        f" VALUES ('demo/arrival_delay', 2, {attempt.job_id}, {attempt.job_id}, 'ada')",
    )
    assert "version_in_the_making" in answer.stderr


def test_a_job_that_goes_back(database: Database, connection: Connection[Any]) -> None:
    trained_version(connection)
    answer = database.psql("modelops_jobs", "UPDATE modelops.job SET status = 'running'")
    assert "is completed; within attempt 1 it can't become running" in answer.stderr


def test_an_evaluation_of_other_artifacts(database: Database, connection: Connection[Any]) -> None:
    version = trained_version(connection)
    answer = database.psql(
        "modelops_jobs",
        "INSERT INTO modelops.evaluation (version_id, artifact_sha256, job_id, attempt, dataset, data_sha256,"
        f" data_rows, metrics) VALUES ({version.id}, repeat('c', 64), 1, 1, '{{}}', repeat('c', 64), 1, '{{}}')",
    )
    assert "evaluation_of_these_artifacts" in answer.stderr


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM modelops.version",
        "WITH x AS (INSERT INTO modelops.artifact DEFAULT VALUES RETURNING 1) SELECT * FROM x",
        "WITH x AS (UPDATE modelops.version SET number = 7 RETURNING 1) SELECT * FROM x",
        "CREATE TABLE mine (x int)",
        "SET default_transaction_read_only = off; CREATE TABLE mine (x int)",
        "SET default_transaction_read_only = off; CREATE TABLE staging.mine (x int)",
    ],
)
def test_users_sql_in_the_registry(database: Database, statement: str) -> None:
    answer = database.psql("modelops_sql", statement)
    assert answer.returncode != 0
    assert "permission denied" in answer.stderr or "read-only transaction" in answer.stderr


def test_a_reader_who_writes(database: Database, connection: Connection[Any]) -> None:
    trained_version(connection)
    assert "permission denied" in database.psql("modelops_reader", "UPDATE modelops.job SET error = 'x'").stderr
    assert database.psql("modelops_reader", "SELECT name FROM modelops.version").stdout == "demo/arrival_delay\n"
