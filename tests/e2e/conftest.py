"""One real Airflow for all end-to-end tests, brought up by the runner."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from e2e.models import DATASETS, QUICK
from e2e.system import System
from factories import model_folder
from modelops.runner.installation import Installation
from modelops.runner.steps import Steps
from modelops.runner.up import running
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PACE = {
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "1",
    "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "2",
    "SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "10",
    "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "2",
    "WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
    "CORE__PARALLELISM": "24",
    "CORE__MAX_ACTIVE_TASKS_PER_DAG": "48",
    "CORE__MAX_ACTIVE_RUNS_PER_DAG": "48",
}
"""Airflow's own settings, so that a loss is noticed in seconds and many runs are paused side by side."""

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
        model_folder(here, "quick", datasets=DATASETS, training=QUICK)
    chosen = {
        **{f"AIRFLOW__{name}": value for name, value in PACE.items()},
        "MODELOPS_REPOSITORIES": str(repositories),
    }
    installation = Installation(home, environ={**os.environ, **chosen})
    with running(installation, steps=Steps(), with_demo=True):
        clients = {name: installation.api(name) for name in ("admin", "trainer", "reviewer")}
        yield System(
            installation=installation,
            repositories=repositories,
            here=here,
            clients=clients,
            session=f"{time.time():.0f}",
        )
        for client in clients.values():
            client.close()
