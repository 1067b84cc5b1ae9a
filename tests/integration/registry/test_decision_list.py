"""The decisions that a person may take: the same as those that the page of each approval offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from factories import ask, cleared, deployed, evaluated_version, trained_anew
from modelops.domain.versions import VersionKind
from modelops.registry.read import decision_list

if TYPE_CHECKING:
    from psycopg import Connection

    from conftest import Database
    from modelops.registry.read.decision_list import AwaitedDecisions

DAGS = ["model_lifecycle"]


@pytest.fixture
def reader(database: Database) -> Any:
    with database.connect("modelops_reader") as connection:
        yield connection


def all_await(database: Database) -> None:
    """Each approval under way waits for its answer."""
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(
            "UPDATE modelops.job SET status = 'awaiting_approval' WHERE type = 'approval' AND status = 'running'"
        )


def awaited(reader: Connection[Any], person: str = "grace", **values: Any) -> AwaitedDecisions:
    return decision_list.awaited(reader, DAGS, DAGS, **{"person": person, "limit": 50} | values)


def test_what_waits_longest_comes_first_with_its_evidence(
    connection: Connection[Any], reader: Connection[Any], database: Database
) -> None:
    deployed(connection)
    requests = [ask(connection, evaluated_version(connection, auc=auc))[1] for auc in (0.8, 0.9)]
    assert awaited(reader).found == []
    all_await(database)
    waiting = awaited(reader)
    assert ([(one.model, one.version, one.kind) for one in waiting.found], waiting.more) == (
        [("demo/arrival_delay", number, VersionKind.MODEL) for number in (2, 3)],
        False,
    )
    assert [one.request.digest for one in waiting.found] == [request.digest for request in requests]
    shown = decision_list.evidence(reader, waiting.found)
    assert [(row["newest"]["metrics"]["auc"], row["champion"]["version"]) for row in shown.values()] == [
        (0.8, 1),
        (0.9, 1),
    ]


def test_who_may_not_decide_has_nothing_to_decide(
    connection: Connection[Any], reader: Connection[Any], database: Database
) -> None:
    ask(connection, evaluated_version(connection), "grace", "ada")
    ask(connection, evaluated_version(connection))
    unknown = trained_anew(connection)
    ask(connection, unknown)
    helped = trained_anew(connection)
    cleared(connection, helped, "edsger")
    ask(connection, helped)
    all_await(database)
    numbers = {person: [one.version for one in awaited(reader, person).found] for person in ("ada", "grace", "edsger")}
    assert numbers["ada"] == []
    assert unknown.number not in numbers["grace"]
    assert numbers["grace"] == [1, 2, helped.number]
    assert numbers["edsger"] == [2]


def test_nothing_of_dags_that_are_not_to_be_seen(
    connection: Connection[Any], reader: Connection[Any], database: Database
) -> None:
    ask(connection, evaluated_version(connection))
    all_await(database)
    assert len(awaited(reader).found) == 1
    for dags, deciding in (([], DAGS), (DAGS, [])):
        assert decision_list.awaited(reader, dags, deciding, person="grace", limit=50).found == []


def test_no_more_than_asked_for(connection: Connection[Any], reader: Connection[Any], database: Database) -> None:
    for _ in range(3):
        ask(connection, evaluated_version(connection))
    all_await(database)
    for limit, more in ((2, True), (3, False)):
        found = awaited(reader, limit=limit)
        assert (len(found.found), found.more) == (limit, more)


def test_a_version_without_a_champion(connection: Connection[Any], reader: Connection[Any], database: Database) -> None:
    ask(connection, evaluated_version(connection))
    all_await(database)
    [shown] = decision_list.evidence(reader, awaited(reader).found).values()
    assert shown["champion"] is None
