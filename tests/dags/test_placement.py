"""The queue and the pool that a model requests reach its tasks, in Airflow's database and in a deployment's DAG."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import airflow_home  # noqa: F401
from factories import add_evaluation, decide, deploy, model_folder, task_folder, task_key, trained_version
from model_files import byom_folder
from modelops.airflow import placement
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from psycopg import Connection

    from conftest import Database

    Place = Callable[..., tuple[str, str]]

# Airflow's scheduler and web server do this for a requested run; the hook comes from include/airflow_local_settings.py.
CREATED = """
import json, sys
from datetime import datetime, timezone
from pathlib import Path
from airflow.utils.db import initdb
initdb()
from airflow import settings
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow.models.dagbag import DBDagBag
from airflow.models.taskinstance import TaskInstance, clear_task_instances
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy import select

DagBundlesManager().sync_bundles_to_db()
bag = DagBag(dag_folder=sys.argv[1], bundle_path=Path(sys.argv[1]))
assert not bag.import_errors, bag.import_errors
sync_bag_to_db(bag, "dags-folder", None)
found = {}
with create_session() as session:
    for name, conf in json.loads(sys.argv[2]).items():
        dag = DBDagBag().get_latest_version_of_dag("model_lifecycle", session=session)
        run = dag.create_dagrun(
            run_id=name, run_type=DagRunType.MANUAL, conf=conf, state=DagRunState.QUEUED, logical_date=None,
            run_after=datetime.now(timezone.utc), triggered_by=DagRunTriggeredByType.REST_API, session=session,
        )
        session.flush()
        places = lambda: {
            one.task_id: [one.queue, one.pool]
            for one in session.scalars(select(TaskInstance).where(TaskInstance.run_id == name))
        }
        created = places()
        for one in session.scalars(select(TaskInstance).where(TaskInstance.run_id == name)):
            one.state = "failed"
        session.flush()
        clear_task_instances(session.scalars(select(TaskInstance).where(TaskInstance.run_id == name)).all(), session)
        session.flush()
        found[name] = [created, places()]
print("found " + json.dumps(found))
"""
DEFAULT = ["default", "default_pool"]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository "demo" in a folder, in an installation with the queues gpu and large, and the pool database."""
    file = tmp_path / "repositories.yaml"
    file.write_text(f"repositories: {{demo: {{path: {tmp_path / 'repository'}}}}}\n")
    monkeypatch.setenv("MODELOPS_REPOSITORIES", str(file))
    monkeypatch.setenv("MODELOPS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MODELOPS_QUEUES", "gpu,large")
    monkeypatch.setenv("MODELOPS_POOLS", "database")
    return tmp_path / "repository"


def request(repository: Path, name: str, **resources: Any) -> None:
    folder = model_folder(repository, name)
    (folder / "config.json").write_text(json.dumps({"resources": resources}))


@pytest.fixture
def place(repository: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The queue and the pool that the hook gives a task instance, as (queue, pool)."""
    monkeypatch.setenv("AIRFLOW_CONN_MODELOPS_READER", database.url("modelops_reader"))

    def placed(dag_id: str, task_id: str, operator: str = "EvaluateModelOperator", **conf: Any) -> tuple[str, str]:
        task_instance = SimpleNamespace(task_id=task_id, operator=operator, queue="default", pool="default_pool")
        dag_run = SimpleNamespace(dag_id=dag_id, run_id=conf.pop("run_id", "run"), conf=conf)
        placement.Placement().place(task_instance, dag_run)
        return task_instance.queue, task_instance.pool

    return placed


def test_the_tasks_of_a_requested_run_get_them_in_airflows_database(repository: Path, tmp_path: Path) -> None:
    request(repository, "deep", queue="gpu", pool="database", memory=512)
    request(repository, "plain")
    request(repository, "greedy", queue="unserved", pool="unknown")
    runs = {name: {"model": f"demo/{name}"} for name in ("deep", "plain", "greedy", "missing")}
    environment = os.environ | {
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path / 'airflow.db'}",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT_ROOT / "plugins"),
        "PYTHONPATH": str(PROJECT_ROOT / "include"),
    }
    environment.pop("AIRFLOW_CONN_MODELOPS_READER", None)
    ended = subprocess.run(
        [sys.executable, "-c", CREATED, str(PROJECT_ROOT / "dags/model_lifecycle.py"), json.dumps(runs)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-5000:]
    [line] = [line for line in ended.stdout.splitlines() if line.startswith("found ")]
    found = json.loads(line.removeprefix("found "))
    created, cleared = found["deep"]
    assert created["train"] == ["gpu", "database"]
    assert created["approve"] == DEFAULT, "no worker is needed to wait for a person"
    assert cleared["train"] == ["gpu", "database"], "Airflow sets the task's own again, and asks again"
    for name in ("plain", "greedy", "missing"):
        assert set(map(tuple, found[name][0].values())) == {tuple(DEFAULT)}, name


def test_later_stages_get_what_the_version_of_their_run_has_pinned(
    place: Place, repository: Path, connection: Connection[Any]
) -> None:
    request(repository, "late", queue="gpu")
    where = {"model": "demo/late", "run_id": "run"}
    assert place("model_lifecycle", "train", "TrainModelOperator", **where) == ("gpu", "default_pool")
    assert place("model_lifecycle", "evaluate", **where) == ("gpu", "default_pool"), "nothing is pinned yet"
    pinned = {"queue": "large", "pool": "database"}
    trained_version(connection, "demo/late", resources=pinned, key=task_key(dag_id="model_lifecycle", run_id="run"))
    assert place("model_lifecycle", "evaluate", **where) == ("large", "database")
    assert place("model_lifecycle", "train", "TrainModelOperator", **where) == ("gpu", "default_pool"), (
        "a cleared training makes a new one"
    )


def test_an_existing_version_has_pinned_them(place: Place, connection: Connection[Any]) -> None:
    first = trained_version(connection, "demo/late", resources={"queue": "gpu"})
    trained_version(connection, "demo/late", resources={"queue": "large"})
    assert place("model_evaluation", "evaluate", model="demo/late", version=first.number)[0] == "gpu"
    assert place("model_evaluation", "evaluate", model="demo/late")[0] == "large"
    assert place("model_evaluation", "evaluate", model="demo/other")[0] == "default"


def test_a_feature_task_has_them_too(place: Place, repository: Path) -> None:
    task_folder(repository, "totals", resources={"queue": "large", "pool": "database"})
    operator = "ImportFeatureTaskOperator"
    assert place("feature_pipeline", "import", operator, task="demo/totals") == ("large", "database")


def test_an_imported_model_has_them_too(place: Place, repository: Path) -> None:
    byom_folder(repository, "late", ["x"], config={"resources": {"queue": "large", "pool": "database"}})
    assert place("byom_lifecycle", "import", "ImportModelOperator", model="demo/late") == ("large", "database")
    assert place("byom_lifecycle", "evaluate", model="demo/late") == ("large", "database")


def test_other_tasks_are_left_alone(place: Place, connection: Connection[Any]) -> None:
    trained_version(connection, "demo/late", resources={"queue": "gpu"})
    assert place("my_dag", "evaluate", "EvaluateModelOperator", model="demo/late")[0] == "gpu"
    for operator in ("PythonOperator", "ApproveModelOperator", "RetireModelOperator"):
        assert place("my_dag", "mine", operator, model="demo/late") == ("default", "default_pool")


def test_a_registry_that_cannot_be_reached_stops_nobody(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_MODELOPS_READER", "postgresql://nobody@127.0.0.1:1/none")
    assert place("model_evaluation", "evaluate", model="demo/late") == ("default", "default_pool")
    assert "the queue and the pool of evaluate are the default ones" in caplog.text


def test_the_dag_of_a_deployment_has_those_that_its_version_has_pinned(
    place: Place, connection: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from modelops.airflow.deployment_cache import read_registry
    from modelops.operators.deployment_dags import deployment_dag

    version = trained_version(connection, "demo/late", resources={"queue": "gpu", "pool": "database"})
    add_evaluation(connection, version)
    number = deploy(connection, version, decide(connection, version))
    [spec] = read_registry()
    assert {(task.queue, task.pool) for task in deployment_dag(spec).tasks} == {("gpu", "database")}
    operator = "PredictBatchOperator"
    assert place("batch_prediction", "predict", operator, deployment=number) == ("gpu", "database")
    monkeypatch.setenv("MODELOPS_QUEUES", "large")
    assert {task.queue for task in deployment_dag(spec).tasks} == {"default"}, "no worker serves it any more"
    assert place("batch_prediction", "predict", operator, deployment=number) == ("default", "database")


def test_the_dags_that_make_versions_are_there(dags: dict[str, Any]) -> None:
    assert set(placement.VERSION_MAKING_DAGS) <= set(dags)
