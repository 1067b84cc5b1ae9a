"""An approval as its task goes through it: ask, wait, take an answer, refuse it or make it a decision."""

from __future__ import annotations

from collections.abc import Callable
from queue import Queue
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest

from factories import SCORING, model_folder, take, task_key
from integration.lifecycle.life import MODEL, answered, attempt_at, decided, deployed, evaluated
from modelops.domain.decisions import REASON_MISSING, UNSTORABLE, Answer, Verdict
from modelops.domain.errors import DecisionRefused, EvidenceChanged, IncompleteAnswer, NotAwaited, StaleCard
from modelops.domain.jobs import Event as JobEvent
from modelops.domain.jobs import JobStatus, JobType, TaskKey
from modelops.domain.versions import VersionStatus
from modelops.lifecycle.approve import ask, decide
from modelops.lifecycle.card import card_of
from modelops.lifecycle.evaluate import EvaluationRequest, evaluate
from modelops.registry import decisions, jobs, versions

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Database
    from modelops.domain.decisions import Decision
    from modelops.domain.jobs import Attempt
    from modelops.lifecycle.services import Services


Waiting = Callable[..., TaskKey]
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


def decisions_on(services: Services, number: int, model: str = MODEL) -> Decision | None:
    return decisions.approval_of(services.connection, versions.find(services.connection, model, number).id)


def status(services: Services, model: str = MODEL) -> VersionStatus:
    return versions.find(services.connection, model, 1).status


def test_approved(services: Services) -> None:
    result = answered(services, VERSION, comment="  as good as the last  ")
    assert (result["verdict"], result["approver"], result["comment"]) == ("approved", "grace", "as good as the last")
    assert status(services) is VersionStatus.APPROVED


def test_rejected(services: Services) -> None:
    result = answered(services, VERSION, verdict=Verdict.REJECTED, comment="worse for short flights")
    assert result["verdict"] == "rejected"
    assert status(services) is VersionStatus.REJECTED


@pytest.fixture
def waiting(services: Services) -> Waiting:
    """An approval that waits for its answer."""

    def wait(number: int = 1, key: TaskKey | None = None, version: int = VERSION) -> TaskKey:
        key = key or task_key(task_id="approve")
        ask(MODEL, version, attempt_at(services, JobType.APPROVAL, key=key, number=number), services)
        return key

    return wait


def events_of(services: Services, key: TaskKey) -> list[str]:
    [job] = jobs.of_runs(services.connection, [key.run_id])
    return [event["event"] for event in jobs.events(services.connection, job.id)]


def resumed(services: Services, key: TaskKey, number: int = 1) -> Attempt:
    """The task goes on in another process, within the same attempt."""
    return take(services.connection, key, type=JobType.APPROVAL, number=number, resumed=True)


def test_the_answer_is_the_decision_before_the_task_goes_on(services: Services, waiting: Waiting) -> None:
    key = waiting()
    result = decided(services, key, APPROVE)
    [job] = jobs.of_runs(services.connection, [key.run_id])
    assert (job.status, job.result) == (JobStatus.COMPLETED, result)
    assert status(services) is VersionStatus.APPROVED
    assert events_of(services, key) == ["running", "awaiting_approval", "completed"]
    assert resumed(services, key).recorded_result == result
    assert events_of(services, key) == ["running", "awaiting_approval", "completed"]


def test_an_answer_that_airflow_loses_is_the_decision_all_the_same(services: Services, waiting: Waiting) -> None:
    """Airflow may fail the attempt whose answer it took; the next one returns what is on record."""
    key = waiting()
    result = decided(services, key, APPROVE)
    retry = take(services.connection, key, type=JobType.APPROVAL, number=2)
    assert retry.recorded_result == result
    [job] = jobs.of_runs(services.connection, [key.run_id])
    assert (job.status, job.attempt) == (JobStatus.COMPLETED, 2)


def test_an_answer_that_airflow_refuses_is_no_decision(services: Services, waiting: Waiting) -> None:
    key = waiting()
    with pytest.raises(InterruptedError), decide(services.connection, key, APPROVE):
        raise InterruptedError("what Airflow says")
    assert decisions_on(services, VERSION) is None
    [job] = jobs.of_runs(services.connection, [key.run_id])
    assert job.status is JobStatus.AWAITING_APPROVAL
    assert resumed(services, key).recorded_result is None, "the task asks again"
    decided(services, waiting(key=key), APPROVE)


def test_two_answers_at_once(services: Services, database: Database, waiting: Waiting) -> None:
    """The second waits for the first, and then hears that it has decided."""
    key = waiting()
    started, said = Event(), Queue[object]()

    def answer() -> None:
        with database.connect() as another:
            started.set()
            try:
                with decide(another, key, Answer(person="edsger", verdict=Verdict.APPROVED)):
                    said.put("decided")
            except NotAwaited as error:
                said.put(str(error))

    second = Thread(target=answer)
    with decide(services.connection, key, APPROVE):
        second.start()
        started.wait()
    second.join()
    assert said.get() == "grace has decided on here/scored v1 already"


@pytest.mark.parametrize(
    ("answer", "refusal", "reason"),
    [
        (Answer(person="ada", verdict=Verdict.APPROVED, comment="mine is good"), DecisionRefused, "ada asked for the"),
        (Answer.given("grace", Verdict.REJECTED, {"comment": " \n"}), IncompleteAnswer, REASON_MISSING),
        (Answer(person="grace", verdict=Verdict.APPROVED, evidence="0" * 64), StaleCard, "showed other evidence"),
    ],
)
def test_the_job_waits_on_after_answers_that_do_not_count(
    services: Services, waiting: Waiting, answer: Answer, refusal: type[Exception], reason: str
) -> None:
    key = waiting()
    with pytest.raises(refusal, match=reason), decide(services.connection, key, answer):
        pytest.fail("Airflow is asked whether it takes the answer")
    assert events_of(services, key) == ["running", "awaiting_approval"]
    decided(services, key, APPROVE)


def test_what_cannot_be_stored_is_no_answer() -> None:
    with pytest.raises(IncompleteAnswer, match=UNSTORABLE):
        Answer.given("grace", Verdict.APPROVED, {"comment": {"why": ["a NUL: \0"]}})


def test_an_answer_that_comes_too_early_or_too_late(services: Services, waiting: Waiting) -> None:
    key = task_key(task_id="approve")
    with decide(services.connection, key, APPROVE) as result:
        assert result is None, "no job of ours is that task"
    attempt_at(services, JobType.APPROVAL, key=key)
    with pytest.raises(NotAwaited, match="too early"), decide(services.connection, key, APPROVE):
        pytest.fail("the approval is only being prepared")
    attempt = attempt_at(services, JobType.APPROVAL, key=key, number=2)
    jobs.give_up(services.connection, attempt, error="stopped", again=False)
    with pytest.raises(NotAwaited, match=r"has ended \(failed\)"), decide(services.connection, key, APPROVE):
        pytest.fail("the approval is over")
    assert decisions_on(services, VERSION) is None


def test_evidence_that_changes_meanwhile_is_shown_again(services: Services, waiting: Waiting) -> None:
    key = waiting()
    request = EvaluationRequest(
        model=MODEL, version=VERSION, dataset="SELECT id, x, y, late FROM measured WHERE id > 90"
    )
    evaluate(request, attempt_at(services, JobType.EVALUATION), services)
    with pytest.raises(EvidenceChanged), decide(services.connection, key, APPROVE):
        pytest.fail("the evidence is another by now")
    [job] = jobs.of_runs(services.connection, [key.run_id])
    before = decisions.asked(services.connection, job.id)
    again = ask(MODEL, VERSION, resumed(services, key), services)
    assert before is not None
    assert again.digest != before.digest
    assert len(again.evidence["evaluations"]) == 2
    assert decided(services, key, APPROVE)["digest"] == again.digest
    events = jobs.events(services.connection, job.id)
    assert [event["event"] for event in events] == [
        "running", "awaiting_approval", "refused", "running", "awaiting_approval", "completed",
    ]  # fmt: skip
    assert "has changed since it was shown" in events[2]["detail"]["reason"]
    assert [event["actor"] for event in events[2:]] == ["grace", "worker", "worker", "grace"]


def test_a_decision_lasts_when_the_task_is_cleared(services: Services, waiting: Waiting) -> None:
    key = waiting()
    result = decided(services, key, APPROVE)
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
    with pytest.raises(DecisionRefused, match=r"grace isn't among the approvers of here/strict v1: edsger"):
        answered(services, version, model="here/strict", person="grace")
    assert decisions_on(services, 1, "here/strict") is None


def test_a_policy_that_leaves_nobody(services: Services, repository: Path) -> None:
    model_folder(repository, "lonely", policy="approvers: [grace]\n")
    version = evaluated(services, "here/lonely")["version"]
    with services.connection.cursor() as cursor:
        [training] = cursor.execute("SELECT job_id FROM modelops.version WHERE name = 'here/lonely'").fetchone() or ()
    cleared = {"actor": "grace", "detail": {}, "at": None}
    jobs.add_event(services.connection, training, 1, JobEvent.CLEARED, **cleared)
    with pytest.raises(DecisionRefused, match=r"nobody may decide on here/lonely v1: all of its approvers asked"):
        ask("here/lonely", version, attempt_at(services, JobType.APPROVAL), services)
    assert status(services, "here/lonely") is VersionStatus.EVALUATED


def test_the_card(services: Services) -> None:
    request = ask(MODEL, VERSION, attempt_at(services, JobType.APPROVAL), services)
    card = card_of(request)
    for said in (
        "**here/scored v1**, asked for by **ada**, trained on 60 rows of dataset `train`.",
        "Evaluated on 40 rows of dataset `evaluate`. No version of this model is in production yet.",
        "| shift | 5 |",
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
    assert "| shift | 5 | 5 | +0 |" in card
    assert "the champion v1 on the same rows" in card
