"""Airflow's own parsing of our DAG files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import airflow_home  # noqa: F401
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from airflow.sdk import DAG


@pytest.fixture(scope="session")
def dags(tmp_path_factory: pytest.TempPathFactory) -> dict[str, DAG]:
    """Those of a new installation, whatever there is beside the tests."""
    from airflow.dag_processing.dagbag import DagBag

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELOPS_HOME", str(tmp_path_factory.mktemp("home")))
        bag = DagBag(dag_folder=str(PROJECT_ROOT / "dags"))
    assert bag.import_errors == {}
    return dict(bag.dags)
