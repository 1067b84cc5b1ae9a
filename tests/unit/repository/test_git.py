"""A repository of users may name programs in many places: git runs none of them, and gets no credentials of ours."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from modelops.domain.errors import RepositoryError
from modelops.repository import mirror
from modelops.repository.configuration import read_sources
from modelops.repository.git import GitError, git
from modelops.repository.kinds import MODELS
from modelops.repository.pin import pin_folder
from modelops.repository.work_tree import MAX_BYTES, work_tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Configure, Git

    Commit = Callable[[Path], str]

MODEL = "model_definitions/delay"
SECRET = "s3cret-of-ours"


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A program that leaves a file `ran` behind when somebody runs it."""
    program = tmp_path / "trap"
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> {tmp_path}/ran\nexec cat\n')
    program.chmod(0o755)
    return program


def touch_all(folder: Path) -> None:
    """Other times and the same contents: git has to look into each file to know."""
    for file in folder.rglob("*"):
        if file.is_file() and ".git" not in file.parts:
            os.utime(file, (1, 1))


def pin_both(repository: Path, tmp_path: Path) -> None:
    """Clean, then with a change."""
    touch_all(repository)
    pin_folder(MODELS, repository / MODEL, destination=tmp_path / "clean")
    (repository / MODEL / "model_modules" / "more.py").write_text("")
    (repository / MODEL / "config.json").write_text('{"hyperParameters": {}}')
    pinned = pin_folder(MODELS, repository / MODEL, destination=tmp_path / "dirty", allow_dirty=True)
    assert pinned.dirty


SETTINGS = {
    "clean": {"filter.evil.clean": "{trap}"},
    "smudge": {"filter.evil.smudge": "{trap}", "filter.evil.required": "true"},
    "process": {"filter.evil.process": "{trap}"},
    "fsmonitor": {"core.fsmonitor": "{trap}"},
    "external diff": {"diff.external": "{trap}"},
    "textconv": {"diff.evil.textconv": "{trap}", "diff.evil.command": "{trap}"},
    "merge": {"merge.evil.driver": "{trap}"},
    "pager": {"core.pager": "{trap}", "pager.status": "{trap}", "pager.rev-parse": "{trap}", "pager.config": "{trap}"},
    "editor": {"core.editor": "{trap}", "sequence.editor": "{trap}"},
    "ssh": {"core.sshCommand": "{trap}", "core.gitProxy": "{trap}"},
    "credentials": {"credential.helper": "!{trap}", "core.askPass": "{trap}"},
    "gpg": {"gpg.program": "{trap}", "commit.gpgSign": "true", "log.showSignature": "true"},
    "alias": {f"alias.{name}": "!{trap}" for name in ("status", "ls-files", "rev-parse", "ls-tree", "cat-file")},
    "alternates": {"core.alternateRefsCommand": "{trap}"},
    "upload": {"uploadpack.packObjectsHook": "{trap}", "remote.origin.uploadpack": "{trap}"},
    "summary": {"status.submoduleSummary": "true", "diff.submodule": "log"},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_no_program_of_a_configuration_is_run(
    tmp_path: Path, repository: Path, commit: Commit, git: Git, trap: Path, name: str
) -> None:
    (repository / ".gitattributes").write_text("* filter=evil diff=evil merge=evil\n")
    commit(repository)
    for key, value in SETTINGS[name].items():
        git(repository, "config", key, value.format(trap=trap))
    pin_both(repository, tmp_path)
    assert not (tmp_path / "ran").exists()


def test_the_trap_catches(repository: Path, tmp_path: Path, commit: Commit, git: Git, trap: Path) -> None:
    """What these tests are for: git as everybody runs it does start such a program."""
    (repository / ".gitattributes").write_text("* filter=evil\n")
    commit(repository)
    git(repository, "config", "filter.evil.clean", str(trap))
    touch_all(repository)
    git(repository, "status", "--porcelain")
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize("where", ["included", "global", "work tree"])
def test_no_filter_is_run_wherever_it_is_configured(
    tmp_path: Path, repository: Path, commit: Commit, git: Git, trap: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    (repository / ".gitattributes").write_text("* filter=lfs\n")
    commit(repository)
    (tmp_path / "filters").write_text(f'[filter "lfs"]\nclean = {trap}\nprocess = {trap}\nrequired = true\n')
    match where:
        case "included":
            git(repository, "config", "include.path", str(tmp_path / "filters"))
        case "global":
            monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "filters"))
        case _:
            git(repository, "config", "extensions.worktreeConfig", "true")
            shutil.copy(tmp_path / "filters", repository / ".git" / "config.worktree")
    pin_both(repository, tmp_path)
    assert not (tmp_path / "ran").exists()


def test_no_hook_is_run(tmp_path: Path, repository: Path, commit: Commit, git: Git, trap: Path) -> None:
    commit(repository)
    for hook in ("post-index-change", "fsmonitor-watchman", "pre-auto-gc", "reference-transaction", "post-checkout"):
        shutil.copy(trap, repository / ".git" / "hooks" / hook)
    git(repository, "config", "core.hooksPath", str(repository / ".git" / "hooks"))
    pin_both(repository, tmp_path)
    assert not (tmp_path / "ran").exists()


def test_a_submodule_is_not_looked_into(tmp_path: Path, repository: Path, commit: Commit, git: Git, trap: Path) -> None:
    inner = repository / MODEL / "inner"
    inner.mkdir()
    (inner / "file").touch()
    (inner / ".gitattributes").write_text("* filter=evil\n")
    commit(inner)
    git(repository, "init")
    git(repository, "-c", "advice.addEmbeddedRepo=false", "add", ".")
    commit(repository)
    git(inner, "config", "filter.evil.clean", str(trap))
    git(inner, "config", "core.fsmonitor", str(trap))
    touch_all(repository)
    with pytest.raises(Exception, match="inner is a git submodule"):
        pin_folder(MODELS, repository / MODEL, destination=tmp_path / "job")
    assert not (tmp_path / "ran").exists()


def test_what_is_missing_is_not_fetched_by_a_program(
    tmp_path: Path, repository: Path, commit: Commit, git: Git, trap: Path
) -> None:
    """In a partial clone git asks the remote for an object, by the command that the repository names."""
    head = commit(repository)
    for name, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.url": str(repository),
        "remote.origin.promisor": "true",
        "remote.origin.uploadpack": str(trap),
    }.items():
        git(repository, "config", name, value)
    (repository / ".git/objects" / head[:2] / head[2:]).unlink()
    with pytest.raises(Exception, match="git can't read this folder"):
        pin_folder(MODELS, repository / MODEL, destination=tmp_path / "job")
    assert not (tmp_path / "ran").exists()


def test_no_program_of_a_repository_that_is_fetched_is_run(
    tmp_path: Path, repository: Path, commit: Commit, git: Git, trap: Path, configure: Configure
) -> None:
    commit(repository)
    for settings in SETTINGS.values():
        for key, value in settings.items():
            git(repository, "config", key, value.format(trap=trap))
    for hook in ("post-update", "pre-receive", "reference-transaction", "post-index-change"):
        shutil.copy(trap, repository / ".git" / "hooks" / hook)
    settings = configure(far=f"{{url: 'file://{repository}', ref: main}}")
    (source,) = read_sources(settings.installation.repositories).valid.values()
    for _ in range(2):
        mirror.update(source, settings.machine.mirrors)  # type: ignore[arg-type]
    assert not (tmp_path / "ran").exists()


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git that does nothing but write down its arguments and its environment, here."""
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin/git"
    fake.write_text(
        f"#!/bin/sh\nexec {shutil.which('python3')} -c 'import json, os, sys;"
        f' open("{tmp_path}/told", "w").write(json.dumps([sys.argv[1:], dict(os.environ)]))\' "$@"\n'
    )
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    for name in ("AIRFLOW_CONN_MODELOPS", "MODELOPS_DATABASE_URL", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "GIT_DIR"):
        monkeypatch.setenv(name, SECRET)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    return tmp_path / "told"


def test_git_gets_no_credentials_of_ours(tmp_path: Path, told: Path) -> None:
    git("status", folder=tmp_path)
    assert SECRET not in told.read_text()
    assert "HTTPS_PROXY" not in json.loads(told.read_text())[1]


def test_a_password_of_a_url_stands_in_no_command_line(
    tmp_path: Path, told: Path, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = configure(far="{url: 'https://ada:p%40ss@example.com/models.git', ref: main}")
    (source,) = read_sources(settings.installation.repositories).valid.values()
    (settings.machine.mirrors / "far").mkdir(parents=True)
    monkeypatch.setattr(mirror, "_is_repository", lambda _: True)
    mirror.update(source, settings.machine.mirrors)  # type: ignore[arg-type]
    arguments, environment = json.loads(told.read_text())
    assert "https://example.com/models.git" in arguments
    assert not any("p%40ss" in one or "p@ss" in one for one in arguments)
    assert SECRET not in told.read_text()
    assert environment["HTTPS_PROXY"] == "http://proxy"
    helper = next(one.partition("=!")[2] for one in arguments if "helper=!" in one)
    assert next(one for one in arguments if "helper=!" in one).startswith("credential.https://example.com.helper=!")
    asked = subprocess.run(["sh", "-c", f"{helper} get"], env=environment, capture_output=True, text=True, check=True)
    assert asked.stdout == "username=ada\npassword=p@ss\n"


def test_a_token_of_a_url_stands_in_no_command_line(
    told: Path, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a user without a password."""
    settings = configure(far="{url: 'https://t%6Fken@example.com/models.git', ref: main}")
    (source,) = read_sources(settings.installation.repositories).valid.values()
    (settings.machine.mirrors / "far").mkdir(parents=True)
    monkeypatch.setattr(mirror, "_is_repository", lambda _: True)
    mirror.update(source, settings.machine.mirrors)  # type: ignore[arg-type]
    arguments, environment = json.loads(told.read_text())
    assert "https://example.com/models.git" in arguments
    assert not any("t%6Fken" in one or "token" in one for one in arguments)
    assert not any("helper" in one for one in arguments)  # a password is asked for as git is configured to
    monkeypatch.undo()
    asked = subprocess.run(
        ["git", "config", "--get-urlmatch", "credential.username", "https://example.com/models.git"],
        env=environment | {"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert asked.stdout == "token\n"


def test_a_linked_work_tree(tmp_path: Path, repository: Path, commit: Commit, git: Git) -> None:
    """Its .git is a file, its index its own."""
    commit(repository)
    git(repository, "worktree", "add", "--quiet", str(tmp_path / "linked"), "-b", "other")
    (tmp_path / "linked" / MODEL / "more.txt").touch()
    head = commit(tmp_path / "linked")
    (repository / MODEL / "unrelated").touch()
    pinned = pin_folder(MODELS, tmp_path / "linked" / MODEL, destination=tmp_path / "job")
    assert (pinned.commit, pinned.dirty) == (head, False)
    assert (pinned.folder / "more.txt").exists()


def test_a_split_index(tmp_path: Path, repository: Path, commit: Commit, git: Git) -> None:
    head = commit(repository)
    git(repository, "update-index", "--split-index")
    pinned = pin_folder(MODELS, repository / MODEL, destination=tmp_path / "job")
    assert (pinned.commit, pinned.dirty) == (head, False)


def test_hashes_of_the_other_kind(tmp_path: Path, repository: Path, commit: Commit, git: Git) -> None:
    git(repository, "init", "--object-format=sha256")
    head = commit(repository)
    assert pin_folder(MODELS, repository / MODEL, destination=tmp_path / "job").commit == head
    assert len(head) == 64


def test_how_files_are_compared_is_still_the_users(
    tmp_path: Path, repository: Path, commit: Commit, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ignored").write_text("*.swp\n")
    (tmp_path / "gitconfig").write_text(f"[core]\nexcludesFile = {tmp_path}/ignored\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    git(repository, "init")
    git(repository, "config", "core.autocrlf", "true")
    git(repository, "config", "core.fileMode", "false")
    training = repository / MODEL / "model_modules" / "training.py"
    training.write_bytes(training.read_bytes().replace(b"\n", b"\r\n"))
    head = commit(repository)
    (repository / MODEL / "file.swp").touch()
    (repository / MODEL / "config.json").chmod(0o755)
    touch_all(repository)
    pinned = pin_folder(MODELS, repository / MODEL, destination=tmp_path / "job")
    assert (pinned.commit, pinned.dirty) == (head, False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_repository_of_somebody_else_must_be_trusted(
    tmp_path: Path, repository: Path, commit: Commit, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = commit(repository)
    for path in [repository, *repository.rglob("*")]:
        os.chown(path, 65534, 65534)
    with pytest.raises(Exception, match="dubious ownership"):
        pin_folder(MODELS, repository / MODEL, destination=tmp_path / "refused")
    (tmp_path / "gitconfig").write_text(f"[safe]\ndirectory = {repository}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    assert pin_folder(MODELS, repository / MODEL, destination=tmp_path / "job").commit == head


def test_an_object_that_is_missing_is_an_error(tmp_path: Path, repository: Path, commit: Commit) -> None:
    commit(repository)
    with pytest.raises(GitError):
        git("cat-file", "-e", "1" * 40, folder=repository)


@pytest.mark.parametrize("setting", ["core.attributesFile", "core.excludesFile"])
def test_a_file_that_a_configuration_names_is_read_within_a_bound(
    tmp_path: Path, repository: Path, commit: Commit, git: Git, setting: str
) -> None:
    """/dev/zero has no end, nobody writes into a pipe; neither is read."""
    commit(repository)
    os.mkfifo(tmp_path / "pipe")
    for endless in ("/dev/zero", str(tmp_path / "pipe")):
        git(repository, "config", setting, endless)
        with work_tree(repository / MODEL) as tree:
            assert tree is not None
            assert tree.names("status", "--porcelain", "-z") == []
            assert Path(tree.git("config", setting).decode().strip()).read_bytes() == b""
    (tmp_path / "large").write_bytes(b"#" * (MAX_BYTES + 1))
    git(repository, "config", setting, str(tmp_path / "large"))
    with pytest.raises(RepositoryError, match="large has more than 1,048,576 bytes"):
        pin_folder(MODELS, repository / MODEL, destination=tmp_path / "job")


@pytest.mark.parametrize("name", ["index", "info/exclude", "info/attributes"])
def test_what_is_borrowed_is_a_plain_file(tmp_path: Path, repository: Path, commit: Commit, name: str) -> None:
    commit(repository)
    (repository / ".git" / name).unlink(missing_ok=True)
    (repository / ".git" / name).symlink_to("/dev/zero")
    with work_tree(repository / MODEL) as tree:
        assert tree is not None
        assert not (tree._git_dir / name).exists()


def test_attributes_beside_the_repository_count(tmp_path: Path, repository: Path, commit: Commit, git: Git) -> None:
    """Line ends that git takes for the same don't make a tree dirty."""
    git(repository, "init")
    (repository / ".git/info/attributes").write_text("*.py text eol=crlf\n")
    training = repository / MODEL / "model_modules/training.py"
    training.write_bytes(training.read_bytes().replace(b"\n", b"\r\n"))
    commit(repository)
    os.utime(training, (0, 0))  # so that git looks into it again
    assert not pin_folder(MODELS, repository / MODEL, destination=tmp_path / "job").dirty


@pytest.mark.parametrize("name", [".gitignore", ".gitattributes"])
@pytest.mark.parametrize("place", ["", "model_definitions", MODEL, f"{MODEL}/model_modules"])
def test_what_git_reads_in_a_tree_is_a_plain_file(
    tmp_path: Path, repository: Path, commit: Commit, place: str, name: str
) -> None:
    """Nobody writes into the pipe: git would wait for as long as it may, and the platform be blamed."""
    commit(repository)
    os.mkfifo(repository / place / name)
    with pytest.raises(RepositoryError, match=f"{name} is not a plain file") as refused:
        pin_folder(MODELS, repository / MODEL, destination=tmp_path / "job")
    assert refused.value.where == str(repository / place / name)
    (repository / place / name).unlink()
    with (repository / place / name).open("wb") as large:
        large.truncate(2**40)
    with pytest.raises(RepositoryError, match=f"{name} is too large"):
        pin_folder(MODELS, repository / MODEL, destination=tmp_path / "job")
