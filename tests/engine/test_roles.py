"""What FAB's accounts may do while an approval waits, through REST and in a browser."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect, sync_playwright

from e2e.browser import QUIET
from e2e.waiting import HUNG_AFTER
from modelops.development.commands import BROWSER

if TYPE_CHECKING:
    import httpx
    from playwright.sync_api import Page

    from engine.conftest import Stack
    from signed_in import SignedIn

ANSWER = {"chosen_options": ["Approve"], "params_input": {"comment": "mine"}}
ACTIONS = {
    "trainer": ["stop"],
    "reviewer": ["approve", "reject"],
    "viewer": [],
    "admin": ["approve", "reject", "stop"],
}
"""What each account may do about a job that waits for its reviewer."""
BUTTONS = ("Stop", "Approve", "Reject")
ELSEWHERE = "elsewhere"
"""An account that may read another DAG only."""
MAKE_ELSEWHERE = f"""
import sys
from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder
with get_application_builder() as builder:
    manager = builder.sm
    role = manager.add_role({ELSEWHERE!r})
    for right in [("can_read", "DAG:feature_lifecycle"), ("can_read", "Task Instances"), ("can_read", "DAG Runs")]:
        manager.add_permission_to_role(role, manager.create_permission(*right))
    manager.add_user({ELSEWHERE!r}, "A", "B", "elsewhere@modelops.invalid", [role], password=sys.stdin.read())
"""


@pytest.fixture(scope="module")
def job(api: SignedIn, life: str) -> dict[str, Any]:
    """The approval of the run."""
    (job,) = ours(api, "GET", f"jobs?run_id={life.rsplit('/', 1)[1]}&type=approval", "viewer").json()["jobs"]
    return dict(job)


def ours(api: SignedIn, method: str, address: str, account: str, **more: Any) -> httpx.Response:
    return api.call(method, address, account, api="modelops/api", **more)


def test_who_trains(api: SignedIn, life: str) -> None:
    """The trainer has started the run."""
    body = {"logical_date": None, "conf": {"model": "here/small"}}
    for account in ("reviewer", "viewer"):
        assert api.call("POST", "dags/model_lifecycle/dagRuns", account, json=body).status_code == 403


def test_who_answers(api: SignedIn, life: str, job: dict[str, Any]) -> None:
    """The reviewer's answer is what deploys the model in another test."""
    for account in ("trainer", "viewer"):
        question = f"{life}/taskInstances/approve/-1/hitlDetails"
        assert api.call("PATCH", question, account, json=ANSWER).status_code == 403
        for answer in ("approve", "reject"):
            told = {"comment": "mine", "evidence": "0" * 64}
            assert ours(api, "POST", f"jobs/{job['id']}/{answer}", account, json=told).status_code == 403


def test_who_stops_and_clears(api: SignedIn, life: str, job: dict[str, Any]) -> None:
    for account in ("reviewer", "viewer"):
        for task, change in (("approve", {"new_state": "failed"}), ("train", {"new_state": "failed"})):
            assert api.call("PATCH", f"{life}/taskInstances/{task}", account, json=change).status_code == 403
        clear = {"task_ids": ["train"], "dag_run_id": "life", "dry_run": False}
        assert api.call("POST", "dags/model_lifecycle/clearTaskInstances", account, json=clear).status_code == 403
        assert ours(api, "POST", f"jobs/{job['id']}/stop", account, json={}).status_code == 403


@pytest.mark.parametrize("account", ACTIONS)
def test_the_jobs_api_offers_what_an_account_may_do(api: SignedIn, job: dict[str, Any], account: str) -> None:
    assert sorted(ours(api, "GET", f"jobs/{job['id']}", account).json()["actions"]) == ACTIONS[account]


@pytest.mark.parametrize("address", ["api/v2/dags", "modelops/api/jobs"])
def test_without_a_token_and_with_a_broken_one(api: SignedIn, address: str) -> None:
    assert api.request("GET", f"{api.url}/{address}").status_code == 401
    broken = {"Authorization": f"Bearer {api.token('admin')[:-4]}"}
    assert api.request("GET", f"{api.url}/{address}", headers=broken).status_code == 403


def test_jobs_of_other_dags_are_not_shown(up: Stack, api: SignedIn, job: dict[str, Any]) -> None:
    api.passwords[ELSEWHERE] = api.passwords["viewer"]
    up.compose("exec", "-T", "api-server", "python", "-c", MAKE_ELSEWHERE, input=api.passwords[ELSEWHERE])
    assert ours(api, "GET", "jobs", "viewer").json()["jobs"] != []
    assert ours(api, "GET", "jobs", ELSEWHERE).json()["jobs"] == []
    for part in ("", "/evidence", "/logs/1"):
        assert ours(api, "GET", f"jobs/{job['id']}{part}", ELSEWHERE).status_code in {403, 404}


def test_the_page_offers_what_an_account_may_do(up: Stack, api: SignedIn, job: dict[str, Any]) -> None:
    assert up.engine.inside(offered, api, f"/plugin/modelops/jobs/{job['id']}") == {
        account: [name for name in BUTTONS if name.lower() in actions] for account, actions in ACTIONS.items()
    }


def offered(api: SignedIn, address: str) -> dict[str, list[str]]:
    """The buttons of a page, for each account, which signs in as people do."""
    arguments = [f"--{name}" for name in (*QUIET, *(["no-sandbox"] if os.geteuid() == 0 else []))]
    address = f"{api.url.replace('127.0.0.1', 'localhost')}{address}"  # by which Airflow names itself: for the cookie
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which(BROWSER), args=arguments)
        found = {}
        for account in ACTIONS:
            with browser.new_context() as context:
                context.set_default_timeout(HUNG_AFTER * 1000)
                found[account] = _buttons(context.new_page(), address, account, api.passwords[account])
        browser.close()
    return found


def _buttons(page: Page, address: str, account: str, password: str) -> list[str]:
    page.goto(address)
    page.locator("input[name=username]").fill(account)
    page.locator("input[name=password]").fill(password)
    page.locator("input[type=submit]").click()
    page.wait_for_url(lambda shown: "/auth/" not in shown)
    expect(page.locator("[data-status]").filter(has_text="Awaiting approval").first).to_be_visible()
    return [name for name in BUTTONS if page.get_by_role("button", name=name, exact=True).count()]
