"""A model that leaves out evaluation, scoring and model.json: the standard ones go the same way as its own would."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from factories import TRAINING, model_folder
from integration.lifecycle.life import answered, evaluated, predicted, put_into_production, trained
from integration.lifecycle.test_check import said_of
from modelops.domain.errors import BadInput, RepositoryError, SeveralErrors, UserCodeError
from modelops.domain.job_types import JobType
from modelops.domain.requests import EvaluationRequest
from modelops.domain.versions import ArtifactRole
from modelops.kinds.model.evaluate import evaluate
from modelops.registry.write import evidence, versions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workplace import Workplace

MODEL, CLASSIFIER = "here/least", "here/classifier"
DATASETS = """
entity_key: id
features: [x, y]
targets: [late]
datasets:
  train: SELECT id, x, y, late FROM measured WHERE id <= 60 ORDER BY id
  evaluate: SELECT id, x, y, late FROM measured WHERE id > 60 ORDER BY id
  predict: SELECT id, x, y FROM measured
"""
TRAINING_OF = """
from sklearn.{module} import {name}

def train(context):
    rows = context.read_pandas()
    return {name}({arguments}).fit(rows[context.dataset_info.feature_names], rows[context.dataset_info.target_names[0]])
"""


UNTRUSTED = """
import subprocess
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

def train(context):
    rows = context.read_pandas()
    model = make_pipeline(FunctionTransformer(), LinearRegression()).fit(rows[["x"]], rows["y"])
    return model.set_params(functiontransformer__func=subprocess.run)
"""
UNSTORABLE = """
class Model:
    def __init__(self):
        self.held = (number for number in [])

    def predict(self, data):
        return data["x"]

def train(context):
    return Model()
"""


def training(name: str = "LogisticRegression", module: str = "linear_model", arguments: str = "") -> str:
    return TRAINING_OF.format(name=name, module=module, arguments=arguments)


def least(repository: Path, training: str, *, name: str = "least", datasets: str = DATASETS, **more: str) -> Path:
    """A model of two files, and more by their names in model_modules."""
    folder = repository / "model_definitions" / name
    (folder / "model_modules").mkdir(parents=True)
    (folder / "datasets.yaml").write_text(datasets)
    (folder / "model_modules/training.py").write_text(training)
    for name, text in more.items():
        (folder / f"model_modules/{name}.py").write_text(text)
    return folder


@dataclass
class Classifier:
    """What the jobs of `here/classifier` v1 gave, and what they logged."""

    log: list[str] = field(default_factory=list)
    training: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier()


@pytest.fixture(scope="module")
def lives(classifier: Classifier) -> Callable[[Workplace, Path], None]:
    """`here/classifier` v1 is trained and evaluated: each process that imports scikit-learn takes seconds."""

    def live(workplace: Workplace, repository: Path) -> None:
        least(repository, training(), name="classifier")
        place = replace(workplace, log=classifier.log.append)
        classifier.training |= trained(place, CLASSIFIER)
        request = EvaluationRequest(model=CLASSIFIER, version=1)
        classifier.metrics |= evaluate(request, place.job(JobType.EVALUATION))["metrics"]

    return live


def test_a_classifier_of_thirteen_lines_from_training_to_batch(
    workplace: Workplace, repository: Path, look: Any, classifier: Classifier
) -> None:
    folder = least(repository, training())
    lines = [line for file in folder.rglob("*.*") for line in file.read_text().splitlines() if line.strip()]
    assert len(lines) <= 13
    metrics = classifier.metrics
    assert metrics["evaluation"] == "standard evaluation (classifier)"
    headline = ["evaluation", "rows", "accuracy", "f1", "precision", "recall", "auc", "log_loss", "brier"]
    assert set(metrics) == {
        *headline,
        *("labels_missing", "prevalence", "balanced_accuracy", "mcc", "average_precision"),
        *("f1_macro", "precision_macro", "recall_macro"),
    }
    version = versions.find(workplace.connection, CLASSIFIER, 1)
    [on_record] = evidence.evaluations_of(workplace.connection, version.id)
    assert on_record.metrics == metrics
    assert on_record.details is not None
    assert on_record.details["headline"] == headline
    drawn = [plot["kind"] for plot in on_record.details["plots"]]
    assert drawn == ["confusion", "roc", "precision_recall", "calibration"]
    stored = [(one.role, one.name) for one in evidence.artifacts_of(workplace.connection, version.id)]
    assert (ArtifactRole.OUTPUT, "model.skops") in stored
    assert (ArtifactRole.SAMPLE, "sample.arrow") in stored
    answered(workplace, 1, model=CLASSIFIER)
    deployment = put_into_production(workplace, 1, CLASSIFIER)
    assert predicted(workplace, deployment["deployment"])["rows"] == 100
    [(rows, least_, most)] = look(
        "SELECT count(late), min(late_probability), max(late_probability) FROM predictions.classifier"
    )
    assert rows == 100
    assert 0 < least_ < most < 1


def test_a_training_says_what_is_standard(workplace: Workplace, classifier: Classifier) -> None:
    assert classifier.training["standard"] == {
        "model.json": "name and id are the folder's name, the language is Python",
        "model_modules/evaluation.py": "standard evaluation (classifier)",
        "model_modules/scoring.py": "standard ModelScorer (classifier), skops 0.15.0",
    }
    stored = "stored the sklearn.linear_model._logistic.LogisticRegression that train() returned as model.skops"
    assert stored in classifier.log


def test_the_standard_metrics_are_those_of_scikit_learn(workplace: Workplace, classifier: Classifier) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import brier_score_loss, f1_score, log_loss, roc_auc_score

    metrics = classifier.metrics
    features = [[i / 10.0, 100.0 - i] for i in range(1, 101)]
    truth = [i % 2 for i in range(1, 101)]
    model = LogisticRegression().fit(features[:60], truth[:60])
    probability = model.predict_proba(features[60:])[:, 1]
    assert metrics["auc"] == pytest.approx(roc_auc_score(truth[60:], probability))
    assert metrics["log_loss"] == pytest.approx(log_loss(truth[60:], probability))
    assert metrics["brier"] == pytest.approx(brier_score_loss(truth[60:], probability))
    assert metrics["f1"] == pytest.approx(f1_score(truth[60:], model.predict(features[60:])))


def test_a_regressor(workplace: Workplace, repository: Path, look: Any) -> None:
    datasets = DATASETS.replace("[x, y]", "[x]").replace("[late]", "[y]").replace(", late FROM", " FROM")
    least(repository, training("LinearRegression"), datasets=datasets)
    metrics = evaluated(workplace, MODEL)["metrics"]
    assert metrics == {
        "evaluation": "standard evaluation (regressor)",
        "rows": 40,
        "labels_missing": 0,
        "r2": pytest.approx(1),
        **dict.fromkeys(("mse", "rmse", "mae", "median_ae", "bias"), pytest.approx(0, abs=1e-6)),
        **dict.fromkeys([f"residual_p{share:02}" for share in (5, 25, 50, 75, 95)], pytest.approx(0, abs=1e-6)),
    }


def test_three_classes_that_are_texts(workplace: Workplace, repository: Path) -> None:
    datasets = DATASETS.replace("late FROM", "('{low,middle,high}'::text[])[1 + id % 3] AS late FROM")
    least(repository, training("DecisionTreeClassifier", "tree", "max_depth=3"), datasets=datasets)
    said = said_of(workplace, repository / "model_definitions/least")
    assert (
        "✓ ModelScorer gives late (string), late_probability_high (double), late_probability_low (double),"
        " late_probability_middle (double)"
    ) in said
    metrics = evaluated(workplace, MODEL)["metrics"]
    assert {"f1_macro", "precision_macro", "recall_macro", "log_loss", "accuracy"} < set(metrics)


def test_a_check_says_what_is_standard(workplace: Workplace, repository: Path) -> None:
    said = said_of(workplace, least(repository, training()))
    assert said[:4] == [
        "✓ least: 2 features",
        "  without model.json: name and id are the folder's name, the language is Python",
        "  without model_modules/evaluation.py: the standard evaluation",
        "  without model_modules/scoring.py: the standard ModelScorer, if train() returns the fitted estimator",
    ]
    assert "  evaluation = standard evaluation (classifier)" in said
    assert said[-1] == "✓ This model can be trained and evaluated, and scores rows."


def test_own_evaluation_of_a_returned_estimator_and_the_standard_scorer(workplace: Workplace, repository: Path) -> None:
    own = (
        "import json, os\n\ndef evaluate(context):\n    left = sorted(os.listdir(context.artifact_input_path))\n"
        "    with open(f'{context.artifact_output_path}/metrics.json', 'w') as file:\n"
        "        json.dump({'left': ' '.join(left)}, file)\n"
    )
    least(repository, training(), evaluation=own)
    assert evaluated(workplace, MODEL)["metrics"] == {"left": "model.skops model.skops.json"}
    answered(workplace, 1, model=MODEL)
    assert put_into_production(workplace, 1, MODEL)["target"] == "predictions.least"


def test_the_standard_evaluation_of_a_scorer_of_its_own(workplace: Workplace, repository: Path) -> None:
    scoring = (
        "class ModelScorer:\n    def predict(self, data):\n"
        "        return {'late': (data['x'] > 8).astype('int32'), 'late_probability': data['x'] / 10}\n"
    )
    least(repository, TRAINING, scoring=scoring)
    metrics = evaluated(workplace, MODEL)["metrics"]
    assert metrics["evaluation"] == "standard evaluation (classifier)"
    assert metrics["accuracy"] == pytest.approx(0.5)


def test_a_class_and_a_function_of_the_models_own(workplace: Workplace, repository: Path) -> None:
    code = """
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from .steps import Scaled, halved

def train(context):
    rows = context.read_pandas()
    pipeline = make_pipeline(Scaled(), FunctionTransformer(halved), LogisticRegression())
    return pipeline.fit(rows[["y", "x"]], rows["late"])
"""
    steps = """
from sklearn.base import BaseEstimator, TransformerMixin

class Scaled(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.feature_names_in_ = X.columns.to_numpy(dtype=object)
        self.most_ = X.max()["x"]
        return self

    def transform(self, X):
        assert list(X.columns) == ["y", "x"]
        return X / self.most_

def halved(X):
    return X / 2
"""
    least(repository, code, steps=steps)
    assert evaluated(workplace, MODEL)["metrics"]["rows"] == 40


@pytest.mark.parametrize(
    ("code", "said", "right"),
    [
        (TRAINING, "train() returned None, and the model has neither", "returns the fitted estimator"),
        ("def train(context):\n    return 3\n", "train() returned a int, and", "returns the fitted estimator"),
        (
            UNTRUSTED,
            "holds subprocess.run; that isn't among the types that are loaded from a file",
            "save it yourself",
        ),
        (
            UNSTORABLE,
            "train() returned a model_modules.training.Model, which skops can't store",
            "save it yourself",
        ),
        (training("IsolationForest", "ensemble"), "neither a classifier nor a regressor", "an evaluate(context)"),
    ],
)
def test_what_can_not_be_standard(workplace: Workplace, repository: Path, code: str, said: str, right: str) -> None:
    least(repository, code)
    with pytest.raises(UserCodeError) as refused:
        evaluated(workplace, MODEL)
    assert said in refused.value.what
    assert right in refused.value.expected


def test_an_environment_without_skops(workplace: Workplace, repository: Path) -> None:
    folder = least(repository, training())
    (folder / "model_modules/requirements.txt").write_text("scikit-learn\n")
    with pytest.raises(BadInput) as refused:
        said_of(workplace, folder)
    assert "skops" in refused.value.what
    assert refused.value.where.endswith("model_modules/requirements.txt")


def test_without_targets_there_is_nothing_to_compare_with(workplace: Workplace, repository: Path) -> None:
    datasets = DATASETS.replace("targets: [late]\n", "")
    with pytest.raises(RepositoryError) as refused:
        said_of(workplace, least(repository, training(), datasets=datasets))
    assert refused.value.where.endswith("datasets.yaml")
    assert "def evaluate(context" in refused.value.expected


def test_one_class_among_the_rows(workplace: Workplace, repository: Path, log: list[str]) -> None:
    datasets = DATASETS.replace("id > 60", "id > 60 AND late = 1")
    least(repository, training(), datasets=datasets)
    metrics = evaluated(workplace, MODEL)["metrics"]
    assert metrics["auc"] is None
    assert "         auc  none: every label is 1" in log


def test_what_a_model_that_saves_itself_returns_is_not_stored(workplace: Workplace, repository: Path) -> None:
    """As before there were standard functions."""
    returning = TRAINING + "    from sklearn.linear_model import LinearRegression\n    return LinearRegression()\n"
    model_folder(repository, "old", training=returning)
    result = trained(workplace, "here/old")
    version = versions.find(workplace.connection, "here/old", result["version"])
    stored = evidence.artifacts_of(workplace.connection, version.id)
    assert [one.name for one in stored if one.role is ArtifactRole.OUTPUT] == ["model.json"]
    assert result["standard"] == {}


def test_a_misspelt_file_is_named(workplace: Workplace, repository: Path) -> None:
    folder = least(repository, training(), evaluate="def evaluate(context):\n    ...\n")
    with pytest.raises((RepositoryError, SeveralErrors)) as refused:
        said_of(workplace, folder)
    assert "evaluate is in evaluate.py" in str(refused.value)
    assert "model_modules/evaluation.py" in refused.value.expected
