"""The Jobs view in a real browser: what people see of jobs, while they run and afterwards."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal

import pytest
from playwright.sync_api import expect

from e2e.addresses import IN_FRENCH, JOBS, PAGES, SHOWN, address_of, pages_of, row
from e2e.browser import OURS, barriers, visit
from e2e.models import SQL
from e2e.system import ALERT_RULE, BATCH, DRIFT_CHECK, EVALUATION, LIFECYCLE, PERFORMANCE, STATISTICS
from modelops.domain.jobs import JobStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from e2e.browser import Signed
    from e2e.system import Run, System

SHIFTED = f"SELECT id, x + 50 AS x, y FROM ({SQL}) AS shifted"
LABELS = f"SELECT id, late FROM ({SQL}) AS labels"


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that the run `live` waits for."""
    made: Path = tmp_path_factory.mktemp("view") / "gate"
    return made


@pytest.fixture(scope="module")
def runs(system: System, gate: Path) -> Mapping[str, Run]:
    """Side by side: one that fails, one that waits, one that needs nothing, an evaluation of what never was, and one
    that gets as far as its approval."""
    quick = {"model": "here/quick"}
    drifting = {"target": "e2e_seen", "predict_dataset": SHIFTED, "truth": LABELS}
    return {
        "deployed": system.run(name="seen-deployed", model="here/scored", **drifting),
        "failed": system.run(name="seen-failed", **quick, hyperparameters={"fail": "on purpose"}),
        "live": system.run(name="seen-live", **quick, hyperparameters={"gate": str(gate)}),
        "whole": system.run(name="seen-whole", **quick),
        "gone": system.run(EVALUATION, name="seen-gone", **quick, version=9999),
    }


@pytest.fixture(scope="module")
def failed(runs: Mapping[str, Run]) -> Run:
    """Its training has failed, and what stood behind it was skipped."""
    run = runs["failed"]
    run.await_end()
    run.await_status(JobStatus.FAILED)
    return run


@pytest.fixture(scope="module")
def deployment(system: System, runs: Mapping[str, Run]) -> int:
    """With a batch that has drifted, its performance, and an alert that is firing."""
    run = runs["deployed"]
    run.await_question()
    assert run.answer("Approve", "as it should be").is_success
    number: int = run.result("deploy")["deployment"]
    asked = {"deployment": number}
    system.run(BATCH, name="seen", **asked).result("predict")
    checked, measured = (system.run(dag, name="seen", **asked) for dag in (DRIFT_CHECK, PERFORMANCE))
    assert checked.result("check_drift")["greatest"] == "major"
    set_ = system.run(ALERT_RULE, name="seen", variable="x", level="major", **asked).result("set")
    assert len(set_["alerts"]["fired"]) == 1
    assert measured.result("measure")["labelled"] == 100
    return number


def test_a_job_is_listed_from_the_start_and_moves_by_itself(
    people: Signed, system: System, runs: Mapping[str, Run], tmp_path: Path
) -> None:
    held = tmp_path / "gate"
    with people.page("/") as page:
        page.get_by_role("link", name="ModelOps").click()
        # The first page of all, while the runs of this module train their models beside it.
        expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()
        run = system.run(name="seen", model="here/quick", hyperparameters={"gate": str(held)})
        run.eventually("the ledger has it", lambda: {"train", "evaluate"} <= set(run.jobs()))
        expect(row(page, run, "evaluate")).to_contain_text("Created")
        held.touch()
        expect(row(page, run)).to_contain_text("Completed")
        expect(row(page, run)).to_contain_text("trainer")


def test_the_log_of_a_running_job_is_live(people: Signed, runs: Mapping[str, Run], gate: Path) -> None:
    run = runs["live"]
    run.await_line("waiting for")
    with people.page(address_of(run)) as page:
        log = page.get_by_role("log")
        expect(log).to_contain_text("waiting for")
        expect(log).not_to_contain_text("train finished")
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        gate.touch()
        expect(log).to_contain_text("train finished")
        expect(page.get_by_text("Completed").first).to_be_visible()
        page.get_by_label("Search").fill("rows written")
        expect(page.get_by_text("1 line", exact=True)).to_be_visible()
        expect(log.locator("mark")).to_have_text("rows written")
        with page.expect_download() as download:
            page.get_by_role("button", name="Download").click()
        assert "train finished" in download.value.path().read_text()


def test_filters_are_in_the_address(people: Signed, failed: Run) -> None:
    with people.page() as page:
        page.get_by_role("button", name="Training", exact=True).click()
        page.get_by_label("Status").first.click()
        page.get_by_role("option", name="Failed").click()
        page.keyboard.press("Escape")
        page.get_by_label("Model or version").fill("here/quick")
        page.get_by_label("Requested by").fill("trainer")
        expect(page).to_have_url(re.compile("person=trainer"))
        assert re.findall(r"[?&](\w+)=([^&]*)", page.url) == [
            ("type", "training"),
            ("status", "failed"),
            ("subject", "here%2Fquick"),
            ("person", "trainer"),
        ]
        page.reload()
        expect(row(page, failed)).to_contain_text("Failed")
        expect(page.locator("[data-job]").filter(has_not_text="Training")).to_have_count(0)
        page.get_by_label("Requested by").fill("nobody")
        expect(page.get_by_text("No job matches these filters.")).to_be_visible()
        page.get_by_role("button", name="Clear filters").click()
        expect(page).to_have_url(re.compile(r"/plugin/modelops$"))
        expect(page.locator("[data-job]").first).to_be_visible()


def test_pages(people: Signed, failed: Run) -> None:
    """With one job on a page, since here there are few."""

    def one(route: Any) -> None:
        route.continue_(url=route.request.url.replace("limit=50", "limit=1"))

    with people.page() as page:
        page.route(JOBS, one)
        visit(page, "/plugin/modelops?subject=here/quick")
        jobs = page.locator("[data-job]")
        expect(jobs).to_have_count(1)
        first = jobs.get_attribute("data-job")
        page.get_by_role("button", name="Next page").click()
        expect(page.locator(f"[data-job='{first}']")).to_have_count(0)
        expect(jobs).to_have_count(1)
        page.get_by_role("button", name="Previous page").click()
        expect(page.locator(f"[data-job='{first}']")).to_be_visible()


def test_the_life_of_a_job(people: Signed, failed: Run) -> None:
    with people.page(address_of(failed, tab="life")) as page:
        expect(page.get_by_role("heading", name="Training · here/quick")).to_be_visible()
        told = page.get_by_role("table").get_by_role("row")
        expect(told).to_have_count(len(failed.events()) + len(failed.waits()) + 1)
        expect(told.last).to_contain_text("Failed")
        expect(page.get_by_text("code pinned")).to_be_visible()
        expect(page.get_by_role("img", name=re.compile("Running: "))).to_be_visible()


def test_an_error_is_shown_in_full(people: Signed, failed: Run) -> None:
    error = failed.job().error
    assert error is not None
    with people.page(address_of(failed, tab="properties")) as page:
        expect(page.get_by_text(error)).to_be_visible()
        expect(page.get_by_role("row", name="model here/quick").first).to_be_visible()
        page.get_by_role("tab", name="Logs").click()
        log = page.get_by_role("log")
        expect(log).to_contain_text("on purpose")
        expect(log).not_to_contain_text("Filling up the DagBag")
        page.get_by_role("button", name="Pre Execute").press("Enter")
        expect(log).to_contain_text("Filling up the DagBag")
        visit(page, f"/plugin/modelops?subject=here/quick&search={error.splitlines()[0][:40]}")
        expect(row(page, failed)).to_contain_text(error.splitlines()[0][:40])


def test_evidence_and_files(people: Signed, runs: Mapping[str, Run]) -> None:
    run = runs["whole"]
    run.await_end()
    result = run.job("evaluate").result
    assert result is not None
    with people.page(address_of(run, "evaluate", tab="evidence")) as page:
        for name in result["metrics"]:
            expect(page.get_by_role("row", name=name)).to_be_visible()
        expect(page.get_by_text("No version is in production yet")).to_be_visible()
        assert barriers(page) == []
        visit(page, address_of(run, tab="evidence"))
        with page.expect_download() as download:
            page.get_by_role("link", name="model.json").click()
        [stored] = run.artifacts("output")
        assert sha256(download.value.path().read_bytes()).hexdigest() == stored["sha256"]


def test_statistics_of_a_version_that_were_computed_anew(
    people: Signed, system: System, runs: Mapping[str, Run]
) -> None:
    trained = runs["whole"]
    trained.await_end()
    [version] = trained.versions()
    run = system.run(STATISTICS, name="seen-statistics", model="here/quick", version=version["number"])
    job = run.await_end()["compute_statistics"]
    assert job.status is JobStatus.COMPLETED, run.story()
    with people.page(address_of(run, "compute_statistics", tab="evidence")) as page:
        expect(page.get_by_role("heading", name=f"Compute statistics · {job.subject}")).to_be_visible()
        features = page.get_by_role("region", name=f"Features ({job.result['rows']} rows)")
        expect(features.get_by_role("row")).to_have_count(3)
        features.get_by_role("button", name="x").press("Enter")
        bins = page.get_by_role("region", name="Distribution of x")
        expect(bins.get_by_role("row")).to_have_count(21)
        expect(bins.get_by_role("cell", name=re.compile(r"^[\d.]+%$"))).to_have_count(20)
        assert barriers(page) == []


def test_a_job_that_never_ran_says_so(people: Signed, failed: Run) -> None:
    with people.page(address_of(failed, "evaluate")) as page:
        expect(page.get_by_text("This job never ran on a worker, so it has no log.")).to_be_visible()


def test_on_the_pages_of_a_run_and_of_a_task(people: Signed, failed: Run) -> None:
    with people.page(f"/dags/{LIFECYCLE}/runs/{failed.run_id}/plugin/modelops-run") as page:
        expect(page.locator("[data-job]")).to_have_count(4)
        visit(page, f"/dags/{LIFECYCLE}/runs/{failed.run_id}/tasks/train/plugin/modelops-task")
        expect(page.get_by_role("heading", name="Training · here/quick")).to_be_visible()


def test_in_french_at_once(people: Signed, failed: Run) -> None:
    with people.page(address_of(failed, tab="life")) as page:
        expect(page.get_by_role("tab", name="Life cycle")).to_be_visible()
        page.evaluate("document.documentElement.lang = 'fr'")
        expect(page.get_by_role("tab", name="Cycle de vie")).to_be_visible()
        expect(page.get_by_role("heading", name="Formation · here/quick")).to_be_visible()
        expect(page.get_by_text("entraînement commencé")).to_be_visible()
        page.evaluate("document.documentElement.lang = 'en'; localStorage.setItem('i18nextLng', 'fr')")
    with people.page(anew=True) as page:
        expect(page.get_by_role("button", name="Mise hors service")).to_be_visible()
        expect(page.get_by_role("link", name="En production")).to_be_visible()
        page.evaluate("document.documentElement.lang = 'en'")  # as it is where Airflow's page has missed its language
        visit(page, "/plugin/modelops/deployments")
        expect(page.get_by_label("Inclure les déploiements terminés")).to_be_visible()
        page.evaluate("localStorage.removeItem('i18nextLng')")


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_nothing_keeps_people_from_using_it(
    people: Signed, failed: Run, deployment: int, scheme: Literal["dark", "light"]
) -> None:
    pages = (*PAGES, *pages_of(deployment))
    with people.page() as page:
        page.emulate_media(color_scheme=scheme)
        expect(page.locator("html")).to_have_class(re.compile(rf"\b{scheme}\b"))
        of_job = [address_of(failed, tab=tab) for tab in ("logs", "life", "properties")]
        for address in (*pages, *of_job) if scheme == "dark" else pages:
            visit(page, address)
            expect(page.locator(SHOWN).first).to_be_visible()
            assert barriers(page) == [], address


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_pages_of_a_deployment_in_french(people: Signed, deployment: int, scheme: Literal["dark", "light"]) -> None:
    with people.page() as page:
        page.emulate_media(color_scheme=scheme)
        page.evaluate("document.documentElement.lang = 'fr'")
        for address, title in zip(pages_of(deployment), IN_FRENCH, strict=True):
            visit(page, address)
            expect(page.get_by_text(title, exact=True).first).to_be_visible()
            expect(page.locator("section, table").first).to_be_visible()
            assert barriers(page) == [], address
        page.evaluate("document.documentElement.lang = 'en'")


def test_statistics_and_drift_are_a_click_away(people: Signed, runs: Mapping[str, Run], deployment: int) -> None:
    version = runs["deployed"].result("deploy")["version"]
    subject = f"here/scored v{version}"
    models = "/plugin/modelops/models/here/scored"
    with people.page(models) as page:
        versions = page.get_by_role("region", name="Versions")
        of_version = versions.get_by_role("row").filter(has_text="predictions.e2e_seen").first
        expect(of_version.get_by_role("link", name="Statistics (Evaluation)")).to_be_visible()
        of_version.get_by_role("link", name="Statistics (Training)").click()
        expect(page.get_by_role("region", name="Features (100 rows)")).to_be_visible()
        visit(page, models)
        of_version.get_by_role("link", name="Drift in predictions.e2e_seen").click()
        expect(page.get_by_role("heading", name=f"Drift of {subject} → predictions.e2e_seen")).to_be_visible()
        for place in ("columnheader", "cell"):
            page.get_by_role(place).get_by_role("link", name="Statistics", exact=True).click()
            expect(page.get_by_role("heading", name=f"Batch prediction · {subject}")).to_be_visible()
            expect(page.get_by_role("region", name="Features (100 rows)")).to_be_visible()
            visit(page, f"/plugin/modelops/deployments/{deployment}/intervals")


def test_the_page_of_a_model(people: Signed, failed: Run, deployment: int) -> None:
    """From Airflow's home: its page is three clicks away, and has what is compared."""
    with people.page("/") as page:
        page.get_by_role("link", name="ModelOps").click()
        pages = page.get_by_role("navigation", name="ModelOps")
        pages.get_by_role("link", name="Models").click()
        page.get_by_role("region", name="Models").get_by_role("link", name="here/quick", exact=True).click()
        expect(page.get_by_role("heading", name="here/quick", exact=True)).to_be_visible()
        expect(page.get_by_text("Nothing is in production.")).to_be_visible()
        versions = page.get_by_role("region", name="Versions")
        expect(versions.get_by_role("row").filter(has_text="Failed")).to_have_count(0)
        page.get_by_role("button", name=re.compile(r"Show \d+ failed attempt")).press("Enter")
        expect(versions.get_by_role("row").filter(has_text="Failed").first).to_be_visible()
        expect(page).to_have_url(re.compile("failed=1"))
        page.get_by_role("button", name="Train", exact=True).press("Enter")
        dialog = page.get_by_role("alertdialog")
        expect(dialog.get_by_role("textbox")).to_have_value(re.compile(r"^\{"))
        dialog.get_by_role("textbox").fill("[")
        expect(dialog.get_by_role("button", name="Train", exact=True)).to_be_disabled()
        page.keyboard.press("Escape")
        visit(page, "/plugin/modelops/models/here/scored")
        in_production = page.get_by_role("region", name="In production").get_by_role("row").filter(has_text="e2e_seen")
        expect(in_production).to_contain_text("as it should be")
        visit(page, "/plugin/modelops/models/here/nothing")
        expect(page.get_by_text("There is no here/nothing")).to_be_visible()


def test_versions_side_by_side(people: Signed, runs: Mapping[str, Run], gate: Path) -> None:
    gate.touch()
    for name in ("whole", "live"):
        runs[name].await_end()
    made = sorted(runs[name].versions()[0]["number"] for name in ("whole", "live"))
    with people.page(f"/plugin/modelops/models/here/quick?compare={made[1]},{made[0]}") as page:
        expect(page.get_by_role("heading", name="Compare two versions")).to_be_visible()
        pinned = page.get_by_role("region", name="Code, packages and data")
        expect(pinned.get_by_role("row", name="Packages the same")).to_be_visible()
        expect(page.get_by_role("region", name="Hyperparameters that differ")).to_contain_text("gate")
        assert barriers(page) == []


def test_a_narrow_window(people: Signed, failed: Run, deployment: int) -> None:
    with people.page() as page:
        page.set_viewport_size({"width": 420, "height": 900})
        for address in (*PAGES, *pages_of(deployment), address_of(failed, tab="life")):
            visit(page, address)
            expect(page.locator(SHOWN).first).to_be_visible()
            assert page.locator(OURS).evaluate("view => view.scrollWidth <= view.clientWidth"), address


def test_how_jobs_fare_over_time(people: Signed, failed: Run) -> None:
    with people.page("/plugin/modelops/analysis?within=24h") as page:
        whole = page.get_by_role("region", name="By type")
        expect(whole.get_by_role("row").nth(1)).to_contain_text(re.compile(r"Training\d+[\d.]+%"))
        expect(page.get_by_role("img", name="Worked").locator("canvas")).to_be_visible()
        slow, new = (
            page.locator("section section").filter(has_text=text) for text in ("that worked longest", "Newest failed")
        )
        expect(slow.locator("[data-job]").first).to_contain_text("Training")
        expect(new.locator(f"[data-job='{failed.job().id}']")).to_be_visible()
        whole.get_by_role("button", name="Evaluation").click()
        expect(page).to_have_url(re.compile("within=24h&type=evaluation"))
        expect(slow.locator("[data-job]").filter(has_text="Training")).to_have_count(0)
        page.get_by_role("region", name="By period").get_by_role("link").first.click()
        expect(page).to_have_url(re.compile(r"/plugin/modelops\?type=evaluation&from=.*&before="))
        expect(page.locator("[data-job]").first).to_contain_text("Evaluation")


def test_trouble_is_said(people: Signed, failed: Run) -> None:
    """The answers are those of the API's own tests; here only the way to them is cut off."""
    away = {"status": 503, "json": {"detail": "The ledger can't be reached or is too busy; try again in a moment."}}
    with people.page() as page:
        expect(page.locator("[data-job]").first).to_be_visible()
        page.route(JOBS, lambda route: route.fulfill(**away))
        expect(page.get_by_text("The ledger can't be reached or is too busy.")).to_be_visible()
        expect(page.get_by_text("it can't be refreshed")).to_be_visible()
        expect(page.locator("[data-job]").first).to_be_visible()
        page.unroute(JOBS)
        page.route(JOBS, lambda route: route.abort())
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_text("Airflow's web server doesn't answer.")).to_be_visible()
        page.unroute(JOBS)
        expect(page.get_by_text("doesn't answer")).to_have_count(0)
        session = page.context.cookies()
        page.context.clear_cookies()
        expect(page.get_by_text("You are no longer signed in.")).to_be_visible()
        page.context.add_cookies(session)


def test_the_log_of_a_job_whose_record_in_airflow_is_gone(
    people: Signed, system: System, runs: Mapping[str, Run]
) -> None:
    run = runs["gone"]
    run.await_end()
    with people.page(address_of(run, "evaluate")) as page:
        expect(page.get_by_role("log")).to_contain_text("has no version")
        system.clients["admin"].delete(f"/api/v2/{run.address}").raise_for_status()
        page.reload()
        expect(page.get_by_text("Airflow no longer has the record of this task")).to_be_visible()
        expect(page.get_by_role("log")).to_contain_text("has no version")
        page.get_by_role("tab", name="Life cycle").click()
        expect(page.get_by_role("row").last).to_contain_text("Failed")
        page.get_by_role("button", name="Retry").click()
        page.get_by_role("alertdialog").get_by_role("button", name="Retry").click()
        expect(page.get_by_text("Airflow no longer has the record of this task (it was cleaned up)")).to_be_visible()
