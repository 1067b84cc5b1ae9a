"""Fixtures for the tests of model files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modelops.formats.catalogue import FORMATS
from modelops.runtime.environment import build, resolve
from modelops.settings import MachineSettings
from unit.model_files.opening import Opener

if TYPE_CHECKING:
    from pathlib import Path

    from modelops.runtime.environment import Environment


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """One environment with the packages of all formats, as several would take their time."""
    machine = MachineSettings(home=tmp_path_factory.mktemp("home"))
    lines = {line for each in FORMATS.values() for line in each.requirements.splitlines()}
    text = "\n".join(sorted(lines))
    lock = resolve(text, machine=machine, where="all formats", log=print)
    return build(lock, machine=machine, where="all formats", log=print)


@pytest.fixture
def opener(tmp_path: Path, environment: Environment) -> Opener:
    """Opens model files in this environment."""
    return Opener(tmp_path, environment)
