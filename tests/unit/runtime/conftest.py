"""Fixtures for the tests of the runtime."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING

import pytest

from modelops.runtime import guarded, process
from unit.runtime.models import Model, marked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any


@pytest.fixture
def model(tmp_path: Path) -> Iterator[Model]:
    """A model without any code yet. A test that fails leaves no process of it behind either."""
    model = Model(tmp_path)
    yield model
    for pid in marked(model.job_id):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def unconfined(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that lacks all layers of the confinement."""

    def run(*arguments: Any, rules: object, **values: Any) -> int | None:
        return guarded.run_guarded(*arguments, rules=None, **values)

    monkeypatch.setattr(process, "run_guarded", run)
