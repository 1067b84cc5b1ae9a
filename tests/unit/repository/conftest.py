"""A ModelOps repository on disk: factories with defaults for all that a test doesn't care about."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from factories import model_folder, task_folder
from modelops.repository.kinds import MODELS, TASKS, Kind
from modelops.settings import InstallationSettings, MachineSettings, Settings

DATASETS = """\
entity_key: [flight_id]
features: [month, distance]
targets: [late]
datasets:
  train: SELECT 1
  evaluate: |
    SELECT 2
"""

FILES = {
    "model.json": json.dumps({"id": "delay-1", "name": "Arrival delay", "description": "Late?", "language": "python"}),
    "config.json": '{"hyperParameters": {"depth": 3}}',
    "datasets.yaml": DATASETS,
    "model_modules/training.py": "def train(context, **kwargs):\n    pass\n",
    "model_modules/evaluation.py": "def evaluate(context, **kwargs):\n    pass\n",
}

WriteModel = Callable[..., Path]
Git = Callable[..., str]
Configure = Callable[..., Settings]
Make = Callable[[Path, str], Path]


@pytest.fixture(autouse=True)
def _isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git as on a machine without any configuration."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))


@pytest.fixture
def write_model() -> WriteModel:
    """Writes a good model into a folder; `files` replaces some of its files, or removes those that are None."""

    def write(folder: Path, files: Mapping[str, str | None] | None = None) -> Path:
        for name, text in (FILES | dict(files or {})).items():
            if text is not None:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(text, encoding="utf-8")
        return folder

    return write


@pytest.fixture
def git() -> Git:
    def run(folder: Path, *arguments: str) -> str:
        identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "init.defaultBranch=main"]
        allowed = ["-c", "protocol.file.allow=always"]
        return subprocess.run(
            ["git", *identity, *allowed, *arguments], cwd=folder, check=True, capture_output=True, text=True
        ).stdout.strip()

    return run


@pytest.fixture
def commit(git: Git) -> Callable[[Path], str]:
    """Commits all that lies in a folder, making it a repository if it isn't one, and returns the commit."""

    def make(folder: Path) -> str:
        if not (folder / ".git").exists():
            git(folder, "init")
        git(folder, "add", "--all")
        git(folder, "commit", "--message", "change", "--allow-empty")
        return git(folder, "rev-parse", "HEAD")

    return make


@pytest.fixture
def repository(tmp_path: Path, write_model: WriteModel) -> Path:
    """A ModelOps repository in a plain folder, with the model "delay" and the feature task "delay"."""
    folder = tmp_path / "repository"
    write_model(folder / "model_definitions" / "delay")
    task_folder(folder, "delay")
    return folder


@pytest.fixture(params=[MODELS, TASKS], ids=lambda kind: kind.word)
def kind(request: pytest.FixtureRequest) -> Kind[Any]:
    """For what holds of models as of feature tasks."""
    return request.param


@pytest.fixture
def make(kind: Kind[Any]) -> Make:
    """Makes another thing of the kind in a repository, under a name."""
    return model_folder if kind is MODELS else task_folder


@pytest.fixture
def configure(tmp_path: Path) -> Configure:
    """Settings with these sources, as YAML mappings: configure(demo="{path: repository}")."""

    def make(**sources: str) -> Settings:
        file = tmp_path / "repositories.yaml"
        lines = [f"  {name}: {source}\n" for name, source in sources.items()]
        file.write_text("repositories:\n" + "".join(lines) if lines else "repositories: {}\n")
        return Settings(
            installation=InstallationSettings(artifacts="file:///nowhere", repositories=file),
            machine=MachineSettings(home=tmp_path / "home"),
        )

    return make
