"""Environments and lists of pinned packages that no version needs are removed, and nothing else is."""

from __future__ import annotations

import hashlib
import itertools
import os
import sys
from typing import TYPE_CHECKING

import pytest

from modelops.domain.errors import Unavailable
from modelops.runtime import environment_pruning
from modelops.runtime.environment import MARKER, Lock, build
from modelops.runtime.environment_locks import SharedLock, exclusive_lock, try_exclusive_lock
from modelops.runtime.environment_pruning import UnneededFile, find_unneeded, remove_unneeded
from modelops.settings import MachineSettings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def machine(tmp_path: Path) -> MachineSettings:
    return MachineSettings(home=tmp_path)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def built(machine: MachineSettings, text: str) -> Path:
    """An environment as it is after it was built, without its packages, and the file that pins them."""
    folder = machine.environments / sha256(text)[:16]
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    (folder / "module.py").write_text("x" * 50_000)
    (folder / MARKER).touch()
    locks = machine.environments / "locks"
    locks.mkdir(exist_ok=True)
    pinned = locks / f"{sha256(f'what is asked for {text}')}.txt"
    pinned.write_text(text)
    return folder


def locks_left(machine: MachineSettings) -> set[str]:
    return {path.read_text() for path in (machine.environments / "locks").glob("*.txt")}


def removed(machine: MachineSettings, *needed: str) -> list[UnneededFile]:
    return list(remove_unneeded(machine, lambda: {sha256(text) for text in needed}))


def names(found: list[UnneededFile]) -> list[str]:
    return [one.path.name for one in found if one.is_environment]


def test_what_no_version_needs_is_removed_with_its_pinned_packages(machine: MachineSettings) -> None:
    needed, other = built(machine, "six==1"), built(machine, "six==2")
    gone = removed(machine, "six==1")
    assert names(gone) == [other.name]
    assert len(gone) == 2
    assert gone[0].frees >= 50_000
    assert not other.exists()
    assert (needed / "module.py").exists()
    assert locks_left(machine) == {"six==1"}
    assert removed(machine, "six==1") == []


def test_to_find_it_changes_nothing(machine: MachineSettings) -> None:
    folder = built(machine, "six==1")
    found = find_unneeded(machine, set())
    assert names(found) == [folder.name]
    assert (folder / MARKER).exists()
    assert locks_left(machine) == {"six==1"}
    assert found == removed(machine)


def test_an_installation_without_environments(machine: MachineSettings) -> None:
    assert find_unneeded(machine, set()) == []
    assert removed(machine) == []


def test_one_that_a_job_uses_stays_until_the_job_lets_go(machine: MachineSettings) -> None:
    folder = built(machine, "six==1")
    lock = Lock(text="six==1", sha256=sha256("six==1"))
    first = build(lock, machine=machine, where="", log=print)
    second = build(lock, machine=machine, where="", log=print)
    del first
    assert names(find_unneeded(machine, set())) == names(removed(machine)) == []
    assert second.python.exists()
    del second
    assert names(removed(machine)) == [folder.name]


def test_one_that_is_being_built_stays(machine: MachineSettings) -> None:
    folder = built(machine, "six==1")
    (folder / MARKER).unlink()
    with exclusive_lock(folder, print):
        assert names(removed(machine)) == []
    assert folder.exists()


def test_one_that_a_version_has_needed_since_stays(machine: MachineSettings) -> None:
    """A job records what it needs before it builds, so that what is read under the lock has it."""
    folder = built(machine, "six==1")
    may_build = []

    def needed() -> set[str]:
        with try_exclusive_lock(folder) as lock_file:
            may_build.append(lock_file is not None)
        return {sha256("six==1")}

    assert list(remove_unneeded(machine, needed)) == []
    assert may_build[0] is False, "who builds now could have recorded its need before"
    assert folder.exists()


def test_a_removal_that_was_killed_leaves_nothing_that_counts(
    machine: MachineSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = built(machine, "six==1")

    def die(path: Path) -> None:
        (path / "module.py").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(environment_pruning, "remove", die)
        with pytest.raises(KeyboardInterrupt):
            removed(machine)
    assert not (folder / MARKER).exists(), "a half environment may be used"
    # A version needs it again, and it isn't whole.
    assert names(removed(machine, "six==1")) == [folder.name]
    SharedLock(folder, print).close()


def test_what_a_resolution_that_was_killed_left_goes_too_and_nothing_foreign(machine: MachineSettings) -> None:
    built(machine, "six==1")
    locks = machine.environments / "locks"
    left = [locks / f"{'a' * 64}.begun", locks / f"{'a' * 64}.in"]
    foreign = [locks / "notes.md", machine.environments / "mine"]
    for path in (*left, *foreign):
        path.write_text("")
    with exclusive_lock(locks / f"{'a' * 64}.txt", print):
        assert removed(machine, "six==1") == []
    assert [one.path for one in removed(machine, "six==1")] == left
    assert all(path.exists() for path in foreign)


def test_what_uvs_cache_has_too_is_told_apart(machine: MachineSettings) -> None:
    folder = built(machine, "six==1")
    os.link(folder / "module.py", machine.home / "cached.py")
    [environment] = [one for one in removed(machine) if one.is_environment]
    assert environment.linked >= 50_000
    assert environment.frees < 50_000


def test_what_a_second_prune_has_just_removed_is_skipped(
    machine: MachineSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = built(machine, "six==1")
    kept = environment_pruning._existing_files(machine)
    assert len(kept) == 2
    removed(machine)
    monkeypatch.setattr(environment_pruning, "_existing_files", lambda _: kept)
    assert find_unneeded(machine, set()) == []
    assert removed(machine) == []
    assert not folder.with_suffix(".txt.lock").exists(), "it was locked by the name of a list of packages"


def test_what_could_not_be_removed_is_not_counted(machine: MachineSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, other = sorted([built(machine, "six==1"), built(machine, "six==2")])
    real_remove = environment_pruning.remove
    monkeypatch.setattr(environment_pruning, "remove", lambda path: None if path == folder else real_remove(path))
    removing = remove_unneeded(machine, set)
    assert names(list(itertools.islice(removing, 3))) == [other.name]
    with pytest.raises(Unavailable, match=f"{folder.name} can't be removed"):
        next(removing)
    assert folder.exists()
    assert not other.exists()
