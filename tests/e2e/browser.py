"""A real browser, signed in to the real Airflow."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow.api_fastapi.auth.managers.base_auth_manager import COOKIE_NAME_JWT_TOKEN
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from e2e.waiting import HUNG_AFTER
from modelops.development.commands import BROWSER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.system import System

QUIET = ("disable-background-networking", "disable-component-update", "disable-gpu", "disable-sync", "no-first-run")
"""It asks nobody else for anything."""
LOOKS = 3
GRAVE = {"serious", "critical"}
expect.set_options(timeout=HUNG_AFTER * 1000)


VISIT = """
address => new Promise(shown => {
  history.pushState(null, "", address);
  dispatchEvent(new PopStateEvent("popstate", { state: null }));
  requestAnimationFrame(() => requestAnimationFrame(shown));
})
"""
WINDOW: ViewportSize = {"width": 1400, "height": 900}
OURS = "[data-modelops]"
"""Our part of Airflow's pages."""
AT_REST = "/plugin/modelops/production"
"""Where a page waits for the next test: it asks the server only for the number of decisions there."""


def visit(page: Page, address: str) -> None:
    """Go elsewhere as a link does: within Airflow's page, which takes seconds to load anew."""
    page.evaluate(VISIT, address)


@dataclass(frozen=True, kw_only=True)
class Signed:
    """Pages of people who have signed in: one for each account, which is handed from test to test."""

    system: System
    browser: Browser
    pages: dict[str, Page]

    @contextmanager
    def page(
        self, address: str = "/plugin/modelops", *, account: str = "trainer", anew: bool = False
    ) -> Iterator[Page]:
        """The page of this account, at an address of Airflow; with `anew` one for this test alone.

        What goes wrong in its script fails the test.
        """
        page = self.pages.pop(account, None) or self._sign_in(account)
        if anew:
            self.pages[account] = page
            page = page.context.new_page()
            page.goto(address)
        else:
            visit(page, address)
        broken: list[str] = []
        page.on("pageerror", lambda error: broken.append(str(error)))
        try:
            yield page
        except BaseException:
            page.context.close()  # whatever has become of it
            self.pages.pop(account, None)
            raise
        if anew:
            page.close()
        else:
            self.pages[account] = page
            page.unroute_all()
            page.set_viewport_size(WINDOW)
            visit(page, AT_REST)
        assert not broken

    def _sign_in(self, account: str) -> Page:
        address = self.system.installation.url
        context = self.browser.new_context(base_url=address, viewport=WINDOW)
        context.set_default_timeout(HUNG_AFTER * 1000)
        scheme, token = self.system.installation.api(account).headers["Authorization"].split()
        assert scheme == "Bearer"
        # As Airflow's page of signing in leaves it.
        context.add_cookies([{"name": COOKIE_NAME_JWT_TOKEN, "value": token, "url": address}])
        page = context.new_page()
        page.goto(AT_REST)
        expect(page.locator(OURS)).to_be_visible()
        return page


@contextmanager
def signed(system: System) -> Iterator[Signed]:
    """The browser that the machine has."""
    path = shutil.which(BROWSER)
    assert path is not None, f"there is no {BROWSER}"
    # Its sandbox doesn't work for root, and it looks at nothing but our own pages.
    arguments = [f"--{name}" for name in (*QUIET, *(["no-sandbox"] if os.geteuid() == 0 else []))]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield Signed(system=system, browser=browser, pages={})
        browser.close()


def barriers(page: Page) -> list[str]:
    """What in our part of the page keeps people from using it, by the rules of axe that are grave.

    What fades in has little contrast until it is there, so only what is found again counts.
    """
    seen = _grave(page)
    for _ in range(LOOKS):
        if not seen:
            break
        page.wait_for_timeout(500)
        seen = _grave(page)
    return seen


def _grave(page: Page) -> list[str]:
    found = Axe().run(page, context=OURS, options={"resultTypes": ["violations"]})
    return [
        f"{violation['id']}: {violation['help']}: {[node['html'] for node in violation['nodes']]}"
        for violation in found.response["violations"]
        if violation["impact"] in GRAVE
    ]
