"""Environments and lists of pinned packages that no version needs are removed, and nothing else is."""

from __future__ import annotations

import hashlib
import os
import sys
from typing import TYPE_CHECKING

import pytest

from modelops.runtime import unneeded
from modelops.runtime.environment import MARKER, Lock, build
from modelops.runtime.environment_locks import Shared, exclusive, exclusive_if_free
from modelops.runtime.unneeded import Unneeded, find_unneeded, remove_unneeded
from modelops.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, artifacts="", repositories=tmp_path)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def built(settings: Settings, text: str) -> Path:
    """An environment as it is after it was built, without its packages, and the file that pins them."""
    folder = settings.environments / sha256(text)[:16]
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    (folder / "module.py").write_text("x" * 50_000)
    (folder / MARKER).touch()
    locks = settings.environments / "locks"
    locks.mkdir(exist_ok=True)
    pinned = locks / f"{sha256(f'what is asked for {text}')}.txt"
    pinned.write_text(text)
    return folder


def locks_left(settings: Settings) -> set[str]:
    return {path.read_text() for path in (settings.environments / "locks").glob("*.txt")}


def removed(settings: Settings, *needed: str) -> list[Unneeded]:
    return list(remove_unneeded(settings, lambda: {sha256(text) for text in needed}))


def names(found: list[Unneeded]) -> list[str]:
    return [one.path.name for one in found if one.is_environment]


def test_what_no_version_needs_is_removed_with_its_pinned_packages(settings: Settings) -> None:
    needed, other = built(settings, "six==1"), built(settings, "six==2")
    gone = removed(settings, "six==1")
    assert names(gone) == [other.name]
    assert len(gone) == 2
    assert gone[0].frees >= 50_000
    assert not other.exists()
    assert (needed / "module.py").exists()
    assert locks_left(settings) == {"six==1"}
    assert removed(settings, "six==1") == []


def test_to_find_it_changes_nothing(settings: Settings) -> None:
    folder = built(settings, "six==1")
    found = find_unneeded(settings, set())
    assert names(found) == [folder.name]
    assert (folder / MARKER).exists()
    assert locks_left(settings) == {"six==1"}
    assert found == removed(settings)


def test_an_installation_without_environments(settings: Settings) -> None:
    assert find_unneeded(settings, set()) == []
    assert removed(settings) == []


def test_one_that_a_job_uses_stays_until_the_job_lets_go(settings: Settings) -> None:
    folder = built(settings, "six==1")
    lock = Lock(text="six==1", sha256=sha256("six==1"))
    first = build(lock, settings=settings, where="", log=print)
    second = build(lock, settings=settings, where="", log=print)
    del first
    assert names(find_unneeded(settings, set())) == names(removed(settings)) == []
    assert second.python.exists()
    del second
    assert names(removed(settings)) == [folder.name]


def test_one_that_is_being_built_stays(settings: Settings) -> None:
    folder = built(settings, "six==1")
    (folder / MARKER).unlink()
    with exclusive(folder, print):
        assert names(removed(settings)) == []
    assert folder.exists()


def test_one_that_a_version_has_needed_since_stays(settings: Settings) -> None:
    """A job records what it needs before it builds, so that what is read under the lock has it."""
    folder = built(settings, "six==1")
    may_build = []

    def needed() -> set[str]:
        with exclusive_if_free(folder) as lock_file:
            may_build.append(lock_file is not None)
        return {sha256("six==1")}

    assert list(remove_unneeded(settings, needed)) == []
    assert may_build[0] is False, "who builds now could have recorded its need before"
    assert folder.exists()


def test_a_removal_that_was_killed_leaves_nothing_that_counts(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = built(settings, "six==1")

    def die(path: Path) -> None:
        (path / "module.py").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(unneeded, "remove", die)
        with pytest.raises(KeyboardInterrupt):
            removed(settings)
    assert not (folder / MARKER).exists(), "a half environment may be used"
    # A version needs it again, and it isn't whole.
    assert names(removed(settings, "six==1")) == [folder.name]
    Shared(folder, print).close()


def test_what_a_resolution_that_was_killed_left_goes_too_and_nothing_foreign(settings: Settings) -> None:
    built(settings, "six==1")
    locks = settings.environments / "locks"
    left = [locks / f"{'a' * 64}.begun", locks / f"{'a' * 64}.in"]
    foreign = [locks / "notes.md", settings.environments / "mine"]
    for path in (*left, *foreign):
        path.write_text("")
    with exclusive(locks / f"{'a' * 64}.txt", print):
        assert removed(settings, "six==1") == []
    assert [one.path for one in removed(settings, "six==1")] == left
    assert all(path.exists() for path in foreign)


def test_what_uvs_cache_has_too_is_told_apart(settings: Settings) -> None:
    folder = built(settings, "six==1")
    os.link(folder / "module.py", settings.home / "cached.py")
    [environment] = [one for one in removed(settings) if one.is_environment]
    assert environment.linked >= 50_000
    assert environment.frees < 50_000
