"""Code that the models and feature tasks of a repository share is pinned with each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from factories import task_folder
from modelops.domain.errors import RepositoryError
from modelops.repository import archive, shared_modules
from modelops.repository.kinds import MODELS, TASKS
from modelops.repository.pin import Pinned, pin_folder, pin_model, pin_task

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Configure, Git

    Commit = Callable[[Path], str]

MODEL = "model_definitions/delay"
SHARED = "shared_modules/dates.py"


def share(repository: Path, name: str = SHARED, text: str = "DAY = 1\n") -> Path:
    file = repository / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def names(pinned: Pinned[Any]) -> set[str]:
    return {file.relative_to(pinned.folder).as_posix() for file in pinned.folder.rglob("*") if file.is_file()}


def pinned(repository: Path, destination: Path, **how: Any) -> Pinned[Any]:
    return pin_folder(MODELS, repository / MODEL, destination=destination, **how)


def test_it_is_pinned_as_if_it_lay_in_the_folder(tmp_path: Path, repository: Path) -> None:
    before = pinned(repository, tmp_path / "before")
    share(repository)
    share(repository, "shared_modules/deep/texts.py")
    share(repository, "shared_modules/__pycache__/dates.pyc")
    after = pinned(repository, tmp_path / "after")
    assert names(after) - names(before) == {SHARED, "shared_modules/deep/texts.py"}
    share(repository, text="DAY = 2\n")
    changed = pinned(repository, tmp_path / "changed")
    assert len({one.code_sha256 for one in (before, after, changed)}) == 3


def test_a_folder_a_commit_and_a_check_pin_the_same(
    tmp_path: Path, repository: Path, configure: Configure, commit: Commit
) -> None:
    share(repository)
    head = commit(repository)
    settings = configure(here="{path: repository}", there="{url: repository, ref: main}")
    found = [
        pinned(repository, tmp_path / "check"),
        pin_model("here/delay", settings=settings, destination=tmp_path / "folder"),
        pin_model("there/delay", settings=settings, destination=tmp_path / "git"),
    ]
    assert {(one.code_sha256, one.commit, one.dirty) for one in found} == {(found[0].code_sha256, head, False)}
    assert all(SHARED in names(one) for one in found)


def test_a_feature_task_has_it_where_it_has_python(tmp_path: Path, repository: Path, configure: Configure) -> None:
    share(repository)
    task_folder(repository, "python", language="python", inputs={"rows": "SELECT 1 AS id"})
    settings = configure(here="{path: repository}")
    python = pin_task("here/python", settings=settings, destination=tmp_path / "python")
    sql = pin_task("here/delay", settings=settings, destination=tmp_path / "sql")
    assert SHARED in names(python)
    assert SHARED not in names(sql), "a change of it is none of a task in SQL"
    folder = repository / "feature_engineering_tasks" / "python"
    assert pin_folder(TASKS, folder, destination=tmp_path / "check").code_sha256 == python.code_sha256


def test_changes_that_are_not_committed(tmp_path: Path, repository: Path, commit: Commit) -> None:
    file = share(repository)
    commit(repository)
    file.write_text("DAY = 2\n")
    with pytest.raises(RepositoryError, match=r"not committed: dates\.py"):
        pinned(repository, tmp_path / "refused")
    dirty = pinned(repository, tmp_path / "dirty", allow_dirty=True)
    assert dirty.dirty
    assert (dirty.folder / SHARED).read_text() == "DAY = 2\n"


def test_its_removal_is_a_change_too(tmp_path: Path, repository: Path, commit: Commit) -> None:
    file = share(repository)
    head = commit(repository)
    file.unlink()
    file.parent.rmdir()
    with pytest.raises(RepositoryError, match="shared_modules was removed, and the removal is not committed"):
        pinned(repository, tmp_path / "refused")
    dirty = pinned(repository, tmp_path / "dirty", allow_dirty=True)
    assert (dirty.commit, dirty.dirty) == (head, True)
    assert SHARED not in names(dirty)


def test_a_repository_below_the_top_of_its_work_tree(tmp_path: Path, repository: Path, commit: Commit) -> None:
    file = share(repository)
    head = commit(tmp_path)
    assert pinned(repository, tmp_path / "job").commit == head
    file.unlink()
    file.parent.rmdir()
    with pytest.raises(RepositoryError, match="was removed"):
        pinned(repository, tmp_path / "refused")


def test_what_git_ignores_is_in_no_commit(tmp_path: Path, repository: Path, commit: Commit) -> None:
    share(repository)
    share(repository, ".gitignore", "shared_modules/\n")
    commit(repository)
    with pytest.raises(RepositoryError, match="not in the commit of this folder: git ignores it"):
        pinned(repository, tmp_path / "refused")


def test_another_repository_is_another_commit(tmp_path: Path, repository: Path, commit: Commit, git: Git) -> None:
    commit(repository)
    commit(share(repository).parent)
    share(repository, ".gitignore", "shared_modules\n")
    commit(repository)
    with pytest.raises(
        RepositoryError, match=r"shared_modules is at commit \w+, and this folder at commit \w+"
    ) as refused:
        pinned(repository, tmp_path / "refused")
    assert "one git repository" in refused.value.expected


@pytest.mark.parametrize("name", ["shared_modules/own.py", "shared_modules.py"])
def test_a_name_that_is_taken(tmp_path: Path, repository: Path, name: str) -> None:
    share(repository, f"{MODEL}/{name}")
    assert name in names(pinned(repository, tmp_path / "alone"))
    share(repository)
    with pytest.raises(RepositoryError, match="both this folder and its repository have shared_modules"):
        pinned(repository, tmp_path / "both")


@pytest.mark.parametrize("kind", ["file", "link", "broken link"])
@pytest.mark.parametrize("committed", [False, True])
def test_what_is_no_folder_of_the_repository(
    tmp_path: Path, repository: Path, configure: Configure, commit: Commit, kind: str, *, committed: bool
) -> None:
    place = repository / shared_modules.FOLDER
    (tmp_path / "elsewhere").mkdir()
    if kind == "file":
        place.write_text("")
    else:
        place.symlink_to(tmp_path / ("elsewhere" if kind == "link" else "nowhere"))
    if committed:
        commit(repository)
        settings = configure(there="{url: repository, ref: main}")
        with pytest.raises(RepositoryError, match="shared_modules is not a folder"):
            pin_model("there/delay", settings=settings, destination=tmp_path / "git")
    with pytest.raises(RepositoryError, match="shared_modules is not a folder"):
        pinned(repository, tmp_path / "job")


def test_both_are_bounded_together(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 12_000)
    share(repository, text="x" * 7_000)
    share(repository, f"{MODEL}/data.txt", "x" * 3_000)
    with pytest.raises(RepositoryError, match=r"shared_modules/dates\.py alone has 7,000 bytes"):
        pinned(repository, tmp_path / "job")
