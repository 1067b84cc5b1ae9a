"""A small model on a small table, and the services that a job works with, all real."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from factories import model_folder
from modelops.data.artifacts import ArtifactStore
from modelops.lifecycle.services import Services
from modelops.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Database


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A folder with one model, `iris`."""
    folder = tmp_path / "repository"
    model_folder(folder, "iris")
    return folder


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def services(
    database: Database, connection: psycopg.Connection[Any], repository: Path, tmp_path: Path, log: list[str]
) -> Services:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("CREATE TABLE measured (id int PRIMARY KEY, x float8, y float8, price numeric, late int)")
        admin.execute("INSERT INTO measured SELECT i, i / 10.0, 100 - i, i * 1.5, i % 2 FROM generate_series(1, 100) i")
        admin.execute("GRANT SELECT ON measured TO modelops_sql")
    configuration = tmp_path / "repositories.yaml"
    configuration.write_text(json.dumps({"repositories": {"here": {"path": str(repository)}}}))
    settings = Settings(home=tmp_path / "home", artifacts=(tmp_path / "artifacts").as_uri(), repositories=configuration)
    return Services(
        connection=connection,
        rows_url=database.url("modelops_sql"),
        store=ArtifactStore(tmp_path / "artifacts"),
        settings=settings,
        log=log.append,
    )
