"""The demonstration's model says what it needs, and its questions don't contain their answers."""

from __future__ import annotations

import re

from modelops.repository.definition import read_model
from modelops.settings import PROJECT_ROOT

DEMO = PROJECT_ROOT / "include" / "demo"
FOLDER = DEMO / "model_definitions" / "arrival_delay"
KNOWN_AFTERWARDS = {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"}
LABEL = re.compile(r"\(flown\.arr_delay > 15\)::integer AS late|flown\.arr_delay IS NOT NULL")

model = read_model(FOLDER, "demo/arrival_delay")
FEATURES = {name: query for name, query in model.datasets.sql.items() if name != "truth"}
"""The datasets with features."""


def words(sql: str) -> set[str]:
    without_comments = re.sub(r"--.*", "", sql)
    return set(re.findall(r"\w+", without_comments))


def test_the_features_know_nothing_of_what_came_after() -> None:
    features = (DEMO / "feature_engineering_tasks" / "flight_features" / "task.sql").read_text()
    assert {"sched_arr_time", "visib"} <= words(features)
    assert words(features) & KNOWN_AFTERWARDS == set()


def test_the_datasets_use_the_delay_for_the_label_alone() -> None:
    for name, query in FEATURES.items():
        assert words(LABEL.sub("", query)) & KNOWN_AFTERWARDS == set(), name
    assert words(model.datasets.sql["truth"]) & KNOWN_AFTERWARDS == {"arr_delay"}


def test_the_rows_to_predict_have_no_label() -> None:
    for name in ("predict", "predict_departures"):
        assert words(model.datasets.sql[name]) & {"late", *KNOWN_AFTERWARDS} == set(), name


def test_every_dataset_is_in_the_order_of_the_key() -> None:
    for name, query in FEATURES.items():
        assert query.rstrip().endswith("ORDER BY flight_id"), name


def test_there_is_a_dataset_for_each_purpose() -> None:
    assert set(FEATURES) == {"train", "evaluate", "evaluate_september", "predict", "predict_departures"}


def test_logistic_regression_is_what_nobody_has_to_ask_for() -> None:
    assert model.hyperparameters["estimator"] == "logistic_regression"


def test_the_packages_are_those_of_the_project() -> None:
    assert model.requirements is not None
    locked = set(re.findall(r"^\S+==\S+", (PROJECT_ROOT / "requirements.txt").read_text(), re.MULTILINE))
    asked = {line for line in model.requirements.splitlines() if not line.startswith("#")}
    assert asked - locked == set()
