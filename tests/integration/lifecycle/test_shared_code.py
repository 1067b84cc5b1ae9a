"""Code of a repository that its models share: in check, training, evaluation and scoring, as it was pinned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from factories import doubled_folder, model_folder
from integration.lifecycle.features.life import imported, ran
from integration.lifecycle.life import deployed, predicted, scorer
from integration.lifecycle.test_check import said_of
from modelops.domain.errors import UserCodeError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workplace import Workplace

IMPORT = "from shared_modules.scale import scaled\n"
TRAINING = """
import pathlib

def train(context, **kwargs):
    print("trained", scaled(1))
    (pathlib.Path(context.artifact_output_path) / "model").write_text("x")
"""
EVALUATION = """
import json, pathlib

def evaluate(context, **kwargs):
    (pathlib.Path(context.artifact_output_path) / "metrics.json").write_text(json.dumps({"scale": scaled(1)}))
"""
SCORER = scorer("return (data['x'] * 0 + scaled(1)).astype('int32')")
TASK = """
import pyarrow as pa

def run_task(context, **kwargs):
    rows = context.read_arrow()
    print("made", scaled(1.0))
    return pa.table({"id": rows["id"], "at": rows["at"], "twice": pa.array([scaled(1.0)] * len(rows)),
                     "half": pa.nulls(len(rows), pa.string())})
"""
ROWS = "SELECT id, timestamptz '2013-08-01T00:00Z' AS at FROM measured"


@pytest.fixture
def scale(repository: Path) -> Callable[[int], None]:
    """Writes the shared code."""
    file = repository / "shared_modules" / "scale.py"
    file.parent.mkdir(parents=True)

    def write(by: int) -> None:
        file.write_text(f"def scaled(value):\n    return value * {by}\n")

    return write


@pytest.fixture
def model(repository: Path) -> Path:
    return model_folder(
        repository, "scored", training=IMPORT + TRAINING, evaluation=IMPORT + EVALUATION, scoring=IMPORT + SCORER
    )


def test_a_model_has_it_in_every_stage_as_its_training_pinned_it(
    workplace: Workplace, model: Path, scale: Callable[[int], None], look: Callable[[str], list[Any]], log: list[str]
) -> None:
    scale(2)
    said = said_of(workplace, model)
    assert any(line.endswith("trained 2") for line in said)
    assert "  scale = 2" in said
    made = deployed(workplace)
    assert "trained 2" in log
    scale(3)
    predicted(workplace, made["deployment"])
    assert look("SELECT DISTINCT late FROM predictions.scored") == [(2,)]
    assert "  scale = 3" in said_of(workplace, model)


def test_a_feature_task_in_python_has_it(
    workplace: Workplace, repository: Path, scale: Callable[[int], None], log: list[str]
) -> None:
    scale(2)
    doubled_folder(repository, language="python", python=IMPORT + TASK, inputs={"rows": ROWS})
    result = ran(workplace, imported(workplace)["version"])
    assert result["rows"] == 100
    assert "made 2.0" in log


def test_a_module_that_it_lacks(workplace: Workplace, model: Path, scale: Callable[[int], None]) -> None:
    scale(2)
    file = model.parents[1] / "shared_modules" / "scale.py"
    file.rename(file.with_name("other.py"))
    with pytest.raises(UserCodeError, match=r"the repository has no module shared_modules\.scale") as refused:
        said_of(workplace, model)
    assert "the file shared_modules/scale.py in the repository's folder" in refused.value.expected
