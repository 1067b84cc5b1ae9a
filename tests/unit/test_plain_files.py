"""User code may replace a file by something else: an error names it, and reading it does not block."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from modelops.domain.errors import UserCodeError
from modelops.plain_files import MAX_DEPTH, HeldFolder, create_plain, open_plain, remove

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def fifo(path: Path) -> None:
    os.mkfifo(path)


def link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def hard_link(path: Path) -> None:
    (path.parent.parent / "other").write_text("other")
    os.link(path.parent.parent / "other", path)


def folder(path: Path) -> None:
    path.mkdir()


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(path.parent)  # the address of a socket may only be short
        server.bind(path.name)
        os.chdir(here)


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (fifo, "not a plain file but a named pipe"),
        (link, "not a plain file but a symbolic link"),
        (hard_link, "not a file of its own but a hard link: it has 2 names"),
        (listening, "not a plain file but a socket"),
    ],
)
def test_what_is_no_file_of_its_own(tmp_path: Path, make: Callable[[Path], None], kind: str) -> None:
    held = HeldFolder.create(tmp_path / "output")
    make(held.path / "left")
    for reading in (held.files, lambda: held.open("left"), lambda: open_plain(held.path / "left")):
        with pytest.raises(UserCodeError, match=f"^left is {kind}"):
            reading()


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    folder(tmp_path / "metrics.json")
    with pytest.raises(UserCodeError, match=r"metrics\.json is not a plain file but a folder"):
        open_plain(tmp_path / "metrics.json")


def test_a_file_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserCodeError, match="file belongs to another user"):
        open_plain(tmp_path / "file", owner=os.geteuid() + 1)
    open_plain(tmp_path / "file", owner=os.geteuid() + 1, shared=True).close()


def test_a_file_behind_a_link_is_not_reached(tmp_path: Path) -> None:
    held = HeldFolder.create(tmp_path / "output")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").touch()
    (held.path / "folder").symlink_to(tmp_path / "etc")
    with pytest.raises(UserCodeError, match=r"a folder of folder/passwd can't be opened"):
        held.open("folder/passwd")


def test_names_and_depth_have_bounds(tmp_path: Path) -> None:
    held = HeldFolder.create(tmp_path / "output")
    deep = held.path.joinpath(*["x"] * MAX_DEPTH)
    deep.mkdir(parents=True)
    (deep / "file").touch()
    with pytest.raises(UserCodeError, match="lies 32 folders deep"):
        held.files()
    (deep / "file").unlink()
    long = held.path.joinpath(*["y" * 250] * 4)
    long.mkdir(parents=True)
    with pytest.raises(UserCodeError, match="has 1,003 bytes"):
        held.files()


def test_a_new_file_is_never_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "link").symlink_to("precious")
    os.link(tmp_path / "precious", tmp_path / "hard")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "hard", "pipe"):
        with create_plain(tmp_path / name) as file:
            file.write(b"new")
        assert (tmp_path / name).read_text() == "new"
    assert (tmp_path / "precious").read_text() == "precious"


def test_a_link_is_removed_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "link").symlink_to("precious")
    (tmp_path / "folder/inner").mkdir(parents=True)
    (tmp_path / "folder/link").symlink_to("../precious")
    (tmp_path / "folder/inner").chmod(0)
    (tmp_path / "folder").chmod(0)
    for name in ("link", "folder", "nothing"):
        remove(tmp_path / name)
    assert list(tmp_path.iterdir()) == [tmp_path / "precious"]
