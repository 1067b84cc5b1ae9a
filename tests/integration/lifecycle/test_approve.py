"""An approval as its task goes through it: ask, wait, take an answer, refuse it or make it a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from factories import SCORING, model_folder, take, task_key
from integration.lifecycle.life import MODEL, answered, attempt_at, deployed, evaluated
from modelops.domain.decisions import REASON_MISSING, Verdict
from modelops.domain.errors import DecisionRefused, EvidenceChanged
from modelops.domain.jobs import JobStatus, JobType
from modelops.domain.versions import VersionStatus
from modelops.lifecycle.approve import Answer, ask, asked
from modelops.lifecycle.approve import decide as decide_on
from modelops.lifecycle.card import card_of
from modelops.lifecycle.evaluate import EvaluationRequest, evaluate
from modelops.registry import decisions, jobs, versions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modelops.domain.jobs import Attempt
    from modelops.lifecycle.services import Services


def decide(answer: Answer, attempt: Attempt, services: Services) -> dict[str, Any] | None:
    """As the operator does it."""
    return decide_on(asked(attempt, services), answer, attempt, services)


APPROVE = Answer(person="grace", verdict=Verdict.APPROVED, comment=None)
VERSION = 1
"""Of `here/scored`, evaluated and waiting for its decision."""


@pytest.fixture(scope="module")
def lives() -> Callable[[Services, Path], None]:
    """The version that most tests decide on, and a model that is in production already."""

    def live(services: Services, repository: Path) -> None:
        model_folder(repository, "scored")
        evaluated(services)
        model_folder(repository, "serving", scoring=SCORING)
        deployed(services, "here/serving")

    return live


def status(services: Services, model: str = MODEL) -> VersionStatus:
    return versions.find(services.connection, model, 1).status


def test_approved(services: Services) -> None:
    result = answered(services, VERSION, comment="  as good as the last  ")
    assert result is not None
    assert (result["verdict"], result["approver"], result["comment"]) == ("approved", "grace", "as good as the last")
    assert status(services) is VersionStatus.APPROVED


def test_rejected(services: Services) -> None:
    result = answered(services, VERSION, verdict=Verdict.REJECTED, comment="worse for short flights")
    assert result is not None
    assert result["verdict"] == "rejected"
    assert status(services) is VersionStatus.REJECTED


def test_the_job_waits_on_after_answers_that_do_not_count(services: Services, log: list[str]) -> None:
    key = task_key(task_id="approve")
    asked = ask(MODEL, VERSION, attempt_at(services, JobType.APPROVAL, key=key), services)

    def answer(person: str, verdict: Verdict, comment: str | None = None) -> object:
        attempt = take(services.connection, key, type=JobType.APPROVAL)
        return decide(Answer(person=person, verdict=verdict, comment=comment), attempt, services)

    assert answer("ada", Verdict.APPROVED, "mine is good") is None
    assert answer("grace", Verdict.REJECTED, " \n") is None
    [job] = jobs.of_runs(services.connection, [key.run_id])
    assert job.status is JobStatus.AWAITING_APPROVAL
    assert answer("grace", Verdict.APPROVED) is not None

    events = jobs.events(services.connection, job.id)
    assert [event["event"] for event in events] == [
        "running", "awaiting_approval",
        "running", "refused", "awaiting_approval",
        "running", "refused", "awaiting_approval",
        "running", "completed",
    ]  # fmt: skip
    refused = [(event["actor"], event["detail"]["reason"]) for event in events if event["event"] == "refused"]
    assert refused == [
        ("ada", "ada asked for the training of here/scored v1 and can't decide on it"),
        ("grace", REASON_MISSING),
    ]
    assert (events[1]["detail"]["digest"], events[-1]["actor"]) == (asked.digest, "grace")
    assert any("doesn't count" in line for line in log)


def test_evidence_that_changes_meanwhile_is_shown_again(services: Services) -> None:
    key = task_key(task_id="approve")
    first = ask(MODEL, VERSION, attempt_at(services, JobType.APPROVAL, key=key), services)
    request = EvaluationRequest(
        model=MODEL, version=VERSION, dataset="SELECT id, x, y, late FROM measured WHERE id > 90"
    )
    evaluate(request, attempt_at(services, JobType.EVALUATION), services)
    attempt = take(services.connection, key, type=JobType.APPROVAL)
    with pytest.raises(EvidenceChanged):
        decide(APPROVE, attempt, services)
    jobs.give_up(services.connection, attempt, error="changed", again=True)  # what the operator does

    again = ask(MODEL, VERSION, take(services.connection, key, type=JobType.APPROVAL, number=2), services)
    assert again.digest != first.digest
    assert len(again.evidence["evaluations"]) == 2
    result = decide(APPROVE, take(services.connection, key, type=JobType.APPROVAL, number=2), services)
    assert result is not None
    assert result["digest"] == again.digest


def test_an_answer_to_an_earlier_card(services: Services) -> None:
    key = task_key(task_id="approve")
    ask(MODEL, VERSION, attempt_at(services, JobType.APPROVAL, key=key), services)
    stale = Answer(person="grace", verdict=Verdict.APPROVED, comment=None, evidence="0" * 64)
    with pytest.raises(EvidenceChanged, match="showed other evidence"):
        decide(stale, take(services.connection, key, type=JobType.APPROVAL), services)
    assert status(services) is VersionStatus.EVALUATED


def test_a_decision_lasts_when_the_task_is_cleared(services: Services) -> None:
    key = task_key(task_id="approve")
    ask(MODEL, VERSION, attempt_at(services, JobType.APPROVAL, key=key), services)
    result = decide(APPROVE, take(services.connection, key, type=JobType.APPROVAL), services)
    lasting = {"model": MODEL, "version": VERSION}
    cleared = take(services.connection, key, type=JobType.APPROVAL, number=2, first=2, lasting=lasting)
    assert cleared.recorded_result == result
    # The training was cleared too and has made another version: that one needs a decision of its own.
    other = take(
        services.connection, key, type=JobType.APPROVAL, number=3, first=3, lasting=lasting | {"version": VERSION + 1}
    )
    assert other.recorded_result is None


def test_the_policy_of_the_pinned_code_counts(services: Services, repository: Path) -> None:
    folder = model_folder(repository, "strict", policy="approvers: [edsger]\n")
    version = evaluated(services, "here/strict")["version"]
    (folder / "policy.yaml").write_text("approvers: [grace]\n")
    assert answered(services, version, model="here/strict", person="grace") is None
    assert decisions.approval_of(services.connection, versions.find(services.connection, "here/strict", 1).id) is None


def test_a_policy_that_leaves_nobody(services: Services, repository: Path) -> None:
    model_folder(repository, "lonely", policy="approvers: [ada]\n")
    version = evaluated(services, "here/lonely")["version"]
    with pytest.raises(DecisionRefused, match=r"nobody may decide on here/lonely v1: all of its approvers asked .*ada"):
        ask("here/lonely", version, attempt_at(services, JobType.APPROVAL), services)
    assert status(services, "here/lonely") is VersionStatus.EVALUATED


def test_the_card(services: Services) -> None:
    request = ask(MODEL, VERSION, attempt_at(services, JobType.APPROVAL), services)
    card = card_of(request)
    for said in (
        "**here/scored v1**, asked for by **ada**, trained on 60 rows of dataset `train`.",
        "Evaluated on 40 rows of dataset `evaluate`. No version of this model is in production yet.",
        "| shift | 5.0000 |",
        f"| artifacts | `{request.evidence['artifact_sha256']}` |",
        f"| **all of this evidence** | `{request.digest}` |",
        "May decide: **anybody else**; ada asked for it and can't.",
    ):
        assert said in card


def test_the_card_sets_the_champions_metrics_beside(services: Services, repository: Path) -> None:
    model_folder(repository, "serving", scoring=SCORING)
    version = evaluated(services, "here/serving")["version"]
    card = card_of(ask("here/serving", version, attempt_at(services, JobType.APPROVAL), services))
    assert "| metric | v2 | champion v1 | difference |" in card
    assert "| shift | 5.0000 | 5.0000 | +0.0000 |" in card
    assert "the champion v1 on the same rows" in card
