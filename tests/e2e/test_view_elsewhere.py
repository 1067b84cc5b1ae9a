"""The view where it has nothing to show, and while nobody looks at it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from e2e.browser import visit

if TYPE_CHECKING:
    from e2e.browser import Signed

HIDE = """
Object.defineProperty(document, "hidden", { value: true });
Object.defineProperty(document, "visibilityState", { value: "hidden" });
document.dispatchEvent(new Event("visibilitychange"));
"""


def test_a_job_that_there_is_not(people: Signed) -> None:
    with people.page("/plugin/modelops/jobs/first") as page:
        expect(page.get_by_text(re.compile("There is no job"))).to_be_visible()
        visit(page, "/plugin/modelops/jobs/999999999")
        expect(page.get_by_text("There is no job 999999999")).to_be_visible()
        page.get_by_role("link", name="Back to the list of jobs").click()
        expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()


def test_nothing_is_asked_for_while_nobody_looks(people: Signed) -> None:
    with people.page(anew=True) as page:
        expect(page.locator("[data-job]").first).to_be_visible()
        page.evaluate(HIDE)
        page.wait_for_timeout(1000)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.wait_for_timeout(4_000)  # a list is asked for every three seconds
        assert [address for address in asked if "/modelops/" in address] == []
