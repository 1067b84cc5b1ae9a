"""Whether the code on this machine is still what a process has loaded."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from modelops.release import CODE, LOADED, Code

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry" / "jobs.sql").write_text("SELECT 1;\n")
    (tmp_path / "settings.py").write_text("ROWS = 1\n")
    return tmp_path


def test_this_process_runs_what_is_on_disk() -> None:
    assert LOADED.is_on_disk()
    assert (str(CODE / "release.py"), (CODE / "release.py").stat().st_size) in {file[:2] for file in LOADED.files}


def test_the_same_contents_written_again(folder: Path) -> None:
    loaded = Code.on_disk(folder)
    os.utime(folder / "settings.py", ns=(0, 0))
    assert loaded.is_on_disk(folder)


def test_what_python_keeps_for_itself_does_not_count(folder: Path) -> None:
    loaded = Code.on_disk(folder)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "settings.cpython-311.pyc").write_bytes(b"\0")
    assert loaded.is_on_disk(folder)


@pytest.mark.parametrize("change", ["another content", "a new file", "a file less", "another name"])
def test_other_code(folder: Path, change: str) -> None:
    loaded = Code.on_disk(folder)
    settings = folder / "settings.py"
    match change:
        case "another content":
            settings.write_text("ROWS = 2\n")
        case "a new file":
            (folder / "registry" / "versions.sql").write_text("")
        case "a file less":
            settings.unlink()
        case "another name":
            settings.rename(folder / "bounds.py")
    assert not loaded.is_on_disk(folder)
    assert Code.on_disk(folder).digest != loaded.digest
