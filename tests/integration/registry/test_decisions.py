"""Decisions: what the registry accepts as one, and what the database refuses, from psql as from Python."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from factories import (
    add_evaluation,
    ask,
    cleared,
    decide,
    deployed,
    evaluated_version,
    job_on,
    requests_read,
    take,
    task_key,
    trained_anew,
    trained_version,
)
from modelops.domain.decisions import Verdict
from modelops.domain.errors import DecisionRefused, EvidenceChanged, IllegalTransition, ModelOpsError, NotApproved
from modelops.domain.job_types import JobType
from modelops.domain.refusals import Code
from modelops.domain.versions import VersionStatus
from modelops.registry.write import decisions, jobs, versions

if TYPE_CHECKING:
    from psycopg import Connection

    from conftest import Database


def test_approved_on_what_was_shown(connection: Connection[Any]) -> None:
    version = evaluated_version(connection, auc=0.76)
    attempt, request = ask(connection, version)
    assert request.requesters == ["ada"]
    assert request.evidence["version"] == version.number
    assert request.evidence["artifact_sha256"] == version.artifact_sha256
    assert [one["metrics"] for one in request.evidence["evaluations"]] == [{"auc": 0.76}]
    assert request.evidence["champion"] is None
    with jobs.fenced(connection, attempt):
        made = decisions.decide(
            connection, request, job_id=attempt.job_id, approver="grace", verdict=Verdict.APPROVED, comment=None
        )
        versions.decided(connection, version.id, Verdict.APPROVED, job_id=attempt.job_id)
    assert (made.approver, made.digest) == ("grace", request.digest)
    assert versions.find(connection, version.name, version.number).status is VersionStatus.APPROVED
    assert decisions.approval_of(connection, version.id) == made


def test_the_champion_stands_beside(connection: Connection[Any]) -> None:
    champion = deployed(connection)
    _, request = ask(connection, evaluated_version(connection, auc=0.8))
    assert request.evidence["champion"]["version"] == champion.version
    assert request.evidence["champion"]["metrics"] == {"auc": 0.75}


def test_rejected_needs_a_reason(connection: Connection[Any]) -> None:
    version = evaluated_version(connection)
    with pytest.raises(DecisionRefused, match=r"without a reason|rejected_with_reason"):
        decide(connection, version, Verdict.REJECTED, comment="  ")
    decide(connection, version, Verdict.REJECTED, comment="worse for short flights")
    assert versions.find(connection, version.name, version.number).status is VersionStatus.REJECTED


def test_who_asked_may_not_decide(connection: Connection[Any]) -> None:
    with pytest.raises(DecisionRefused, match="ada requested the training of demo/arrival_delay v1"):
        decide(connection, evaluated_version(connection), approver="ada")


def test_who_cleared_the_training_has_asked_for_it(connection: Connection[Any]) -> None:
    version = evaluated_version(connection)
    connection.execute(
        "INSERT INTO modelops.job_event (job_id, attempt, event, at, actor) VALUES (%s, 2, 'cleared', now(), 'grace')",
        (version.job_id,),
    )
    with pytest.raises(DecisionRefused, match="grace requested the training"):
        decide(connection, version)


UNKNOWN = (
    r"nobody can decide on demo/arrival_delay v2 yet: it isn't on record who cleared its training before attempt 2"
)


def test_nobody_decides_while_it_is_unknown_who_had_it_trained_anew(connection: Connection[Any]) -> None:
    version = trained_anew(connection)
    attempt, request = ask(connection, version)
    assert request.unrequested == [2]
    of_grace, of_ada = request.objection("grace"), request.objection("ada")
    assert of_grace is not None
    assert of_ada is not None
    assert re.match(UNKNOWN, of_grace.detail)
    assert of_grace.code is Code.REQUESTER_UNKNOWN
    assert of_grace.values == {"subject": "demo/arrival_delay v2", "work": "training", "attempts": "2"}
    assert "ada requested the training" in of_ada.detail
    assert of_ada.code is Code.OWN_REQUEST
    for verdict in Verdict:
        with pytest.raises(
            DecisionRefused, match=f"{UNKNOWN}(?s:.*)in a moment, when the observer(?s:.*)from a new run"
        ):
            decisions.decide(
                connection, request, job_id=attempt.job_id, approver="grace", verdict=verdict, comment="why not"
            )


def test_the_wait_ends_when_the_observer_has_told(connection: Connection[Any]) -> None:
    """The one who cleared it is a requester then; the request that is before the reviewers stays the same."""
    version = trained_anew(connection)
    attempt, request = ask(connection, version)
    cleared(connection, version, "edsger")
    told = decisions.newest_request(connection, attempt.job_id)
    assert told is not None
    assert (told.id, told.digest, told.unrequested, told.requesters) == (
        request.id,
        request.digest,
        [],
        ["ada", "edsger"],
    )
    assert told.objection("grace") is None
    for person, said in (("edsger", "edsger requested the training"), ("grace", None)):
        answer = {"job_id": attempt.job_id, "approver": person, "verdict": Verdict.APPROVED, "comment": None}
        if said is not None:
            with pytest.raises(DecisionRefused, match=said):
                decisions.decide(connection, request, **answer)
        else:
            assert decisions.decide(connection, request, **answer).approver == person


@pytest.mark.parametrize(
    ("attempts", "tellings", "unrequested"),
    [
        ((2,), [], [2]),
        ((2,), [{"attempt": 1}], []),
        ((2,), [{"attempt": 1, "surely": False}], [2]),
        ((4,), [{"attempt": 3}], []),  # Airflow lost two that were queued
        ((4,), [{"attempt": 4}], [4]),  # after it had begun
        ((2, 3), [{"attempt": 1}], [3]),
        ((2, 3), [{"attempt": 2}], [2]),
        ((2, 3), [{"attempt": 1}, {"attempt": 2, "hours": 1}], []),
    ],
)
def test_each_attempt_needs_its_requester(
    connection: Connection[Any], attempts: tuple[int, ...], tellings: list[dict[str, Any]], unrequested: list[int]
) -> None:
    version = trained_anew(connection, *attempts)
    for told in tellings:
        cleared(connection, version, "edsger", **told)
    _, request = ask(connection, version)
    assert request.unrequested == unrequested
    assert request.requesters == (["ada", "edsger"] if tellings else ["ada"])


def test_an_earlier_version_of_the_same_training_waits_too(connection: Connection[Any]) -> None:
    key = task_key()
    version = trained_version(connection, key=key)
    add_evaluation(connection, version)
    take(connection, key, number=2, first=2)
    with pytest.raises(DecisionRefused, match="who cleared its training before attempt 2"):
        decide(connection, version)


def test_a_retry_waits_until_the_audit_log_is_read(connection: Connection[Any]) -> None:
    """Airflow may count the attempt after a clear of what was running as a retry."""
    key = task_key()
    take(connection, key)
    version = trained_version(connection, key=key, number=2)
    add_evaluation(connection, version)
    with pytest.raises(DecisionRefused, match=r"who cleared its training before attempt 2(?s:.*)if anybody"):
        decide(connection, version)
    requests_read(connection, version)
    assert decide(connection, version).approver == "grace"


def test_who_had_a_retry_run_has_asked_for_it(connection: Connection[Any]) -> None:
    key = task_key()
    take(connection, key)
    version = trained_version(connection, key=key, number=2)
    add_evaluation(connection, version)
    cleared(connection, version, "grace")
    with pytest.raises(DecisionRefused, match="grace requested the training"):
        decide(connection, version)
    assert decide(connection, version, approver="edsger").approver == "edsger"


def test_an_import_that_returned_what_was_recorded_needs_no_requester(connection: Connection[Any]) -> None:
    """Nothing was imported anew."""
    key = task_key()
    version = trained_version(connection, key=key)
    add_evaluation(connection, version)
    take(connection, key, number=2, first=2, reusable_if={"version": version.number})
    assert ask(connection, version)[1].unrequested == []


def test_the_policy_says_who_may(connection: Connection[Any]) -> None:
    version = evaluated_version(connection)
    attempt, request = ask(connection, version, "grace", "edsger")
    with pytest.raises(DecisionRefused, match=r"alan isn't among the approvers .*: grace, edsger"):
        decisions.decide(
            connection, request, job_id=attempt.job_id, approver="alan", verdict=Verdict.APPROVED, comment=None
        )


def test_no_second_decision(connection: Connection[Any]) -> None:
    version = evaluated_version(connection)
    attempt, request = ask(connection, version)

    def answer(person: str) -> None:
        decisions.decide(
            connection, request, job_id=attempt.job_id, approver=person, verdict=Verdict.APPROVED, comment=None
        )

    answer("grace")
    with pytest.raises(DecisionRefused, match="grace has decided on demo/arrival_delay v1 already"):
        answer("grace")
    versions.decided(connection, version.id, Verdict.APPROVED, job_id=attempt.job_id)
    with pytest.raises(IllegalTransition, match="is approved: there is nothing to decide"):
        answer("edsger")


def test_no_decision_by_who_would_not_see_what_was_committed_meanwhile(
    database: Database, connection: Connection[Any]
) -> None:
    version = evaluated_version(connection)
    attempt, request = ask(connection, version)
    with database.connect() as other:
        other.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with pytest.raises(ModelOpsError, match="READ COMMITTED only, not of REPEATABLE READ"), other.transaction():
            decisions.decide(
                other, request, job_id=attempt.job_id, approver="grace", verdict=Verdict.APPROVED, comment=None
            )


def test_evidence_that_has_changed(connection: Connection[Any]) -> None:
    version = evaluated_version(connection)
    attempt, request = ask(connection, version)
    add_evaluation(connection, version, auc=0.5)
    with pytest.raises(EvidenceChanged, match="has changed since it was shown"):
        decisions.decide(
            connection, request, job_id=attempt.job_id, approver="grace", verdict=Verdict.APPROVED, comment=None
        )


def test_only_an_evaluated_version_is_put_to_a_decision(connection: Connection[Any]) -> None:
    with pytest.raises(ModelOpsError, match="v1 is trained: only an evaluated version"):
        ask(connection, trained_version(connection))


def test_approved_without_a_decision(connection: Connection[Any]) -> None:
    version = evaluated_version(connection)
    attempt = job_on(connection, version, JobType.APPROVAL)
    with pytest.raises(NotApproved, match="can't be approved without a decision"):
        versions.decided(connection, version.id, Verdict.APPROVED, job_id=attempt.job_id)


DECIDE = """
INSERT INTO modelops.decision (version_id, request_id, job_id, digest, approver, verdict)
SELECT version_id, id, {job}, {digest}, '{approver}', '{verdict}' FROM modelops.approval_request
"""
FORGED = [
    ({"approver": "ada"}, "can't decide on it"),
    ({"digest": "repeat('0', 64)"}, "has changed since it was shown"),
    ({"verdict": "rejected"}, "decision_rejected_with_reason"),
    ({"job": "1"}, "isn't an approval"),
]
DATED = "INSERT INTO modelops.decision (decided_at) VALUES ('2001-01-01')"
SHOWN = "INSERT INTO modelops.approval_request (evidence) VALUES ('{}')"


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        *(
            (
                DECIDE.format(**{"job": "job_id", "digest": "digest", "approver": "grace", "verdict": "approved"} | it),
                said,
            )
            for it, said in FORGED
        ),
        (DATED, "permission denied"),
        (SHOWN, "permission denied"),
        ("UPDATE modelops.version SET status = 'approved'", "there is no transition|without a decision"),
        ("UPDATE modelops.approval_request SET approvers = '{ada}'", "permission denied"),
        ("DELETE FROM modelops.approval_request", "permission denied"),
    ],
)
def test_forged_with_psql(database: Database, connection: Connection[Any], sql: str, said: str) -> None:
    """As the login that jobs have."""
    ask(connection, evaluated_version(connection))
    done = database.psql("modelops_jobs", sql)
    assert done.returncode != 0, done.stdout
    assert re.search(said, done.stderr), done.stderr


def test_psql_does_not_decide_either_while_a_requester_is_unknown(
    database: Database, connection: Connection[Any]
) -> None:
    ask(connection, trained_anew(connection))
    sql = DECIDE.format(job="job_id", digest="digest", approver="grace", verdict="approved")
    done = database.psql("modelops_jobs", sql)
    assert done.returncode != 0, done.stdout
    assert re.search(UNKNOWN, done.stderr), done.stderr


@pytest.mark.parametrize("table", ["decision", "approval_request"])
@pytest.mark.parametrize(
    "sql", ["UPDATE modelops.{} SET id = DEFAULT", "DELETE FROM modelops.{}", "TRUNCATE modelops.{} CASCADE"]
)
def test_nobody_changes_what_was_decided(database: Database, connection: Connection[Any], table: str, sql: str) -> None:
    """Not even the schema's owner, as long as the guards stand."""
    decide(connection, evaluated_version(connection))
    done = database.psql("modelops_owner", sql.format(table))
    assert "append-only" in done.stderr
