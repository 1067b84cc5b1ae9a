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
from modelops.domain.job_types import JobType
from modelops.domain.jobs import Event as JobEvent
from modelops.domain.jobs import JobStatus, TaskKey
from modelops.domain.requests import EvaluationRequest
from modelops.domain.versions import VersionStatus
from modelops.kinds.model.card import card_of
from modelops.kinds.model.evaluate import evaluate
from modelops.registry.write import decisions, jobs, versions
from modelops.stages.approve import decide, request_approval

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Database
    from modelops.domain.decisions import Decision
    from modelops.domain.jobs import Attempt
    from workplace import Workplace


Waiting = Callable[..., TaskKey]
APPROVE = Answer(person="grace", verdict=Verdict.APPROVED, comment=None)
VERSION = 1
"""Of `here/scored`, evaluated and waiting for its decision."""


@pytest.fixture(scope="module")
def lives() -> Callable[[Workplace, Path], None]:
    """The version that most tests decide on, and a model that is in production already."""

    def live(workplace: Workplace, repository: Path) -> None:
        model_folder(repository, "scored")
        evaluated(workplace)
        model_folder(repository, "serving", scoring=SCORING)
        deployed(workplace, "here/serving")

    return live


def decisions_on(workplace: Workplace, number: int, model: str = MODEL) -> Decision | None:
    return decisions.approval_of(workplace.connection, versions.find(workplace.connection, model, number).id)


def status(workplace: Workplace, model: str = MODEL) -> VersionStatus:
    return versions.find(workplace.connection, model, 1).status


def test_approved(workplace: Workplace) -> None:
    result = answered(workplace, VERSION, comment="  as good as the last  ")
    assert (result["verdict"], result["approver"], result["comment"]) == ("approved", "grace", "as good as the last")
    assert status(workplace) is VersionStatus.APPROVED


def test_rejected(workplace: Workplace) -> None:
    result = answered(workplace, VERSION, verdict=Verdict.REJECTED, comment="worse for short flights")
    assert result["verdict"] == "rejected"
    assert status(workplace) is VersionStatus.REJECTED


@pytest.fixture
def waiting(workplace: Workplace) -> Waiting:
    """An approval that waits for its answer."""

    def wait(number: int = 1, key: TaskKey | None = None, version: int = VERSION) -> TaskKey:
        key = key or task_key(task_id="approve")
        request_approval(MODEL, version, workplace.job(JobType.APPROVAL, key=key, number=number))
        return key

    return wait


def events_of(workplace: Workplace, key: TaskKey) -> list[str]:
    [job] = jobs.of_runs(workplace.connection, [key.run_id])
    return [event["event"] for event in jobs.events(workplace.connection, job.id)]


def resumed(workplace: Workplace, key: TaskKey, number: int = 1) -> Attempt:
    """The task goes on in another process, within the same attempt."""
    return take(workplace.connection, key, type=JobType.APPROVAL, number=number, resumed=True)


def test_the_answer_is_the_decision_before_the_task_goes_on(workplace: Workplace, waiting: Waiting) -> None:
    key = waiting()
    result = decided(workplace, key, APPROVE)
    [job] = jobs.of_runs(workplace.connection, [key.run_id])
    assert (job.status, job.result) == (JobStatus.COMPLETED, result)
    assert status(workplace) is VersionStatus.APPROVED
    assert events_of(workplace, key) == ["running", "awaiting_approval", "completed"]
    assert resumed(workplace, key).recorded_result == result
    assert events_of(workplace, key) == ["running", "awaiting_approval", "completed"]


def test_an_answer_that_airflow_loses_is_the_decision_all_the_same(workplace: Workplace, waiting: Waiting) -> None:
    """Airflow may fail the attempt whose answer it took; the next one returns what is on record."""
    key = waiting()
    result = decided(workplace, key, APPROVE)
    retry = take(workplace.connection, key, type=JobType.APPROVAL, number=2)
    assert retry.recorded_result == result
    [job] = jobs.of_runs(workplace.connection, [key.run_id])
    assert (job.status, job.attempt) == (JobStatus.COMPLETED, 2)


def test_an_answer_that_airflow_refuses_is_no_decision(workplace: Workplace, waiting: Waiting) -> None:
    key = waiting()
    with pytest.raises(InterruptedError), decide(workplace.connection, key, APPROVE):
        raise InterruptedError("what Airflow says")
    assert decisions_on(workplace, VERSION) is None
    [job] = jobs.of_runs(workplace.connection, [key.run_id])
    assert job.status is JobStatus.AWAITING_APPROVAL
    assert resumed(workplace, key).recorded_result is None, "the task asks again"
    decided(workplace, waiting(key=key), APPROVE)


def test_two_answers_at_once(workplace: Workplace, database: Database, waiting: Waiting) -> None:
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
    with decide(workplace.connection, key, APPROVE):
        second.start()
        started.wait()
    second.join()
    assert said.get() == "grace has decided on here/scored v1 already"


@pytest.mark.parametrize(
    ("answer", "refusal", "reason"),
    [
        (Answer(person="ada", verdict=Verdict.APPROVED, comment="mine is good"), DecisionRefused, "ada requested the"),
        (Answer.from_fields("grace", Verdict.REJECTED, {"comment": " \n"}), IncompleteAnswer, REASON_MISSING),
        (Answer(person="grace", verdict=Verdict.APPROVED, evidence="0" * 64), StaleCard, "a card with other evidence"),
    ],
)
def test_the_job_waits_on_after_answers_that_do_not_count(
    workplace: Workplace, waiting: Waiting, answer: Answer, refusal: type[Exception], reason: str
) -> None:
    key = waiting()
    with pytest.raises(refusal, match=reason), decide(workplace.connection, key, answer):
        pytest.fail("Airflow is asked whether it takes the answer")
    assert events_of(workplace, key) == ["running", "awaiting_approval"]
    decided(workplace, key, APPROVE)


def test_what_cannot_be_stored_is_no_answer() -> None:
    with pytest.raises(IncompleteAnswer, match=UNSTORABLE):
        Answer.from_fields("grace", Verdict.APPROVED, {"comment": {"why": ["a NUL: \0"]}})


def test_an_answer_that_comes_too_early_or_too_late(workplace: Workplace, waiting: Waiting) -> None:
    key = task_key(task_id="approve")
    with decide(workplace.connection, key, APPROVE) as result:
        assert result is None, "no job of ours is that task"
    attempt_at(workplace, JobType.APPROVAL, key=key)
    with pytest.raises(NotAwaited, match="too early"), decide(workplace.connection, key, APPROVE):
        pytest.fail("the approval is only being prepared")
    attempt = attempt_at(workplace, JobType.APPROVAL, key=key, number=2)
    jobs.give_up(workplace.connection, attempt, error="stopped", again=False)
    with pytest.raises(NotAwaited, match=r"has ended \(failed\)"), decide(workplace.connection, key, APPROVE):
        pytest.fail("the approval is over")
    assert decisions_on(workplace, VERSION) is None


def test_evidence_that_changes_meanwhile_is_shown_again(workplace: Workplace, waiting: Waiting) -> None:
    key = waiting()
    request = EvaluationRequest(
        model=MODEL, version=VERSION, dataset="SELECT id, x, y, late FROM measured WHERE id > 90"
    )
    evaluate(request, workplace.job(JobType.EVALUATION))
    with pytest.raises(EvidenceChanged), decide(workplace.connection, key, APPROVE):
        pytest.fail("the evidence is another by now")
    [job] = jobs.of_runs(workplace.connection, [key.run_id])
    before = decisions.newest_request(workplace.connection, job.id)
    again = request_approval(MODEL, VERSION, workplace.run(resumed(workplace, key)))
    assert before is not None
    assert again.digest != before.digest
    assert len(again.evidence["evaluations"]) == 2
    assert decided(workplace, key, APPROVE)["digest"] == again.digest
    events = jobs.events(workplace.connection, job.id)
    assert [event["event"] for event in events] == [
        "running", "awaiting_approval", "refused", "running", "awaiting_approval", "completed",
    ]  # fmt: skip
    assert "has changed since it was shown" in events[2]["detail"]["reason"]
    assert [event["actor"] for event in events[2:]] == ["grace", "worker", "worker", "grace"]


def test_a_decision_lasts_when_the_task_is_cleared(workplace: Workplace, waiting: Waiting) -> None:
    key = waiting()
    result = decided(workplace, key, APPROVE)
    reusable = {"model": MODEL, "version": VERSION}
    cleared = take(workplace.connection, key, type=JobType.APPROVAL, number=2, first=2, reusable_if=reusable)
    assert cleared.recorded_result == result
    # The training was cleared too and has made another version: that one needs a decision of its own.
    other = take(
        workplace.connection,
        key,
        type=JobType.APPROVAL,
        number=3,
        first=3,
        reusable_if=reusable | {"version": VERSION + 1},
    )
    assert other.recorded_result is None


def test_the_policy_of_the_pinned_code_counts(workplace: Workplace, repository: Path) -> None:
    folder = model_folder(repository, "strict", policy="approvers: [edsger]\n")
    version = evaluated(workplace, "here/strict")["version"]
    (folder / "policy.yaml").write_text("approvers: [grace]\n")
    with pytest.raises(DecisionRefused, match=r"grace isn't among the approvers of here/strict v1: edsger"):
        answered(workplace, version, model="here/strict", person="grace")
    assert decisions_on(workplace, 1, "here/strict") is None


def test_a_policy_that_leaves_nobody(workplace: Workplace, repository: Path) -> None:
    model_folder(repository, "lonely", policy="approvers: [grace]\n")
    version = evaluated(workplace, "here/lonely")["version"]
    with workplace.connection.cursor() as cursor:
        [training] = cursor.execute("SELECT job_id FROM modelops.version WHERE name = 'here/lonely'").fetchone() or ()
    cleared = {"actor": "grace", "detail": {}, "at": None}
    jobs.add_event(workplace.connection, training, 1, JobEvent.CLEARED, **cleared)
    with pytest.raises(
        DecisionRefused, match=r"nobody may decide on here/lonely v1: all of its approvers requested it"
    ):
        request_approval("here/lonely", version, workplace.job(JobType.APPROVAL))
    assert status(workplace, "here/lonely") is VersionStatus.EVALUATED


def test_the_card(workplace: Workplace) -> None:
    request = request_approval(MODEL, VERSION, workplace.job(JobType.APPROVAL))
    card = card_of(request)
    for said in (
        "**here/scored v1**, requested by **ada**, trained on 60 rows of dataset `train`.",
        "Evaluated on 40 rows of dataset `evaluate`. No version of this model is in production yet.",
        "| shift | 5 |",
        f"| artifacts | `{request.evidence['artifact_sha256']}` |",
        f"| **all of this evidence** | `{request.digest}` |",
        "May decide: **anybody else**; ada requested it and can't decide.",
    ):
        assert said in card


def test_the_card_sets_the_champions_metrics_beside(workplace: Workplace, repository: Path) -> None:
    model_folder(repository, "serving", scoring=SCORING)
    version = evaluated(workplace, "here/serving")["version"]
    card = card_of(request_approval("here/serving", version, workplace.job(JobType.APPROVAL)))
    assert "| metric | v2 | champion v1 | difference |" in card
    assert "| shift | 5 | 5 | +0 |" in card
    assert "the champion v1 on the same rows" in card
