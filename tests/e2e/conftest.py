"""One real Airflow for all end-to-end tests, brought up by the runner."""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from e2e.demonstration import demonstrate
from e2e.kept import Kept
from e2e.models import (
    COUNTED,
    COUNTED_COLUMNS,
    DATASETS,
    HELD,
    MANY_DATASETS,
    QUICK,
    TICKING,
    TICKING_COLUMNS,
    WISHES,
)
from e2e.system import ALERTS_TOLD, LATE_TOLD, TOLD, System
from e2e.waiting import HUNG_AFTER
from factories import SCORING, TRAINING, doubled_folder, model_folder
from modelops.runner.installation import Installation
from modelops.runner.steps import Steps
from modelops.runner.up import running
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from e2e.browser import Signed
    from e2e.demonstration import Demonstration

PACE = {
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "1",
    "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "2",
    "SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "20",
    "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "4",
    "WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
    "CORE__PARALLELISM": "24",
    "CORE__MAX_ACTIVE_TASKS_PER_DAG": "48",
    "CORE__MAX_ACTIVE_RUNS_PER_DAG": "48",
}
"""Airflow's own settings, so that a loss is noticed in seconds and many runs are paused side by side.

Twenty tasks that start at once on two cores hold up a round of the scheduler for up to 8 s; one that took longer than
the threshold would take the scheduler for dead, and its tasks for lost.
"""

NOTIFIERS = """
import json, pathlib

from airflow.sdk.bases.notifier import BaseNotifier


class OutOfOrder(BaseNotifier):
    def notify(self, context):
        raise ConnectionError("the mail server is away")


class ToFile(BaseNotifier):
    def __init__(self, **fields):
        super().__init__()
        self.template_fields = tuple(fields)
        self.fields = sorted(fields.keys() - {"file"})
        for name, value in fields.items():
            setattr(self, name, value)

    def notify(self, context):
        with pathlib.Path(self.file).open("a") as file:
            print(json.dumps({name: getattr(self, name) for name in self.fields}), file=file)
"""
"""Who is told of every approval: one that never works and one that writes it down."""

NEEDED_BY = {"test_demo.py", "test_deployments.py"}

HOME = "MODELOPS_E2E_HOME"
"""For those who write these tests: the home of an installation that is up, to be used instead of a new one."""


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The Airflow that all end-to-end tests share."""
    home = Path(os.environ.get(HOME) or tmp_path_factory.mktemp("e2e") / "home")
    home.mkdir(parents=True, exist_ok=True)
    repositories, here = home / "repositories.yaml", home / "here"
    sources = {"demo": {"path": str(PROJECT_ROOT / "include" / "demo")}, "here": {"path": str(here)}}
    repositories.write_text(json.dumps({"repositories": sources}))
    if not here.exists():
        model_folder(here, "quick", datasets=DATASETS, hyperparameters=WISHES, training=QUICK)
        model_folder(here, "scored", datasets=DATASETS, hyperparameters=WISHES, training=QUICK, scoring=SCORING)
        model_folder(here, "watched", datasets=DATASETS, hyperparameters=WISHES, training=QUICK, scoring=SCORING)
        model_folder(here, "held", datasets=MANY_DATASETS, hyperparameters=WISHES, training=TRAINING, scoring=HELD)
        doubled_folder(here, "counted", columns=COUNTED_COLUMNS, sql=COUNTED, incremental="at", output="counted")
        ticking = {"rows": {"min": 1, "max": 10_000}, "incremental": "at", "output": "ticking"}
        doubled_folder(here, "ticking", columns=TICKING_COLUMNS, sql=TICKING, **ticking)
        model_folder(
            here,
            "strict",
            datasets=DATASETS,
            hyperparameters=WISHES,
            training=QUICK,
            scoring=SCORING,
            policy="approvers: [admin]\n",
        )
    importable = home / "airflow" / "config"  # Airflow puts it on its path
    importable.mkdir(parents=True, exist_ok=True)
    (importable / "e2e_notifiers.py").write_text(NOTIFIERS)
    told = {"link": "{{ review_link }}", "subject": "{{ task.subject }}", "card": "{{ task.body }}"}
    notifiers = [
        {"notifier": "e2e_notifiers.OutOfOrder"},
        {"notifier": "e2e_notifiers.ToFile", "file": str(home.resolve() / TOLD), **told},
    ]
    of_late = {name: f"{{{{ late.{name} }}}}" for name in ("deployment", "after", "run_id", "link")}
    late = [
        {"notifier": "e2e_notifiers.OutOfOrder"},
        {"notifier": "e2e_notifiers.ToFile", "file": str(home.resolve() / LATE_TOLD), **of_late},
    ]
    of_alerts = {name: f"{{{{ alert.{name} }}}}" for name in ("event", "deployment", "changes", "statement", "link")}
    alerts = [{"notifier": "e2e_notifiers.ToFile", "file": str(home.resolve() / ALERTS_TOLD), **of_alerts}]
    chosen = {
        **{f"AIRFLOW__{name}": value for name, value in PACE.items()},
        "MODELOPS_REPOSITORIES": str(repositories),
        "MODELOPS_NOTIFIERS": json.dumps(notifiers),
        "MODELOPS_LATE_NOTIFIERS": json.dumps(late),
        "MODELOPS_ALERT_NOTIFIERS": json.dumps(alerts),
    }
    installation = Installation(home, environ={**os.environ, **chosen})
    with running(installation, steps=Steps(), with_demo=True):
        clients = {name: installation.api(name) for name in ("admin", "trainer", "reviewer")}
        for client in clients.values():
            client.timeout = HUNG_AFTER
        urls = installation.databases.url("reader"), installation.databases.airflow_url or ""
        ledger, airflow = (Kept(partial(psycopg.connect, url, autocommit=True)) for url in urls)
        yield System(
            installation=installation,
            repositories=repositories,
            here=here,
            clients=clients,
            session=f"{time.time():.0f}",
            ledger=ledger,
            airflow=airflow,
        )
        for used in (*clients.values(), ledger, airflow):
            used.close()


@pytest.fixture(scope="session", autouse=True)
def flights(request: pytest.FixtureRequest) -> Iterator[Future[Demonstration] | None]:
    """What takes longest of all, so that it begins first and is under way beside other tests."""
    if NEEDED_BY.isdisjoint(item.path.name for item in request.session.items):
        yield None
        return
    system: System = request.getfixturevalue("system")
    with ThreadPoolExecutor(1) as beside:
        yield beside.submit(demonstrate, system)


@pytest.fixture(scope="session")
def people(system: System) -> Iterator[Signed]:
    """Who has signed in to Airflow with a browser."""
    from e2e.browser import signed

    with signed(system) as browsers:
        yield browsers
