"""Repositories that git fetches: refs, several workers at once, interruptions, and what can't be reached."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psutil
import pytest

from factories import task_folder
from modelops.domain.errors import RepositoryError, Unavailable
from modelops.repository.git import GitError, without_credentials
from modelops.repository.git import git as run_git
from modelops.repository.pin import Pinned, pin_model, pin_task
from polling import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelops.repository.definition import ModelDefinition
    from modelops.settings import Settings

    from .conftest import Configure, Git

    Commit = Callable[[Path], str]
    Pin = Callable[..., Pinned[ModelDefinition]]

MODEL = "model_definitions/delay"
TASK = "feature_engineering_tasks/delay"


@pytest.fixture
def pin(tmp_path: Path) -> Pin:
    def run(settings: Settings, reference: str = "remote/delay") -> Pinned[ModelDefinition]:
        return pin_model(reference, settings=settings, destination=tmp_path / f"job-{time.monotonic_ns()}")

    return run


def change(repository: Path, depth: int) -> None:
    (repository / MODEL / "config.json").write_text(f'{{"hyperParameters": {{"depth": {depth}}}}}')


def test_a_branch_is_what_it_is_now(repository: Path, configure: Configure, commit: Commit, pin: Pin) -> None:
    first = commit(repository)
    settings = configure(remote="{url: repository, ref: main}")
    pinned = pin(settings)
    assert (pinned.commit, pinned.dirty, pinned.definition.hyperparameters) == (first, False, {"depth": 3})
    change(repository, 4)
    second = commit(repository)
    pinned = pin(settings)
    assert (pinned.commit, pinned.definition.hyperparameters) == (second, {"depth": 4})


def test_a_branch_that_was_rewritten(
    repository: Path, configure: Configure, commit: Commit, git: Git, pin: Pin
) -> None:
    commit(repository)
    settings = configure(remote="{url: repository, ref: main}")
    pin(settings)
    git(repository, "commit", "--amend", "--message", "rewritten")
    assert pin(settings).commit == git(repository, "rev-parse", "HEAD")


def test_tags_and_commits(repository: Path, configure: Configure, commit: Commit, git: Git, pin: Pin) -> None:
    first = commit(repository)
    git(repository, "tag", "--annotate", "--message", "one", "v1.0")
    change(repository, 4)
    commit(repository)
    assert pin(configure(remote="{url: repository, ref: v1.0}")).commit == first
    assert pin(configure(remote=f"{{url: repository, ref: '{first}'}}")).commit == first
    assert pin(configure(remote=f"{{url: repository, ref: '{first[:10]}'}}")).commit == first


def test_a_task_is_as_it_is_at_the_ref_that_is_asked_for(
    tmp_path: Path, repository: Path, configure: Configure, commit: Commit, git: Git
) -> None:
    settings = configure(remote="{url: repository, ref: main}")
    first = commit(repository)
    git(repository, "tag", "v1")
    git(repository, "switch", "--create", "other", "--quiet")
    (repository / TASK / "task.sql").write_text("SELECT 2")
    other = commit(repository)
    refs = {None: first, "main": first, "other": other, "v1": first, first: first, other[:10]: other}
    for number, (ref, expected) in enumerate(refs.items()):
        pinned = pin_task("remote/delay", settings=settings, destination=tmp_path / f"job-{number}", ref=ref)
        assert (pinned.commit, pinned.dirty) == (expected, False), ref
        assert (pinned.definition.sql == "SELECT 2") is (expected == other), ref


@pytest.mark.parametrize(
    ("reference", "ref", "what", "expected"),
    [
        ("remote/delay", "v2", "has no branch, tag or commit 'v2'", "one of its branches, tags or commits, such as"),
        ("remote/delay", "-v1", "the ref is '-v1'", "the name of a branch, a tag or a commit"),
        ("remote/delay", "", "the ref is ''", "the name of a branch, a tag or a commit"),
        (
            "remote/new",
            "v1",
            "there is no feature task 'remote/new' at 'v1': did you mean remote/delay?",
            "a feature task",
        ),
    ],
)
def test_a_ref_that_is_of_no_use(
    tmp_path: Path,
    repository: Path,
    configure: Configure,
    commit: Commit,
    git: Git,
    reference: str,
    ref: str,
    what: str,
    expected: str,
) -> None:
    commit(repository)
    git(repository, "tag", "v1")
    task_folder(repository, "new")
    commit(repository)
    settings = configure(remote="{url: repository, ref: main}")
    with pytest.raises(RepositoryError) as refusal:
        pin_task(reference, settings=settings, destination=tmp_path / "job", ref=ref)
    assert refusal.value.what.endswith(what)
    assert refusal.value.expected.startswith(expected)
    assert refusal.value.where == "the parameter ref"


def test_a_commit_that_is_there_needs_no_network(
    tmp_path: Path, repository: Path, configure: Configure, commit: Commit, pin: Pin
) -> None:
    first = commit(repository)
    settings = configure(remote=f"{{url: repository, ref: '{first}'}}")
    pin(settings)
    repository.rename(tmp_path / "gone")
    assert pin(settings).commit == first


def test_a_url_that_changes(tmp_path: Path, repository: Path, configure: Configure, commit: Commit, pin: Pin) -> None:
    commit(repository)
    pin(configure(remote="{url: repository, ref: main}"))
    repository.rename(tmp_path / "moved")
    change(tmp_path / "moved", 5)
    second = commit(tmp_path / "moved")
    assert pin(configure(remote="{url: moved, ref: main}")).commit == second


def test_the_hash_is_that_of_a_folder(repository: Path, configure: Configure, commit: Commit, pin: Pin) -> None:
    commit(repository)
    settings = configure(remote="{url: repository, ref: main}", local="{path: repository}")
    assert pin(settings, "remote/delay").code_sha256 == pin(settings, "local/delay").code_sha256


def test_an_unknown_ref_is_told_which_there_are(
    repository: Path, configure: Configure, commit: Commit, pin: Pin
) -> None:
    commit(repository)
    with pytest.raises(RepositoryError) as refusal:
        pin(configure(remote="{url: repository, ref: mian}"))
    assert refusal.value.what.endswith("has no branch, tag or commit 'mian'")
    assert refusal.value.expected == "one of its branches, tags or commits, such as main"
    assert refusal.value.where.endswith("repositories.yaml:2 (repositories.remote.ref)")


def test_an_unknown_model_is_told_which_there_are(
    repository: Path, configure: Configure, commit: Commit, pin: Pin
) -> None:
    commit(repository)
    with pytest.raises(RepositoryError, match="there is no model 'remote/dely'") as refusal:
        pin(configure(remote="{url: repository, ref: main}"), "remote/dely")
    assert refusal.value.what.endswith(": did you mean remote/delay?")


def test_no_such_repository(configure: Configure, pin: Pin) -> None:
    with pytest.raises(RepositoryError, match="does not exist") as refusal:
        pin(configure(remote="{url: nowhere, ref: main}"))
    assert refusal.value.where.endswith("repositories.yaml:2 (repositories.remote)")


def test_what_can_not_be_reached_is_tried_again_and_no_password_is_shown(
    tmp_path: Path, configure: Configure, pin: Pin
) -> None:
    with pytest.raises(Unavailable) as trouble:
        pin(configure(remote="{url: 'https://ada:s3cret@127.0.0.1:9/a.git', ref: main}"))
    assert "https://***@127.0.0.1:9/a.git" in str(trouble.value)
    assert "s3cret" not in str(trouble.value)
    assert trouble.value.__cause__ is None
    assert list((tmp_path / "home" / "repositories").glob("remote*")) == [
        tmp_path / "home" / "repositories" / "remote.lock"
    ]


def test_the_mirror_keeps_no_url(
    tmp_path: Path, repository: Path, configure: Configure, commit: Commit, pin: Pin
) -> None:
    commit(repository)
    pin(configure(remote="{url: repository, ref: main}"))
    assert "url" not in (tmp_path / "home" / "repositories" / "remote" / "config").read_text()


def test_what_an_interrupted_process_left(
    tmp_path: Path, repository: Path, configure: Configure, commit: Commit, pin: Pin
) -> None:
    commit(repository)
    settings = configure(remote="{url: repository, ref: main}")
    left_over = settings.machine.mirrors / "remote.partial-1" / "objects"
    left_over.mkdir(parents=True)
    pin(settings)
    assert not left_over.exists()
    for lock in ("packed-refs.lock", "config.lock", "refs/heads/main.lock"):
        (settings.machine.mirrors / "remote" / lock).parent.mkdir(parents=True, exist_ok=True)
        (settings.machine.mirrors / "remote" / lock).touch()
    change(repository, 4)
    second = commit(repository)
    assert pin(settings).commit == second


def test_a_damaged_mirror_is_made_anew_and_not_looked_for_further_up(
    tmp_path: Path, repository: Path, configure: Configure, commit: Commit, git: Git, pin: Pin
) -> None:
    """`git` without --git-dir would take the repository around the mirror for it, and prune its branches."""
    head = commit(repository)
    (tmp_path / ".gitignore").write_text("*\n")
    around = commit(tmp_path)
    git(tmp_path, "branch", "precious")
    settings = configure(remote="{url: repository, ref: main}")
    pin(settings)
    (settings.machine.mirrors / "remote" / "HEAD").unlink()
    assert pin(settings).commit == head
    assert git(tmp_path, "rev-parse", "precious") == around


def test_several_workers_at_once(tmp_path: Path, repository: Path, configure: Configure, commit: Commit) -> None:
    head = commit(repository)
    settings = configure(remote="{url: repository, ref: main}")
    program = """
import sys
from pathlib import Path
from modelops.repository.pin import pin_model
from modelops.settings import InstallationSettings, MachineSettings, Settings
home, repositories, destination = map(Path, sys.argv[1:])
installation = InstallationSettings(artifacts="file:///nowhere", repositories=repositories)
settings = Settings(installation=installation, machine=MachineSettings(home=home))
print(pin_model("remote/delay", settings=settings, destination=destination).commit)
"""
    include = str(Path(__file__).parents[3] / "include")
    command = [sys.executable, "-c", program, settings.machine.home, settings.installation.repositories]
    workers = [
        subprocess.Popen(
            [*command, tmp_path / f"worker-{number}"],
            env={**os.environ, "PYTHONPATH": include},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    results = [worker.communicate(timeout=60) for worker in workers]
    assert [output.strip() for output, _ in results] == [head] * 4, results


def test_git_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    marked = str(10**6 + uuid4().int % 10**6)  # seconds that no other process sleeps

    def sleeps() -> bool:
        return any(marked in (process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"]))

    with pytest.raises(Unavailable, match=r"git -c took longer than 0\.4 s"):
        run_git("-c", f"alias.wait=!sleep {marked}", "wait", folder=tmp_path, seconds=0.4)
    until(lambda: not sleeps(), "its child has ended")


@pytest.mark.parametrize("url", ["ext::touch ran", "git://127.0.0.1:9/a", "http://127.0.0.1:9/a"])
def test_other_transports_are_refused_by_git_too(tmp_path: Path, url: str) -> None:
    with pytest.raises(GitError, match=rf"transport '{url.partition(':')[0]}' not allowed"):
        run_git("ls-remote", "--", url, folder=tmp_path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://u:p@example.com/a", "https://***@example.com/a"),
        ("'https://token@example.com/a': x@y", "'https://***@example.com/a': x@y"),
        ("https://u:p@ss@example.com/a", "https://***@example.com/a"),
        ("git@example.com:a.git", "git@example.com:a.git"),
    ],
)
def test_credentials_are_taken_out(text: str, shown: str) -> None:
    assert without_credentials(text) == shown
