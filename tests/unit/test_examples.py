"""Property tests try the same examples in each run."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def examples() -> list[tuple[int, str]]:
    found = []

    @settings(max_examples=200, database=None)
    @given(st.integers(), st.text())
    def collect(number: int, text: str) -> None:
        found.append((number, text))

    collect()
    return found


def test_they_do_not_depend_on_the_modules_that_are_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = examples()
    lines = [f"A{number} = {number * 1_000_003}\nB{number} = 'text {number}'\n" for number in range(100)]
    (tmp_path / "just_loaded.py").write_text("".join(lines))
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("just_loaded")
    assert examples() == before
    del sys.modules["just_loaded"]
