"""Models in the shape of those that are published for Teradata: the same imports and calls, and nothing of this system.

The rows are those of the table `measured`; a datasets.yaml is all that is added to them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from factories import DATASETS

if TYPE_CHECKING:
    from pathlib import Path

# One model with both ways to be scored.
TRAINING = """
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler
from teradataml import DataFrame
from aoa import (
    record_training_stats,
    save_plot,
    aoa_create_context,
    ModelContext
)

import joblib


def train(context: ModelContext, **kwargs):
    aoa_create_context()

    feature_names = context.dataset_info.feature_names
    target_name = context.dataset_info.target_names[0]

    train_df = DataFrame.from_query(context.dataset_info.sql)
    train_pdf = train_df.to_pandas(all_rows=True)

    model = Pipeline([("scaler", MinMaxScaler()), ("lr", LogisticRegression(C=context.hyperparams["C"]))])
    model.fit(train_pdf[feature_names], train_pdf[target_name])
    joblib.dump(model, f"{context.artifact_output_path}/model.joblib")

    importance = dict(zip(feature_names, model["lr"].coef_[0]))
    import matplotlib.pyplot as plt
    plt.bar(list(importance), list(importance.values()))
    save_plot("feature_importance.png", context=context)

    record_training_stats(train_df,
                          features=feature_names,
                          targets=[target_name],
                          categorical=[target_name],
                          feature_importance=importance,
                          context=context)
"""
EVALUATION = """
from sklearn import metrics
from sklearn.metrics import ConfusionMatrixDisplay
from teradataml import DataFrame, copy_to_sql
from aoa import (
    record_evaluation_stats,
    save_plot,
    aoa_create_context,
    ModelContext
)

import joblib
import json
import pandas as pd


def evaluate(context: ModelContext, **kwargs):

    aoa_create_context()

    model = joblib.load(f"{context.artifact_input_path}/model.joblib")
    feature_names = context.dataset_info.feature_names
    target_name = context.dataset_info.target_names[0]

    test_df = DataFrame.from_query(context.dataset_info.sql)
    test_pdf = test_df.to_pandas(all_rows=True)
    y_test = test_pdf[target_name]
    y_pred = model.predict(test_pdf[feature_names])

    y_pred_tdf = pd.DataFrame(y_pred, columns=[target_name])
    y_pred_tdf["id"] = test_pdf["id"].values

    evaluation = {"Accuracy": "{:.2f}".format(metrics.accuracy_score(y_test, y_pred)),
                  "Recall": "{:.2f}".format(metrics.recall_score(y_test, y_pred))}
    with open(f"{context.artifact_output_path}/metrics.json", "w+") as f:
        json.dump(evaluation, f)

    ConfusionMatrixDisplay.from_predictions(y_test, y_pred)
    save_plot("Confusion Matrix", context=context)

    predictions_table = "evaluation_preds_tmp"
    copy_to_sql(df=y_pred_tdf, table_name=predictions_table, index=False, if_exists="replace", temporary=True)

    record_evaluation_stats(features_df=test_df,
                            predicted_df=DataFrame.from_query(f"SELECT * FROM {predictions_table}"),
                            importance={"x": 1.0},
                            context=context)
"""
SCORE = """
from teradataml import copy_to_sql, DataFrame
from aoa import (
    record_scoring_stats,
    aoa_create_context,
    ModelContext
)

import joblib
import pandas as pd


def score(context: ModelContext, **kwargs):

    aoa_create_context()

    model = joblib.load(f"{context.artifact_input_path}/model.joblib")

    feature_names = context.dataset_info.feature_names
    target_name = context.dataset_info.target_names[0]
    entity_key = context.dataset_info.entity_key

    features_tdf = DataFrame.from_query(context.dataset_info.sql)
    features_pdf = features_tdf.to_pandas(all_rows=True)

    predictions = model.predict(features_pdf[feature_names])

    predictions_pdf = pd.DataFrame(predictions, columns=[target_name])
    predictions_pdf[entity_key] = features_pdf.index.values
    predictions_pdf["job_id"] = context.job_id
    predictions_pdf["json_report"] = ""
    predictions_pdf = predictions_pdf[["job_id", entity_key, target_name, "json_report"]]

    copy_to_sql(df=predictions_pdf,
                schema_name=context.dataset_info.predictions_database,
                table_name=context.dataset_info.predictions_table,
                index=False,
                if_exists="append",
                primary_index=["job_id", "id"],
                set_table=True)

    predictions_df = DataFrame.from_query(f\"\"\"
        SELECT
            *
        FROM {context.dataset_info.get_predictions_metadata_fqtn()}
            WHERE job_id = '{context.job_id}'
    \"\"\")

    record_scoring_stats(features_df=features_tdf, predicted_df=predictions_df, context=context)
"""
SCORER = """

# Add code required for RESTful API
class ModelScorer(object):

    def __init__(self):
        self.model = joblib.load("artifacts/input/model.joblib")

    def predict(self, data):
        return self.model.predict(data)
"""

# The newer names, a temporary table on the way, paths relative to the working directory, the key as a column.
NEWER_TRAINING = """
from teradataml.dataframe.dataframe import DataFrame
from tmo import ModelContext, record_training_stats, tmo_create_context
import json


def train(context: ModelContext, **kwargs):
    tmo_create_context()
    df = DataFrame.from_query(context.dataset_info.sql)
    rows = df.select(["x", "y"]).to_pandas()
    with open("artifacts/output/model.json", "w") as f:
        json.dump({"mean": float((rows["x"] - rows["y"]).mean())}, f)
    record_training_stats(df, features=["x", "y"], context=context)
"""
NEWER_EVALUATION = """
from teradatamodelops import ModelContext, tmo_create_context, record_evaluation_stats
import teradataml as tdml
import json


def evaluate(context: ModelContext, **kwargs):
    tmo_create_context()
    df = tdml.DataFrame.from_query(context.dataset_info.sql)
    with open("artifacts/input/model.json") as f:
        mean = json.load(f)["mean"]
    rows = df.to_pandas()
    with open("artifacts/output/metrics.json", "w") as f:
        json.dump({"error": float(((rows["x"] - rows["y"]) - mean).abs().mean())}, f)
    record_evaluation_stats(features_df=df, predicted_df=df, context=context)
    tdml.remove_context()
"""
NEWER_SCORE = """
import json

import teradataml as tdml
from tmo import ModelContext, record_scoring_stats, tmo_create_context


def score(context: ModelContext, **kwargs):
    tmo_create_context()
    with open("artifacts/input/model.json") as f:
        mean = json.load(f)["mean"]
    df = tdml.DataFrame.from_query(context.dataset_info.sql)
    tdml.copy_to_sql(df=df.to_pandas(), table_name="staged", if_exists="replace", temporary=True)
    rows = tdml.DataFrame("staged").to_pandas().sort_values("x", ascending=False)
    rows["late"] = rows["x"] - rows["y"] - mean
    rows["job_id"] = context.job_id
    tdml.copy_to_sql(df=rows[["job_id", "id", "late"]],
                     table_name=context.dataset_info.predictions_table,
                     schema_name=context.dataset_info.predictions_database,
                     if_exists="append")
    predictions = tdml.DataFrame.from_query(
        f"SELECT * FROM {context.dataset_info.get_predictions_metadata_fqtn()} WHERE job_id = '{context.job_id}'")
    record_scoring_stats(features_df=df, predicted_df=predictions, context=context)
    tdml.remove_context()
"""

# What runs in the database, in two ways, and in R.
IN_DATABASE_TRAINING = """
from teradataml import (
    DataFrame,
    XGBoost,
    ScaleFit,
    ScaleTransform,
)
from aoa import record_training_stats, aoa_create_context, ModelContext


def train(context: ModelContext, **kwargs):
    aoa_create_context()
    train_df = DataFrame.from_query(context.dataset_info.sql)
    scaler = ScaleFit(data=train_df, target_columns=context.dataset_info.feature_names, scale_method="RANGE")
    scaled = ScaleTransform(data=train_df, object=scaler.output)
    XGBoost(data=scaled.result).result.to_sql(f"model_{context.model_version}", if_exists="replace")
"""
PARTITIONED_TRAINING = """
from teradataml import DataFrame
from teradatasqlalchemy.types import INTEGER, VARCHAR
from aoa import ModelContext
from aoa.util import save_metadata, check_sto_version, aoa_create_context


def train(context: ModelContext, **kwargs):
    aoa_create_context()
    check_sto_version()
    df = DataFrame.from_query(context.dataset_info.sql).map_row(lambda row: row)
    save_metadata(df)
"""
REQUIREMENTS = "scikit-learn\nmatplotlib\nteradatamodelops==7.1.3\nteradataml==17.20.0.7\n"


def model(repository: Path, name: str, files: dict[str, str], *, datasets: str | None = DATASETS, **about: str) -> Path:
    """A model as it lies in the published repository, and datasets.yaml unless that is None."""
    folder = repository / "model_definitions" / name
    said = {"id": name, "name": name.title(), "description": "As published", "language": "python", **about}
    config = {"hyperParameters": {"C": 1.0}}
    whole = {"model.json": json.dumps(said), "config.json": json.dumps(config), "model_modules/__init__.py": ""} | files
    if datasets is not None:
        whole["datasets.yaml"] = datasets
    for path, text in whole.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def both(repository: Path, *, requirements: str | None = None) -> Path:
    """score(context) and a ModelScorer."""
    return _with(repository, "both", TRAINING, EVALUATION, SCORE + SCORER, requirements)


def scored(repository: Path) -> Path:
    """score(context) alone."""
    return _with(repository, "scored", TRAINING, EVALUATION, SCORE, None)


def newer(repository: Path) -> Path:
    """score(context) alone, by the newer names."""
    return _with(repository, "newer", NEWER_TRAINING, NEWER_EVALUATION, NEWER_SCORE, None)


def refuse_without_stand_in(repository: Path, *, datasets: str | None = DATASETS) -> Path:
    """Functions of the database."""
    files = {"model_modules/training.py": IN_DATABASE_TRAINING, "model_modules/scoring.py": SCORE}
    return model(repository, "refuse_without_stand_in", files, datasets=datasets)


def partitioned(repository: Path) -> Path:
    """Python that the database runs on each partition."""
    return model(repository, "partitioned", {"model_modules/training.py": PARTITIONED_TRAINING})


def in_r(repository: Path) -> Path:
    """R, as it comes: without a datasets.yaml."""
    files = {"model_modules/training.R": "train <- function(data_conf, model_conf, ...) {\n}\n"}
    return model(repository, "r-model", files, datasets=None, language="R")


def _with(repository: Path, name: str, training: str, evaluation: str, scoring: str, requirements: str | None) -> Path:
    code = {"training": training, "evaluation": evaluation, "scoring": scoring}
    files = {f"model_modules/{module}.py": text for module, text in code.items()}
    if requirements is not None:
        files["model_modules/requirements.txt"] = requirements
    return model(repository, name, files)
