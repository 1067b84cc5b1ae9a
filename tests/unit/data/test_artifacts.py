"""Files under their own hashes."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING

import pytest

from factories import artifact
from modelops.data.artifacts import ArtifactStore
from modelops.domain.errors import ArtifactChanged, UserCodeError
from modelops.domain.versions import ArtifactRole
from modelops.plain_files import HeldFolder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "store")


def test_what_is_put_in_comes_out(store: ArtifactStore, tmp_path: Path) -> None:
    left = tmp_path / "output"
    held = HeldFolder.create(left)
    (left / "plots").mkdir()
    (left / "model.bin").write_bytes(b"\0\1\2")
    (left / "plots/roc.png").write_bytes(b"png")
    stored = store.put_output(held, tag="job-1")
    assert [(a.name, a.size, a.media_type, a.role) for a in stored] == [
        ("model.bin", 3, "application/octet-stream", ArtifactRole.OUTPUT),
        ("plots/roc.png", 3, "image/png", ArtifactRole.OUTPUT),
    ]
    store.fetch(stored, tmp_path / "fetched")
    assert (tmp_path / "fetched/plots/roc.png").read_bytes() == b"png"
    assert list((tmp_path / "store/incoming").iterdir()) == []


def test_the_same_content_is_stored_once(store: ArtifactStore, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"same")
    first, second = (
        store.put(tmp_path / name, role=ArtifactRole.OUTPUT, name=name, tag="job-1") for name in ("a", "b")
    )
    assert first.uri == second.uri
    assert len([path for path in (tmp_path / "store/sha256").rglob("*") if path.is_file()]) == 1


def test_a_link_is_refused(store: ArtifactStore, tmp_path: Path) -> None:
    left = tmp_path / "output"
    held = HeldFolder.create(left)
    (left / "passwd").symlink_to("/etc/passwd")
    with pytest.raises(UserCodeError, match="passwd is not a plain file but a symbolic link"):
        store.put_output(held, tag="job-1")
    assert not (tmp_path / "store").exists()


def test_a_hard_link_is_refused(store: ArtifactStore, tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("secret")
    held = HeldFolder.create(tmp_path / "output")
    os.link(tmp_path / "secrets.json", tmp_path / "output/model.json")
    with pytest.raises(UserCodeError, match=r"model\.json is not a file of its own but a hard link") as refusal:
        store.put_output(held, tag="job-1")
    assert refusal.value.expected == "a plain file of its own: a copy instead of a link"
    with pytest.raises(UserCodeError, match="hard link"):
        store.put(tmp_path / "output/model.json", role=ArtifactRole.SAMPLE, name="sample.arrow", tag="job-1")


def test_a_folder_in_the_place_of_the_one_that_was_made_is_refused(store: ArtifactStore, tmp_path: Path) -> None:
    held = HeldFolder.create(tmp_path / "output")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/sources.list").touch()
    (tmp_path / "output").rename(tmp_path / "elsewhere")
    for put_there in (lambda: (tmp_path / "output").symlink_to("other"), (tmp_path / "output").mkdir):
        put_there()
        with pytest.raises(UserCodeError, match="the folder output was removed or replaced"):
            store.put_output(held, tag="job-1")
        (tmp_path / "output").unlink() if (tmp_path / "output").is_symlink() else None


def test_what_code_leaves_has_bounds(store: ArtifactStore, tmp_path: Path) -> None:
    held = HeldFolder.create(tmp_path / "output")
    with (tmp_path / "output/sparse.bin").open("wb") as file:
        file.truncate(2 * 2**30)
    with pytest.raises(UserCodeError, match=r"2,147,483,648 bytes; sparse\.bin alone has 2,147,483,648") as refusal:
        store.put_output(held, tag="job-1")
    assert refusal.value.expected == "at most 1,024 MiB; or have MODELOPS_OUTPUT_SIZE raised"
    (tmp_path / "output/sparse.bin").unlink()
    (tmp_path / "output/many").mkdir()
    for number in range(9):
        (tmp_path / f"output/many/{number}").touch()
    assert len(store.put_output(held, tag="job-1", most_files=10)) == 9
    with pytest.raises(UserCodeError, match="the code left more than 9 files and folders"):
        store.put_output(held, tag="job-1", most_files=9)


def test_a_file_that_changes_while_it_is_stored(store: ArtifactStore, tmp_path: Path) -> None:
    """Between the look at all files and the copy of this one."""
    held = HeldFolder.create(tmp_path / "output")
    (tmp_path / "output/log").write_bytes(b"1")

    class Growing(HeldFolder):
        def open(self, name: str, *, shared: bool = False) -> IO[bytes]:
            (tmp_path / "output/log").write_bytes(b"12")
            return super().open(name, shared=shared)

    with pytest.raises(UserCodeError, match="log changed while it was being stored"):
        store.put_output(Growing(held.path), tag="job-1")
    assert [path for path in (tmp_path / "store").rglob("*") if path.is_file()] == []


def test_a_stored_file_that_was_damaged_is_mended(store: ArtifactStore, tmp_path: Path) -> None:
    (tmp_path / "code.tar").write_bytes(b"whole")
    stored = store.put(tmp_path / "code.tar", role=ArtifactRole.CODE, name="code.tar", tag="job-1-1")
    (tmp_path / "store/sha256" / stored.sha256[:2] / stored.sha256).write_bytes(b"whale")
    with pytest.raises(ArtifactChanged):
        store.fetch([stored], tmp_path / "damaged")
    again = store.put(tmp_path / "code.tar", role=ArtifactRole.CODE, name="code.tar", tag="job-2-1")
    assert again == stored
    store.fetch([stored], tmp_path / "fetched")


def test_two_artifacts_never_become_one_file(store: ArtifactStore, tmp_path: Path) -> None:
    """As their names would be on a disk that doesn't tell capitals from small letters."""
    (tmp_path / "a").write_bytes(b"a")
    stored = store.put(tmp_path / "a", role=ArtifactRole.OUTPUT, name="a", tag="job-1-1")
    with pytest.raises(FileExistsError):
        store.fetch([stored, stored], tmp_path / "fetched")


def test_a_file_that_is_gone(store: ArtifactStore, tmp_path: Path) -> None:
    with pytest.raises(ArtifactChanged, match=r"artifact model\.bin does not exist any more"):
        store.fetch([artifact()], tmp_path)


def test_what_a_killed_worker_left_is_swept(store: ArtifactStore, tmp_path: Path) -> None:
    incoming = tmp_path / "store/incoming"
    incoming.mkdir(parents=True)
    for name in ("job-1-abc", "job-11-abc"):
        (incoming / name).touch()
    store.sweep("job-1-")
    assert [path.name for path in incoming.iterdir()] == ["job-11-abc"]


def test_the_hash_is_the_one_that_everybody_computes(store: ArtifactStore, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    stored = store.put(tmp_path / "empty", role=ArtifactRole.OUTPUT, name="empty", tag="job-1")
    assert stored.sha256 == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("name", [b"caf\xe9", b"two\nlines", b"nul\x01"])
def test_a_name_that_can_not_be_recorded(store: ArtifactStore, tmp_path: Path, name: bytes) -> None:
    held = HeldFolder.create(tmp_path / "output")
    (held.path / os.fsdecode(name)).touch()
    with pytest.raises(UserCodeError, match="has characters that can't be recorded"):
        store.put_output(held, tag="job-1-1")


def test_a_stored_file_that_was_cut_short_is_written_again(store: ArtifactStore, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"whole")
    stored = store.put(tmp_path / "a", role=ArtifactRole.OUTPUT, name="a", tag="job-1-1")
    kept = tmp_path / "store/sha256" / stored.sha256[:2] / stored.sha256
    kept.write_bytes(b"")
    store.put(tmp_path / "a", role=ArtifactRole.OUTPUT, name="a", tag="job-2-1")
    store.fetch([stored], tmp_path / "fetched")
