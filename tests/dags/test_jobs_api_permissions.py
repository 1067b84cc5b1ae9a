"""How often Airflow's auth manager is asked who may see what, and that the answers are those for each DAG by itself."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest

import airflow_home  # noqa: F401
from factories import take, task_key

if TYPE_CHECKING:
    from collections.abc import Collection

    from psycopg import Connection

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what Airflow's own web server imports is full of them
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity

    from modelops.jobs_api import permissions

DAGS = [f"dag_{number:03}" for number in range(200)]


class CountingManager:
    """Hides DAGs, or only the results of their tasks, and counts the calls; it knows each question by itself too."""

    def __init__(self, hidden: Collection[str] = (), without_results: Collection[str] = ()) -> None:
        self.hidden, self.without_results = hidden, without_results
        self.calls = 0

    def is_authorized_dag(self, *, method: str, access_entity: DagAccessEntity, details: Any, user: Any) -> bool:
        self.calls += 1
        return self._allows(access_entity, details.id)

    def batch_is_authorized_dag(self, requests: list[Any], *, user: Any) -> bool:
        self.calls += 1
        assert all(one["method"] == "GET" for one in requests)
        return all(self._allows(one["access_entity"], one["details"].id) for one in requests)

    def _allows(self, entity: DagAccessEntity, dag_id: str) -> bool:
        return dag_id not in self.hidden and not (entity is DagAccessEntity.XCOM and dag_id in self.without_results)


def seen(manager: CountingManager, connection: Connection[Any], monkeypatch: pytest.MonkeyPatch, **how: Any) -> Any:
    monkeypatch.setattr(permissions, "get_auth_manager", lambda: manager)
    return permissions.visible_dags("vera", connection, **how)


@pytest.fixture
def jobs_of_many_dags(connection: Connection[Any]) -> None:
    for dag_id in DAGS:
        take(connection, task_key(dag_id=dag_id))


@pytest.mark.usefixtures("jobs_of_many_dags")
def test_who_may_see_all_is_asked_about_once(connection: Connection[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for entities in (permissions.LIST_ACCESS, permissions.DETAIL_ACCESS):
        manager = CountingManager()
        assert seen(manager, connection, monkeypatch, entities=entities) == DAGS
        assert manager.calls == 1


@pytest.mark.usefixtures("jobs_of_many_dags")
@pytest.mark.parametrize(
    ("hidden", "calls"),
    [([DAGS[17]], 1 + 8 + 8 + 4), (DAGS[:25], 1 + 8 + 7 + 25), (DAGS[::2], 300), (DAGS, 1 + 8 + 8 * 7 + 200)],
    ids=["one", "an eighth", "every other", "all"],
)
def test_what_is_hidden_costs_few_questions_more(
    connection: Connection[Any], monkeypatch: pytest.MonkeyPatch, hidden: list[str], calls: int
) -> None:
    """By itself each of the DAGs would be asked about, and those that are seen once for each entity."""
    manager = CountingManager(without_results=hidden)
    assert seen(manager, connection, monkeypatch) == DAGS
    assert manager.calls == 1
    for manager in (CountingManager(hidden), CountingManager(without_results=hidden)):
        left = [dag_id for dag_id in DAGS if dag_id not in hidden]
        assert seen(manager, connection, monkeypatch, entities=permissions.DETAIL_ACCESS) == left
        assert manager.calls <= calls


def test_where_there_are_no_jobs_nobody_is_asked(connection: Connection[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    manager = CountingManager(DAGS)
    assert seen(manager, connection, monkeypatch) == []
    assert manager.calls == 0
