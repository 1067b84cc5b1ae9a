"""What people do about jobs in the view and through its API: stop, retry, approve, reject, run now."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import expect

from e2e.browser import barriers, visit
from e2e.processes import processes_of
from e2e.system import BATCH, PERFORMANCE
from modelops.domain.decisions import REASON_MISSING
from modelops.domain.job_types import JobType
from modelops.domain.jobs import JobStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from e2e.browser import Signed
    from e2e.system import Run, System

CASES = ("approve", "reject", "refused", "listed")
LABELS = "SELECT i AS id, i % 2 AS late FROM generate_series(1, 90) AS i"


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that the runs `stop` and `look` wait for."""
    made: Path = tmp_path_factory.mktemp("actions") / "gate"
    return made


@pytest.fixture(scope="module")
def runs(system: System, gate: Path) -> Mapping[str, Run]:
    """Life cycles side by side: some that come to wait for a reviewer, and some whose training waits."""
    held = {"model": "here/quick", "hyperparameters": {"gate": str(gate)}}
    labelled = {"model": "here/scored", "truth": LABELS}
    return {
        **{case: system.run(name=f"act-{case}", target=f"e2e_act_{case}", **labelled) for case in CASES},
        **{case: system.run(name=f"act-{case}", **held) for case in ("stop", "look")},
    }


def waiting(runs: Mapping[str, Run], case: str) -> Run:
    """One that waits for its reviewer."""
    runs[case].await_question()
    return runs[case]


def address_of(run: Run, task: str = "train") -> str:
    return f"/plugin/modelops/jobs/{run.job(task).id}"


def act(run: Run, action: str, task: str = "train", *, account: str = "trainer", **given: Any) -> httpx.Response:
    """Without a browser."""
    with run.system.installation.api(account) as client:
        return client.post(f"/modelops/api/jobs/{run.job(task).id}/{action}", json=given, timeout=30)


def button(page: Page | Locator, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def confirm(page: Page, name: str) -> None:
    """The last word, in the dialog."""
    page.get_by_role("alertdialog").get_by_role("button", name=name, exact=True).click()


def status(page: Page, name: str) -> Locator:
    """The badge beside the heading."""
    return page.locator("[data-status]").filter(has_text=name).first


def test_who_may_only_look(people: Signed, runs: Mapping[str, Run]) -> None:
    run = runs["look"]
    run.await_line("waiting for")
    with people.page(address_of(run), account="observer") as page:
        expect(page.get_by_role("log")).to_contain_text("waiting for")
        expect(button(page, "Stop")).to_have_count(0)
    refused = act(run, "stop", account="observer")
    assert refused.status_code == httpx.codes.FORBIDDEN
    assert refused.json()["detail"] == "Airflow doesn't let you do this with the DAG model_lifecycle"
    stopped = act(run, "stop")
    assert (stopped.status_code, stopped.json()) == (httpx.codes.ACCEPTED, {"run_id": run.run_id})
    run.await_status(JobStatus.CANCELLED)


def test_stop_and_retry(people: Signed, system: System, runs: Mapping[str, Run], gate: Path) -> None:
    run = runs["stop"]
    run.await_line("waiting for")
    with people.page(address_of(run)) as page:
        button(page, "Stop").click()
        dialog = page.get_by_role("alertdialog")
        expect(dialog).to_contain_text("Stop: Training · here/quick")
        assert barriers(page) == []
        button(page, "Cancel").first.click()
        expect(dialog).to_have_count(0)
        assert run.job().status is JobStatus.RUNNING
        button(page, "Stop").click()
        confirm(page, "Stop")
        expect(status(page, "Cancelled")).to_be_visible()
        run.eventually("its processes are gone", lambda: processes_of(system, run.job().id) == [])
        expect(button(page, "Stop")).to_have_count(0)

        gate.touch()
        run.eventually("the run has ended", run.has_ended)
        button(page, "Retry").click()
        confirm(page, "Retry")
        expect(status(page, "Completed")).to_be_visible()
    assert [event["actor"] for event in run.events() if event["event"] in {"cancelled", "cleared"}] == ["trainer"] * 2


def test_decide_where_all_that_waits_is_listed(people: Signed, runs: Mapping[str, Run]) -> None:
    """Two clicks from Airflow's home; who requested the version has nothing to decide."""
    run = waiting(runs, "listed")
    subject = run.job("approve").subject
    with people.page("/", account="reviewer") as page:
        page.get_by_role("link", name="ModelOps").click()
        pages = page.get_by_role("navigation", name="ModelOps")
        pages.get_by_role("link", name=re.compile(r"Waiting for you\s*\d")).click()
        asked = page.get_by_role("region", name=subject, exact=True)
        expect(asked).to_contain_text("Requested by: trainer")
        expect(asked.get_by_role("table")).to_be_visible()
        assert barriers(page) == []
        button(asked, "Reject").press("Enter")
        expect(button(page.get_by_role("alertdialog"), "Reject")).to_be_disabled()
        page.keyboard.press("Escape")
        expect(page.get_by_role("alertdialog")).to_have_count(0)
        button(asked, "Approve").press("Enter")
        dialog = page.get_by_role("alertdialog")
        dialog.get_by_role("textbox").fill("seen in the list")
        button(dialog, "Approve").press("Enter")
        expect(dialog).to_have_count(0)
        expect(asked).to_have_count(0)
    with people.page("/plugin/modelops/waiting") as page:
        expect(page.get_by_text("No decision waits for you.")).to_be_visible()
    run.result("deploy")
    [decision] = run.system.rows(
        "SELECT approver, comment FROM modelops.decision WHERE job_id = %(job)s", job=run.job("approve").id
    )
    assert decision == {"approver": "reviewer", "comment": "seen in the list"}


def test_approve(people: Signed, runs: Mapping[str, Run]) -> None:
    run = waiting(runs, "approve")
    with people.page(address_of(run, "approve")) as page:
        expect(page.get_by_text(re.compile("trainer requested the training of here/scored"))).to_be_visible()
        expect(button(page, "Stop")).to_be_visible()
        expect(button(page, "Approve")).to_have_count(0)
    with people.page(address_of(run, "approve"), account="reviewer") as page:
        expect(page.get_by_role("row", name="shift")).to_be_visible()
        expect(page.get_by_text("all of this evidence")).to_be_visible()
        assert barriers(page) == []
        button(page, "Approve").click()
        page.get_by_label("Comment").fill("as good as it gets")
        confirm(page, "Approve")
        expect(status(page, "Completed")).to_be_visible()
        expect(button(page, "Approve")).to_have_count(0)
    [decision] = run.system.rows(
        "SELECT approver, verdict, comment FROM modelops.decision WHERE job_id = %(job)s", job=run.job("approve").id
    )
    assert decision == {"approver": "reviewer", "verdict": "approved", "comment": "as good as it gets"}
    run.result("deploy")


def test_reject(people: Signed, runs: Mapping[str, Run]) -> None:
    run = waiting(runs, "reject")
    with people.page(address_of(run, "approve"), account="reviewer") as page:
        button(page, "Reject").click()
        last = page.get_by_role("alertdialog").get_by_role("button", name="Reject", exact=True)
        expect(last).to_be_disabled()
        page.get_by_label("Comment").fill("worse at night")
        last.click()
        expect(status(page, "Completed")).to_be_visible()
    assert [version["status"] for version in run.versions()] == ["rejected"]


def test_refusals_of_a_decision_are_those_of_every_door(runs: Mapping[str, Run]) -> None:
    run = waiting(runs, "refused")
    own = act(run, "approve", "approve")
    assert own.status_code == httpx.codes.FORBIDDEN
    assert "requested the training" in own.json()["detail"]
    silent = act(run, "reject", "approve", account="reviewer")
    assert (silent.status_code, silent.json()["detail"]) == (httpx.codes.BAD_REQUEST, REASON_MISSING)
    other = act(run, "approve", "approve", account="reviewer", evidence="0" * 64)
    assert other.status_code == httpx.codes.CONFLICT
    assert run.job("approve").status is JobStatus.AWAITING_APPROVAL
    assert act(run, "approve", "approve", account="reviewer").is_success
    run.await_status(JobStatus.COMPLETED, task="approve")
    late = act(run, "reject", "approve", account="reviewer", comment="on second thoughts")
    assert late.status_code == httpx.codes.CONFLICT


def test_run_now(people: Signed, runs: Mapping[str, Run], system: System) -> None:
    deployment = runs["approve"].result("deploy")["deployment"]
    first = system.run(BATCH, name="view-batch", deployment=deployment)
    before = first.result("predict")
    with people.page(address_of(first, "predict")) as page:
        button(page, "Run now").click()
        confirm(page, "Run now")
        expect(page.get_by_role("alertdialog")).to_have_count(0)
        expect(page.get_by_text("Run now: Airflow has accepted the request.")).to_be_visible()
        page.get_by_role("tab", name="Predictions").click()
        expect(page.get_by_text("Rows published in predictions.e2e_act_approve")).to_be_visible()
        expect(page.get_by_role("row")).to_have_count(21)
        assert barriers(page) == []
    with system.installation.api("trainer") as client:
        found = {"type": "batch_prediction", "subject": first.job("predict").subject}

        def again() -> bool:
            jobs = client.get("/modelops/api/jobs", params=found).json()["jobs"]
            return [job["status"] for job in jobs] == ["completed", "completed"]

        first.eventually("a second batch has completed", again)
        [newest, _] = client.get("/modelops/api/jobs", params=found).json()["jobs"]
        result = client.get(f"/modelops/api/jobs/{newest['id']}").json()["result"]
    assert result["rows"] == before["rows"]
    assert newest["requested_by"] == "trainer"


def test_models_deployments_and_what_is_in_production(people: Signed, runs: Mapping[str, Run], system: System) -> None:
    run = runs["approve"]
    deployed = run.result("deploy")
    dag = f"/api/v2/dags/deployment_{deployed['deployment']}"
    system.parsed("Airflow has its DAG", lambda: system.clients["trainer"].get(dag).is_success)
    [version] = run.versions()
    subject = f"here/scored v{version['number']}"
    with people.page("/plugin/modelops/models?model=here/scored") as page:
        row = (
            page.get_by_role("region", name="Versions", exact=True)
            .get_by_role("row")
            .filter(has_text=f"v{version['number']}")
        )
        expect(row).to_contain_text("Deployed")
        expect(row).to_contain_text("approved by reviewer")
        row.get_by_role("link", name="Its jobs").click()
        expect(page.locator("[data-job]").first).to_contain_text(subject)
        page.get_by_role("link", name="Deployments").click()
        row = page.get_by_role("row").filter(has_text="predictions.e2e_act_approve")
        expect(row).to_contain_text(subject)
        expect(row).to_contain_text("in production")
        expect(row.locator("[data-status=completed]")).to_be_visible()
        expect(row).to_contain_text("manual")
        row.get_by_role("link", name="Data intervals").click()
        expect(page.get_by_role("heading", name=f"Data intervals of {subject} → {deployed['target']}")).to_be_visible()
        expect(page.get_by_role("row").nth(1)).to_contain_text(re.compile("all times.*Done.*on request.*100"))
        assert barriers(page) == []
        page.get_by_role("link", name="All deployments").click()
        page.get_by_label("Search in names and targets").fill("e2e_act_APPROVE")
        page.get_by_role("link", name="predictions.e2e_act_approve").click()
        expect(page.get_by_role("heading", name=f"{subject} → {deployed['target']}")).to_be_visible()
        expect(page.get_by_role("region", name="Published batches")).to_contain_text(re.compile("all rows.*100"))
        assert barriers(page) == []
        page.get_by_role("button", name="Run now").click()
        confirm(page, "Run now")
        expect(page.get_by_text("Run now: Airflow has accepted the request.")).to_be_visible()
        page.get_by_role("link", name="In production").click()
        row = page.get_by_role("row").filter(has_text="predictions.e2e_act_approve")
        expect(row).to_contain_text("as good as it gets")
        row.get_by_role("link", name=re.compile("^[0-9a-f]{12}$")).click()
        expect(page.get_by_text("all of this evidence")).to_be_visible()
        visit(page, "/plugin/modelops/production?at=2020-01-01T00:00")
        expect(page.get_by_text("Nothing was in production at that time.")).to_be_visible()
    assert deployed["target"] == "predictions.e2e_act_approve"


def test_performance_is_measured_and_shown(people: Signed, runs: Mapping[str, Run], system: System) -> None:
    deployed = runs["approve"].result("deploy")
    system.run(BATCH, name="labelled", deployment=deployed["deployment"]).result("predict")
    run = system.run(PERFORMANCE, name="measured", deployment=deployed["deployment"])
    result = run.result("measure")
    assert {(one["rows"], one["labelled"]) for one in result["measured"]} == {(100, 90)}
    job = run.job("measure")
    assert (job.type, job.requested_by) == (JobType.PERFORMANCE_MEASUREMENT, "trainer")
    with people.page("/plugin/modelops/deployments") as page:
        row = page.get_by_role("row").filter(has_text="predictions.e2e_act_approve")
        row.get_by_role("link", name="Performance").click()
        subject = f"here/scored v{deployed['version']}"
        expect(page.get_by_role("heading", name=f"Performance of {subject} → {deployed['target']}")).to_be_visible()
        expect(page.get_by_text("Labels: given as SQL")).to_be_visible()
        batches = page.get_by_role("region", name="Batches").get_by_role("row")
        expect(batches.nth(1)).to_contain_text(re.compile("all times.*100.*90.*10"))
        assert barriers(page) == []
        visit(page, f"/plugin/modelops/jobs/{job.id}")
        expect(page.get_by_role("columnheader", name="log_loss")).to_be_visible()
        assert barriers(page) == []
