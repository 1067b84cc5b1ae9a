"""An alert on a real Airflow: a drift raises it, somebody is told, and a challenger waits for its approval."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import expect

from e2e.browser import barriers
from e2e.models import SQL
from e2e.system import ALERT_RULE, ALERT_SNOOZE, ALERTS_TOLD, BATCH, DEPLOYMENT, DRIFT_CHECK, LIFECYCLE, Run
from e2e.waiting import eventually
from modelops.domain.jobs import JobStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from e2e.browser import Signed
    from e2e.system import System

SHIFTED = f"SELECT id, x + 50 AS x, y FROM ({SQL}) AS shifted"


@pytest.fixture(scope="module")
def deployment(system: System) -> int:
    """Of a model whose rows are far from those of its training."""
    life = system.run(name="watched", model="here/watched", predict_dataset=SHIFTED, target="e2e_watched")
    life.await_question()
    assert life.answer("Approve", "as it should be").is_success
    number: int = life.result("deploy")["deployment"]
    return number


@pytest.fixture(scope="module")
def rule(system: System, deployment: int) -> int:
    """A rule that the next batch makes true."""
    asked = {"variable": "x", "level": "major", "challenger": True}
    number: int = system.run(ALERT_RULE, name="ruled", deployment=deployment, **asked).result("set")["rule"]
    return number


@pytest.fixture(scope="module")
def fired(system: System, deployment: int, rule: int) -> Mapping[str, Any]:
    """What the drift check of a batch has raised."""
    assert rule
    look = lambda: system.clients["trainer"].get(f"/api/v2/dags/deployment_{deployment}").is_success  # noqa: E731
    system.parsed("the deployment has its DAG", look)
    checked = system.run(f"deployment_{deployment}", name="shifted").result("check_drift")
    assert len(checked["alerts"]["fired"]) == 1, checked
    return checked


def told(system: System, deployment: int) -> list[dict[str, str]]:
    return [one for one in system.told(ALERTS_TOLD) if one["deployment"] == str(deployment)]


def challenger(system: System, deployment: int) -> Run:
    """The life cycle that the alert has started."""
    query = """
        SELECT challenger.run_id FROM modelops.challenger JOIN modelops.alert ON alert.id = alert_id
        JOIN modelops.alert_rule AS rule ON rule.id = rule_id WHERE rule.deployment_id = %(id)s
    """
    look = lambda: system.rows(query, id=deployment)  # noqa: E731
    [found] = eventually("a challenger was let start", look, story=lambda: system.tails("scheduler"))
    run = Run(system=system, dag_id=LIFECYCLE, run_id=found["run_id"])
    eventually("it has begun", lambda: "train" in run.jobs(), story=lambda: system.tails("scheduler"))
    return run


def test_a_notification_says_what_has_changed(system: System, deployment: int, fired: Mapping[str, Any]) -> None:
    look = lambda: told(system, deployment)  # noqa: E731
    [notification] = eventually("a notification is sent", look, story=lambda: system.tails("scheduler"))
    assert notification["event"] == "firing"
    assert "feature x: major, as if shifted by" in notification["changes"]
    assert notification["link"] == f"{system.installation.url}/plugin/modelops/deployments/{deployment}/alerts"
    [row] = system.rows(notification["statement"])
    assert (row["run_id"], row["variable"], row["verdict"]) == (fired["run"], "x", "major")


def test_a_challenger_waits_for_another_person(system: System, deployment: int, fired: Mapping[str, Any]) -> None:
    assert fired
    run = challenger(system, deployment)
    run.await_question()
    assert run.job("train").requested_by == "trainer", "the author of the rule"
    answer = run.answer("Approve", "my own", account="trainer")
    assert answer.status_code == httpx.codes.FORBIDDEN
    assert "trainer requested the training of here/watched" in answer.json()["detail"]
    assert run.answer("Approve", "better").is_success
    result = run.result("deploy")
    assert (result["target"], result["replaced"]["deployment"]) == ("predictions.e2e_watched", deployment)
    assert result["alert_rules"] == 1
    terms = "SELECT dataset ->> 'sql' AS sql FROM modelops.deployment WHERE id = %(id)s"
    assert system.rows(terms, id=result["deployment"]) == [{"sql": SHIFTED}]


def test_a_person_snoozes_it(people: Signed, system: System, fired: Mapping[str, Any]) -> None:
    """On a second deployment, which has the rule at once; the page shows who and until when."""
    assert fired
    life = system.run(DEPLOYMENT, name="again", model="here/watched", version=1, target="e2e_snoozed", dataset=SHIFTED)
    number = life.result("deploy")["deployment"]
    system.run(BATCH, name="snoozed", deployment=number).result("predict")
    system.run(DRIFT_CHECK, name="snoozed", deployment=number).result("check_drift")
    set_ = system.run(ALERT_RULE, name="snoozed", deployment=number, subject="predictions").result("set")
    assert len(set_["alerts"]["fired"]) == 1, "the newest check makes it true"
    past = system.run(ALERT_SNOOZE, name="past", rule=set_["rule"], until="2013-08-01T00:00:00Z")
    until = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    system.run(ALERT_SNOOZE, name="snoozed", rule=set_["rule"], until=until, reason="a known change").result("snooze")
    assert "is in the past" in str(past.await_status(JobStatus.FAILED, task="snooze").error)
    with people.page("/plugin/modelops/deployments") as page:
        row = page.get_by_role("row").filter(has_text="predictions.e2e_snoozed")
        expect(row.get_by_text("1 firing")).to_be_visible()
        row.get_by_role("link", name="Alerts").click()
        raised = page.get_by_role("region", name="Alerts", exact=True)
        expect(raised.get_by_text("late_probability: major")).to_be_visible()
        rules = page.get_by_role("region", name="Alert rules")
        expect(rules.get_by_text("any prediction: verdict “moved” or higher")).to_be_visible()
        expect(rules.get_by_text("by trainer")).to_be_visible()
        expect(rules.get_by_text("a known change")).to_be_visible()
        assert barriers(page) == []

        page.get_by_role("link", name="Drift", exact=True).click()
        over_time = page.get_by_role("region", name="Drift over time")
        expect(over_time.get_by_role("row", name="x major")).to_be_visible()
        assert barriers(page) == []
        expect(over_time.get_by_role("columnheader").get_by_role("link", name="Statistics")).to_be_visible()
        over_time.get_by_role("row", name="x major").get_by_role("link").click()
        expect(page.get_by_role("button", name="x", exact=True)).to_have_attribute("aria-expanded", "true")
        bins = page.get_by_role("region", name="Distribution of x")
        expect(bins.get_by_role("rowheader", name="above")).to_be_visible()
        expect(page.get_by_text("FROM modelops.distribution(")).to_be_visible()
        assert barriers(page) == []
