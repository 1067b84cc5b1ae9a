"""Fixtures for the tests of the demonstration's model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from unit.demo.arrival_delay import imported

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from unit.demo.arrival_delay import Model


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Model]:
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")  # the package sets it if nobody has
    with imported(tmp_path) as model:
        yield model
