"""What a trigger form offers: found without network, and never at the price of a DAG that doesn't load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import published
from modelops.domain.errors import RepositoryError
from modelops.repository import catalogue
from modelops.repository.catalogue import problems, references, refresh, unsupported_reason_of
from modelops.repository.kinds import MODELS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from modelops.repository.kinds import Kind

    from .conftest import Configure, Make

    Commit = Callable[[Path], str]


def test_what_a_folder_has(repository: Path, configure: Configure, kind: Kind[Any], make: Make) -> None:
    for name in ("churn", ".hidden", "line\nbreak"):
        make(repository, name)
    (repository / kind.folder / "empty").mkdir()
    assert references(kind, configure(demo="{path: repository}")) == ["demo/churn", "demo/delay"]


def test_what_a_git_repository_had_when_last_fetched(
    tmp_path: Path, repository: Path, configure: Configure, commit: Commit, kind: Kind[Any], make: Make
) -> None:
    settings = configure(remote="{url: repository, ref: main}")
    commit(repository)
    refresh(settings)
    assert references(kind, settings) == ["remote/delay"]
    deeper = make(repository, "a b") / "deeper"
    deeper.mkdir()
    (deeper / kind.marker).touch()
    commit(repository)
    assert references(kind, settings) == ["remote/delay"]
    refresh(settings)
    assert references(kind, settings) == ["remote/a b", "remote/delay"]
    repository.rename(tmp_path / "gone")
    refresh(settings)
    assert references(kind, settings) == ["remote/a b", "remote/delay"]


def test_what_can_not_be_read_is_left_out_and_said_to_those_who_ask(
    repository: Path, configure: Configure, kind: Kind[Any], caplog: pytest.LogCaptureFixture
) -> None:
    settings = configure(
        gone="{path: nowhere}",
        remote="{url: repository, ref: main}",
        Big="{path: repository}",
        demo="{path: repository}",
    )
    assert references(kind, settings) == ["demo/delay"]
    assert caplog.messages == []  # it may be the log of somebody else's job
    assert [problem.what for problem in problems(settings) if isinstance(problem, RepositoryError)] == [
        "'Big' can't name a repository",
        f"there is no folder {repository.parent / 'nowhere'}",
        "repository 'remote' was not fetched yet",
    ]


def test_a_ref_that_is_gone_is_said(repository: Path, configure: Configure, commit: Commit, kind: Kind[Any]) -> None:
    commit(repository)
    refresh(configure(remote="{url: repository, ref: main}"))
    settings = configure(remote="{url: repository, ref: other}")
    assert references(kind, settings) == []
    assert ["git can't list 'other'" in str(problem) for problem in problems(settings)] == [True]


def test_without_configuration_there_is_nothing(
    configure: Configure, kind: Kind[Any], caplog: pytest.LogCaptureFixture
) -> None:
    settings = configure()
    settings.installation.repositories.unlink()
    assert references(kind, settings) == []
    assert ["there is no such file" in str(problem) for problem in problems(settings)] == [True]
    refresh(settings)
    assert "no repository was fetched: there is no such file" in caplog.messages[0]


def test_a_folder_that_may_not_be_read(
    repository: Path, configure: Configure, kind: Kind[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system that runs the tests may let them read everything."""

    def refuse(_: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    settings = configure(demo="{path: repository}")
    monkeypatch.setattr(type(repository), "is_dir", refuse)
    assert references(kind, settings) == []
    assert ["can't be read: Permission denied" in str(problem) for problem in problems(settings)] == [True]


def test_a_refresh_that_fails_is_logged(configure: Configure, caplog: pytest.LogCaptureFixture) -> None:
    refresh(configure(remote="{url: nowhere, ref: main}"))
    assert "repository 'remote' was not fetched: git can't fetch" in caplog.text


def test_a_folder_that_leads_out_of_the_repository_is_not_offered(
    tmp_path: Path, repository: Path, configure: Configure, kind: Kind[Any], make: Make
) -> None:
    make(tmp_path / "private", "secret")
    (repository / kind.folder / "secret").symlink_to(tmp_path / "private" / kind.folder / "secret")
    (repository / kind.folder / "again").symlink_to("delay")
    assert references(kind, configure(demo="{path: repository}")) == ["demo/again", "demo/delay"]


def test_a_model_is_marked_by_either_of_two_files(repository: Path, configure: Configure, commit: Commit) -> None:
    """One without model.json is right; one without datasets.yaml is listed, so that who asks for it is told why."""
    for name, marker in (("least", "datasets.yaml"), ("wrong", "model.json")):
        (repository / MODELS.folder / name).mkdir(parents=True)
        (repository / MODELS.folder / name / marker).write_text("{}")
    commit(repository)
    settings = configure(demo="{path: repository}", remote="{url: repository, ref: main}")
    refresh(settings)
    found = references(MODELS, settings)
    assert {"demo/least", "demo/wrong", "remote/least", "remote/wrong"} <= set(found)
    assert len(found) == len(set(found))


def test_models_that_can_not_run_are_not_offered_and_the_reason_is_there(
    repository: Path, configure: Configure, commit: Commit
) -> None:
    for write in (published.both, published.refuse_without_stand_in, published.partitioned, published.in_r):
        write(repository)
    commit(repository)
    settings = configure(folder="{path: repository}", remote="{url: repository, ref: main}")
    refresh(settings)
    offered = ["folder/both", "folder/delay", "remote/both", "remote/delay"]
    assert references(MODELS, settings) == offered
    for source in ("folder", "remote"):
        in_r, refuse_without_stand_in = (
            unsupported_reason_of(f"{source}/{name}", settings) for name in ("r-model", "refuse_without_stand_in")
        )
        assert in_r is not None
        assert in_r.what == "this model is written in R, and jobs run models in Python"
        assert in_r.where == f"{source}/r-model/model.json"
        assert refuse_without_stand_in is not None
        assert "teradataml.XGBoost" in refuse_without_stand_in.what
    assert [unsupported_reason_of(name, settings) for name in [*offered, "folder/none", "none/none", "x"]] == [None] * 7
    assert len(problems(settings)) == 6


def test_a_folder_that_is_no_model_is_not_judged(repository: Path, configure: Configure, commit: Commit) -> None:
    (repository / MODELS.folder / "archive/model_modules").mkdir(parents=True)
    (repository / MODELS.folder / "archive/model_modules/training.R").touch()
    commit(repository)
    settings = configure(folder="{path: repository}", remote="{url: repository, ref: main}")
    refresh(settings)
    assert problems(settings) == []
    assert [unsupported_reason_of(f"{source}/archive", settings) for source in ("folder", "remote")] == [None] * 2


def test_for_one_model_no_other_is_read(
    repository: Path, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    published.in_r(repository)
    read: list[str] = []
    monkeypatch.setattr(catalogue, "refuse_unsupported", lambda _folder, reference: read.append(reference))
    assert unsupported_reason_of("here/delay", configure(here="{path: repository}")) is None
    assert read == ["here/delay"]


def test_a_model_is_offered_once_its_commit_can_run(repository: Path, configure: Configure, commit: Commit) -> None:
    folder = published.refuse_without_stand_in(repository)
    commit(repository)
    settings = configure(remote="{url: repository, ref: main}")
    refresh(settings)
    assert references(MODELS, settings) == ["remote/delay"]
    (folder / "model_modules/training.py").write_text(published.TRAINING)
    commit(repository)
    refresh(settings)
    assert references(MODELS, settings) == ["remote/delay", "remote/refuse_without_stand_in"]
