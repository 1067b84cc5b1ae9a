"""The DAGs of deployments, made from a registry; and what is left of them while that can't be reached."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from factories import deployed
from modelops.airflow.deployment_cache import SHARDS, read_copy, read_registry
from modelops.domain.schedules import Plan, Schedule

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow.sdk import DAG
    from psycopg import Connection

    from conftest import Database
    from modelops.airflow.deployment_bundle import DeploymentBundle

# Airflow's own, when it looks for plugins.
pytestmark = pytest.mark.filterwarnings("ignore:GitWildMatchPattern")

AWAY = "postgresql://nobody:none@127.0.0.1:1/none"
DAILY = Plan(
    schedule=Schedule(text="0 3 * * *", time_zone="Europe/Paris"), starts_at=datetime(2026, 3, 20, 2, tzinfo=UTC)
)


@pytest.fixture
def bundle(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DeploymentBundle:
    """The files of a new installation."""
    from modelops.airflow.deployment_bundle import DeploymentBundle

    monkeypatch.setenv("MODELOPS_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW_CONN_MODELOPS_READER", database.url("modelops_reader"))
    made = DeploymentBundle(name="deployments")
    made.initialize()
    return made


@pytest.fixture
def parsed(bundle: DeploymentBundle, monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], dict[str, DAG]]:
    """Airflow's parsing of the files: of all of them, or of any to run a task of one DAG."""
    from airflow.dag_processing.dagbag import DagBag

    def parse(dag_id: str | None = None) -> dict[str, DAG]:
        with monkeypatch.context() as narrowed:
            if dag_id is not None:
                narrowed.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", dag_id)  # as Airflow's worker does
            bag = DagBag(dag_folder=str(bundle.path if dag_id is None else bundle.path / "deployments_00.py"))
        assert bag.import_errors == {}
        return dict(bag.dags)

    return parse


def test_each_deployment_has_its_own(parsed: Any, connection: Connection[Any]) -> None:
    assert set(parsed()) == set()
    first = deployed(connection, plan=DAILY)
    second = deployed(connection, "demo/other", target="predictions.other")
    dags = parsed()
    assert set(dags) == {f"deployment_{first.id}", f"deployment_{second.id}"}
    dag = dags[f"deployment_{first.id}"]
    assert dag.dag_display_name == "demo/arrival_delay v1 → predictions.arrival_delay"
    assert dag.tags == {"modelops", "deployment", "demo/arrival_delay"}
    assert dag.description == (
        "Scores predictions.arrival_delay with demo/arrival_delay v1; schedule: 0 3 * * * (Europe/Paris)."
    )
    assert f"Deployment {first.id}, since " in str(dag.doc_md)
    assert "Approved by grace" in str(dag.doc_md)
    assert (dag.catchup, dag.owner) == (False, "ada")
    assert type(dags[f"deployment_{second.id}"].timetable).__name__ == "NullTimetable"


def test_a_task_parses_its_own_only(parsed: Any, connection: Connection[Any]) -> None:
    first, second = deployed(connection), deployed(connection, "demo/other", target="predictions.other")
    assert set(parsed(f"deployment_{second.id}")) == {f"deployment_{second.id}"}
    assert set(parsed("deployment_schedule")) == set()
    assert set(parsed("deployment_")) == set()
    assert f"deployment_{first.id}" in parsed()


def test_none_vanishes_while_the_registry_is_away(
    parsed: Any, connection: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = deployed(connection, plan=DAILY), deployed(connection, "demo/other", target="predictions.other")
    before = parsed()
    monkeypatch.setenv("AIRFLOW_CONN_MODELOPS_READER", AWAY)
    away = parsed()
    assert set(away) == set(before) == {*(f"deployment_{one.id}" for one in (first, second))}
    dag_id = f"deployment_{first.id}"
    assert away[dag_id].timetable.serialize() == before[dag_id].timetable.serialize()
    assert set(parsed(dag_id)) == {dag_id}
    monkeypatch.delenv("AIRFLOW_CONN_MODELOPS_READER")
    assert set(parsed()) == set(before)


@pytest.mark.parametrize("text", ["", "[{}]", '[{"id": 1, "colour": "red"}]'])
def test_a_copy_of_another_version_is_no_trouble(
    parsed: Any, connection: Connection[Any], bundle: DeploymentBundle, text: str
) -> None:
    made = deployed(connection)
    copy = bundle.path / f"deployments_{made.id % SHARDS:02}.json"
    copy.write_text(text)
    assert set(parsed()) == {f"deployment_{made.id}"}
    assert read_copy(made.id % SHARDS) == read_registry()
    copy.write_text(text)
    with pytest.MonkeyPatch.context() as away:
        away.setenv("AIRFLOW_CONN_MODELOPS_READER", AWAY)
        assert set(parsed()) == set()


def test_nothing_is_known_of_a_registry_that_was_never_reached(parsed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_MODELOPS_READER", AWAY)
    assert set(parsed()) == set()


def test_one_that_follows_a_table_has_a_batch_for_each_interval_of_its_list(
    parsed: Any, connection: Connection[Any], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_MODELOPS", database.url("modelops_jobs"))
    after = Plan(schedule=Schedule(text="after features.delays"))
    sql = "SELECT 1 AS id WHERE current_setting('modelops.interval_start') <> ''"
    incremental = deployed(connection, plan=after, dataset={"name": None, "sql": sql})
    full = deployed(connection, "demo/other", target="predictions.other", plan=after, parts=3)
    dags = {one.id: parsed()[f"deployment_{one.id}"] for one in (incremental, full)}
    assert {dag.max_active_runs for dag in dags.values()} == {1}
    assert [dag.task_ids for dag in dags.values()] == [
        ["intervals", "predict", "check_drift"],
        ["intervals", "predict", "publish", "check_drift"],
    ]
    assert all(task.is_mapped for dag in dags.values() for task in dag.tasks if task.task_id != "intervals")
    assert dags[full.id].get_task("publish").trigger_rule == "all_done"
    # A batch that has failed ends the DAG run as failed: the check after it looks for its batch and finds none.
    checks: list[Any] = [dag.get_task("check_drift") for dag in dags.values()]
    assert [check.trigger_rule for check in checks] == ["all_done", "all_done"]
    assert [check.partial_kwargs["batch_task"] for check in checks] == ["predict", "publish"]

    def listed(number: int, run_type: str, **given: Any) -> list[list[str | None]]:
        task: Any = dags[number].get_task("intervals")
        for name in ("interval_start", "interval_end"):  # as Airflow renders them
            setattr(task, name, given.get(name))
        run = SimpleNamespace(run_type=run_type, data_interval_start=None, data_interval_end=None)
        found: list[list[str | None]] = task.execute({"dag_run": run})
        return found

    day = ["2013-08-01T00:00:00Z", "2013-08-02T00:00:00Z"]
    assert listed(incremental.id, "manual", interval_start=day[0], interval_end=day[1]) == [day]
    assert listed(incremental.id, "manual") == listed(incremental.id, "asset_triggered") == []
    assert (listed(full.id, "manual"), listed(full.id, "asset_triggered")) == ([[None, None]], [])


def test_each_batch_is_checked_for_drift_unless_it_is_left_out(parsed: Any, connection: Connection[Any]) -> None:
    checked = deployed(connection)
    left_out = deployed(connection, "demo/other", target="predictions.other", check_drift=False)
    dags = parsed()
    check = dags[f"deployment_{checked.id}"].get_task("check_drift")
    assert (check.upstream_task_ids, check.trigger_rule, check.batch_task) == ({"predict"}, "all_success", "predict")
    assert dags[f"deployment_{left_out.id}"].task_ids == ["predict"]
