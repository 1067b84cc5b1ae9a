"""A model that leaves its repository while its version waits: what exists is what the registry has."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING

import pytest

from e2e.models import DATASETS, QUICK, WISHES
from e2e.system import DEPLOYMENT, EVALUATION, LIFECYCLE
from factories import SCORING, model_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from e2e.system import Run, System

MODEL = "here/leaving"
RENAMED = "here/renamed"
TARGET = "e2e_leaving"
CHOICES = {LIFECYCLE: {RENAMED}, DEPLOYMENT: {MODEL, RENAMED}, EVALUATION: {MODEL, RENAMED}}


@pytest.fixture(scope="module")
def folder(system: System) -> Iterator[Path]:
    wishes = {"datasets": DATASETS, "hyperparameters": WISHES, "training": QUICK, "scoring": SCORING}
    made = model_folder(system.here, "leaving", **wishes)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def waiting(system: System, folder: Path) -> Iterator[Run]:
    """A version that waits for approval, whose model has got another name in the repository meanwhile."""
    run = system.run(name="leaving", model=MODEL, target=TARGET)
    run.await_question()
    renamed = folder.with_name("renamed")
    folder.rename(renamed)
    yield run
    shutil.rmtree(renamed, ignore_errors=True)


def test_it_is_approved_deployed_evaluated_and_rolled_back(system: System, waiting: Run) -> None:
    assert waiting.answer("Approve", "as it should be").is_success
    first = waiting.result("deploy")
    [version] = waiting.versions()
    asked = {"model": MODEL, "version": version["number"]}
    evaluation = system.run(EVALUATION, name="left", **asked)
    again = system.run(DEPLOYMENT, name="left", target=TARGET, predict_now=True, **asked)
    assert evaluation.result("evaluate")["metrics"]
    assert again.result("deploy")["deployment"] > first["deployment"]
    assert again.result("predict")["rows"] == 100


def test_it_is_suggested_where_versions_are_meant(system: System, waiting: Run) -> None:
    def suggests(dag: str, expected: set[str]) -> bool:
        return {MODEL, RENAMED} & set(system.offered(dag)) == expected

    for dag, expected in CHOICES.items():
        waiting.eventually(f"{dag} suggests {expected}", partial(suggests, dag, expected))
