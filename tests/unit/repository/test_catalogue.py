"""What a trigger form offers: found without network, and never at the price of a DAG that doesn't load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.repository.catalogue import references, refresh

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


def test_what_can_not_be_read_is_left_out_and_logged_once(
    repository: Path, configure: Configure, kind: Kind[Any], caplog: pytest.LogCaptureFixture
) -> None:
    settings = configure(gone="{path: nowhere}", remote="{url: repository, ref: main}", demo="{path: repository}")
    for _ in range(2):
        assert references(kind, settings) == ["demo/delay"]
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "there is no folder" in caplog.messages[0]
    assert "repository 'remote' was not fetched yet" in caplog.messages[1]


def test_a_ref_that_is_gone_is_logged(
    repository: Path, configure: Configure, commit: Commit, kind: Kind[Any], caplog: pytest.LogCaptureFixture
) -> None:
    commit(repository)
    refresh(configure(remote="{url: repository, ref: main}"))
    assert references(kind, configure(remote="{url: repository, ref: other}")) == []
    assert "git can't list 'other'" in caplog.text


def test_without_configuration_there_is_nothing(
    configure: Configure, kind: Kind[Any], caplog: pytest.LogCaptureFixture
) -> None:
    settings = configure()
    settings.repositories.unlink()
    assert references(kind, settings) == []
    refresh(settings)
    assert f"no {kind.word}s can be offered: there is no such file" in caplog.messages[0]
    assert "no repository was fetched: there is no such file" in caplog.messages[1]


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
