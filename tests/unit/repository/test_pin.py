"""Pinning: which files of a folder, of a work tree and of a commit, and that equal contents have equal hashes."""

from __future__ import annotations

import os
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from modelops.domain.errors import RepositoryError
from modelops.repository import archive
from modelops.repository.kinds import MODELS, TASKS
from modelops.repository.pin import Pinned, pin_folder, pin_model, pin_task, unpack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modelops.repository.kinds import Kind

    from .conftest import Configure, Git, Make, WriteModel

    Commit = Callable[[Path], str]

MODEL = "model_definitions/delay"
TASK = "feature_engineering_tasks/delay"
PIN = {MODELS: pin_model, TASKS: pin_task}


def names(pinned: Pinned[Any]) -> set[str]:
    return {file.relative_to(pinned.folder).as_posix() for file in pinned.folder.rglob("*") if not file.is_dir()}


def refused(folder: Path, destination: Path, *, allow_dirty: bool = False) -> RepositoryError:
    with pytest.raises(RepositoryError) as refusal:
        pin_folder(MODELS, folder, destination=destination, allow_dirty=allow_dirty)
    return refusal.value


def test_a_plain_folder(tmp_path: Path, repository: Path, write_model: WriteModel) -> None:
    extras = {"model_modules/__pycache__/training.pyc": "x", ".idea/settings": "x", ".hidden": "x", "lib/deep/a.py": ""}
    write_model(repository / MODEL, extras)
    pinned = pin_folder(MODELS, repository / MODEL, destination=tmp_path / "job")
    assert names(pinned) == {
        "model.json",
        "config.json",
        "datasets.yaml",
        "model_modules/training.py",
        "model_modules/evaluation.py",
        "lib/deep/a.py",
    }
    assert (pinned.commit, pinned.dirty) == (None, False)
    assert pinned.folder == tmp_path / "job" / "contents"
    assert pinned.definition.name == "delay"
    assert pinned.definition.reference == str(repository / MODEL)


def test_the_archive_depends_on_the_contents_only(tmp_path: Path, repository: Path, write_model: WriteModel) -> None:
    first = pin_folder(MODELS, repository / MODEL, destination=tmp_path / "first")
    other = write_model(tmp_path / "other")
    for file in other.rglob("*"):
        os.utime(file, (1, 1))
        file.chmod(0o700 if file.is_dir() else 0o600)
    second = pin_folder(MODELS, other, destination=tmp_path / "second")
    assert first.archive.read_bytes() == second.archive.read_bytes()
    (other / "config.json").chmod(0o755)
    assert pin_folder(MODELS, other, destination=tmp_path / "third").code_sha256 != first.code_sha256
    with tarfile.open(first.archive) as tar:
        members = tar.getmembers()
    assert [member.name for member in members] == sorted(member.name for member in members)
    assert {(member.mtime, member.uid, member.gid, member.uname, member.mode) for member in members} == {
        (0, 0, 0, "", 0o644)
    }


def test_a_clean_commit_a_dirty_tree_and_a_plain_folder_have_one_hash(
    tmp_path: Path, repository: Path, commit: Commit, git: Git
) -> None:
    plain = pin_folder(MODELS, repository / MODEL, destination=tmp_path / "plain")
    head = commit(repository)
    clean = pin_folder(MODELS, repository / MODEL, destination=tmp_path / "clean")
    git(repository, "rm", "--cached", "-r", "--quiet", ".")
    dirty = pin_folder(MODELS, repository / MODEL, destination=tmp_path / "dirty", allow_dirty=True)
    assert plain.code_sha256 == clean.code_sha256 == dirty.code_sha256
    assert [(one.commit, one.dirty) for one in (plain, clean, dirty)] == [(None, False), (head, False), (head, True)]


def test_only_changes_inside_the_model_make_it_dirty(
    tmp_path: Path, repository: Path, commit: Commit, write_model: WriteModel
) -> None:
    head = commit(repository)
    write_model(repository / "model_definitions" / "other")
    (repository / MODEL / "model_modules" / "__pycache__").mkdir()
    (repository / MODEL / "model_modules" / "__pycache__" / "training.pyc").touch()
    pinned = pin_folder(MODELS, repository / MODEL, destination=tmp_path / "job", allow_dirty=True)
    assert (pinned.commit, pinned.dirty) == (head, False)
    assert not any("pyc" in name for name in names(pinned))


def test_changes_that_are_not_committed(tmp_path: Path, repository: Path, commit: Commit, git: Git) -> None:
    (repository / MODEL / ".gitignore").write_text("*.log\n")
    (repository / MODEL / "notes.md").write_text("")
    head = commit(repository)
    folder = repository / MODEL
    (folder / "config.json").write_text('{"hyperParameters": {"depth": 4}}')
    (folder / "notes.md").unlink()
    (folder / "new name.py").write_text("")
    (folder / "staged.py").write_text("")
    (folder / "run.log").write_text("")
    git(folder, "add", "staged.py")
    error = refused(folder, tmp_path / "refused")
    assert "config.json, notes.md, staged.py, new name.py" in error.what
    assert error.expected.startswith("commit them, or allow uncommitted files")
    assert not (tmp_path / "refused").exists()

    pinned = pin_folder(MODELS, folder, destination=tmp_path / "job", allow_dirty=True)
    assert (pinned.commit, pinned.dirty) == (head, True)
    assert pinned.definition.hyperparameters == {"depth": 4}
    assert {"new name.py", "staged.py", ".gitignore"} <= names(pinned)
    assert not {"notes.md", "run.log"} & names(pinned)


def test_a_repository_without_a_commit_is_dirty(tmp_path: Path, repository: Path, git: Git) -> None:
    git(repository, "init")
    assert "model.json" in refused(repository / MODEL, tmp_path / "refused").what
    pinned = pin_folder(MODELS, repository / MODEL, destination=tmp_path / "job", allow_dirty=True)
    assert (pinned.commit, pinned.dirty) == (None, True)


def test_a_folder_that_git_ignores_is_a_plain_folder(tmp_path: Path, repository: Path, commit: Commit) -> None:
    (repository / ".gitignore").write_text("model_definitions/\n")
    commit(repository)
    pinned = pin_folder(MODELS, repository / MODEL, destination=tmp_path / "job")
    assert (pinned.commit, pinned.dirty) == (None, False)


def test_a_model_at_the_top_of_its_work_tree(tmp_path: Path, write_model: WriteModel, commit: Commit) -> None:
    folder = write_model(tmp_path / "delay")
    head = commit(folder)
    assert pin_folder(MODELS, folder, destination=tmp_path / "job").commit == head
    (folder / "config.json").unlink()
    assert "not committed: config.json" in refused(folder, tmp_path / "refused").what


def test_attributes_do_not_change_what_is_pinned(tmp_path: Path, repository: Path, commit: Commit) -> None:
    (repository / ".gitattributes").write_text("* export-subst text eol=crlf\nconfig.json export-ignore\n")
    (repository / MODEL / "version.txt").write_bytes(b"$Format:%H$\r\n")
    commit(repository)
    pinned = pin_folder(MODELS, repository / MODEL, destination=tmp_path / "job")
    assert (pinned.folder / "version.txt").read_bytes() == b"$Format:%H$\n"
    assert "config.json" in names(pinned)


def test_git_started_by_a_hook_does_not_mislead(
    tmp_path: Path, repository: Path, commit: Commit, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = commit(repository)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert pin_folder(MODELS, repository / MODEL, destination=tmp_path / "job").commit == head


def test_git_that_can_not_read_the_repository(tmp_path: Path, repository: Path, commit: Commit) -> None:
    commit(repository)
    (repository / ".git" / "config").write_text("[core\n")
    assert "git can't read this folder: fatal: bad config line" in refused(repository / MODEL, tmp_path / "job").what


@pytest.mark.parametrize("committed", [True, False])
def test_links_inside_the_model_are_kept(tmp_path: Path, repository: Path, commit: Commit, committed: bool) -> None:
    (repository / MODEL / "linked.py").symlink_to("model_modules/training.py")
    (repository / MODEL / "folder").symlink_to("model_modules")
    if committed:
        commit(repository)
    pinned = pin_folder(MODELS, repository / MODEL, destination=tmp_path / "job")
    assert (pinned.folder / "linked.py").readlink().as_posix() == "model_modules/training.py"
    assert (pinned.folder / "folder").is_symlink()


@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize("target", ["/etc/passwd", "../../secret", "model_modules/../../secret", "step/../.."])
def test_links_out_of_the_model_are_refused(
    tmp_path: Path, repository: Path, commit: Commit, committed: bool, target: str
) -> None:
    (repository / MODEL / "step").symlink_to("model_modules")
    (repository / MODEL / "link").symlink_to(target)
    if committed:
        commit(repository)
    error = refused(repository / MODEL, tmp_path / "job")
    assert error.what == f"the symbolic link points out of the folder, to {target}"
    assert error.where == f"{repository / MODEL}/link"


def test_a_link_through_another_link_is_refused(tmp_path: Path, repository: Path) -> None:
    """Read as text it stays inside; followed, it doesn't."""
    (repository / MODEL / "a" / "b").mkdir(parents=True)
    (repository / MODEL / "a" / "b" / "up").symlink_to("../..")
    (repository / MODEL / "link").symlink_to("a/b/up/../secret")
    error = refused(repository / MODEL, tmp_path / "job")
    assert error.what == "the symbolic link points out of the folder, to a/b/up/../secret"


def test_a_tracked_folder_that_became_a_link_is_only_a_link(tmp_path: Path, repository: Path, commit: Commit) -> None:
    folder = repository / MODEL
    (folder / "copy").mkdir()
    (folder / "copy" / "training.py").touch()
    commit(repository)
    (folder / "copy" / "training.py").unlink()
    (folder / "copy").rmdir()
    (folder / "copy").symlink_to("model_modules")
    pinned = pin_folder(MODELS, folder, destination=tmp_path / "job", allow_dirty=True)
    with tarfile.open(pinned.archive) as tar:
        assert [name for name in tar.getnames() if name.startswith("copy")] == ["copy"]


def test_a_tracked_folder_that_became_a_link_to_the_outside(tmp_path: Path, repository: Path, commit: Commit) -> None:
    commit(repository)
    folder = repository / MODEL
    (folder / "model_modules").rename(tmp_path / "outside")
    (folder / "model_modules").symlink_to(tmp_path / "outside")
    error = refused(folder, tmp_path / "job", allow_dirty=True)
    assert "points out of the folder" in error.what


def test_what_is_no_file(tmp_path: Path, repository: Path) -> None:
    os.mkfifo(repository / MODEL / "pipe")
    assert refused(repository / MODEL, tmp_path / "job").what == "pipe is neither a file nor a link"


def test_a_repository_inside_the_model(tmp_path: Path, repository: Path, commit: Commit, git: Git) -> None:
    commit(repository)
    inner = repository / MODEL / "inner"
    inner.mkdir()
    (inner / "file").touch()
    commit(inner)
    error = refused(repository / MODEL, tmp_path / "job", allow_dirty=True)
    assert error.what == "inner is a git repository of its own"
    git(repository, "-c", "advice.addEmbeddedRepo=false", "add", ".")
    commit(repository)
    assert refused(repository / MODEL, tmp_path / "again").what == "inner is a git submodule"


def test_a_pointer_of_git_lfs(tmp_path: Path, repository: Path, commit: Commit) -> None:
    (repository / MODEL / "weights.bin").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    commit(repository)
    assert "weights.bin is kept in git LFS" in refused(repository / MODEL, tmp_path / "job").what


@pytest.mark.parametrize("committed", [True, False])
def test_data_in_a_model_folder(
    tmp_path: Path, repository: Path, commit: Commit, committed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 2**20)
    (repository / MODEL / "rows.csv").write_bytes(b"x" * 2**20)
    if committed:
        commit(repository)
    error = refused(repository / MODEL, tmp_path / "job")
    assert error.what == "the folder has more than 1 MiB; rows.csv alone has 1,048,576 bytes"


def test_a_folder_that_is_no_model(tmp_path: Path, repository: Path) -> None:
    assert refused(tmp_path / "nowhere", tmp_path / "job").what == "there is no such folder"
    error = refused(repository, tmp_path / "job")
    assert error.what == "this isn't the folder of a model: it has no datasets.yaml"
    assert error.expected == f"one of {repository / MODEL}"


def test_a_configured_thing(
    tmp_path: Path, repository: Path, configure: Configure, commit: Commit, kind: Kind[Any]
) -> None:
    head = commit(repository)
    settings = configure(demo="{path: repository}")
    pinned = PIN[kind]("demo/delay", settings=settings, destination=tmp_path / "job")
    assert (pinned.definition.reference, pinned.definition.name) == ("demo/delay", "delay")
    assert (pinned.commit, pinned.dirty) == (head, False)


def test_an_error_names_the_reference_and_not_the_private_copy(
    tmp_path: Path, repository: Path, configure: Configure
) -> None:
    (repository / MODEL / "model_modules" / "training.py").write_text("def fit(): pass")
    with pytest.raises(RepositoryError) as refusal:
        pin_model("demo/delay", settings=configure(demo="{path: repository}"), destination=tmp_path / "job")
    assert refusal.value.where == "demo/delay/model_modules/training.py"


@pytest.mark.parametrize("reference", ["demo/dely", "dmo/delay", "demo", "demo/", "demo/../delay", "/delay", ""])
def test_what_is_unknown_is_told_what_is_close(
    tmp_path: Path, repository: Path, configure: Configure, kind: Kind[Any], make: Make, reference: str
) -> None:
    for number in range(80):
        make(repository, f"another-{number}")
    with pytest.raises(RepositoryError) as refusal:
        PIN[kind](reference, settings=configure(demo="{path: repository}"), destination=tmp_path / "job")
    error = refusal.value
    assert error.what.startswith(f"there is no {kind.word} {reference!r}")
    if reference not in ("demo", ""):
        assert error.what.endswith(": did you mean demo/delay?")
        assert error.expected == f"a {kind.word} is a folder {kind.folder}/<name> with a {kind.marker}"
    else:
        assert error.expected.endswith("and others")
    assert str(error).count("demo/another") <= 5


def test_a_wrong_entry_is_refused_to_who_uses_it_and_to_nobody_else(
    tmp_path: Path, repository: Path, configure: Configure, kind: Kind[Any], caplog: pytest.LogCaptureFixture
) -> None:
    settings = configure(demo="{path: repository}", other="{url: repository}")
    assert PIN[kind]("demo/delay", settings=settings, destination=tmp_path / "job").definition.name == "delay"
    with pytest.raises(RepositoryError, match="repository 'other' needs either a path") as refusal:
        PIN[kind]("other/delay", settings=settings, destination=tmp_path / "other")
    assert refusal.value.where.endswith("repositories.yaml:3 (repositories.other)")
    assert "either path: a folder, or url: a git repository and ref" in refusal.value.expected
    with pytest.raises(RepositoryError) as refusal:
        PIN[kind]("demo/dely", settings=settings, destination=tmp_path / "unknown")
    assert "other" not in str(refusal.value)
    assert caplog.messages == []


def test_a_task_in_a_folder(tmp_path: Path, repository: Path, commit: Commit) -> None:
    head = commit(repository)
    pinned = pin_folder(TASKS, repository / TASK, destination=tmp_path / "job")
    assert names(pinned) == {"task.yaml", "task.sql"}
    assert (pinned.commit, pinned.dirty, pinned.definition.name) == (head, False, "delay")
    (repository / TASK / "task.sql").write_text("SELECT 1")
    with pytest.raises(RepositoryError, match="this folder has changes that are not committed"):
        pin_folder(TASKS, repository / TASK, destination=tmp_path / "refused")
    pinned = pin_folder(TASKS, repository / TASK, destination=tmp_path / "dirty", allow_dirty=True)
    assert (pinned.commit, pinned.dirty, pinned.definition.sql) == (head, True, "SELECT 1")


def test_a_folder_that_is_no_task(tmp_path: Path, repository: Path) -> None:
    with pytest.raises(
        RepositoryError, match=r"this isn't the folder of a feature task: it has no task\.yaml"
    ) as refusal:
        pin_folder(TASKS, repository / MODEL, destination=tmp_path / "job")
    assert refusal.value.expected == "a feature task is a folder feature_engineering_tasks/<name> with a task.yaml"


def test_a_folder_has_no_refs(tmp_path: Path, repository: Path, configure: Configure, commit: Commit) -> None:
    commit(repository)
    settings = configure(demo="{path: repository}")
    with pytest.raises(RepositoryError, match="repository 'demo' is a folder, which has no refs") as refusal:
        pin_task("demo/delay", settings=settings, destination=tmp_path / "job", ref="main")
    assert refusal.value.where == "the parameter ref"
    assert refusal.value.expected.startswith("no ref; or the repository given by its url")


def test_nothing_at_all(tmp_path: Path, configure: Configure, kind: Kind[Any]) -> None:
    with pytest.raises(RepositoryError) as refusal:
        PIN[kind]("demo/delay", settings=configure(), destination=tmp_path / "job")
    assert refusal.value.expected.startswith(f"there is none yet: a {kind.word} is a folder {kind.folder}/<name>")


def test_an_archive_is_unpacked_again(tmp_path: Path, repository: Path) -> None:
    pinned = pin_folder(MODELS, repository / MODEL, destination=tmp_path / "first")
    folder = unpack(pinned.archive, tmp_path / "second")
    assert folder == tmp_path / "second" / "contents"
    assert (folder / "model.json").read_bytes() == (repository / MODEL / "model.json").read_bytes()


def test_a_broken_archive(tmp_path: Path) -> None:
    (tmp_path / "model.tar").write_bytes(b"no tar")
    with pytest.raises(RepositoryError, match="can't be unpacked"):
        unpack(tmp_path / "model.tar", tmp_path / "job")


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil"])
def test_an_archive_with_names_that_leave(tmp_path: Path, name: str) -> None:
    with tarfile.open(tmp_path / "model.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo(name))
    with pytest.raises(RepositoryError, match="can't be part of a pinned folder"):
        unpack(tmp_path / "model.tar", tmp_path / "job")
    assert list(tmp_path.rglob("evil")) == []
