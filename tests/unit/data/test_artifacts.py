"""Files under their own hashes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from factories import artifact
from modelops.data.artifacts import ArtifactStore, hash_of
from modelops.domain.errors import ArtifactChanged, UserCodeError
from modelops.domain.versions import ArtifactRole

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "store")


def test_what_is_put_in_comes_out(store: ArtifactStore, tmp_path: Path) -> None:
    left = tmp_path / "output"
    (left / "plots").mkdir(parents=True)
    (left / "model.bin").write_bytes(b"\0\1\2")
    (left / "plots/roc.png").write_bytes(b"png")
    stored = store.put_output(left, tag="job-1")
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
    left.mkdir()
    (left / "passwd").symlink_to("/etc/passwd")
    with pytest.raises(UserCodeError, match="passwd is not a plain file"):
        store.put_output(left, tag="job-1")


def test_a_file_that_is_gone(store: ArtifactStore, tmp_path: Path) -> None:
    with pytest.raises(ArtifactChanged, match=r"artifact model\.bin is gone"):
        store.fetch([artifact()], tmp_path)


def test_what_a_killed_worker_left_is_swept(store: ArtifactStore, tmp_path: Path) -> None:
    incoming = tmp_path / "store/incoming"
    incoming.mkdir(parents=True)
    for name in ("job-1-abc", "job-11-abc"):
        (incoming / name).touch()
    store.sweep("job-1-")
    assert [path.name for path in incoming.iterdir()] == ["job-11-abc"]


def test_the_hash_is_the_one_that_everybody_computes(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert hash_of(tmp_path / "empty") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("name", [b"caf\xe9", b"two\nlines", b"nul\x01"])
def test_a_name_that_can_not_be_recorded(store: ArtifactStore, tmp_path: Path, name: bytes) -> None:
    left = tmp_path / "output"
    left.mkdir()
    (left / os.fsdecode(name)).touch()
    with pytest.raises(UserCodeError, match="has characters that can't be recorded"):
        store.put_output(left, tag="job-1-1")


def test_a_stored_file_that_was_cut_short_is_written_again(store: ArtifactStore, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"whole")
    stored = store.put(tmp_path / "a", role=ArtifactRole.OUTPUT, name="a", tag="job-1-1")
    kept = tmp_path / "store/sha256" / stored.sha256[:2] / stored.sha256
    kept.write_bytes(b"")
    store.put(tmp_path / "a", role=ArtifactRole.OUTPUT, name="a", tag="job-2-1")
    store.fetch([stored], tmp_path / "fetched")
