"""A small model on a small table, and what a job works with, all real."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

import airflow_home  # noqa: F401
from factories import model_folder
from modelops.airflow.timetables import plan
from modelops.data.artifacts import ArtifactStore
from modelops.jobs.run import Resources
from modelops.settings import InstallationSettings, MachineSettings, Settings
from workplace import Workplace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from conftest import Database


@dataclass(frozen=True, kw_only=True)
class Past:
    """What was there before a test: a database, and the folder of the artifacts that it names."""

    database: str
    artifacts: Path


@pytest.fixture(scope="module")
def lives() -> Callable[[Workplace, Path], None]:
    """Takes models of a repository through their lives, once for all tests of a module: each begins with a copy.

    Here nothing has happened yet; a module in which something has, has a fixture `lives` of its own.
    """
    return lambda workplace, repository: None


@pytest.fixture(scope="module")
def past(
    copy_of: Callable[[str], AbstractContextManager[Database]],
    template: str,
    lives: Callable[[Workplace, Path], None],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Past]:
    folder: Path = tmp_path_factory.mktemp("past")
    with copy_of(template) as database:
        with psycopg.connect(database.admin_url, autocommit=True) as admin:
            admin.execute("CREATE TABLE measured (id int PRIMARY KEY, x float8, y float8, price numeric, late int)")
            admin.execute(
                "INSERT INTO measured SELECT i, i / 10.0, 100 - i, i * 1.5, i % 2 FROM generate_series(1, 100) i"
            )
            admin.execute("GRANT SELECT ON measured TO modelops_sql")
        (folder / "artifacts").mkdir()
        with database.connect() as connection:
            lives(workplace_in(folder, database, connection, []), folder / "repository")
        yield Past(database=database.name, artifacts=folder / "artifacts")


@pytest.fixture
def database(copy_of: Callable[[str], AbstractContextManager[Database]], past: Past) -> Iterator[Database]:
    with copy_of(past.database) as database:
        yield database


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
def look(database: Database) -> Iterator[Callable[[str], list[Any]]]:
    """What a reader sees."""
    reader = database.connect("modelops_reader")
    yield lambda sql: reader.execute(sql).fetchall()
    reader.close()


@pytest.fixture
def workplace(
    past: Past,
    database: Database,
    connection: psycopg.Connection[Any],
    repository: Path,
    tmp_path: Path,
    log: list[str],
) -> Workplace:
    shutil.copytree(past.artifacts, tmp_path / "artifacts")
    return workplace_in(tmp_path, database, connection, log)


def workplace_in(
    folder: Path, database: Database, connection: psycopg.Connection[Any], log: list[str], *, name: str = "here"
) -> Workplace:
    """With all files below the folder, also the repository of that name."""
    configuration = folder / "repositories.yaml"
    configuration.write_text(json.dumps({"repositories": {name: {"path": str(folder / "repository")}}}))
    settings = Settings(
        installation=InstallationSettings(artifacts=(folder / "artifacts").as_uri(), repositories=configuration),
        machine=MachineSettings(home=folder / "home"),
    )
    resources = Resources(
        connect=database.connect,
        ledger_url=database.url("modelops_jobs"),
        rows_url=database.url("modelops_sql"),
        features_url=database.url("modelops_features"),
        store=ArtifactStore(folder / "artifacts"),
        settings=settings,
        plan=plan,
    )
    return Workplace(connection=connection, resources=resources, log=log.append)


@pytest.fixture
def shift(database: Database) -> Callable[[str, float], None]:
    """Shifts a feature in the table that is scored."""

    def shifted(column: str, by: float) -> None:
        with psycopg.connect(database.admin_url) as admin:
            admin.execute(f"UPDATE measured SET {column} = {column} + {by}")

    return shifted
