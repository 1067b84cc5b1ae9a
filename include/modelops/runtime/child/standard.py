"""The standard ModelScorer, and the file of the estimator that train() returned.

main.py loads this module by its path. It imports packages of the model's environment where they are needed: skops for
the file, scikit-learn for the kind of the estimator.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import warnings
from pathlib import Path
from typing import Any

FILE, ABOUT = "model.skops", "model.skops.json"
EVALUATION, SCORING = "model_modules/evaluation.py", "model_modules/scoring.py"
OWN = {"model_modules", "shared_modules"}
OTHER_FILES = (".png", ".svg")
"""Endings of files that train() may leave, besides metrics.json, if the estimator that it returns is to be stored."""

TRUSTED = {
    "functools.partial",
    *(f"numpy.{name}" for name in ("dtype", "mean")),
    "scipy._lib.array_api_compat.numpy._aliases.asarray",
    "scipy.interpolate._bsplines.BSpline",
    *(
        f"sklearn.{module}.{name}"
        for module, names in {
            "_loss.loss": "HalfTweedieLoss HalfTweedieLossIdentity",
            "calibration": "_CalibratedClassifier _SigmoidCalibration",
            "compose._column_transformer": "make_column_selector",
            "ensemble._hist_gradient_boosting.predictor": "TreePredictor",
            "feature_selection._mutual_info": "mutual_info_classif mutual_info_regression",
            "feature_selection._univariate_selection": "chi2 f_classif f_regression r_regression",
            "gaussian_process._gpc": "_BinaryGaussianProcessClassifierLaplace",
            "gaussian_process.kernels": "ConstantKernel DotProduct Exponentiation ExpSineSquared Matern Product RBF"
            " RationalQuadratic Sum WhiteKernel",
            "impute._iterative": "IterativeImputer _ImputerTriplet",
            "metrics._classification": "accuracy_score balanced_accuracy_score brier_score_loss f1_score fbeta_score"
            " log_loss matthews_corrcoef precision_score recall_score",
            "metrics._dist_metrics": "EuclideanDistance64 ManhattanDistance64 MinkowskiDistance64 ChebyshevDistance64",
            "metrics._ranking": "average_precision_score roc_auc_score",
            "metrics._regression": "explained_variance_score mean_absolute_error mean_absolute_percentage_error"
            " mean_squared_error median_absolute_error r2_score root_mean_squared_error",
            "metrics._scorer": "_CurveScorer _PassthroughScorer _Scorer",
            "model_selection._split": "GroupKFold KFold RepeatedKFold RepeatedStratifiedKFold ShuffleSplit"
            " StratifiedGroupKFold StratifiedKFold StratifiedShuffleSplit TimeSeriesSplit",
            "neighbors._ball_tree": "BallTree",
            "neighbors._kd_tree": "KDTree",
            "neural_network._stochastic_optimizers": "AdamOptimizer SGDOptimizer",
            "tree._tree": "Tree",
            "utils._bunch": "Bunch",
            "utils._metadata_requests": "MetadataRequest MethodMetadataRequest",
            "utils.validation": "check_array",
        }.items()
        for name in names.split()
    ),
}
"""Types in fitted estimators of scikit-learn, besides those that skops trusts itself.

Loading these classes and functions runs no code from the file. Distributions of scipy.stats are not included, because
they compile a text that they hold.
"""


class StandardError(Exception):
    """The standard functions can't be used with this model. `name` says what would be right."""

    kind = "wrong_result"

    def __init__(self, what: str, *, right: str) -> None:
        super().__init__(what)
        self.name = right


def check_packages(left_out: list[str]) -> None:
    """Check, before train() runs, that the environment can store the estimator.

    Raises:
        ModuleNotFoundError: the environment lacks a package.
    """
    if "evaluate" not in left_out:
        return
    for name in ("sklearn", "skops") if "score" in left_out else ("sklearn",):
        if importlib.util.find_spec(name) is None:
            raise ModuleNotFoundError(f"the standard evaluation needs the package {name}", name=name)


def store_estimator(returned: Any, context: Any, left_out: list[str]) -> None:
    """Store the fitted estimator that train() returned, in a format that runs no code when it is loaded.

    If train() saved a model itself and the model has its own evaluation, nothing is stored.

    Raises:
        StandardError: the returned value is not an estimator and the model needs one, or it can't be stored.
    """
    output = Path(context.artifact_output_path)
    own_evaluation, own_scorer = "evaluate" not in left_out, "score" not in left_out
    if not callable(getattr(returned, "predict", None)) or isinstance(returned, type):
        if own_evaluation or own_scorer:
            return
        raise StandardError(
            f"train() returned {_in_words(returned)}, and the model has neither {EVALUATION} nor {SCORING}",
            right="a train(context) that returns the fitted estimator; or both files, and a model that train() saves"
            " below context.artifact_output_path",
        )
    if own_evaluation and any(name != "metrics.json" and not name.endswith(OTHER_FILES) for name in os.listdir(output)):
        return
    if (output / FILE).exists() or (output / ABOUT).exists():
        raise StandardError(
            f"train() has left a {FILE} or {ABOUT}, and returned an estimator, which is stored under these names",
            right="one of the two, or another name",
        )
    _dump(returned, output)


def _dump(estimator: Any, output: Path) -> None:
    io = importlib.import_module("skops.io")
    what = f"train() returned a {_type_name(estimator)}, which"
    try:
        io.dump(estimator, output / FILE)
        untrusted = _untrusted(io.get_untrusted_types(file=output / FILE))
    except MemoryError:
        raise
    except Exception as error:
        raise StandardError(
            f"{what} skops can't store: {' '.join(str(error).split())}",
            right="an estimator that skops can store; or save it yourself below context.artifact_output_path, and write"
            f" {EVALUATION} and {SCORING}",
        ) from error
    if untrusted:
        (output / FILE).unlink()
        raise StandardError(
            f"{what} holds {', '.join(untrusted)}; that isn't among the types that are loaded from a file",
            right="an estimator of scikit-learn's classes and of those in model_modules and"
            " shared_modules, such as a search's best_estimator_; or save it yourself below"
            f" context.artifact_output_path, and write {EVALUATION} and {SCORING}",
        )
    about = {
        "estimator": _type_name(estimator),
        "format": f"skops {importlib.import_module('skops').__version__}",
        "kind": kind_of(estimator),
    }
    (output / ABOUT).write_text(json.dumps(about) + "\n", encoding="utf-8")
    print(f"stored the {about['estimator']} that train() returned as {FILE}", flush=True)


def _load(folder: str | None) -> Any:
    path = Path(folder or "") / FILE
    if not path.exists():
        raise StandardError(
            f"the training left no {FILE}, which the standard ModelScorer needs",
            right=f"a train(context) that returns the fitted estimator, or {SCORING}",
        )
    io = importlib.import_module("skops.io")
    held = io.get_untrusted_types(file=path)
    untrusted = _untrusted(held)
    if untrusted:
        raise StandardError(
            f"{FILE} holds {', '.join(untrusted)}; that isn't among the types that are loaded from a file",
            right="the file that the training left",
        )
    return io.load(path, trusted=held)


def _untrusted(held: list[str]) -> list[str]:
    return [name for name in held if name not in TRUSTED and not _is_own(name)]


def _is_own(name: str) -> bool:
    """Whether the model's pinned code defines this class or function."""
    module, _, short = name.rpartition(".")
    if module.partition(".")[0] not in OWN:
        return False
    found = getattr(importlib.import_module(module), short, None)
    return found is not None and getattr(found, "__module__", None) == module


class ModelScorer:
    """The scorer of a model without scoring.py: the estimator's `predict`, and `predict_proba` if it has that."""

    def __init__(self, context: Any) -> None:
        self._estimator = _load(context.artifact_input_path)
        self._features: list[str] = context.dataset_info.feature_names
        fitted = list(getattr(self._estimator, "feature_names_in_", ()))
        # The features that it was fitted on, in its order.
        self._fitted = fitted if fitted and set(fitted) <= set(self._features) else None
        if hasattr(self._estimator, "classes_"):
            self.classes_ = self._estimator.classes_
        if callable(getattr(self._estimator, "predict_proba", None)):
            self.predict_proba = self._predict_proba

    @property
    def kind(self) -> str:
        """`classifier` or `regressor`; empty if it is neither."""
        return kind_of(self._estimator)

    def predict(self, data: Any) -> Any:
        """The estimator's predictions."""
        return self._call("predict", data)

    def _predict_proba(self, data: Any) -> Any:
        return self._call("predict_proba", data)

    def _call(self, method: str, data: Any) -> Any:
        if self._fitted is not None:
            data = data.select(self._fitted) if hasattr(data, "select") else data[self._fitted]
        if type(data).__module__.startswith("pyarrow"):
            numpy = importlib.import_module("numpy")
            data = numpy.column_stack([column.to_numpy() for column in data.columns])
        with warnings.catch_warnings():
            # It was fitted on an array: the columns are in the order of datasets.yaml, as in the training.
            warnings.filterwarnings("ignore", message="X has feature names")
            return getattr(self._estimator, method)(data)


def kind_of(model: Any) -> str:
    """`classifier` or `regressor`; empty if it is neither."""
    base = importlib.import_module("sklearn.base")
    if isinstance(model, base.BaseEstimator):
        return "classifier" if base.is_classifier(model) else "regressor" if base.is_regressor(model) else ""
    return "classifier" if hasattr(model, "classes_") or hasattr(model, "predict_proba") else "regressor"


def _type_name(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _in_words(value: Any) -> str:
    return "None" if value is None else f"a {_type_name(value)}".replace("a builtins.", "a ")
