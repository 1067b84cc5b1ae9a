"""Fixtures for the tests of scoring."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING

import pytest

from modelops.scoring import batches
from unit.runtime.models import Model, marked
from unit.scoring.streams import ROWS, children, open_files, threads

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Model]:
    """A model without any code yet; whatever a test does with it, nothing may be left of that. Batches are small."""
    monkeypatch.setattr(batches, "ROWS", ROWS)
    model, files, processes = Model(tmp_path), open_files(), children()
    yield model
    left = marked(model.job_id)
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert left == []
    assert children() <= processes
    assert threads() == []
    assert open_files() == files
