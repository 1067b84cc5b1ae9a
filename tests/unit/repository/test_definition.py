"""A model's folder: what is read from it, and what a wrong one is told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from modelops.domain.drift import DriftSettings, Rule
from modelops.domain.errors import RepositoryError, SeveralErrors
from modelops.domain.labels import LabelSettings, ModelType
from modelops.repository.definition import read_model

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import WriteModel

REFERENCE = "demo/delay"

HEAD = "entity_key: id\nfeatures: [a, b]\ntargets: [y]\n"
QUERIES = "datasets: {train: SELECT 1, evaluate: SELECT 2}\n"


def refused(folder: Path) -> RepositoryError:
    with pytest.raises(RepositoryError) as refusal:
        read_model(folder, REFERENCE)
    return refusal.value


def test_a_complete_model(tmp_path: Path, write_model: WriteModel) -> None:
    scoring = "class ModelScorer:\n    def predict(self, data):\n        return data\n"
    files = {"model_modules/scoring.py": scoring, "model_modules/requirements.txt": "numpy\n"}
    model = read_model(write_model(tmp_path, files), REFERENCE)
    assert (model.reference, model.name, model.model_id) == (REFERENCE, "delay", "delay-1")
    assert (model.title, model.description, model.language) == ("Arrival delay", "Late?", "python")
    assert model.hyperparameters == {"depth": 3}
    assert model.requirements == "numpy\n"
    assert model.datasets.entity_key == ("flight_id",)
    assert model.datasets.features == ("month", "distance")
    assert model.datasets.targets == ("late",)
    assert model.datasets.sql == {"train": "SELECT 1", "evaluate": "SELECT 2\n"}


def test_the_least_that_a_model_needs(tmp_path: Path, write_model: WriteModel) -> None:
    files = {
        "model.json": '\ufeff{"name": "Delay", "language": "python", "more": 1}',
        "config.json": None,
        "datasets.yaml": "entity_key: id\nfeatures: [a]\n" + QUERIES,
    }
    model = read_model(write_model(tmp_path, files), REFERENCE)
    assert (model.model_id, model.description, model.hyperparameters) == ("delay", "", {})
    assert (model.datasets.entity_key, model.datasets.targets) == (("id",), ())
    assert model.requirements is None


def test_what_may_be_left_out(tmp_path: Path, write_model: WriteModel) -> None:
    files = {"model.json": None, "model_modules/evaluation.py": None}
    model = read_model(write_model(tmp_path, files), REFERENCE)
    assert (model.model_id, model.title, model.description, model.language) == ("delay", "delay", "", "python")
    assert model.left_out == ("model.json", "model_modules/evaluation.py", "model_modules/scoring.py")
    assert model.has_scorer


def test_an_entry_point_in_a_file_of_another_name(tmp_path: Path, write_model: WriteModel) -> None:
    files = {
        "model_modules/evaluation.py": None,
        "model_modules/evaluate.py": "def evaluate(context): ...\n",
        "model_modules/scorer.py": "class ModelScorer:\n    def predict(self, data): ...\n",
    }
    with pytest.raises(SeveralErrors) as refused_:
        read_model(write_model(tmp_path, files), REFERENCE)
    assert [error.where for error in refused_.value.errors] == [
        f"{REFERENCE}/model_modules/evaluate.py",
        f"{REFERENCE}/model_modules/scorer.py",
    ]


@pytest.mark.parametrize("name", ["datasets.yaml", "model_modules/training.py"])
def test_a_missing_file(tmp_path: Path, write_model: WriteModel, name: str) -> None:
    error = refused(write_model(tmp_path, {name: None}))
    assert (error.what, error.where) == ("there is no such file", f"{REFERENCE}/{name}")


@pytest.mark.parametrize(
    ("text", "what", "place"),
    [
        ("", "this isn't JSON: Expecting value", ":1:1"),
        ('{\n  "name": "x",\n}', "this isn't JSON", ":3:1"),
        ("[]", "the content is a list", ""),
        ('{"language": "python"}', "name is missing", ""),
        ('{"name": "x"}', "language is missing", ""),
        ('{"name": "x",\n "language": "Julia"}', "language is 'Julia'", ":2 (language)"),
        ('{"name": 1, "language": "python"}', "name is a number", ":1 (name)"),
        ('{"name": " ", "language": "python"}', "name is blank", ":1 (name)"),
        ('{"name": "x", "id": "a\\nb", "language": "python"}', "that can't be printed", ":1 (id)"),
        ('{"name": "x", "name": "y"}', "the name 'name' appears twice", ""),
        ('{"name": "\\u0000"}', "holds the character U+0000", ""),
        ('{"name": "\\ud800"}', "holds the character U+D800", ""),
    ],
)
def test_a_wrong_model_json(tmp_path: Path, write_model: WriteModel, text: str, what: str, place: str) -> None:
    error = refused(write_model(tmp_path, {"model.json": text}))
    assert what in error.what
    assert error.where == f"{REFERENCE}/model.json{place}"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('{"hyperParameters": []}', "hyperParameters is a list"),
        ('{"hyperparameters": {}}', "the key 'hyperparameters' is misspelt"),
        ('{"hyperParameters": {"rate": NaN}}', "NaN is not a JSON number"),
        ('{"hyperParameters": {"rate": 1e999}}', "1e999 is too large a number"),
        ('{"hyperParameters": {"a": {"b": 1, "b": 2}}}', "the name 'b' appears twice"),
        ('{"slice_by": "carrier"}', "slice_by is text"),
        ('{"slice_by": ["a", "a"]}', "slice_by has 'a' more than once"),
        ('{"slice_by": ["a", "b", "c", "d"]}', "slice_by has 4 columns"),
        ('{"sliceBy": ["a"]}', "the key 'sliceBy' is misspelt"),
        ('{"slice_by": ["a"]}', "an evaluation of the model's own, which makes its slices itself"),
        pytest.param("[" * 100_000, "this JSON can't be used", id="deep"),
    ],
)
def test_a_wrong_config_json(tmp_path: Path, write_model: WriteModel, text: str, what: str) -> None:
    error = refused(write_model(tmp_path, {"config.json": text}))
    assert what in error.what
    assert error.where.startswith(f"{REFERENCE}/config.json")


def test_the_columns_by_which_metrics_are_repeated(tmp_path: Path, write_model: WriteModel) -> None:
    folder = write_model(tmp_path, {"config.json": '{"slice_by": ["carrier", "month"]}'})
    (folder / "model_modules/evaluation.py").unlink()
    assert read_model(folder, REFERENCE).slice_by == ("carrier", "month")
    (folder / "config.json").unlink()
    assert read_model(folder, REFERENCE).slice_by == ()


@pytest.mark.parametrize(
    ("text", "what", "place"),
    [
        ("features: [a]\n" + QUERIES, "entity_key is missing", ""),
        ("entity_key: id\n" + QUERIES, "features is missing", ""),
        (HEAD, "datasets is missing", ""),
        (HEAD + QUERIES + "feature: [a]\n", "'feature' is unknown here (did you mean features?)", ":5 (feature)"),
        ("entity_key: []\nfeatures: [a]\n" + QUERIES, "entity_key has no columns", ":1 (entity_key)"),
        ("entity_key: [i, i]\nfeatures: [a]\n" + QUERIES, "entity_key has 'i' more than once", ":1 (entity_key)"),
        ("entity_key: i\nfeatures: []\n" + QUERIES, "features has no columns", ":2 (features)"),
        ("entity_key: i\nfeatures: a\n" + QUERIES, "features is text", ":2 (features)"),
        ("entity_key: i\nfeatures:\n- a\n- on\n" + QUERIES, "features[1] is true or false", ":4 (features[1])"),
        ("entity_key: i\nfeatures: ['']\n" + QUERIES, "features[0] is blank", ":2 (features[0])"),
        (f"entity_key: i\nfeatures: [{'é' * 32}]\n" + QUERIES, "longer than the 63 bytes", ":2 (features[0])"),
        ("entity_key: i\nfeatures:\n- a\n- i\n" + QUERIES, "'i' is in entity_key and in features", ":4 (features[1])"),
        ("entity_key: i\nfeatures: [a]\ntargets: [a]\n" + QUERIES, "in features and in targets", ":3 (targets[0])"),
        ("entity_key: i\nfeatures: [a]\ntargets: [i]\n" + QUERIES, "in entity_key and in targets", ":3 (targets[0])"),
        (HEAD + "datasets: {train: SELECT 1}", "there is no dataset evaluate", ":4 (datasets)"),
        (HEAD + "datasets: {train: '', evaluate: x}", "datasets.train is blank", ":4 (datasets.train)"),
        (HEAD + "datasets:\n  train: [x]\n", "datasets.train is a list", ":5 (datasets.train)"),
        (HEAD + "datasets:\n  last-year: x\n", "datasets.last-year is no name", ":5 (datasets.last-year)"),
        (HEAD + 'datasets: {train: "a\\0b", evaluate: x}', "holds the character U+0000", ""),
        (HEAD + QUERIES + "drift: [a]\n", "drift is a list", ":5 (drift)"),
        (
            HEAD + QUERIES + "drift: {ignored: [a]}\n",
            "'ignored' is unknown here (did you mean ignore?)",
            ":5 (drift.ignored)",
        ),
        (
            HEAD + QUERIES + "drift:\n  ignore: [a, bb]\n",
            "the feature 'bb' is unknown: did you mean b?",
            ":6 (drift.ignore[1])",
        ),
        (HEAD + QUERIES + "drift: {major: -1}\n", "major is not between 0 and 100", ":5 (drift.major)"),
        (HEAD + QUERIES + "drift: {moderate: high}\n", "moderate is text", ":5 (drift.moderate)"),
        (
            HEAD + QUERIES + "drift: {moderate: 0.3}\n",
            "tolerance, moderate and major are 0.005, 0.3 and 0.25",
            ":5 (drift)",
        ),
        (HEAD + "datasets:\n  train: |\n  SELECT 1\n", "this isn't YAML: could not find expected ':'", ":7:1"),
    ],
)
def test_a_wrong_datasets_yaml(tmp_path: Path, write_model: WriteModel, text: str, what: str, place: str) -> None:
    error = refused(write_model(tmp_path, {"datasets.yaml": text}))
    assert what in error.what
    assert error.where == f"{REFERENCE}/datasets.yaml{place}"


def test_an_unknown_key_is_told_the_allowed_ones(tmp_path: Path, write_model: WriteModel) -> None:
    error = refused(write_model(tmp_path, {"datasets.yaml": HEAD + QUERIES + "keys: x"}))
    assert error.expected == "only these keys: entity_key, features, targets, datasets, drift, labels"


def test_what_it_says_of_drift(tmp_path: Path, write_model: WriteModel) -> None:
    text = HEAD + QUERIES + "drift: {ignore: [a], moderate: 0.2, major: 1}\n"
    found = read_model(write_model(tmp_path, {"datasets.yaml": text}), REFERENCE).datasets.drift
    assert found == DriftSettings(rule=Rule(moderate=0.2, major=1.0), ignore=("a",))


def test_a_tower_of_yaml_aliases_takes_no_time(tmp_path: Path, write_model: WriteModel) -> None:
    tower = "a0: &a0 [x]\n" + "".join(f"a{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]\n" for n in range(30))
    assert "there are more than 10,000 values" in refused(write_model(tmp_path, {"datasets.yaml": tower})).what


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path, write_model: WriteModel) -> None:
    """Of a misspelt key only that: it also leaves the right one missing."""
    files = {
        "model.json": '{"name": 3}',
        "datasets.yaml": "entity_keys: id\nfeatures: []\ndatasets: {train: SELECT 1, evaluate: SELECT 1}\n",
        "model_modules/training.py": "def fit(context): ...\n",
    }
    with pytest.raises(SeveralErrors) as caught:
        read_model(write_model(tmp_path, files), REFERENCE)
    assert [error.where.removeprefix(f"{REFERENCE}/") for error in caught.value.errors] == [
        "model.json:1 (name)",
        "model.json",
        "model_modules/training.py",
        "datasets.yaml:2 (features)",
        "datasets.yaml:1 (entity_keys)",
    ]


def test_a_file_that_is_too_large(tmp_path: Path, write_model: WriteModel) -> None:
    error = refused(write_model(tmp_path, {"config.json": " " * (2**20 + 1)}))
    assert error.what == "this file has 1,048,577 bytes"


def test_settings_of_labels(tmp_path: Path, write_model: WriteModel) -> None:
    truth = "datasets: {train: SELECT 1, evaluate: SELECT 2, truth: SELECT 3}\n"
    files = {"datasets.yaml": f"{HEAD}{truth}labels: {{maturity_days: 0.5, type: regressor}}\n"}
    labels = read_model(write_model(tmp_path, files), REFERENCE).datasets.labels
    assert labels == LabelSettings(maturity=timedelta(hours=12), type=ModelType.REGRESSOR)


@pytest.mark.parametrize(
    ("datasets", "wrong"),
    [
        (f"{HEAD}{QUERIES}labels: {{maturity_days: 1}}\n", "there are settings of labels, and no dataset truth"),
        (
            f"{HEAD}{QUERIES}labels: {{maturity: 1}}\n",
            "the key 'maturity' is unknown here (did you mean maturity_days?)",
        ),
        (f"{HEAD}{QUERIES}labels: {{maturity_days: -1}}\n", "maturity_days is not between 0 and 3650"),
        (f"{HEAD}{QUERIES}labels: {{type: tree}}\n", "type is 'tree'"),
    ],
)
def test_wrong_settings_of_labels(tmp_path: Path, write_model: WriteModel, datasets: str, wrong: str) -> None:
    assert wrong in str(refused(write_model(tmp_path, {"datasets.yaml": datasets})))
