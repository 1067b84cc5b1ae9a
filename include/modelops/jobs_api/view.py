"""Registers the Jobs view with Airflow: its files, and the pages that show it."""

from enum import StrEnum
from hashlib import sha256
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse

from modelops.settings import PROJECT_ROOT

DIST = PROJECT_ROOT / "plugins" / "jobs_view" / "dist"
NAME = "ModelOps"
"""The name of the view in Airflow's navigation and tabs, in every language. "Jobs" are Airflow's own processes."""
DESTINATIONS = {"nav": "modelops", "dag_run": "modelops-run", "task_instance": "modelops-task"}
"""Where Airflow shows the view → the route of the view there, unique among all plugins."""
FOR_A_YEAR = {"Cache-Control": "private, max-age=31536000, immutable"}

router = APIRouter(prefix="/view", include_in_schema=False)


class File(StrEnum):
    """A file of the view."""

    BUNDLE = "jobs_view.js"
    ICON = "icon.svg"
    DARK_ICON = "icon-dark.svg"


@router.get("/{file}")
def show_file(file: File, request: Request) -> FileResponse:
    """A file of the view. Its URL changes with its content, so the browser may cache it.

    During a rolling restart of Airflow's servers, some still have other content; that must not be cached.
    """
    is_current = request.url.query == _version(file)
    return FileResponse(DIST / file, headers=FOR_A_YEAR if is_current else {"Cache-Control": "no-cache"})


def pages(prefix: str) -> list[dict[str, Any]]:
    """For `react_apps` of a plugin: one bundle, shown in several places.

    Args:
        prefix: the path of the application that has `router`.
    """
    addresses = {file: f"{prefix.lstrip('/')}/view/{file}?{_version(file)}" for file in File}
    return [
        {
            "name": NAME,
            "bundle_url": addresses[File.BUNDLE],
            "destination": destination,
            "url_route": route,
            "icon": addresses[File.ICON],
            "icon_dark_mode": addresses[File.DARK_ICON],
            "nav_top_level": True,
        }
        for destination, route in DESTINATIONS.items()
    ]


def _version(file: File) -> str:
    return sha256((DIST / file).read_bytes()).hexdigest()[:16]
