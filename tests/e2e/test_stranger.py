"""A stranger's model, with packages of its own, by nothing but a line in a file and a POST."""

from __future__ import annotations

from importlib.metadata import version as installed
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from e2e.models import DATASETS, REQUIREMENTS, STRANGER, STRANGER_EVALUATION, STRANGER_TRAINING, WISHES
from e2e.waiting import eventually
from factories import model_folder
from modelops.domain.jobs import JobStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.system import System

MODEL = "stranger/risk"
PRINTED = "  two spaces, an umlaut: ä, and no end of line yet ... here it is"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A folder outside the project, as somebody else would have it."""
    requirements = "".join(f"{package}=={version}\n" for package, version in REQUIREMENTS.items())
    folder = model_folder(
        tmp_path / "models",
        "risk",
        datasets=DATASETS,
        training=STRANGER_TRAINING,
        evaluation=STRANGER_EVALUATION,
        requirements=requirements,
        hyperparameters=WISHES,
    )
    (folder / "model_modules" / "stranger.py").write_text(STRANGER)
    return tmp_path / "models"


@pytest.fixture
def offered(system: System, repository: Path) -> Iterator[None]:
    """The trigger form suggests the model some seconds after the repository was added; Airflow runs all the while."""
    with system.offering("stranger", repository):
        eventually(
            f"{MODEL} is offered",
            lambda: MODEL in system.offered(),
            story=lambda: system.tails("api-server"),
        )
        yield


def test_trained_and_evaluated(system: System, offered: None, tmp_path: Path) -> None:
    assert all(installed(package) != version for package, version in REQUIREMENTS.items())
    gate = tmp_path / "gate"
    run = system.run(name="stranger", model=MODEL, hyperparameters={"gate": str(gate)})

    lines = run.await_line("waiting for")
    assert run.job().status is JobStatus.RUNNING
    assert PRINTED in lines
    assert lines.index(PRINTED) < lines.index(f"waiting for {gate}")
    gate.touch()
    jobs = run.await_end()
    assert [job.status for job in jobs.values()] == [JobStatus.COMPLETED, JobStatus.COMPLETED], run.story()
    lines = run.log()
    assert lines.index(PRINTED) < lines.index("the gate is open")

    for job in jobs.values():
        assert job.result is not None
        assert job.result["metrics"]["packages"] == REQUIREMENTS
    [pinned] = run.artifacts("requirements")
    text = Path(urlsplit(pinned["uri"]).path).read_text()
    assert all(f"{package}=={version} \\\n    --hash=sha256:" in text for package, version in REQUIREMENTS.items())
