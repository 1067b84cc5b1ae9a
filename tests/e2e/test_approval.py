"""Approval on a real Airflow: who may answer, through which door, what an answer does, and what lasts."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest

from e2e.system import BATCH, DEPLOYMENT, EVALUATION, RETIREMENT
from modelops.domain.decisions import OTHER_EVIDENCE, REASON_MISSING, UNSTORABLE
from modelops.domain.jobs import JobStatus
from modelops.observer.airflow import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from e2e.system import Run, System

CASES = ("approved", "rejected", "changed", "marked", "stopped", "late", "renewed", "strict+00:00")
"""The last with signs that a run has in its name when Airflow gives it one, and that an address has encoded."""


@pytest.fixture(scope="module")
def runs(system: System) -> Mapping[str, Run]:
    """One life cycle for each case, side by side, up to where they wait for an answer."""
    made = {}
    for case in CASES:
        name, encoded, _ = case.partition("+")
        model = "here/strict" if encoded else "here/scored"
        made[name] = system.run(name=case, model=model, target=f"e2e_{name}")
    for run in made.values():
        run.await_question()
    return made


def decisions_of(run: Run) -> list[dict[str, Any]]:
    return run.system.rows(
        "SELECT decision.*, request.digest AS shown FROM modelops.decision"
        " JOIN modelops.approval_request AS request ON request.id = request_id"
        " JOIN modelops.job ON job.id = decision.job_id WHERE run_id = %(run_id)s",
        run_id=run.run_id,
    )


def digest(question: Mapping[str, Any]) -> str:
    """What the form sends back with the answer."""
    return str(question["params"]["evidence"]["value"])


def refusals(run: Run) -> list[tuple[str, str]]:
    return [(one["actor"], one["detail"]["reason"]) for one in run.events("approve") if one["event"] == "refused"]


def reason(answer: httpx.Response) -> str:
    return str(answer.json()["detail"])


def answered(option: str, **given: Any) -> dict[str, Any]:
    return {"chosen_options": [option], "params_input": {"comment": "", **given}}


def waits_on(run: Run) -> None:
    assert run.task("approve")["state"] == "awaiting_input", run.story()
    assert run.job("approve").status is JobStatus.AWAITING_APPROVAL, run.story()
    assert decisions_of(run) == []


def test_what_the_reviewer_sees(runs: Mapping[str, Run]) -> None:
    run = runs["approved"]
    shown = run.question()
    version = run.versions()[0]
    assert shown["subject"] == f"Approve here/scored v{version['number']}?"
    assert "requested by **trainer**, trained on 100 rows of dataset `train`" in shown["body"]
    assert version["artifact_sha256"] in shown["body"]
    assert run.job("approve").status is JobStatus.AWAITING_APPROVAL


def test_the_reviewers_are_told_where_to_answer(runs: Mapping[str, Run]) -> None:
    """By the notifiers of MODELOPS_NOTIFIERS, of which the first always fails."""
    run = runs["approved"]
    shown = run.question()
    page = f"{run.system.installation.url}/dags/{run.dag_id}/runs/{run.run_id}/tasks/approve/required_actions"
    told = [one for one in run.system.told() if run.run_id in one["link"]]
    assert told == [{"link": f"{page}?map_index=-1", "subject": shown["subject"], "card": shown["body"]}]
    assert any("OutOfOrder failed" in line and "the mail server is away" in line for line in run.log("approve"))


def test_the_requester_is_refused_by_rest_with_the_reason(runs: Mapping[str, Run]) -> None:
    run = runs["approved"]
    answer = run.answer("Approve", "mine is good", account="trainer")
    assert answer.status_code == httpx.codes.FORBIDDEN
    assert "trainer requested the training of here/scored" in reason(answer)
    waits_on(run)


def test_the_requester_is_refused_by_the_route_of_the_web_page(runs: Mapping[str, Run]) -> None:
    """The page sends the token as a cookie. A header without a token doesn't hide who asks."""
    run = runs["approved"]
    system = run.system
    token = system.clients["trainer"].headers["Authorization"].removeprefix("Bearer ")
    with httpx.Client(base_url=system.installation.url, cookies={"_token": token}, trust_env=False) as page:
        for headers in ({}, {"Authorization": "Bearer"}, {"Authorization": "Basic dHJhaW5lcjo="}):
            answer = page.patch(f"/api/v2/{run.question_address}", json=answered("Approve"), headers=headers)
            assert answer.status_code == httpx.codes.FORBIDDEN, headers
            assert "trainer requested the training" in reason(answer)
    waits_on(run)


@pytest.mark.parametrize("spelled", ["-1.0", "-01", " -1"])
def test_another_spelling_of_the_address_is_the_same_door(runs: Mapping[str, Run], spelled: str) -> None:
    """Airflow reads the map index as a number."""
    run = runs["approved"]
    address = run.question_address.replace("/-1/", f"/{quote(spelled)}/")
    answer = run.system.patch(address, answered("Approve"), account="trainer")
    assert answer.status_code == httpx.codes.FORBIDDEN, reason(answer)
    waits_on(run)


def test_who_may_only_look_cannot_answer(runs: Mapping[str, Run]) -> None:
    run = runs["approved"]
    with run.system.installation.api("observer") as observer:
        answer = observer.patch(f"/api/v2/{run.question_address}", json=answered("Approve"))
    assert answer.status_code == httpx.codes.FORBIDDEN
    waits_on(run)


def test_a_malformed_answer_is_left_to_airflow(runs: Mapping[str, Run]) -> None:
    run = runs["approved"]
    for body in (b"", b"[]", b"{", b'{"chosen_options": "Reject"}', b'{"chosen_options": []}'):
        address = f"/api/v2/{run.question_address}"
        headers = {"Content-Type": "application/json"}
        answer = run.system.clients["reviewer"].patch(address, content=body, headers=headers)
        assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY, body
    waits_on(run)


def test_nobody_answers_without_signing_in(runs: Mapping[str, Run]) -> None:
    run = runs["approved"]
    address = f"{run.system.installation.url}/api/v2/{run.question_address}"
    answer = httpx.patch(address, json=answered("Approve"), trust_env=False)
    assert answer.status_code == httpx.codes.UNAUTHORIZED
    waits_on(run)


def test_approved_and_deployed(runs: Mapping[str, Run]) -> None:
    run = runs["approved"]
    assert run.answer("Approve", "as good as the last").is_success
    deployed = run.result("deploy")
    assert (deployed["approved_by"], deployed["target"]) == ("reviewer", "predictions.e2e_approved")
    [decision] = decisions_of(run)
    told = (decision["approver"], decision["verdict"], decision["comment"])
    assert told == ("reviewer", "approved", "as good as the last")
    assert decision["digest"] == decision["shown"]
    assert [version["status"] for version in run.versions()] == ["deployed"]
    again = run.answer("Approve", "once more")
    assert again.status_code == httpx.codes.CONFLICT
    assert len(decisions_of(run)) == 1
    run.await_told("scheduled", "queued", "running", "awaiting_approval", "completed", task="approve", attempt=1)


def test_a_cleared_approval_returns_what_was_decided(runs: Mapping[str, Run]) -> None:
    run = runs["approved"]
    run.result("deploy")
    # What is cleared while Airflow ends the run may wait for ever: Airflow takes the run for a success all the same.
    run.eventually("the run has ended", run.has_ended)
    before = {task: run.result(task) for task in ("approve", "deploy")}
    run.clear("approve")
    run.eventually("both have run again", lambda: [run.job(task).attempt for task in ("approve", "deploy")] == [2, 2])
    run.eventually("the run has ended", run.has_ended)
    assert {task: run.result(task) for task in ("approve", "deploy")} == before
    assert len(decisions_of(run)) == 1


def test_rejected(runs: Mapping[str, Run]) -> None:
    run = runs["rejected"]
    for nothing in ("  ", "", None):
        without = run.answer("Reject", nothing)
        assert (without.status_code, reason(without)) == (httpx.codes.BAD_REQUEST, REASON_MISSING)
    waits_on(run)
    assert run.answer("Reject", "worse for short flights").is_success
    assert run.result("approve")["verdict"] == "rejected"
    run.await_status(JobStatus.SKIPPED, task="deploy")
    assert run.task("deploy")["state"] == "skipped"
    run.eventually("the run is a success", lambda: run.system.get(run.address)["state"] == "success")
    assert [version["status"] for version in run.versions()] == ["rejected"]
    assert [decision["comment"] for decision in decisions_of(run)] == ["worse for short flights"]


def test_evidence_that_changed_is_shown_again(runs: Mapping[str, Run]) -> None:
    run = runs["changed"]
    before = run.question()
    version = run.versions()[0]["number"]
    sql = "SELECT i AS id, i / 10.0::float8 AS x, i::float8 AS y, i % 2 AS late FROM generate_series(1, 9) AS i"
    again = run.system.run(EVALUATION, name="again", model="here/scored", version=version, dataset=sql)
    again.await_end()
    refused = run.answer("Approve")
    assert refused.status_code == httpx.codes.CONFLICT
    assert "has changed since it was shown; it is shown as it is now in a moment" in reason(refused)
    run.eventually("the card shows the evidence of now", lambda: digest(run.question()) != digest(before))
    run.await_question()
    [(actor, why)] = refusals(run)
    assert actor == "reviewer"
    assert "has changed since it was shown" in why
    assert decisions_of(run) == []
    now = run.question()
    assert "Also evaluated on" in now["body"]
    assert digest(now) != digest(before)
    assert len([one for one in run.system.told() if run.run_id in one["link"]]) == 2

    # Who has the page of before still open answers to what isn't shown any more.
    stale = run.answer("Approve", evidence=digest(before))
    assert (stale.status_code, reason(stale)) == (httpx.codes.CONFLICT, OTHER_EVIDENCE)
    assert run.task("approve")["state"] == "awaiting_input"
    assert run.answer("Approve", evidence=digest(now)).is_success
    result = run.result("approve")
    assert (result["verdict"], result["digest"]) == ("approved", digest(now))


def test_marked_as_success_by_hand(runs: Mapping[str, Run]) -> None:
    run = runs["marked"]
    run.set_task("approve", "success")
    job = run.await_status(JobStatus.FAILED, task="deploy")
    assert "is evaluated: nobody has approved it" in (job.error or "")
    assert run.system.rows("SELECT FROM modelops.deployment WHERE job_id = %(id)s", id=job.id) == []
    assert run.await_status(JobStatus.SKIPPED, task="approve").error is not None
    assert [version["status"] for version in run.versions()] == ["evaluated"]


def test_stopped_while_it_waits(runs: Mapping[str, Run]) -> None:
    run = runs["stopped"]
    run.set_task("approve", "failed", account="admin")
    run.await_status(JobStatus.CANCELLED, task="approve")
    run.await_status(JobStatus.SKIPPED, task="deploy")
    assert decisions_of(run) == []


def test_who_has_it_trained_anew_by_any_route_is_a_requester(runs: Mapping[str, Run]) -> None:
    run = runs["renewed"]
    body = {"run_id": run.run_id, "clear_task_instances": True, "dry_run": False}
    answer = run.system.post(f"dags/{run.dag_id}/clearPartitions", body, account="reviewer")
    assert answer.json()["task_instances_cleared"] > 0, answer.text
    run.await_question(attempt=2)
    assert [version["status"] for version in run.versions()] == ["evaluated"] * 2

    def who_cleared() -> list[str]:
        return [event["actor"] for event in run.events() if event["event"] == "cleared"]

    run.eventually("it is on record who cleared it", lambda: who_cleared() == ["reviewer"])
    refused = run.answer("Approve")
    assert refused.status_code == httpx.codes.FORBIDDEN
    assert re.match(r"reviewer requested the training of here/scored v\d+ and can't decide on it$", reason(refused))
    waits_on(run)


def test_the_observer_reads_what_airflow_lists_to_nobody(runs: Mapping[str, Run]) -> None:
    """An entry of a request to all DAGs at once, which Airflow leaves out of its list of the audit log."""
    run = runs["renewed"]
    system = run.system
    began = datetime.now(UTC)
    body = {"dry_run": True, "dag_runs": [{"dag_id": run.dag_id, "dag_run_id": run.run_id}]}
    assert system.post("dags/~/clearDagRuns", body, account="reviewer").is_success
    wanted = {"after": began.isoformat(), "included_events": ["clear_dag_runs"]}
    assert system.get("eventLogs", **wanted)["event_logs"] == []
    with system.installation.api("observer") as observer:
        answer = observer.get(HIDDEN, params=wanted)
    [entry] = answer.raise_for_status().json()["event_logs"]
    assert (entry["owner"], entry["dag_id"], run.run_id in entry["extra"]) == ("reviewer", "~", True)


def test_no_answer_in_time(runs: Mapping[str, Run]) -> None:
    """The seven days are over, by Airflow's own clock."""
    run = runs["late"]
    over = "UPDATE task_instance SET trigger_timeout = now() WHERE run_id = %s AND task_id = 'approve'"
    assert run.system.airflow.look(lambda kept: kept.execute(over, (run.run_id,)).rowcount) == 1
    job = run.await_status(JobStatus.FAILED, task="approve")
    assert "nobody has decided within 7 days" in (job.error or "")
    assert "so the version is not approved" in (job.error or "")
    assert job.attempt == 1
    run.await_status(JobStatus.SKIPPED, task="deploy")
    assert decisions_of(run) == []
    assert [version["status"] for version in run.versions()] == ["evaluated"]


def test_the_models_policy_says_who(runs: Mapping[str, Run]) -> None:
    run = runs["strict"]
    address = run.question_address.replace(run.run_id, quote(run.run_id, safe=""))
    answer = run.system.patch(address, answered("Approve"), account="reviewer")
    assert answer.status_code == httpx.codes.FORBIDDEN
    assert re.match(r"reviewer isn't among the approvers of here/strict v\d+: admin$", reason(answer))
    waits_on(run)
    # Through REST anything may stand where the page has a text.
    nul = run.answer("Approve", {"why": ["a NUL: \0"]}, account="admin")
    assert (nul.status_code, reason(nul)) == (httpx.codes.BAD_REQUEST, UNSTORABLE)
    waits_on(run)
    assert run.answer("Approve", {"why": ["a list"]}, account="admin").is_success
    assert run.result("deploy")["approved_by"] == "admin"
    assert [decision["comment"] for decision in decisions_of(run)] == ["{'why': ['a list']}"]


def test_a_batch_and_the_end_of_a_deployment(runs: Mapping[str, Run]) -> None:
    system = runs["approved"].system
    deployment = runs["approved"].result("deploy")["deployment"]
    batch = system.run(BATCH, name="batch", deployment=deployment)
    result = batch.result("predict")
    assert (result["rows"], result["view"]) == (100, "predictions.e2e_approved")
    assert system.rows("SELECT count(*), min(job_id) AS job FROM predictions.e2e_approved") == [
        {"count": 100, "job": batch.job("predict").id}
    ]
    assert any(result["psql"] in line for line in batch.log("predict"))

    version = runs["approved"].versions()[0]
    asked = {"model": "here/scored", "version": version["number"], "target": "e2e_approved"}
    again = system.run(DEPLOYMENT, name="again", **asked, predict_now=True)
    assert again.result("predict")["rows"] == 100
    assert system.rows("SELECT DISTINCT job_id AS job FROM predictions.e2e_approved") == [
        {"job": again.job("predict").id}
    ]
    deployment = again.result("deploy")["deployment"]
    retirement = system.run(RETIREMENT, name="retired", deployment=deployment, reason="it was a test")
    assert retirement.result("retire")["reason"] == "it was a test"
    refused = system.run(BATCH, name="too-late", deployment=deployment)
    job = refused.await_status(JobStatus.FAILED, task="predict")
    assert f"deployment {deployment} was retired at" in (job.error or "")
    back = system.run(DEPLOYMENT, name="back", model="here/scored", version=version["number"])
    job = back.await_status(JobStatus.FAILED, task="deploy")
    assert "is retired: its last deployment was retired" in (job.error or "")
