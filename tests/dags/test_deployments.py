"""The DAGs of deployments, made from a registry; and what is left of them while that can't be reached."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from factories import deployed
from modelops.domain.schedules import Plan, Schedule
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow.sdk import DAG
    from psycopg import Connection

    from conftest import Database

# Airflow's own, when it looks for plugins.
pytestmark = pytest.mark.filterwarnings("ignore:GitWildMatchPattern")

FILE = PROJECT_ROOT / "dags" / "deployments.py"
DAILY = Plan(
    schedule=Schedule(text="0 3 * * *", time_zone="Europe/Paris"), starts_at=datetime(2026, 3, 20, 2, tzinfo=UTC)
)
ALWAYS = "deployment_schedule"


@pytest.fixture
def parsed(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str | None], dict[str, DAG]]:
    """Airflow's parsing of the file: of all of it, or to run a task of one DAG."""
    from airflow.dag_processing.dagbag import DagBag

    monkeypatch.setenv("MODELOPS_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW_CONN_MODELOPS_READER", database.url("modelops_reader"))

    def parse(dag_id: str | None = None) -> dict[str, DAG]:
        with monkeypatch.context() as narrowed:
            if dag_id is not None:
                narrowed.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", dag_id)  # as Airflow's worker does
            bag = DagBag(dag_folder=str(FILE))
        assert bag.import_errors == {}
        return dict(bag.dags)

    return parse


def test_each_deployment_has_its_own(parsed: Any, connection: Connection[Any]) -> None:
    assert set(parsed()) == {ALWAYS}
    first = deployed(connection, plan=DAILY)
    second = deployed(connection, "demo/other", target="predictions.other")
    dags = parsed()
    assert set(dags) == {ALWAYS, f"deployment_{first.id}", f"deployment_{second.id}"}
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
    assert set(parsed(f"deployment_{second.id}")) == {ALWAYS, f"deployment_{second.id}"}
    assert set(parsed(ALWAYS)) == {ALWAYS}
    assert set(parsed("deployment_")) == {ALWAYS}
    assert f"deployment_{first.id}" in parsed()


def test_none_vanishes_while_the_registry_is_away(
    parsed: Any, connection: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = deployed(connection, plan=DAILY), deployed(connection, "demo/other", target="predictions.other")
    before = parsed()
    monkeypatch.setenv("AIRFLOW_CONN_MODELOPS_READER", "postgresql://nobody:none@127.0.0.1:1/none")
    away = parsed()
    assert set(away) == set(before) == {ALWAYS, *(f"deployment_{one.id}" for one in (first, second))}
    dag_id = f"deployment_{first.id}"
    assert away[dag_id].timetable.serialize() == before[dag_id].timetable.serialize()
    assert set(parsed(dag_id)) == {ALWAYS, dag_id}
    monkeypatch.delenv("AIRFLOW_CONN_MODELOPS_READER")
    assert set(parsed()) == set(before)


@pytest.mark.parametrize("text", ["", "[{}]", '[{"id": 1, "colour": "red"}]'])
def test_a_file_of_another_version_is_no_trouble(parsed: Any, tmp_path: Path, text: str) -> None:
    (tmp_path / "deployments.json").write_text(text)
    assert set(parsed()) == {ALWAYS}
    (tmp_path / "deployments.json").write_text(text)
    with pytest.MonkeyPatch.context() as away:
        away.setenv("AIRFLOW_CONN_MODELOPS_READER", "postgresql://nobody:none@127.0.0.1:1/none")
        assert set(parsed()) == {ALWAYS}


def test_nothing_is_known_of_a_registry_that_was_never_reached(parsed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_MODELOPS_READER", "postgresql://nobody:none@127.0.0.1:1/none")
    assert set(parsed()) == {ALWAYS}
