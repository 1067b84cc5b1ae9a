"""What `modelops.observer.clearing` says of Airflow's routes and commands, against Airflow's own."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import pytest

from modelops.observer.clearing import COMMANDS, EVENTS, HARMLESS, ROUTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi.dependencies.models import Dependant
    from fastapi.routing import APIRoute

pytestmark = pytest.mark.filterwarnings("ignore")  # of Airflow's own imports

READING = {"GET", "HEAD", "OPTIONS"}
COMMAND_MODULES = ("task_command", "dag_command", "partition_command", "backfill_command")


@pytest.fixture(scope="module")
def writing() -> dict[str, str | None]:
    """Each route of Airflow's that writes, as "POST /api/v2/…" → the entry that it leaves in the audit log."""
    from airflow.api_fastapi.core_api.routes.public import public_router
    from airflow.api_fastapi.core_api.routes.ui import ui_router
    from fastapi import FastAPI

    app = FastAPI()
    app.include_router(public_router)
    app.include_router(ui_router)
    described = {
        f"{method.upper()} {path}": operation
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
    }
    routes = {f"{method} {route.path_format}": _entry(route) for route in _routes(app) for method in route.methods}
    assert set(described) <= set(routes)
    return {name: entry for name, entry in routes.items() if name.split()[0] not in READING}


def _routes(app: object) -> Iterator[APIRoute]:
    from fastapi.routing import APIRoute

    for route in app.routes:  # type: ignore[attr-defined]
        if isinstance(route, APIRoute):
            yield route


def _entry(route: APIRoute) -> str | None:
    """The name of the entry, which is that of the function unless the route says otherwise."""
    for call in _calls(route.dependant):
        if getattr(call, "__qualname__", "") == "action_logging.<locals>.log_action":
            named = dict(zip(call.__code__.co_freevars, call.__closure__ or (), strict=True))["event"].cell_contents
            return str(named or route.endpoint.__name__)
    return None


def _calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from _calls(inner)


def test_every_route_that_writes_is_judged(writing: dict[str, str | None]) -> None:
    """A new one: can it make a task run anew? Then it belongs to ROUTES, else to HARMLESS."""
    judged = set(ROUTES) | HARMLESS
    assert set(writing) - judged == set(), "nobody has judged these routes"
    assert judged - set(writing) == set(), "these routes aren't Airflow's"
    assert set(ROUTES) & HARMLESS == set()


def test_the_entries_are_those_that_airflow_writes(writing: dict[str, str | None]) -> None:
    assert {route: writing[route] for route in ROUTES} == dict(ROUTES)


def test_no_harmless_route_leaves_an_entry_that_is_taken_for_another(writing: dict[str, str | None]) -> None:
    assert {route for route in HARMLESS if writing[route] in EVENTS} == set()


def test_the_commands_are_those_of_airflow() -> None:
    modules = [importlib.import_module(f"airflow.cli.commands.{name}") for name in COMMAND_MODULES]
    missing = {name for name in COMMANDS if not any(hasattr(one, name.removeprefix("cli_")) for one in modules)}
    assert missing == set()
