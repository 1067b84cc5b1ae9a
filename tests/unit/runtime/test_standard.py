"""What is loaded from an estimator's file, and what is not."""

from __future__ import annotations

import importlib.util
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import skops.io
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import modelops.runtime

CHILD = Path(next(iter(modelops.runtime.__path__))) / "child"
X, Y = [[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]] * 5, [0, 0, 1, 1] * 5


@pytest.fixture(scope="module")
def standard() -> Any:
    """The module as the child loads it: by its path."""
    spec = importlib.util.spec_from_file_location("_modelops_standard", CHILD / "standard.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module of a model's own, which imports what it doesn't define."""
    modules = tmp_path / "model_modules"
    modules.mkdir()
    (modules / "training.py").write_text("from subprocess import run\n\ndef halved(X):\n    return X / 2\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("model_modules.training")
    for name in [name for name in sys.modules if name.partition(".")[0] == "model_modules"]:
        del sys.modules[name]


def context(folder: Path) -> Any:
    return SimpleNamespace(
        artifact_output_path=str(folder),
        artifact_input_path=str(folder),
        dataset_info=SimpleNamespace(feature_names=["a", "b"]),
    )


@pytest.mark.parametrize(
    "model",
    [
        GridSearchCV(LogisticRegression(), {"C": [0.5, 1.0]}, scoring="roc_auc", cv=2),
        StackingClassifier([("one", LogisticRegression()), ("other", KNeighborsClassifier(3))]),
        make_pipeline(KNeighborsClassifier(2)),
    ],
)
def test_estimators_that_many_use(tmp_path: Path, standard: Any, model: Any) -> None:
    standard.store_estimator(model.fit(X, Y), context(tmp_path), ["evaluate", "score"])
    scorer = standard.ModelScorer(context(tmp_path))
    assert scorer.kind == "classifier"
    assert scorer.predict(X).tolist() == model.predict(X).tolist()


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
@pytest.mark.filterwarnings("error")
def test_rows_come_in_the_frame_of_the_environment(tmp_path: Path, standard: Any, kind: str) -> None:
    """Also where the model was fitted on an array, or on some of the features in another order."""
    columns = {"a": [row[0] for row in X], "b": [row[1] for row in X]}
    package = importlib.import_module(kind)
    data = package.table(columns) if kind == "pyarrow" else package.DataFrame(columns)
    on_array = LogisticRegression().fit(_array(), Y)
    standard.store_estimator(on_array, context(tmp_path), ["evaluate", "score"])
    scorer = standard.ModelScorer(context(tmp_path))
    assert scorer.predict_proba(data).tolist() == on_array.predict_proba(_array()).tolist()
    if kind == "pyarrow":
        return
    for file in tmp_path.iterdir():
        file.unlink()
    named = data[["b", "a"]]
    on_named = LogisticRegression().fit(named, Y)
    standard.store_estimator(on_named, context(tmp_path), ["evaluate", "score"])
    assert standard.ModelScorer(context(tmp_path)).predict(data).tolist() == on_named.predict(named).tolist()


def test_a_function_of_the_models_own(tmp_path: Path, standard: Any, own: Any) -> None:
    model = make_pipeline(FunctionTransformer(own.halved), LogisticRegression()).fit(_array(), Y)
    standard.store_estimator(model, context(tmp_path), ["evaluate", "score"])
    assert standard.ModelScorer(context(tmp_path)).predict(_array()).tolist() == model.predict(_array()).tolist()


def test_a_forged_file_can_not_reach_through_a_module_of_the_models_own(
    tmp_path: Path, standard: Any, own: Any
) -> None:
    """What the module imports isn't what it defines."""
    skops.io.dump(FunctionTransformer(own.halved), tmp_path / "good.skops")
    with zipfile.ZipFile(tmp_path / "good.skops") as good, zipfile.ZipFile(tmp_path / "model.skops", "w") as forged:
        for name in good.namelist():
            forged.writestr(name, good.read(name).replace(b'"halved"', b'"run"'))
    with pytest.raises(standard.StandardError, match=r"holds model_modules\.training\.run"):
        standard.ModelScorer(context(tmp_path))


def _array() -> Any:
    import numpy

    return numpy.array(X)
