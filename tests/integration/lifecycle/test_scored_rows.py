"""An evaluation keeps the rows that it scored, and its details belong to the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pyarrow import parquet

from factories import SCORING, model_folder
from integration.lifecycle.life import evaluated, trained
from integration.lifecycle.test_standard import DATASETS, MODEL, least, training
from modelops.domain.errors import BadInput, ResourceLimitError, RowsChanged, UserCodeError
from modelops.domain.job_types import JobType
from modelops.domain.requests import EvaluationRequest
from modelops.kinds.model import evaluate as evaluating
from modelops.kinds.model.evaluate import evaluate
from modelops.registry.write import evidence, versions

if TYPE_CHECKING:
    from pathlib import Path

    from workplace import Workplace

SCORED = "SELECT sha256, uri, name, media_type FROM modelops.artifact WHERE role = 'scored_rows' ORDER BY id"


def kept(uri: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = parquet.read_table(uri.removeprefix("file://")).to_pylist()
    return rows


def again(workplace: Workplace, model: str, **asked: Any) -> dict[str, Any]:
    return evaluate(EvaluationRequest(model=model, version=1, **asked), workplace.job(JobType.EVALUATION))


def test_the_standard_evaluation_keeps_what_it_measured(workplace: Workplace, repository: Path, look: Any) -> None:
    """Rows whose label is missing have a prediction, and none of the metrics."""
    labels = "CASE WHEN id % 4 > 0 THEN late END AS late"
    datasets = DATASETS.replace("evaluate: SELECT id, x, y, late", f"evaluate: SELECT id, x, y, {labels}")
    least(repository, training(), datasets=datasets)
    metrics = evaluated(workplace, MODEL)["metrics"]
    [(sha256, uri, name, media_type)] = look(SCORED)
    assert (name, media_type) == ("scored_rows.parquet", "application/vnd.apache.parquet")
    rows = kept(uri)
    assert [row["key"] for row in rows] == [{"id": number} for number in range(61, 101)]
    assert [row["target"]["late"] for row in rows] == [n % 2 if n % 4 else None for n in range(61, 101)]
    assert (metrics["rows"], metrics["labels_missing"]) == (40, 10)
    hits = [row["prediction"]["late"] == row["target"]["late"] for row in rows if row["target"]["late"] is not None]
    assert metrics["accuracy"] == pytest.approx(sum(hits) / 30)
    assert all(0 < row["prediction"]["late_probability"] < 1 for row in rows)
    version = versions.find(workplace.connection, MODEL, 1)
    [recorded] = evidence.evaluations_of(workplace.connection, version.id)
    assert recorded.details is not None
    assert recorded.details["scored_rows"] == {"sha256": sha256, "rows": 40}


def test_a_dataset_without_any_label_is_refused(workplace: Workplace, repository: Path) -> None:
    datasets = DATASETS.replace("evaluate: SELECT id, x, y, late", "evaluate: SELECT id, x, y, NULL::int AS late")
    least(repository, training(), datasets=datasets)
    with pytest.raises(BadInput, match="the target late is null or NaN in 40 of 40 rows"):
        evaluated(workplace, MODEL)


def test_a_model_with_its_own_evaluation_keeps_them_too(
    workplace: Workplace, repository: Path, look: Any, log: list[str]
) -> None:
    """Rejected rows are left out. A later evaluation doesn't fail where no row can be scored."""
    scoring = SCORING.replace(
        "        return ",
        "        score = pc.if_else(pc.equal(data['x'], 7.0), pa.scalar(None, pa.float64()), score)\n        return ",
    )
    model_folder(repository, "own", scoring=scoring)
    assert set(evaluated(workplace, "here/own")["metrics"]) == {"shift"}
    [(first, uri, *_)] = look(SCORED)
    rows = kept(uri)
    assert [row["key"]["id"] for row in rows] == [number for number in range(61, 101) if number != 70]
    assert [row["target"]["late"] for row in rows] == [row["key"]["id"] % 2 for row in rows]
    again(workplace, "here/own", dataset="SELECT id, x, y, late FROM measured WHERE id = 70")
    assert len(look(SCORED)) == 1
    [said] = [line for line in log if line.startswith("The evaluation keeps no scored rows")]
    assert "can't score any of the 1 rows" in said
    again(workplace, "here/own")
    assert [sha256 for sha256, *_ in look(SCORED)] == [first, first]


def test_rows_that_are_too_large_are_not_kept(
    workplace: Workplace, repository: Path, look: Any, log: list[str]
) -> None:
    least(repository, training())
    made = trained(workplace, MODEL)
    small = workplace.with_installation(output_bytes=1000)
    with pytest.raises(UserCodeError, match="the files that the code left have"):
        again(small, MODEL)
    assert made["version"] == 1
    assert [line for line in log if "more than MODELOPS_OUTPUT_SIZE allows" in line]
    assert look(SCORED) == []


def test_details_of_an_own_evaluation_are_checked(workplace: Workplace, repository: Path, look: Any) -> None:
    evaluation = """
import json, pathlib

def evaluate(context, **kwargs):
    path = pathlib.Path(context.artifact_output_path)
    (path / "metrics.json").write_text('{"auc": 0.7}')
    plot = {"kind": "roc", "target": "late", "points": [[0, 0], [1, context.hyperparams["top"]]]}
    (path / "modelops_evaluation.json").write_text(json.dumps({"plots": [plot]}))
"""
    model_folder(repository, "own", evaluation=evaluation, hyperparameters={"top": 1})
    evaluated(workplace, "here/own")
    [(plots,)] = look("SELECT details -> 'plots' FROM modelops.evaluation")
    assert plots == [{"kind": "roc", "target": "late", "points": [[0.0, 0.0], [1.0, 1.0]]}]
    with pytest.raises(UserCodeError, match="less than or equal to 1"):
        evaluated(workplace, "here/own", hyperparameters={"top": 2})


def test_only_the_standard_evaluation_looks_like_it(workplace: Workplace, repository: Path, look: Any) -> None:
    """The job decides which evaluation it is, and the digest covers that."""
    evaluation = """
import json, pathlib

def evaluate(context, **kwargs):
    metrics = {"auc": 0.7, "evaluation": context.hyperparams["said"]}
    (pathlib.Path(context.artifact_output_path) / "metrics.json").write_text(json.dumps(metrics))
"""
    model_folder(repository, "own", evaluation=evaluation, scoring=SCORING, hyperparameters={"said": "of our own"})
    evaluated(workplace, "here/own")
    with pytest.raises(
        UserCodeError, match=r"evaluation is 'Standard  evaluation .classifier.', and the evaluation is"
    ):
        evaluated(workplace, "here/own", hyperparameters={"said": "Standard  evaluation (classifier)"})
    least(repository, training())
    evaluated(workplace, MODEL)
    said = "SELECT (details -> 'standard')::text FROM modelops.evaluation ORDER BY id"
    assert look(said) == [("false",), ("true",)]
    shown = "SELECT (modelops.evaluation_evidence(id) -> 'standard')::text FROM modelops.evaluation ORDER BY id"
    assert look(shown) == [("false",), ("true",)]


@pytest.mark.parametrize("kind", [RowsChanged, ResourceLimitError])
def test_a_later_evaluation_fails_too_if_a_limit_or_the_rows_are_violated(
    workplace: Workplace, repository: Path, monkeypatch: pytest.MonkeyPatch, kind: type[BadInput]
) -> None:
    model_folder(repository, "own", scoring=SCORING)
    evaluated(workplace, "here/own")

    def violating(*_: Any, **__: Any) -> Any:
        raise kind("violated", where="here", expected="otherwise")

    monkeypatch.setattr(evaluating, "score_rows", violating)
    with pytest.raises(kind):
        again(workplace, "here/own")


def test_metrics_by_slice(workplace: Workplace, repository: Path, look: Any) -> None:
    """By a column of the dataset that is no feature; one that it lacks is refused before anything is trained."""
    origin = "(ARRAY['EWR','JFK','LGA'])[1 + id % 3] AS origin"
    datasets = DATASETS.replace("evaluate: SELECT id, x, y, late", f"evaluate: SELECT id, x, y, late, {origin}")
    folder = least(repository, training(), datasets=datasets)
    (folder / "config.json").write_text('{"slice_by": ["origin"]}')
    metrics = evaluated(workplace, MODEL)["metrics"]
    [(slices,)] = look("SELECT details -> 'slices' FROM modelops.evaluation")
    assert [(one["value"], one["rows"]) for one in slices] == [("JFK", 14), ("EWR", 13), ("LGA", 13)]
    accuracy = sum(one["metrics"]["accuracy"] * one["rows"] for one in slices) / 40
    assert accuracy == pytest.approx(metrics["accuracy"])
    (folder / "config.json").write_text('{"slice_by": ["orign"]}')
    with pytest.raises(BadInput, match=r"the column orign in slice_by is unknown: did you mean origin\?"):
        trained(workplace, MODEL, evaluate_dataset="evaluate")
    assert len(look("SELECT 1 FROM modelops.version")) == 1
