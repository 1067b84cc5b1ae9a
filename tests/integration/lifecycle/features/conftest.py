"""A SQL task in the repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from factories import doubled_folder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def folder(repository: Path) -> Path:
    return doubled_folder(repository)
