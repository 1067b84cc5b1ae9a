"""The standard evaluation of scored rows: how labels and predictions are compared, and what it writes."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from sklearn import metrics

import modelops.runtime
from modelops.kinds.model.details import read_details
from modelops.plain_files import HeldFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHILD = Path(next(iter(modelops.runtime.__path__))) / "child"


@pytest.fixture(scope="module")
def child() -> Iterator[Any]:
    """main.py, as it is started: it loads the other parts."""
    spec = importlib.util.spec_from_file_location("_modelops_main", CHILD / "main.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module._load_with(module.MEASURES, module.EVALUATION)
    assert not {name for name in sys.modules if name in module.PARTS}


@pytest.fixture
def evaluated(child: Any, tmp_path: Path) -> Callable[..., tuple[dict[str, Any], dict[str, Any]]]:
    """The metrics and the details of labels and predictions, which the job's reader accepts."""

    def run(
        labels: Any,
        kind: str | None = None,
        *,
        by: dict[str, list[Any]] | None = None,
        classes: Any = None,
        **given: Any,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        targets = labels if isinstance(labels, dict) else {"late": labels}
        arrays = {name: each if isinstance(each, pa.Array) else pa.array(each) for name, each in targets.items()}
        predicted = {name: pa.array(values) for name, values in given.items()}
        rows = len(next(iter(arrays.values())))
        structs = {"key": {"id": pa.array(range(rows))}, "target": arrays, "prediction": predicted}
        table = pa.table(
            {name: pa.StructArray.from_arrays(list(of.values()), list(of)) for name, of in structs.items()}
        )
        parquet.write_table(table, tmp_path / "scored.parquet")
        context = SimpleNamespace(
            artifact_output_path=str(tmp_path),
            dataset_info=SimpleNamespace(target_names=list(targets)),
            read_arrow=lambda: pa.table(by or {}),
        )
        scorer = (
            SimpleNamespace()
            if classes is None
            else SimpleNamespace(classes_=classes if isinstance(classes, tuple) else np.array(classes))
        )
        child.evaluate(context, scorer, kind, scored=str(tmp_path / "scored.parquet"), slice_by=list(by or {}))
        measured = json.loads((tmp_path / "metrics.json").read_text())
        details = read_details(HeldFolder(tmp_path), measured)
        assert details is not None
        missing = {name for name, value in measured.items() if value is None}
        assert missing == set(details.undefined)
        return measured, details.model_dump(by_alias=True)

    return run


PROBABILITY = [0.1, 0.6, 0.7, 0.4]


def test_labels_that_are_missing_are_counted_and_not_measured(evaluated: Any) -> None:
    late = [0, 1, 1, 0]
    found, details = evaluated([0, None, 1, 1], late=late, late_probability=PROBABILITY)
    assert (found["rows"], found["labels_missing"]) == (4, 1)
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["auc"] == pytest.approx(metrics.roc_auc_score([0, 1, 1], [0.1, 0.7, 0.4]))
    assert "labels_missing" in details["headline"]
    found, _ = evaluated([0.5, float("nan"), 1.5, None], late=[0.5, 1.0, 1.0, 1.0])
    assert (found["evaluation"], found["labels_missing"]) == ("standard evaluation (regressor)", 2)
    assert found["mae"] == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("labels", "predicted"),
    [
        pytest.param([0, 1, 1, 0], ["0", "1", "0", "0"], id="text that is a number"),
        pytest.param([0, 1, 1, 0], [0.0, 1.0, 0.0, 0.0], id="floating, as of many libraries"),
        pytest.param([0, 1, 1, 0], [False, True, False, False], id="truths for numbers"),
        pytest.param([False, True, True, False], [0, 1, 0, 0], id="numbers for truths"),
        pytest.param(["0", "1", "1", "0"], [0, 1, 0, 0], id="numbers for text"),
    ],
)
def test_predictions_are_read_in_the_type_of_the_labels(evaluated: Any, labels: Any, predicted: Any) -> None:
    found, _ = evaluated(labels, "classifier", late=predicted)
    assert found["accuracy"] == 0.75
    assert found["recall"] == 0.5


@pytest.mark.parametrize(
    ("labels", "predicted", "said"),
    [
        ([0, 1], ["no", "yes"], "late is string, and can't be compared with labels that are int64"),
        ([0, 1], [0.2, 0.7], "late is double, and can't be compared with labels that are int64"),
        ([False, True], [0, 2], "late is int64, and can't be compared with labels that are bool"),
    ],
)
def test_predictions_of_another_meaning_are_refused(evaluated: Any, labels: Any, predicted: Any, said: str) -> None:
    with pytest.raises(Exception, match=said) as refused:
        evaluated(labels, "classifier", late=predicted)
    assert refused.value.kind == "wrong_result"
    assert "values of the type of the target" in refused.value.name


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"late_probability": [0.1, 1.2, 0.5]}, r"late_probability is 1\.2 in the row id = 1, one of 1"),
        ({"late_probability": [0.1, 0.2, -0.5]}, r"late_probability is -0\.5 in the row id = 2, one of 1"),
        (
            {"late_probability_0": [0.9, 0.5, 0.1], "late_probability_1": [0.1, 0.6, 0.6]},
            r"the sum of late_probability_… is 1\.1 in the row id = 1, one of 2",
        ),
    ],
)
def test_probabilities_that_are_none_are_refused_with_a_row(evaluated: Any, given: Any, said: str) -> None:
    with pytest.raises(Exception, match=said):
        evaluated([0, 1, 0], late=[0, 1, 0], **given)


def test_probabilities_of_float32_are_measured_as_float64(evaluated: Any) -> None:
    """1e-7 beyond 1 is a rounding error, and a probability of 0 costs as much as in float64."""
    probability = pa.array(np.array([0.0, 1.0000001, 0.0], "float32"))
    found, _ = evaluated([0, 1, 1], late=[0, 1, 0], late_probability=probability)
    assert found["log_loss"] == pytest.approx(-np.log(np.finfo(float).eps) / 3, rel=1e-9)


def test_the_positive_class_is_the_second_of_the_model(evaluated: Any) -> None:
    labels, late = ["yes", "no", "yes"], ["yes", "yes", "yes"]
    found, _ = evaluated(labels, classes=["yes", "no"], late=late, late_probability=[0.1, 0.8, 0.3])
    assert found["auc"] == 1.0
    assert (found["prevalence"], found["recall"]) == (pytest.approx(1 / 3), 0.0)
    found, _ = evaluated(labels, late=late, late_probability=[0.9, 0.2, 0.7])
    assert (found["prevalence"], found["recall"], found["auc"]) == (pytest.approx(2 / 3), 1.0, 1.0)


def test_one_label_of_two_classes_that_the_labels_lack(evaluated: Any) -> None:
    """Without classes_, 0 and 1 are known to be classes where there is one probability."""
    found, details = evaluated([1, 1], late=[1, 1], late_probability=[0.9, 0.8])
    assert (found["recall"], found["auc"]) == (1.0, None)
    assert details["undefined"]["auc"] == "every label is 1"
    found, details = evaluated([True, True], late=[True, True])
    assert (found["recall"], found["mcc"]) == (1.0, None)


def test_a_label_that_the_model_never_saw(evaluated: Any) -> None:
    found, details = evaluated(
        ["a", "b", "c"], classes=["a", "b"], late=["a", "b", "b"], late_probability=[0.1, 0.9, 0.6]
    )
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert details["undefined"]["log_loss"] == "a label is c, for which the model has no probability"
    [confusion] = details["plots"]
    assert confusion["classes"] == ["a", "b", "c"]
    assert sum(map(sum, confusion["counts"])) == 3


def test_several_classes_by_the_names_of_their_probabilities(evaluated: Any) -> None:
    probabilities = {"a": [0.8, 0.1, 0.2], "b": [0.1, 0.8, 0.2], "c": [0.1, 0.1, 0.6], "rank": [1.0, 2.0, 3.0]}
    given = {f"late_probability_{name}": values for name, values in probabilities.items() if name != "rank"}
    found, _ = evaluated(["a", "b", "a"], late=["a", "b", "c"], **given)
    assert found["log_loss"] == pytest.approx(-np.log([0.8, 0.8, 0.2]).mean())
    assert found["auc_macro"] is None
    numbered = {f"late_probability_{n}": values for n, values in enumerate(list(probabilities.values())[:3])}
    found, _ = evaluated([0, 1, 0], late=[0, 1, 2], late_probability_rank=probabilities["rank"], **numbered)
    assert found["log_loss"] == pytest.approx(-np.log([0.8, 0.8, 0.2]).mean())


def test_infinite_labels_of_a_regressor_are_refused(evaluated: Any) -> None:
    with pytest.raises(Exception, match="late is inf in the row id = 1, one of 1"):
        evaluated([0.5, float("inf"), None], late=[0.5, 1.0, 1.0])


def test_what_has_no_standard_evaluation(evaluated: Any) -> None:
    with pytest.raises(Exception, match="neither a classifier nor a regressor"):
        evaluated([1, 2], "", late=[1, 2])
    with pytest.raises(
        Exception, match=r"predict\(\) gives the columns other, and none that is named like the target late"
    ):
        evaluated([1, 2], other=[1, 2])
    with pytest.raises(Exception, match="late has 1,001 different values"):
        evaluated([str(one) for one in range(1001)], late=["1"] * 1001)


def test_slices_have_the_metrics_of_their_rows(evaluated: Any) -> None:
    carrier = ["UA", "UA", None, "DL", "DL", "DL"]
    labels, late, probability = [0, 1, 1, 0, None, 1], [0, 0, 1, 0, 1, 1], [0.1, 0.4, 0.7, 0.4, 0.9, 0.6]
    _, details = evaluated(labels, late=late, late_probability=probability, by={"carrier": carrier})
    of = {one["value"]: one for one in details["slices"]}
    assert list(of) == ["DL", "UA", None]
    assert (of["DL"]["rows"], of["DL"]["labels_missing"], of["DL"]["metrics"]["accuracy"]) == (3, 1, 1.0)
    assert of["UA"]["metrics"]["log_loss"] == pytest.approx(metrics.log_loss([0, 1], [0.1, 0.4]))
    assert of[None]["metrics"]["auc"] is None
    assert of[None]["undefined"]["auc"] == "every label is 1"
    assert "mcc" not in of["UA"]["metrics"]


def test_a_column_of_many_values_has_a_slice_of_the_rest(evaluated: Any) -> None:
    values = [1000 - one // 2 if one < 38 else one for one in range(100)]
    _, details = evaluated([one % 2 for one in range(100)], late=[0] * 100, by={"number": values})
    assert len(details["slices"]) == 20
    assert [one["value"] for one in details["slices"][:2]] == ["982", "983"]
    rest = details["slices"][-1]
    assert (rest["value"], rest["others"], rest["rows"]) == (None, 62, 62)
    assert sum(one["rows"] for one in details["slices"]) == 100


def test_equally_frequent_values_are_in_their_order_and_null_is_last(evaluated: Any) -> None:
    values = ["b", None, "a", None, "c", "b", "c", "a"]
    _, details = evaluated([0, 1] * 4, late=[0] * 8, by={"name": values})
    assert [one["value"] for one in details["slices"]] == ["a", "b", "c", None]


def test_a_column_of_too_many_values_is_refused(child: Any, evaluated: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "MAX_VALUES", 3)
    evaluated([0, 1, 0], late=[0] * 3, by={"name": list("abc")})
    with pytest.raises(Exception, match="the column name in slice_by has 4 different values"):
        evaluated([0, 1] * 2, late=[0] * 4, by={"name": list("abcd")})


def test_macro_metrics_of_a_slice_are_means_over_its_own_classes(evaluated: Any) -> None:
    """The rows of UA have no c, and every prediction is right."""
    labels, late = ["a", "b", "a", "c", "a"], ["a", "b", "a", "a", "a"]
    found, details = evaluated(labels, classes=["a", "b", "c"], late=late, by={"carrier": ["UA"] * 3 + ["DL"] * 2})
    of = {one["value"]: one["metrics"] for one in details["slices"]}
    assert of["UA"]["f1_macro"] == of["UA"]["precision_macro"] == 1.0
    assert of["DL"]["f1_macro"] == pytest.approx(metrics.f1_score(labels[3:], late[3:], average="macro"))
    assert found["f1_macro"] == pytest.approx(metrics.f1_score(labels, late, average="macro"))


def test_many_targets_have_headlines_within_the_bound(evaluated: Any) -> None:
    targets = {f"y{number:02}": [0.5, 1.5, 2.5] for number in range(30)}
    found, details = evaluated(targets, **{name: [0.5, 1.0, 2.5] for name in targets})
    assert details["headline"][:6] == ["evaluation", "rows", "y00_rmse", "y00_mae", "y00_r2", "y00_mse"]
    assert len(details["headline"]) == 50
    assert [name for name in found if name.startswith("y01")][-1] == "y01_residual_p95"
    assert {name for name in found if name.startswith("y29")} == {
        f"y29_{name}" for name in ("labels_missing", "rmse", "mae", "r2", "mse")
    }


def test_each_target_has_its_own_classes_and_its_own_kind(evaluated: Any) -> None:
    labels = {"late": ["no", "yes", "no"], "wet": ["x", "y", "x"], "delay": [0.5, 1.5, 2.5]}
    given = {"late": ["no", "yes", "yes"], "wet": ["x", "y", "x"], "delay": [0.5, 1.5, 2.0]}
    found, _ = evaluated(labels, classes=np.array(["yes", "no"]).tolist(), **given)
    assert found["evaluation"] == "standard evaluation (classifier, regressor)"
    assert (found["late_prevalence"], found["wet_prevalence"]) == (pytest.approx(2 / 3), pytest.approx(1 / 3))
    assert found["delay_mse"] == pytest.approx(1 / 12)
    del labels["delay"], given["delay"]
    each = np.array(["yes", "no"]), np.array(["y", "x"])
    found, _ = evaluated(labels, classes=each, **given)
    assert (found["late_prevalence"], found["wet_prevalence"]) == (pytest.approx(2 / 3), pytest.approx(2 / 3))


def test_classes_of_another_shape_are_none(evaluated: Any) -> None:
    found, _ = evaluated([0, 1, 0], classes=[[0, 1], [0, 1]], late=[0, 1, 1], late_probability=[0.1, 0.9, 0.6])
    assert found["prevalence"] == pytest.approx(1 / 3)


def test_figures_that_are_too_large_to_be_recorded_are_null(evaluated: Any) -> None:
    found, details = evaluated([0.0, 1e12, 2e12, 5.0], late=[1e10, 2e12, 3e12, 5.0])
    assert found["mse"] is None
    assert details["undefined"] == {"mse": "its value on these rows is too large"}
    assert found["rmse"] == pytest.approx(707124458519.5, rel=1e-6)
    found, details = evaluated([0.0, 1e20, 2e20], late=[1e20, 2e20, 1e19])
    assert (found["rmse"], details["plots"]) == (None, [])


def test_integers_beyond_those_of_float64_are_rounded(evaluated: Any) -> None:
    found, _ = evaluated([2**53 + 1, 2**60 + 3, 7], "regressor", late=[2**53, 2**60, 8])
    assert found["mae"] == pytest.approx(1 / 3)


def test_names_of_classes_are_short_in_plots(evaluated: Any) -> None:
    _, details = evaluated(["a" * 300, "b"], late=["b", "b"])
    assert [len(name) for name in details["plots"][0]["classes"]] == [60, 1]
    assert len(details["classes"][0]["class"]) == 200
