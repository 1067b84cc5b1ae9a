"""What a trigger form offers to choose from, and what it says where there is nothing to choose."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from factories import model_folder, task_folder
from modelops.operators.params import model_param, task_param

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow.sdk import Param

KINDS = [
    pytest.param(model_param, model_folder, "model", id="model"),
    pytest.param(task_param, task_folder, "feature task", id="feature task"),
]


@pytest.fixture
def repositories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repositories.yaml that names an empty folder."""
    (tmp_path / "repository").mkdir()
    file = tmp_path / "repositories.yaml"
    file.write_text(json.dumps({"repositories": {"here": {"path": "repository"}}}))
    monkeypatch.setenv("MODELOPS_REPOSITORIES", str(file))
    return file


@pytest.mark.parametrize(("param", "make", "word"), KINDS)
def test_a_choice(repositories: Path, param: Callable[[], Param], make: Callable[[Path, str], Any], word: str) -> None:
    for name in ("second", "first"):
        make(repositories.parent / "repository", name)
    made = param()
    assert made.value == "here/first"
    assert made.schema["enum"] == ["here/first", "here/second"]
    assert (made.schema["title"], made.description) == (
        word.capitalize(),
        f"<repository>/<{word}>, of the repositories that repositories.yaml names.",
    )


@pytest.mark.parametrize(("param", "make", "word"), KINDS)
def test_nothing_to_choose(repositories: Path, param: Callable[[], Param], make: Any, word: str) -> None:
    made = param()
    assert "enum" not in made.schema
    assert made.description == f"No {word} was found in the repositories that {repositories} names."
    repositories.unlink()
    assert "there is no such file" in str(param().description)
