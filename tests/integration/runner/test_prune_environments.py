"""`./modelops prune --environments`: what the registry needs stays, and nothing is removed unless it is asked for."""

from __future__ import annotations

import contextlib
import hashlib
import io
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from factories import HASH, decide, evaluated_version
from modelops.domain.decisions import Verdict
from modelops.runner import database_commands
from modelops.runner.steps import Steps
from modelops.runtime.environment import MARKER, folder_name
from modelops.settings import MachineSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from psycopg import Connection

    from conftest import Database

OTHER = hashlib.sha256(b"six==1").hexdigest()


@pytest.fixture
def environments(tmp_path: Path) -> Path:
    """Two environments: that of the versions of the tests, and another."""
    for sha256 in (HASH, OTHER):
        folder = tmp_path / "environments" / folder_name(sha256)
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python").symlink_to(sys.executable)
        (folder / "large").write_bytes(b"x" * 3 * 2**20)
        (folder / MARKER).touch()
    return tmp_path / "environments"


@pytest.fixture
def prune(database: Database, environments: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs the command; returns what it prints."""
    monkeypatch.setattr(database_commands, "with_database", lambda *_, **__: contextlib.nullcontext())
    settings = SimpleNamespace(machine=MachineSettings(home=environments.parent))
    installation: Any = SimpleNamespace(
        settings=settings, databases=SimpleNamespace(url=lambda login: database.url(f"modelops_{login}"))
    )

    def run(*, remove: bool) -> str:
        said = io.StringIO()
        assert database_commands.prune_environments(installation, steps=Steps(said), remove=remove) == 0
        return said.getvalue()

    return run


def left(environments: Path) -> set[str]:
    return {path.name for path in environments.iterdir() if path.is_dir()}


def test_what_a_version_pins_stays(connection: Connection[Any], environments: Path, prune: Callable[..., str]) -> None:
    version = evaluated_version(connection)
    assert version.requirements_sha256 == HASH
    said = prune(remove=False)
    assert f"environments/{folder_name(OTHER)}: 3.0 MiB" in said
    assert "environments: 1, files of pinned packages: 0; 3.0 MiB would be freed" in said
    assert "Nothing was removed: `./modelops prune --environments --yes` removes them." in said
    assert left(environments) == {folder_name(HASH), folder_name(OTHER)}

    assert "3.0 MiB freed" in prune(remove=True)
    assert left(environments) == {folder_name(HASH)}
    assert prune(remove=True) == "Nothing to remove: every environment is needed or in use.\n"

    decide(connection, version, Verdict.REJECTED, comment="worse than before")
    assert "3.0 MiB freed" in prune(remove=True)
    assert left(environments) == set()
