"""The database itself guards alert rules, alerts, snoozes and notifications, from psql and with every login."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from factories import deployed, job_on
from modelops.domain.alerts import AlertTerms, ChallengerTerms, Subject
from modelops.domain.drift import Verdict
from modelops.domain.job_types import JobType
from modelops.registry.write import alerts, drift, jobs, runs, versions
from modelops.statistics.drift import Comparison

if TYPE_CHECKING:
    from subprocess import CompletedProcess

    from psycopg import Connection

    from conftest import Database
    from modelops.domain.deployments import Deployment
    from modelops.domain.jobs import Attempt
    from modelops.domain.versions import Version

TERMS = AlertTerms(subject=Subject.FEATURES, level=Verdict.MODERATE)
CHALLENGING = replace(TERMS, challenger=ChallengerTerms(dataset="train", cool_down=timedelta(days=7), most_a_month=2))
FOUND = '\'[{"variable": "x"}]\''


@pytest.fixture
def deployment(connection: Connection[Any]) -> Deployment:
    return deployed(connection)


@pytest.fixture
def version(connection: Connection[Any], deployment: Deployment) -> Version:
    return versions.find(connection, deployment.model, deployment.version)


@pytest.fixture
def changing(connection: Connection[Any], version: Version) -> Attempt:
    """A job under way that may change the alert rules."""
    return job_on(connection, version, JobType.ALERT_RULE_CHANGE)


def check_recorded(connection: Connection[Any], deployment: Deployment, version: Version) -> tuple[int, Attempt]:
    """A published run, and a drift check of it under way that has found something."""
    batch = job_on(connection, version, JobType.BATCH_PREDICTION)
    with jobs.fenced(connection, batch):
        run = runs.begin(connection, deployment, batch, None)
        runs.publish(connection, run, rows=2, set_aside=0)
        jobs.complete(connection, batch, {"run": run})
    check = job_on(connection, version, JobType.DRIFT_CHECK)
    with jobs.fenced(connection, check):
        drift.add(connection, check, run, "feature", [Comparison(variable="x").as_record()], references={})
    return run, check


def rule(database: Database, deployment_id: int, job_id: int, *, values: str | None = None) -> CompletedProcess[str]:
    columns = "subject, variable, metric, level, below, above, checks, beyond_natural"
    values = values or "'features', NULL, NULL, 'moderate', NULL, NULL, 1, true"
    return database.psql(
        "modelops_jobs",
        f"INSERT INTO modelops.alert_rule (deployment_id, job_id, {columns})"
        f" VALUES ({deployment_id}, {job_id}, {values})",
    )


def test_rules_are_set_by_a_job_that_changes_alerts(
    database: Database, connection: Connection[Any], deployment: Deployment, version: Version, changing: Attempt
) -> None:
    other = job_on(connection, version, JobType.DRIFT_CHECK)
    assert "no job under way may change the alert rules" in rule(database, deployment.id, other.job_id).stderr
    assert rule(database, deployment.id, changing.job_id).returncode == 0
    for column in ("set_by", "set_at", "ended_at"):
        forged = f"INSERT INTO modelops.alert_rule (deployment_id, {column}) VALUES (1, NULL)"
        assert "permission denied" in database.psql("modelops_jobs", forged).stderr
    [(number, by)] = connection.execute("SELECT id, set_by FROM modelops.alert_rule").fetchall()
    assert by == "ada"
    changed = "UPDATE modelops.alert_rule SET checks = 2"
    assert "permission denied" in database.psql("modelops_jobs", changed).stderr
    assert "can only end" in database.psql("modelops_owner", f"{changed}, ended_by = {changing.job_id}").stderr
    ended = f"UPDATE modelops.alert_rule SET ended_by = {changing.job_id}"
    assert database.psql("modelops_jobs", ended).returncode == 0
    assert f"alert rule {number} has ended" in database.psql("modelops_jobs", ended).stderr
    with jobs.fenced(connection, changing):
        jobs.complete(connection, changing, {})
    assert "no job under way" in rule(database, deployment.id, changing.job_id).stderr


@pytest.mark.parametrize(
    "values",
    [
        "'features', NULL, NULL, NULL, NULL, NULL, 1, true",
        "'features', NULL, NULL, 'stable', NULL, NULL, 1, true",
        "'predictions', NULL, NULL, 'not_comparable', NULL, NULL, 1, true",
        "'features', NULL, 'auc', 'major', NULL, NULL, 1, true",
        "'features', NULL, NULL, 'major', 0.5, NULL, 1, true",
        "'metric', 'late', 'auc', 'major', 0.5, NULL, 1, true",
        "'metric', NULL, 'auc', NULL, 0.5, NULL, 1, true",
        "'metric', 'late', 'auc', NULL, 0.5, 0.6, 1, true",
        "'metric', 'late', 'auc', NULL, NULL, NULL, 1, true",
        "'metric', 'late', 'auc', NULL, 'NaN', NULL, 1, true",
        "'features', NULL, NULL, 'major', NULL, NULL, 0, true",
        "'features', NULL, NULL, 'major', NULL, NULL, 31, true",
    ],
)
def test_an_incomplete_rule_is_refused(
    database: Database, deployment: Deployment, changing: Attempt, values: str
) -> None:
    answer = rule(database, deployment.id, changing.job_id, values=values)
    assert "alert_rule_whole" in answer.stderr or "alert_rule_checks" in answer.stderr


def test_a_deployment_has_fifty_rules_at_most(
    database: Database, connection: Connection[Any], deployment: Deployment, changing: Attempt
) -> None:
    for checks in range(50):
        terms = AlertTerms(subject=Subject.FEATURES, variable=str(checks), level=Verdict.MAJOR)
        alerts.set_rule(connection, deployment.id, terms, job_id=changing.job_id)
    assert "already has 50 open alert rules" in rule(database, deployment.id, changing.job_id).stderr


def test_a_rule_is_taken_over_as_it_was(
    database: Database, connection: Connection[Any], deployment: Deployment, changing: Attempt
) -> None:
    number = alerts.set_rule(connection, deployment.id, TERMS, job_id=changing.job_id)
    forged = (
        "INSERT INTO modelops.alert_rule (deployment_id, job_id, subject, level, checks, beyond_natural, continues)"
        f" VALUES ({deployment.id}, {changing.job_id}, 'features', 'moderate', 1, true, {number})"
    )
    assert "isn't this rule of the deployment that deployment" in database.psql("modelops_jobs", forged).stderr


def fired(
    database: Database, rule_id: int, run_id: int, job_id: int, by: int, *, found: str = FOUND
) -> CompletedProcess[str]:
    return database.psql(
        "modelops_jobs",
        "INSERT INTO modelops.alert (rule_id, run_id, job_id, attempt, found, fired_by)"
        f" VALUES ({rule_id}, {run_id}, {job_id}, 1, {found}, {by})",
    )


def test_alerts_are_raised_and_resolved_by_a_check_of_the_deployment(
    database: Database, connection: Connection[Any], deployment: Deployment, version: Version, changing: Attempt
) -> None:
    number = alerts.set_rule(connection, deployment.id, TERMS, job_id=changing.job_id)
    run, check = check_recorded(connection, deployment, version)
    other = job_on(connection, version, JobType.COMPUTE_STATISTICS)
    assert "no job under way may change" in fired(database, number, run, check.job_id, other.job_id).stderr
    assert "has recorded no check" in fired(database, number, run, changing.job_id, check.job_id).stderr
    assert "alert_found" in fired(database, number, run, check.job_id, check.job_id, found="'[]'").stderr
    assert fired(database, number, run, check.job_id, check.job_id).returncode == 0
    assert "alert_firing" in fired(database, number, run, check.job_id, check.job_id).stderr

    resolved = f"UPDATE modelops.alert SET resolved_run = {run}, resolved_by = "
    assert "no job under way may change" in database.psql("modelops_jobs", f"{resolved}{other.job_id}").stderr
    assert database.psql("modelops_jobs", f"{resolved}{check.job_id}").returncode == 0
    assert "can only be resolved, once" in database.psql("modelops_jobs", f"{resolved}{check.job_id}").stderr
    assert "permission denied" in database.psql("modelops_jobs", "UPDATE modelops.alert SET found = '[1]'").stderr

    alerts.end_rule(connection, number, job_id=changing.job_id)
    assert "no job under way may change" in fired(database, number, run, check.job_id, check.job_id).stderr


def test_a_snooze_is_of_a_person_until_a_time_to_come(
    database: Database, connection: Connection[Any], deployment: Deployment, version: Version, changing: Attempt
) -> None:
    number = alerts.set_rule(connection, deployment.id, TERMS, job_id=changing.job_id)

    def snoozed(until: str, job_id: int = changing.job_id) -> CompletedProcess[str]:
        values = f"({number}, {job_id}, {until})"
        return database.psql(
            "modelops_jobs", f"INSERT INTO modelops.alert_snooze (rule_id, job_id, until) VALUES {values}"
        )

    for wrong in ("now() - interval '1 second'", "now() + interval '367 days'", "'infinity'"):
        assert "a snooze ends within the next 366 days" in snoozed(wrong).stderr
    other = job_on(connection, version, JobType.DRIFT_CHECK)
    assert "no job under way may snooze" in snoozed("now() + interval '1 day'", other.job_id).stderr
    assert snoozed("now() + interval '1 day'").returncode == 0
    assert snoozed("NULL").returncode == 0
    assert "permission denied" in database.psql("modelops_jobs", "UPDATE modelops.alert_snooze SET until = NULL").stderr


def test_the_database_decides_which_alert_may_start_a_challenger(
    database: Database, connection: Connection[Any], deployment: Deployment, version: Version, changing: Attempt
) -> None:
    start = "INSERT INTO modelops.challenger (alert_id) VALUES ({})"
    for alert, terms in ((1, TERMS), (2, CHALLENGING)):
        number = alerts.set_rule(connection, deployment.id, terms, job_id=changing.job_id)
        run, check = check_recorded(connection, deployment, version)
        assert fired(database, number, run, check.job_id, check.job_id).returncode == 0
        for column in ("run_id", "requested_by", "requested_at", "target"):
            forged = f"INSERT INTO modelops.challenger (alert_id, {column}) VALUES ({alert}, NULL)"
            assert "permission denied" in database.psql("modelops_jobs", forged).stderr
    for refused in (1, 99):
        assert (
            f"alert {refused} may not start a challenger now"
            in database.psql("modelops_jobs", start.format(refused)).stderr
        )
    assert database.psql("modelops_jobs", start.format(2)).returncode == 0
    assert "may not start a challenger now" in database.psql("modelops_jobs", start.format(2)).stderr, "cool-down"
    [(by, run_id)] = connection.execute("SELECT requested_by, run_id FROM modelops.challenger").fetchall()
    assert by == "ada"
    assert run_id.startswith("challenger__alert_2_")
    assert "permission denied" in database.psql("modelops_jobs", "UPDATE modelops.challenger SET target = 'x'").stderr


@pytest.mark.parametrize("table", ["alert", "alert_notification", "alert_rule", "alert_snooze", "challenger"])
def test_nothing_is_removed(
    database: Database,
    connection: Connection[Any],
    deployment: Deployment,
    version: Version,
    changing: Attempt,
    table: str,
) -> None:
    number = alerts.set_rule(connection, deployment.id, CHALLENGING, job_id=changing.job_id)
    run, check = check_recorded(connection, deployment, version)
    fired(database, number, run, check.job_id, check.job_id)
    assert database.psql("modelops_jobs", "INSERT INTO modelops.challenger (alert_id) VALUES (1)").returncode == 0
    database.psql("modelops_jobs", f"INSERT INTO modelops.alert_snooze (rule_id, job_id) VALUES (1, {changing.job_id})")
    sent = "INSERT INTO modelops.alert_notification (alert_id, event, notifier) VALUES (1, 'firing', 'mail')"
    database.psql("modelops_jobs", sent)
    assert "permission denied" in database.psql("modelops_jobs", f"DELETE FROM modelops.{table}").stderr
    for statement in (f"DELETE FROM modelops.{table}", f"TRUNCATE modelops.{table} CASCADE"):
        assert "is append-only" in database.psql("modelops_owner", statement).stderr
