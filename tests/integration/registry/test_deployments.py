"""Deployments: one champion per target, never without an approval, and what was in production when."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.rows import dict_row

from factories import decide, deploy, deployed, evaluated_version, job_on, take, task_key
from modelops.domain.deployments import DeploymentEnd
from modelops.domain.errors import NotApproved, TargetError, UnknownDeployment
from modelops.domain.job_types import JobType
from modelops.domain.jobs import TaskKey
from modelops.domain.versions import VersionStatus
from modelops.registry.write import decisions, deployments, jobs, versions

if TYPE_CHECKING:
    from psycopg import Connection

    from conftest import Database
    from modelops.domain.deployments import Deployment


def status(connection: Connection[Any], deployment: Deployment) -> VersionStatus:
    return versions.find(connection, deployment.model, deployment.version).status


def retire(connection: Connection[Any], deployment: Deployment) -> None:
    attempt = take(connection, task_key(task_id="retire"), type=JobType.RETIREMENT)
    with jobs.fenced(connection, attempt):
        deployments.end(connection, deployment.id, how=DeploymentEnd.RETIRED, job_id=attempt.job_id)


def test_a_newer_one_takes_the_place(connection: Connection[Any]) -> None:
    first = deployed(connection)
    assert status(connection, first) is VersionStatus.DEPLOYED
    second = deployed(connection)
    first = deployments.find(connection, first.id)
    assert (first.ended_how, first.ended_at) == (DeploymentEnd.REPLACED, second.started_at)
    assert status(connection, first) is VersionStatus.APPROVED
    assert [one.id for one in deployments.active(connection)] == [second.id]


def test_rolling_back_is_deploying_the_earlier_one_again(connection: Connection[Any]) -> None:
    version = evaluated_version(connection)
    decision = decide(connection, version)
    deploy(connection, version, decision)
    second = deployed(connection)
    again = deployments.find(connection, deploy(connection, version, decision))
    assert status(connection, again) is VersionStatus.DEPLOYED
    assert status(connection, second) is VersionStatus.APPROVED
    assert again.decision_id == decision.id


def test_a_version_is_retired_with_its_last_deployment(connection: Connection[Any]) -> None:
    version = evaluated_version(connection)
    decision = decide(connection, version)
    made = [deploy(connection, version, decision, target=f"predictions.{name}") for name in ("a", "b")]
    first, second = (deployments.find(connection, one) for one in made)
    retire(connection, first)
    assert status(connection, first) is VersionStatus.DEPLOYED
    retire(connection, second)
    assert status(connection, first) is VersionStatus.RETIRED
    with pytest.raises(NotApproved, match="v1 is retired"):
        deploy(connection, version, decision)


def test_not_without_an_approval(connection: Connection[Any]) -> None:
    approved, other = evaluated_version(connection), evaluated_version(connection)
    with pytest.raises(NotApproved, match="v2 is evaluated: nobody has approved it"):
        deploy(connection, other, decide(connection, approved))


def test_not_by_the_approval_of_another_version(connection: Connection[Any]) -> None:
    one, other = evaluated_version(connection), evaluated_version(connection)
    of_one = decide(connection, one)
    decide(connection, other)
    with pytest.raises(NotApproved, match="no decision that approves exactly these artifacts"):
        deploy(connection, other, of_one)


def test_a_target_is_one_models(connection: Connection[Any]) -> None:
    deployed(connection)
    with pytest.raises(TargetError, match="holds the predictions of demo/arrival_delay"):
        deployed(connection, "demo/other")


def test_a_target_into_which_nothing_was_published_is_free_after_retirement(connection: Connection[Any]) -> None:
    first = deployed(connection, "demo/other")
    with pytest.raises(TargetError, match="holds the predictions of demo/other"):
        deployed(connection)
    retire(connection, first)
    assert deployments.owners_of_target(connection, first.target) == set()
    deployed(connection)
    with pytest.raises(TargetError, match="holds the predictions of demo/arrival_delay"):
        deployed(connection, "demo/other")


def test_in_production_at(connection: Connection[Any]) -> None:
    first = deployed(connection)
    second = deployed(connection)
    elsewhere = deployed(connection, "demo/other", target="predictions.other")

    def at(moment: Any) -> list[tuple[str, int]]:
        return [(row["model"], row["version"]) for row in deployments.in_production_at(connection, moment)]

    instant = timedelta(microseconds=1)
    assert at(first.started_at - instant) == []
    assert at(second.started_at - instant) == [("demo/arrival_delay", 1)]
    assert at(second.started_at) == [("demo/arrival_delay", 2)]
    assert at(elsewhere.started_at) == [("demo/arrival_delay", 2), ("demo/other", 1)]
    retire(connection, second)
    ended_at = deployments.find(connection, second.id).ended_at
    assert at(ended_at) == [("demo/other", 1)]
    [row] = deployments.in_production_at(connection, ended_at)
    assert (row["approver"], row["trained_for"], row["deployed_by"]) == ("grace", "ada", "ada")
    assert row["evidence"]["artifact_sha256"] == row["artifact_sha256"]
    assert re.fullmatch("[0-9a-f]{64}", row["evidence_digest"])


def test_a_job_that_deploys_anew_does_not_change_the_past(connection: Connection[Any]) -> None:
    """It is the same row of the ledger when a person clears the run."""
    deployed(connection)
    second = deployed(connection)
    retire(connection, second)
    third = evaluated_version(connection)
    decision = decide(connection, third)
    query = "SELECT job.* FROM modelops.job JOIN modelops.deployment ON job.id = job_id WHERE deployment.id = %s"
    row = connection.cursor(row_factory=dict_row).execute(query, (second.id,)).fetchone()
    assert row is not None
    attempt = take(connection, TaskKey.from_row(row), type=JobType.DEPLOYMENT, number=2, first=2)
    with jobs.fenced(connection, attempt):
        jobs.name_subject(connection, attempt, third)
        made, replaced = deployments.begin(
            connection,
            third,
            decision=decision,
            job_id=attempt.job_id,
            dataset={},
            target=second.target,
            entity_key=[],
            outputs={},
            set_aside_budget=0,
        )
    assert replaced is None
    before = deployments.find(connection, second.id)
    assert before.ended_at is not None
    assert deployments.find(connection, made).started_at > before.ended_at


def test_two_retirements_at_once(database: Database, connection: Connection[Any]) -> None:
    """The second waits for the first: which of them was the last is known to one."""
    first = deployed(connection)
    version = versions.find(connection, first.model, first.version)
    decision = decisions.approval_of(connection, version.id)
    assert decision is not None
    second = deployments.find(connection, deploy(connection, version, decision, target="predictions.beside"))
    mine, its = (job_on(connection, version, JobType.RETIREMENT) for _ in range(2))
    with database.connect() as other:
        other.execute("SET lock_timeout = '300ms'")
        with jobs.fenced(connection, mine):
            deployments.end(connection, first.id, how=DeploymentEnd.RETIRED, job_id=mine.job_id)
            with pytest.raises(Exception, match="lock timeout"), other.transaction():
                deployments.end(other, second.id, how=DeploymentEnd.RETIRED, job_id=its.job_id)
        deployments.end(other, second.id, how=DeploymentEnd.RETIRED, job_id=its.job_id)
    assert versions.find(connection, version.name, version.number).status is VersionStatus.RETIRED


def test_two_deployers_at_once(database: Database, connection: Connection[Any]) -> None:
    """The second waits for the first, and then takes its place or is told: never two champions."""
    deployed(connection)
    version = evaluated_version(connection)
    decision = decide(connection, version)
    with database.connect() as other:
        mine, its = (job_on(one, version, JobType.DEPLOYMENT) for one in (connection, other))
        chosen = {
            "decision": decision, "dataset": {}, "target": "predictions.arrival_delay", "entity_key": [], "outputs": {},
            "set_aside_budget": 0,
        }  # fmt: skip
        other.execute("SET lock_timeout = '300ms'")
        with jobs.fenced(connection, mine):
            deployments.begin(connection, version, job_id=mine.job_id, **chosen)
            with pytest.raises(Exception, match="lock timeout"), other.transaction():
                deployments.begin(other, version, job_id=its.job_id, **chosen)
        assert len(deployments.active(connection)) == 1


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE modelops.deployment SET ended_how = 'retired', ended_by = 1", "no job under way has retired"),
        ("UPDATE modelops.deployment SET ended_at = NULL", "permission denied"),
        ("UPDATE modelops.deployment SET target = 'predictions.mine'", "permission denied"),
        ("UPDATE modelops.version SET status = 'retired'", "there is no transition"),
        ("DELETE FROM modelops.deployment", "permission denied"),
    ],
)
def test_forged_with_psql(database: Database, connection: Connection[Any], sql: str, said: str) -> None:
    deployed(connection)
    done = database.psql("modelops_jobs", sql)
    assert done.returncode != 0
    assert said in done.stderr


def test_what_has_ended_stays(database: Database, connection: Connection[Any]) -> None:
    deployed(connection)
    deployed(connection)
    done = database.psql(
        "modelops_owner", "UPDATE modelops.deployment SET ended_how = NULL, ended_by = NULL, ended_at = NULL"
    )
    assert "can only end, once" in done.stderr
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("ALTER TABLE modelops.deployment DISABLE TRIGGER USER")
        with pytest.raises(psycopg.errors.UniqueViolation):
            admin.execute("UPDATE modelops.deployment SET ended_how = NULL, ended_by = NULL, ended_at = NULL")


def test_no_such_deployment(connection: Connection[Any]) -> None:
    with pytest.raises(UnknownDeployment, match="deploy a version first"):
        deployments.find(connection, 7)
    there = deployed(connection)
    with pytest.raises(UnknownDeployment, match=f"{there.id}: demo/arrival_delay v1 → predictions.arrival_delay"):
        deployments.find(connection, 7)


def test_a_target_that_bears_the_name_of_another_model(connection: Connection[Any]) -> None:
    """It is that model's from its first version on, deployed or not; where two bear it, the first to deploy has it."""
    evaluated_version(connection, "demo/Night-Delay")
    version = evaluated_version(connection)
    decision = decide(connection, version)
    with pytest.raises(TargetError, match=r"predictions\.night_delay is the default target of demo/Night-Delay"):
        deploy(connection, version, decision, target="predictions.night_delay")
    assert deployments.other_owner_by_name(connection, "predictions.night_delay", version.name) == "demo/Night-Delay"
    deployed(connection, "there/night_delay", target="predictions.night_delay")
    with pytest.raises(TargetError, match="holds the predictions of there/night_delay"):
        deployed(connection, "demo/Night-Delay", target="predictions.night_delay")


def test_who_has_deployed_into_a_target_keeps_it(connection: Connection[Any]) -> None:
    deployed(connection, target="predictions.night_delay")
    evaluated_version(connection, "demo/night_delay")
    deployed(connection, target="predictions.night_delay")
    assert deployments.other_owner_by_name(connection, "predictions.night_delay", "demo/arrival_delay") is None


@pytest.mark.parametrize("name", ["demo/arrival_delay", "demo/Night-Delay.2", "here/a b_c"])
def test_the_own_target_is_the_same_in_the_database_as_in_a_request(connection: Connection[Any], name: str) -> None:
    from modelops.kinds.model.preflight import target_of

    [(own,)] = connection.execute("SELECT modelops.own_target('model', %s, NULL)", (name,)).fetchall()
    assert own == str(target_of(name, None))
