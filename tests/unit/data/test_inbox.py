"""Which files of the inbox a trigger form suggests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelops.data.model_files import MAX_LISTED, inbox_files

if TYPE_CHECKING:
    from pathlib import Path


def test_plain_files_by_their_paths(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    (inbox / "flights").mkdir(parents=True)
    (inbox / ".hidden").mkdir()
    for name in ("late.onnx", "flights/late.txt", ".hidden/a", ".b"):
        (inbox / name).touch()
    (tmp_path / "outside").touch()
    (inbox / "linked").symlink_to(tmp_path / "outside")
    assert inbox_files(inbox) == ["flights/late.txt", "late.onnx"]
    assert inbox_files(tmp_path / "nowhere") == []


def test_not_more_than_a_form_shows(tmp_path: Path) -> None:
    for number in range(MAX_LISTED + 5):
        (tmp_path / str(number)).touch()
    assert len(inbox_files(tmp_path)) == MAX_LISTED
