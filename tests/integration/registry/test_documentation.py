"""What the documentation shows of the database is what a new one has. `pytest --write-docs` writes it anew."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from modelops.domain.jobs import Event, JobStatus
from modelops.domain.versions import ArtifactRole, VersionKind, VersionStatus

if TYPE_CHECKING:
    from enum import StrEnum

    from psycopg import Connection

    from conftest import Database

ROOT = Path(__file__).resolve().parents[3]


def compare(file: Path, found: str, expected: str, config: pytest.Config, *, whole: str) -> None:
    if config.getoption("--write-docs"):
        file.write_text(whole)
        return
    assert found == expected, f"{file.name} is behind the schema; `./modelops test integration --write-docs` mends it"


def test_the_schema(database: Database, pytestconfig: pytest.Config) -> None:
    """The whole schema in one file: a change of it is seen in the review, with what PostgreSQL makes of it."""
    done = subprocess.run(
        [database.server.bin / "pg_dump", "--schema-only", "--schema=modelops", database.admin_url],
        capture_output=True,
        text=True,
        check=True,
    )
    noise = re.compile(r"^(--.*|\\(un)?restrict .*|SET .*|SELECT pg_catalog\.set_config.*|)\n", re.MULTILINE)
    dumped = "-- The schema of a new installation; written by `./modelops test integration --write-docs`.\n"
    dumped += noise.sub("", done.stdout)
    file = ROOT / "docs/schema.sql"
    compare(file, file.read_text() if file.exists() else "", dumped, pytestconfig, whole=dumped)


def test_migrating_again_changes_nothing(database: Database) -> None:
    from modelops.registry.migrate import migrate

    before = database.psql("modelops_owner", "SELECT version_num FROM modelops.migration").stdout
    migrate(database.owner_url)
    assert database.psql("modelops_owner", "SELECT version_num FROM modelops.migration").stdout == before


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("job_status", JobStatus),
        ("event", Event),
        ("version_kind", VersionKind),
        ("version_status", VersionStatus),
        ("artifact_role", ArtifactRole),
    ],
)
def test_python_and_the_database_use_the_same_words(
    connection: Connection[Any], name: str, members: type[StrEnum]
) -> None:
    rows = connection.execute("SELECT unnest(enum_range(NULL::modelops.{}))::text".format(name)).fetchall()  # noqa: UP032
    assert [row[0] for row in rows] == [str(member) for member in members]
