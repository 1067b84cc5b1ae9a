"""The database itself refuses invalid changes, from psql and with every login."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from factories import begin_version, deployed, job_on, take, task_key, trained_version
from modelops.domain.job_types import JobType
from modelops.domain.labels import Truth
from modelops.registry.write import jobs, runs, versions

if TYPE_CHECKING:
    import subprocess

    from psycopg import Connection

    from conftest import Database
    from modelops.domain.versions import Version

WRITERS = ["modelops_jobs", "modelops_owner"]
TRUTH = Truth(name="truth", sql="SELECT 1", targets=("late",), type=None)


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
    evaluating = take(connection, task_key(task_id="evaluate"), type=JobType.EVALUATION)
    assert "evaluation_of_these_artifacts" in evaluation(database, version, evaluating.job_id, "repeat('c', 64)").stderr


def test_an_evaluation_by_a_job_that_is_none(database: Database, connection: Connection[Any]) -> None:
    version = trained_version(connection)
    answer = evaluation(database, version, version.job_id, f"'{version.artifact_sha256}'")
    assert f"job {version.job_id} isn't an evaluation under way in attempt 1" in answer.stderr


@pytest.mark.parametrize("type_", [JobType.EVALUATION, JobType.COMPUTE_STATISTICS])
def test_a_reference_belongs_to_a_job_under_way(
    database: Database, connection: Connection[Any], type_: JobType
) -> None:
    version, other = trained_version(connection), trained_version(connection, "demo/other")
    assert "isn't an evaluation or a computation of statistics" in reference(database, version, version.job_id).stderr
    under_way = job_on(connection, version, type_)
    assert "isn't an evaluation or a computation of statistics" in reference(database, other, under_way.job_id).stderr
    foreign = reference(database, version, under_way.job_id, artifacts="c" * 64)
    assert "reference_of_these_artifacts" in foreign.stderr
    assert "reference_has_rows" in reference(database, version, under_way.job_id, rows=0).stderr
    assert reference(database, version, under_way.job_id).returncode == 0

    statistics = (
        "INSERT INTO modelops.statistics (reference_id, role, variable, kind, values)"
        " SELECT max(id), 'feature', '{}', 'continuous', '{{}}' FROM modelops.reference"
    )
    assert database.psql("modelops_jobs", statistics.format("x")).returncode == 0
    assert "statistics_once_reference" in database.psql("modelops_jobs", statistics.format("x")).stderr
    with jobs.fenced(connection, under_way):
        jobs.complete(connection, under_way, {})
    late = database.psql("modelops_jobs", statistics.format("y"))
    assert "statistics: what it would belong to is finished" in late.stderr
    for change in ("UPDATE modelops.reference SET data_rows = 7", "DELETE FROM modelops.reference"):
        assert "permission denied" in database.psql("modelops_jobs", change).stderr
        assert "reference is append-only" in database.psql("modelops_owner", change).stderr


def test_drift_is_recorded_by_a_check_of_the_version_of_a_published_run(
    database: Database, connection: Connection[Any]
) -> None:
    deployment, other = deployed(connection), deployed(connection, "demo/other", target="predictions.other")
    version, foreign = (versions.find(connection, one.model, one.version) for one in (deployment, other))
    batch = job_on(connection, version, JobType.BATCH_PREDICTION)
    with jobs.fenced(connection, batch):
        run = runs.begin(connection, deployment, batch, None)
    checking = job_on(connection, version, JobType.DRIFT_CHECK)
    assert "isn't a drift check under way" in drift(database, checking.job_id, run).stderr, "the run isn't published"
    with jobs.fenced(connection, batch):
        runs.publish(connection, run, rows=1, set_aside=0)
        jobs.complete(connection, batch, {"run": run})
    assert "isn't a drift check under way" in drift(database, batch.job_id, run).stderr
    beside = job_on(connection, foreign, JobType.DRIFT_CHECK)
    assert "isn't a drift check under way" in drift(database, beside.job_id, run).stderr
    assert "drift_has_reason" in drift(database, checking.job_id, run, verdict="not_comparable").stderr
    assert "drift_measured" in drift(database, checking.job_id, run, verdict="stable").stderr
    assert drift(database, checking.job_id, run).returncode == 0
    assert "drift_once" in drift(database, checking.job_id, run).stderr
    for change in ("UPDATE modelops.drift SET verdict = 'stable'", "DELETE FROM modelops.drift"):
        assert "permission denied" in database.psql("modelops_jobs", change).stderr
        assert "drift is append-only" in database.psql("modelops_owner", change).stderr


def test_performance_is_recorded_by_a_measurement_of_the_version_of_a_published_run(
    database: Database, connection: Connection[Any]
) -> None:
    deployment = deployed(connection, truth=TRUTH, maturity=timedelta())
    version = versions.find(connection, deployment.model, deployment.version)
    batch = job_on(connection, version, JobType.BATCH_PREDICTION)
    with jobs.fenced(connection, batch):
        run = runs.begin(connection, deployment, batch, None)
    measuring = job_on(connection, version, JobType.PERFORMANCE_MEASUREMENT)
    unpublished = measured(database, measuring.job_id, run)
    assert "isn't a performance measurement under way" in unpublished.stderr
    with jobs.fenced(connection, batch):
        runs.publish(connection, run, rows=2, set_aside=0)
        jobs.complete(connection, batch, {"run": run})
    assert "isn't a performance measurement under way" in measured(database, batch.job_id, run).stderr
    assert "isn't a performance measurement" in measured(database, measuring.job_id, run, rows=3).stderr, "not all rows"
    assert "performance_measured" in measured(database, measuring.job_id, run, error="'wrong'").stderr
    assert "performance_labelled" in measured(database, measuring.job_id, run, labelled=3).stderr
    assert measured(database, measuring.job_id, run, labelled=0).returncode == 0
    assert "performance_once" in measured(database, measuring.job_id, run).stderr
    assert "has no labels, or is finished" in metric(database, "0.5, NULL, NULL").stderr
    again = job_on(connection, version, JobType.PERFORMANCE_MEASUREMENT)
    assert measured(database, again.job_id, run).returncode == 0
    assert "performance_metric_interval" in metric(database, "0.5, 0.6, 0.7").stderr
    assert "performance_metric_interval" in metric(database, "0.5, 0.4, NULL").stderr
    assert "performance_metric_finite" in metric(database, "'NaN', NULL, NULL").stderr
    assert metric(database, "0.5, 0.4, 0.7").returncode == 0
    with jobs.fenced(connection, again):
        jobs.complete(connection, again, {})
    assert "has no labels, or is finished" in metric(database, "0.5, 0.4, 0.7", name="brier").stderr
    for table in ("performance", "performance_metric"):
        assert "permission denied" in database.psql("modelops_jobs", f"DELETE FROM modelops.{table}").stderr
        assert f"{table} is append-only" in database.psql("modelops_owner", f"DELETE FROM modelops.{table}").stderr


def test_when_labels_are_due_is_written_by_the_database(database: Database, connection: Connection[Any]) -> None:
    deployment = deployed(connection)
    version = versions.find(connection, deployment.model, deployment.version)
    batch = job_on(connection, version, JobType.BATCH_PREDICTION)
    with jobs.fenced(connection, batch):
        run = runs.begin(connection, deployment, batch, None)
        runs.publish(connection, run, rows=2, set_aside=0)
        jobs.complete(connection, batch, {"run": run})
    assert connection.execute("SELECT labels_due_at FROM modelops.batch_run").fetchone() == (None,), "it has no labels"
    due = "UPDATE modelops.batch_run SET labels_due_at = now()"
    assert "permission denied" in database.psql("modelops_jobs", due).stderr
    assert "is published: what is on record of it stays" in database.psql("modelops_owner", due).stderr
    terms = "UPDATE modelops.deployment SET truth = NULL, maturity = NULL"
    assert "permission denied" in database.psql("modelops_jobs", terms).stderr
    assert "can only end, once" in database.psql("modelops_owner", terms).stderr


def measured(
    database: Database, job_id: int, run_id: int, *, rows: int = 2, labelled: int = 1, error: str = "NULL"
) -> subprocess.CompletedProcess[str]:
    return database.psql(
        "modelops_jobs",
        "INSERT INTO modelops.performance (job_id, attempt, run_id, rows, labelled, error)"
        f" VALUES ({job_id}, 1, {run_id}, {rows}, {labelled}, {error})",
    )


def metric(database: Database, values: str, *, name: str = "auc") -> subprocess.CompletedProcess[str]:
    """A metric of the newest measurement."""
    return database.psql(
        "modelops_jobs",
        "INSERT INTO modelops.performance_metric (performance_id, target, metric, value, lower, upper)"
        f" SELECT max(id), 'late', '{name}', {values} FROM modelops.performance",
    )


def drift(
    database: Database, job_id: int, run_id: int, *, verdict: str = "not_enough_rows"
) -> subprocess.CompletedProcess[str]:
    return database.psql(
        "modelops_jobs",
        "INSERT INTO modelops.drift (job_id, attempt, run_id, role, variable, verdict, reference_rows, rows, bins,"
        f" most_moved) VALUES ({job_id}, 1, {run_id}, 'feature', 'x', '{verdict}', 1, 1, 0, '[]')",
    )


def reference(
    database: Database, version: Version, job_id: int, *, artifacts: str | None = None, rows: int = 1
) -> subprocess.CompletedProcess[str]:
    artifacts = artifacts or version.artifact_sha256
    return database.psql(
        "modelops_jobs",
        "INSERT INTO modelops.reference (version_id, artifact_sha256, job_id, attempt, dataset, data_sha256, data_rows)"
        f" VALUES ({version.id}, '{artifacts}', {job_id}, 1, '{{}}', repeat('c', 64), {rows})",
    )


def evaluation(database: Database, version: Version, job_id: int, artifacts: str) -> subprocess.CompletedProcess[str]:
    return database.psql(
        "modelops_jobs",
        "INSERT INTO modelops.evaluation (version_id, artifact_sha256, job_id, attempt, dataset, data_sha256,"
        f" data_rows, metrics) VALUES ({version.id}, {artifacts}, {job_id}, 1, '{{}}', repeat('c', 64), 1, '{{}}')",
    )


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE modelops.job SET result = '{}'", "job 1 is completed: what is on record of it stays"),
        ("UPDATE modelops.job SET requested_by = 'nobody'", "job 1 is completed: what is on record of it stays"),
        (
            (
                "INSERT INTO modelops.job (type, dag_id, run_id, task_id, subject, status, requested_by, created_at)"
                " VALUES ('training', 'd', 'r', 't', 's', 'failed', 'me', now())"
            ),
            "a job begins as created or running, not as failed",
        ),
        (
            (
                "INSERT INTO modelops.artifact (version_id, role, name, sha256, size, media_type, uri)"
                " VALUES (1, 'output', 'more.bin', repeat('c', 64), 1, 'x', 'x')"
            ),
            "artifact more.bin: what it would belong to is finished",
        ),
        ("INSERT INTO modelops.version (name, number, status) VALUES ('x', 1, 'trained')", "permission denied"),
        ("INSERT INTO modelops.job_event (recorded_at) VALUES ('1999-01-01')", "permission denied"),
        ("INSERT INTO modelops.evaluation (digest) VALUES (repeat('c', 64))", "permission denied"),
        ("UPDATE modelops.version SET artifact_sha256 = repeat('c', 64)", "permission denied"),
        ("UPDATE modelops.version SET changed_by = 2", "no job has changed it"),
        ("SET ROLE modelops_owner", "permission denied"),
    ],
)
def test_a_forged_record(database: Database, connection: Connection[Any], statement: str, said: str) -> None:
    trained_version(connection)
    take(connection)
    answer = database.psql("modelops_jobs", statement)
    assert answer.returncode != 0
    assert said in answer.stderr


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM modelops.version",
        "WITH x AS (INSERT INTO modelops.artifact DEFAULT VALUES RETURNING 1) SELECT * FROM x",
        "WITH x AS (UPDATE modelops.version SET number = 7 RETURNING 1) SELECT * FROM x",
        "BEGIN READ WRITE; CREATE TABLE public.mine (x int)",
        "BEGIN READ WRITE; CREATE TABLE staging.mine (x int)",
        "BEGIN READ WRITE; CREATE TEMP TABLE mine (x int)",
        "SET ROLE modelops_jobs",
        "COPY (SELECT 1) TO PROGRAM 'true'",
    ],
)
def test_users_sql_in_the_registry(database: Database, statement: str) -> None:
    answer = database.psql("modelops_sql", statement)
    assert answer.returncode != 0
    assert "permission denied" in answer.stderr


def test_a_reader_who_writes(database: Database, connection: Connection[Any]) -> None:
    trained_version(connection)
    assert "permission denied" in database.psql("modelops_reader", "UPDATE modelops.job SET error = 'x'").stderr
    assert database.psql("modelops_reader", "SELECT name FROM modelops.version").stdout == "demo/arrival_delay\n"


DEEP = "repeat('[', 300) || repeat(']', 300)"


@pytest.mark.parametrize("login", WRITERS)
@pytest.mark.parametrize(
    "value",
    [
        DEEP,
        "'{\"n\": 9223372036854775808}'",
        "'{\"n\": [-1e20]}'",
        "'[{\"' || repeat('x', 201) || '\": 1}]'",
        "'\"' || repeat('x', 16777216) || '\"'",
    ],
    ids=["deep", "large", "negative", "long name", "long"],
)
def test_a_value_that_not_every_reader_could_take(
    database: Database, connection: Connection[Any], login: str, value: str
) -> None:
    take(connection)
    answer = database.psql(login, f"UPDATE modelops.job SET result = ({value})::jsonb")
    assert "the result of a job is out of bounds" in answer.stderr


def test_values_of_every_writer_are_bounded(database: Database, connection: Connection[Any]) -> None:
    trained_version(connection)
    for table, column in (("job", "parameters"), ("version", "hyperparameters"), ("version", "definition")):
        answer = database.psql("modelops_owner", f"UPDATE modelops.{table} SET {column} = ({DEEP})::jsonb")
        assert f"the {column} of a {table} is out of bounds" in answer.stderr


@pytest.mark.parametrize(
    "value",
    ["'{\"n\": [9223372036854775807, -9223372036854775808, 1e-300]}'", "repeat('[', 16) || repeat(']', 16)"],
    ids=["large", "deep"],
)
def test_a_value_within_the_bounds(database: Database, connection: Connection[Any], value: str) -> None:
    take(connection)
    answer = database.psql("modelops_owner", f"UPDATE modelops.job SET result = ({value})::jsonb")
    assert answer.returncode == 0, answer.stderr
