"""Addresses of the view's pages, and where a job is on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from e2e.system import Run

PAGES = (
    "/plugin/modelops",
    *(f"/plugin/modelops/{page}" for page in ("waiting", "models", "models/here/scored", "features", "deployments")),
    *(f"/plugin/modelops/{page}" for page in ("production", "analysis")),
)
OF_DEPLOYMENT = ("", "/intervals", "/drift", "/performance", "/alerts")
IN_FRENCH = ("Lots publiés", "Intervalles de données", "Dérive au cours du temps", "Performances", "Règles d'alerte")
JOBS = "**/modelops/api/jobs?*"
SHOWN = "[data-job], [role=log], section, table, [role=status]:not([aria-label])"
"""What a page has once it no longer loads."""


def pages_of(deployment: int) -> list[str]:
    return [f"/plugin/modelops/deployments/{deployment}{page}" for page in OF_DEPLOYMENT]


def row(page: Page, run: Run, task: str = "train") -> Locator:
    return page.locator(f"[data-job='{run.job(task).id}']")


def address_of(run: Run, task: str = "train", tab: str = "logs") -> str:
    return f"/plugin/modelops/jobs/{run.job(task).id}?tab={tab}"
