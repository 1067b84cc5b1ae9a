"""The job types that Python declares are those of the database, also after one was added."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from modelops.domain.errors import UnknownSchema
from modelops.domain.job_types import JobType
from modelops.registry import declarations
from modelops.registry.declarations import declared_stages, declared_transitions
from modelops.registry.migrate import migrate

if TYPE_CHECKING:
    from conftest import Database


def types_of(connection: psycopg.Connection[Any]) -> list[str]:
    return [row[0] for row in connection.execute("SELECT unnest(enum_range(NULL::modelops.job_type))::text")]


def test_the_database_has_what_is_declared(connection: psycopg.Connection[Any]) -> None:
    assert types_of(connection) == list(JobType)
    assert set(connection.execute("SELECT kind::text, stage, job_type::text FROM modelops.stage")) == declared_stages()
    found = connection.execute(
        "SELECT kind::text, from_status::text, to_status::text, job_type::text, meaning FROM modelops.transition"
    )
    assert set(found) == declared_transitions()


@pytest.mark.parametrize("place", [0, 3, len(JobType)])
def test_a_new_job_type_takes_its_place_in_a_database_with_jobs(database: Database, place: int) -> None:
    declared: list[str] = list(JobType)
    declared.insert(place, "rehearsal")
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        declarations.add_job_types(owner, declared)
        declarations.add_job_types(owner, declared)
        assert types_of(owner) == declared


def test_a_new_stage_and_transition_are_added(database: Database) -> None:
    """As in an installation of the release before, which didn't have them."""
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute("DELETE FROM modelops.transition WHERE job_type = 'retirement'")
        admin.execute("DELETE FROM modelops.stage WHERE job_type = 'retirement'")
    migrate(database.owner_url)
    with database.connect() as connection:
        test_the_database_has_what_is_declared(connection)


@pytest.mark.parametrize(
    ("row", "where"),
    [
        ("transition VALUES ('model', 'trained', 'approved', 'approval', 'unseen')", "transition"),
        ("stage VALUES ('model', 'shortcut', 'training')", "stage"),
    ],
)
def test_what_is_not_declared_is_refused(database: Database, row: str, where: str) -> None:
    database.psql("modelops_owner", f"INSERT INTO modelops.{row}")
    with pytest.raises(UnknownSchema, match=f"no job type declares model, (.|\n)*the table modelops.{where}"):
        migrate(database.owner_url)


@pytest.mark.parametrize("table", ["stage", "transition"])
@pytest.mark.parametrize("login", ["modelops_jobs", "modelops_reader", "modelops_owner"])
def test_nobody_changes_the_state_machine(database: Database, table: str, login: str) -> None:
    for statement in (f"DELETE FROM modelops.{table}", f"UPDATE modelops.{table} SET job_type = 'training'"):
        refused = database.psql(login, statement)
        assert refused.returncode != 0, statement
        assert re.search("permission denied|append-only", refused.stderr), refused.stderr
