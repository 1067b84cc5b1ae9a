"""Registers the Jobs view with Airflow: what its pages load, and where they show it."""

from enum import StrEnum
from hashlib import sha256
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse

from modelops.settings import PROJECT_ROOT

BUILT = PROJECT_ROOT / "plugins" / "jobs_view" / "dist"
NAME = "ModelOps"
"""What Airflow's navigation and tabs call it, in every language; it has "Jobs" already, for its own processes."""
SEEN_AS = {"nav": "modelops", "dag_run": "modelops-run", "task_instance": "modelops-task"}
"""Where Airflow shows the view → the part of the address that is the view's there, unique among all plugins."""
FOR_A_YEAR = {"Cache-Control": "private, max-age=31536000, immutable"}

router = APIRouter(prefix="/view", include_in_schema=False)


class File(StrEnum):
    """A file that the view is made of."""

    BUNDLE = "jobs_view.js"
    ICON = "icon.svg"
    ICON_FOR_THE_DARK = "icon-dark.svg"


@router.get("/{file}")
def show_file(file: File, request: Request) -> FileResponse:
    """One of the view's files. Its address changes with its content, so a browser may keep it.

    While Airflow's servers are replaced one by one, some have another content yet; that isn't kept.
    """
    is_that = request.url.query == _version(file)
    return FileResponse(BUILT / file, headers=FOR_A_YEAR if is_that else {"Cache-Control": "no-cache"})


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
            "icon_dark_mode": addresses[File.ICON_FOR_THE_DARK],
            "nav_top_level": True,
        }
        for destination, route in SEEN_AS.items()
    ]


def _version(file: File) -> str:
    return sha256((BUILT / file).read_bytes()).hexdigest()[:16]
