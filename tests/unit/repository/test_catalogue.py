"""The models that a trigger form offers: found without network, and never at the price of a DAG that doesn't load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelops.repository.catalogue import model_references, refresh

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from .conftest import Configure, WriteModel

    Commit = Callable[[Path], str]


def test_the_models_of_a_folder(repository: Path, configure: Configure, write_model: WriteModel) -> None:
    write_model(repository / "model_definitions" / "churn")
    write_model(repository / "model_definitions" / ".hidden")
    write_model(repository / "model_definitions" / "line\nbreak")
    (repository / "model_definitions" / "empty").mkdir()
    assert model_references(configure(demo="{path: repository}")) == ["demo/churn", "demo/delay"]


def test_the_models_of_a_git_repository_as_last_fetched(
    tmp_path: Path, repository: Path, configure: Configure, commit: Commit, write_model: WriteModel
) -> None:
    settings = configure(remote="{url: repository, ref: main}")
    commit(repository)
    refresh(settings)
    assert model_references(settings) == ["remote/delay"]
    write_model(repository / "model_definitions" / "a b", {"model_modules/model.json": "{}"})
    commit(repository)
    assert model_references(settings) == ["remote/delay"]
    refresh(settings)
    assert model_references(settings) == ["remote/a b", "remote/delay"]
    repository.rename(tmp_path / "gone")
    refresh(settings)
    assert model_references(settings) == ["remote/a b", "remote/delay"]


def test_what_can_not_be_read_is_left_out_and_logged_once(
    repository: Path, configure: Configure, caplog: pytest.LogCaptureFixture
) -> None:
    settings = configure(gone="{path: nowhere}", remote="{url: repository, ref: main}", demo="{path: repository}")
    for _ in range(2):
        assert model_references(settings) == ["demo/delay"]
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "there is no folder" in caplog.messages[0]
    assert "repository 'remote' was not fetched yet" in caplog.messages[1]


def test_a_ref_that_is_gone_is_logged(
    repository: Path, configure: Configure, commit: Commit, caplog: pytest.LogCaptureFixture
) -> None:
    commit(repository)
    refresh(configure(remote="{url: repository, ref: main}"))
    assert model_references(configure(remote="{url: repository, ref: other}")) == []
    assert "git can't list 'other'" in caplog.text


def test_without_configuration_there_are_no_models(configure: Configure, caplog: pytest.LogCaptureFixture) -> None:
    settings = configure()
    settings.repositories.unlink()
    assert model_references(settings) == []
    refresh(settings)
    assert "no models can be offered: there is no such file" in caplog.messages[0]
    assert "no repository was fetched: there is no such file" in caplog.messages[1]


def test_a_refresh_that_fails_is_logged(configure: Configure, caplog: pytest.LogCaptureFixture) -> None:
    refresh(configure(remote="{url: nowhere, ref: main}"))
    assert "repository 'remote' was not fetched: git can't fetch" in caplog.text
