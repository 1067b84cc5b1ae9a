"""How much code may write, and that a disk that fills ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from modelops.domain.errors import Unavailable, UserCodeError
from modelops.runtime import disk

if TYPE_CHECKING:
    from pathlib import Path


class Usage(NamedTuple):
    """As shutil.disk_usage() gives it."""

    free: int


@pytest.fixture
def bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> disk.DiskBound:
    for pause in ("_LOOK_EVERY", "_MOST_OF_THE_TIME"):
        monkeypatch.setattr(disk, pause, 0.0)
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: Usage(free=4 * 2**20))
    return disk.DiskBound(tmp_path, "model_modules/training.py")


def test_it_is_a_quarter_of_what_is_free(bound: disk.DiskBound) -> None:
    assert bound.bytes == 2**20


def test_files_in_all_folders_count_but_links_do_not(bound: disk.DiskBound, tmp_path: Path) -> None:
    scratch, output, elsewhere = (tmp_path / name for name in ("scratch", "output", "elsewhere"))
    for folder in (scratch / "deep", output, elsewhere):
        folder.mkdir(parents=True)
    (elsewhere / "large").write_bytes(bytes(2**21))
    (scratch / "link").symlink_to(elsewhere)
    (scratch / "deep" / "half").write_bytes(bytes(2**19))
    bound.check([scratch, output])
    (output / "other half").write_bytes(bytes(2**19 + 1))
    with pytest.raises(UserCodeError, match="more than a quarter of what was free"):
        bound.check([scratch, output, tmp_path / "gone"])


def test_a_sparse_file_takes_no_room(bound: disk.DiskBound, tmp_path: Path) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(2**30)
    bound.check([tmp_path])


def test_code_is_ended_before_the_disk_is_full(
    bound: disk.DiskBound, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may hold files open that have no name any more, which nobody can count."""
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: Usage(free=2**19 - 1))
    with pytest.raises(Unavailable, match="is nearly full"):
        bound.check([tmp_path])
