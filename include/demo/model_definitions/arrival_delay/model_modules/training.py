"""Fits the estimator that the hyperparameters name, and saves it with its preprocessing as one pipeline."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from . import artifact, features

if TYPE_CHECKING:
    from collections.abc import Mapping

# Airports, makers and so on with fewer flights than this are taken together as "rare".
_RARE = 50


def train(context, **kwargs) -> None:
    """Learn from the rows of the context; leaves model.skops."""
    names, [label] = context.dataset_info.feature_names, context.dataset_info.target_names
    data = context.read_pandas()
    print(f"{len(data):,} flights, {data[label].mean():.1%} of them late, {len(names)} features")

    model = _model(context.hyperparams, names)
    rows, target = features.select(data, names), data[label]
    started = time.perf_counter()
    model.fit(rows, target)
    seconds, iterations = time.perf_counter() - started, int(np.max(model[-1].n_iter_))
    print(f"{type(model[-1]).__name__} fitted in {seconds:.1f} s, {iterations} iterations")
    print(f"AUC on the rows it has learnt from: {roc_auc_score(target, model.predict_proba(rows)[:, 1]):.3f}")

    path = artifact.save(model, context.artifact_output_path)
    print(f"saved as {path.name}, {path.stat().st_size / 1024:,.0f} KiB")


def _model(hyperparams: Mapping[str, Any], names: list[str]) -> Pipeline:
    makers = {"logistic_regression": _logistic_regression, "gradient_boosting": _gradient_boosting}
    chosen = hyperparams["estimator"]
    if chosen not in makers:
        raise ValueError(f"hyperparameter estimator is {chosen!r}; it must be one of {', '.join(makers)}")
    return makers[chosen](hyperparams, features.categorical(names), features.numeric(names))


def _logistic_regression(hyperparams: Mapping[str, Any], categorical: list[str], numeric: list[str]) -> Pipeline:
    # add_indicator: that a value is missing tells something. No gust was reported, most often, because there was none.
    filled = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    one_hot = OneHotEncoder(min_frequency=_RARE, handle_unknown="infrequent_if_exist")
    return make_pipeline(
        make_column_transformer((one_hot, categorical), (filled, numeric)),
        LogisticRegression(C=hyperparams["C"], max_iter=hyperparams["max_iter"]),
    )


def _gradient_boosting(hyperparams: Mapping[str, Any], categorical: list[str], numeric: list[str]) -> Pipeline:
    # The trees treat NaN, and with it a category that is unknown or missing, as a branch of its own.
    codes = OrdinalEncoder(
        min_frequency=_RARE,
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
    )
    return make_pipeline(
        make_column_transformer((codes, categorical), ("passthrough", numeric)),
        HistGradientBoostingClassifier(
            categorical_features=list(range(len(categorical))),
            max_iter=hyperparams["max_iter"],
            learning_rate=hyperparams["learning_rate"],
            max_leaf_nodes=hyperparams["max_leaf_nodes"],
            early_stopping=False,
            random_state=hyperparams["random_state"],
        ),
    )
