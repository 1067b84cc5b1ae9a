"""Airflow's own parsing of our DAG files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import airflow_home  # noqa: F401
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from airflow.sdk import DAG


@pytest.fixture(scope="session")
def dags() -> dict[str, DAG]:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(PROJECT_ROOT / "dags"))
    assert bag.import_errors == {}
    return dict(bag.dags)
