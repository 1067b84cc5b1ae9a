"""The list of models: one row for each, by name, and nothing of a DAG that isn't to be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from factories import (
    add_evaluation,
    ask,
    begin_version,
    decide,
    deploy,
    deployed,
    evaluated_version,
    take,
    task_key,
    trained_version,
)
from modelops.domain.job_types import JobType
from modelops.domain.versions import VersionKind
from modelops.registry.read import model_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection

    from conftest import Database

DAGS = ["model_lifecycle"]
MODEL = {"kind": VersionKind.MODEL}


@pytest.fixture
def reader(database: Database) -> Any:
    with database.connect("modelops_reader") as connection:
        yield connection


def names(reader: Connection[Any], dags: Sequence[str] = DAGS, **wanted: Any) -> list[str]:
    return [
        row["model"] for row in model_list.models(reader, dags, **{"kind": VersionKind.MODEL, "limit": 10} | wanted)
    ]


def await_decision(database: Database, job_id: int) -> None:
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute("UPDATE modelops.job SET status = 'awaiting_approval' WHERE id = %s", (job_id,))


def test_a_model_of_which_there_is_much(
    connection: Connection[Any], reader: Connection[Any], database: Database
) -> None:
    deployment = deployed(connection)
    evaluated_version(connection, auc=0.8)
    attempt, _ = ask(connection, evaluated_version(connection, auc=0.9))
    newest = trained_version(connection)
    await_decision(database, attempt.job_id)
    [found] = model_list.models(reader, DAGS, kind=VersionKind.MODEL, limit=10)
    assert (found["model"], found["number"], found["status"]) == ("demo/arrival_delay", 4, "trained")
    assert (found["measured_number"], found["metrics"], found["headline"]) == (3, {"auc": 0.9}, None)
    assert [(one["id"], one["target"], one["version"]) for one in found["production"]] == [
        (deployment.id, "predictions.arrival_delay", 1)
    ]
    assert found["waiting"] == [{"job_id": attempt.job_id, "version": 3}]
    assert (found["last_job_id"], found["last_type"]) == (newest.job_id, JobType.TRAINING)
    assert found == model_list.model(reader, DAGS, kind=VersionKind.MODEL, name="demo/arrival_delay")


def test_a_model_of_which_there_is_little(connection: Connection[Any], reader: Connection[Any]) -> None:
    begin_version(connection, take(connection))
    [found] = model_list.models(reader, DAGS, kind=VersionKind.MODEL, limit=10)
    assert (found["status"], found["production"], found["waiting"], found["measured_number"]) == (
        "created",
        [],
        [],
        None,
    )


def test_pages_and_searches(connection: Connection[Any], reader: Connection[Any]) -> None:
    known = [f"demo/{name}" for name in ("a", "b", "c_%", "d")]
    for name in (*reversed(known), "demo/a"):
        trained_version(connection, name)
    assert names(reader) == known
    assert names(reader, limit=2) == known[:2]
    assert names(reader, limit=2, after="demo/b") == known[2:]
    assert names(reader, after="demo/d") == []
    assert names(reader, search="MO/B") == ["demo/b"]
    assert names(reader, search="_%") == ["demo/c_%"]
    assert names(reader, kind=VersionKind.FEATURE_TASK) == []
    assert model_list.model(reader, DAGS, **MODEL, name="demo/e") is None


def test_nothing_of_dags_that_are_not_to_be_seen(
    connection: Connection[Any], reader: Connection[Any], database: Database
) -> None:
    seen, hidden = deployed(connection), trained_version(connection, "demo/hidden", key=task_key(dag_id="secret"))
    trained_version(connection, key=task_key(dag_id="secret"))
    assert names(reader) == ["demo/arrival_delay"]
    assert names(reader, []) == []
    assert model_list.model(reader, DAGS, **MODEL, name=hidden.name) is None
    [row] = model_list.models(reader, DAGS, kind=VersionKind.MODEL, limit=10)
    assert row["number"] == 1
    of_model: dict[str, Any] = {**MODEL, "name": seen.model}
    assert [one["number"] for one in model_list.versions(reader, DAGS, **of_model, numbers=[1, 2])] == [1]
    for stage in ("approval", "deployment"):
        with psycopg.connect(database.admin_url) as admin:
            admin.execute("SET session_replication_role = replica")
            admin.execute("UPDATE modelops.job SET dag_id = 'secret' WHERE type = %s::modelops.job_type", (stage,))
        [row] = model_list.models(reader, DAGS, kind=VersionKind.MODEL, limit=10)
        assert row["production"] == model_list.production(reader, DAGS, **of_model) == []


def test_the_version_to_roll_back_to(connection: Connection[Any], reader: Connection[Any]) -> None:
    first = evaluated_version(connection)
    approved = decide(connection, first)
    deploy(connection, first, approved)
    of_model: dict[str, Any] = {**MODEL, "name": first.name}
    [alone] = model_list.production(reader, DAGS, **of_model)
    assert (alone["version"], alone["previous"], alone["approver"]) == (1, None, "grace")
    second = evaluated_version(connection, auc=0.8)
    deploy(connection, second, decide(connection, second))
    [now] = model_list.production(reader, DAGS, **of_model)
    assert (now["version"], now["previous"], now["comment"]) == (2, 1, "looks right")


def test_versions_with_all_that_they_pin(
    connection: Connection[Any], reader: Connection[Any], database: Database
) -> None:
    version = evaluated_version(connection)
    trained_version(connection)
    add_evaluation(connection, version, auc=0.5)
    found = model_list.versions(reader, DAGS, **MODEL, name=version.name, numbers=[2, 1, 9])
    assert [(one["number"], one["metrics"], one["columns"]) for one in found] == [
        (1, {"auc": 0.5}, {"x": "double"}),
        (2, None, {"x": "double"}),
    ]
    begin_version(connection, take(connection))
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(
            """UPDATE modelops.version SET status = 'failed', hyperparameters = '{"bad": 1}' WHERE number = 3"""
        )
    newest = model_list.hyperparameters(reader, DAGS, **MODEL, name=version.name)
    assert newest == {"number": 2, "hyperparameters": {}}
