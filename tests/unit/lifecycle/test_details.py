"""What an evaluation may leave besides its metrics, and what is refused before it is recorded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from modelops.domain.errors import UserCodeError
from modelops.kinds.model.details import FILE, MAX_BYTES, read_details
from modelops.plain_files import HeldFolder

if TYPE_CHECKING:
    from pathlib import Path

POINTS = [[0.0, 0.0], [0.2, 0.6], [1.0, 1.0]]
BIN = {"predicted": 0.2, "observed": 0.25, "lower": 0.1, "upper": 0.4, "rows": 40}
CONFUSION = {"kind": "confusion", "target": "late", "classes": ["no", "yes"], "others": 0, "counts": [[5, 1], [2, 7]]}
RESIDUALS = {"kind": "residuals", "target": "y", "edges": [-1.0, 0.0, 2.0], "counts": [3, 4], "below": 0, "above": 1}
SLICE = {"column": "carrier", "value": "UA", "others": 0, "target": "late", "rows": 3, "labels_missing": 0}
WHOLE = {
    "headline": ["auc"],
    "undefined": {"recall": "no label is yes"},
    "plots": [
        {"kind": "roc", "target": "late", "points": POINTS},
        {"kind": "precision_recall", "target": "late", "points": POINTS, "prevalence": 0.3},
        {"kind": "calibration", "target": "late", "bins": [BIN]},
        CONFUSION,
        RESIDUALS,
    ],
    "classes": [
        {"target": "late", "class": "no", "rows": 6, "predicted": 7, "precision": 0.7, "recall": 0.8, "f1": None}
    ],
    "slices": [SLICE | {"metrics": {"auc": 0.5, "recall": None}, "undefined": {"recall": "no label is yes"}}],
}
METRICS = {"auc": 0.7, "recall": None}


def read(folder: Path, content: str, **metrics: Any) -> Any:
    (folder / FILE).write_text(content)
    with HeldFolder(folder) as held:
        return read_details(held, metrics or METRICS)


def test_what_is_right_is_read_as_it_is(tmp_path: Path) -> None:
    assert read(tmp_path, json.dumps(WHOLE)).model_dump(by_alias=True) == WHOLE
    (tmp_path / FILE).unlink()
    with HeldFolder(tmp_path) as held:
        assert read_details(held, METRICS) is None


def plots(*found: Any) -> str:
    return json.dumps({"plots": found})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param("{", "is not JSON", id="JSON"),
        pytest.param('{"plots": [NaN]}', "is not JSON", id="NaN"),
        pytest.param("[]", "the object: Input should be a valid dictionary", id="object"),
        pytest.param('{"plot": []}', "plot: Extra inputs are not permitted", id="key"),
        pytest.param(plots({"kind": "pie"}), "plots[0]: Input tag 'pie'", id="kind"),
        pytest.param(plots({"kind": "roc", "target": "y", "points": POINTS * 70}), "at most 200 items", id="points"),
        pytest.param(plots({"kind": "roc", "target": "y", "points": [[0, 0], [1, 1.5]]}), "less than or", id="range"),
        pytest.param(plots({"kind": "roc", "target": "y", "points": [[0], [1, 1]]}), "at least 2 items", id="pair"),
        pytest.param(plots(*[CONFUSION] * 9), "at most 8 items", id="number of plots"),
        pytest.param(plots(CONFUSION | {"counts": [[1, 2]]}), "has not 2 rows of 2 numbers", id="square"),
        pytest.param(plots(CONFUSION | {"counts": [[1, 2], [3, -4]]}), "greater than or equal to 0", id="negative"),
        pytest.param(plots(CONFUSION | {"counts": [[1, 2], [3, 0.5]]}), "valid integer", id="integer"),
        pytest.param(plots(RESIDUALS | {"edges": [0, 0, 1]}), "not in ascending order", id="edges"),
        pytest.param(plots(RESIDUALS | {"counts": [1]}), "not one number for each bin", id="bins"),
        pytest.param(
            plots({"kind": "calibration", "target": "y", "bins": [BIN | {"lower": 0.3}]}), "lower ≤ observed", id="ends"
        ),
        pytest.param('{"headline": ["f1"]}', "headline names f1, which is not in metrics.json", id="headline"),
        pytest.param('{"headline": ["auc", "auc"]}', "headline names auc more than once", id="headline twice"),
        pytest.param('{"standard": true}', "standard: Extra inputs are not permitted", id="standard"),
        pytest.param('{"undefined": {"auc": "why"}}', "a reason for auc, which is not a null", id="reason"),
        pytest.param(
            json.dumps({"slices": [SLICE | {"metrics": {"auc": 1}, "undefined": {"auc": "why"}}]}),
            "a reason for auc",
            id="reason of a slice",
        ),
        pytest.param(json.dumps({"undefined": {"recall": "\0"}}), "holds the character U+0000", id="NUL"),
        pytest.param(" " * (MAX_BYTES + 1), "more than 524,288 bytes", id="size"),
        pytest.param("[" * 100_000, "is not JSON", id="depth"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(UserCodeError) as refused:
        read(tmp_path, content)
    assert said in refused.value.what
    assert FILE in refused.value.what
    assert refused.value.where == f"artifact_output_path/{FILE}"


def test_a_plot_of_long_names_is_refused(tmp_path: Path) -> None:
    names = [f"{number:0200}" for number in range(14)]
    wide = CONFUSION | {"classes": names, "counts": [[10**18] * 14] * 14}
    assert read(tmp_path, plots(wide)).plots
    assert read(tmp_path, plots(wide | {"classes": ["\N{OGHAM LETTER BEITH}" * 200] * 14})).plots
    with pytest.raises(UserCodeError, match=r"plots\[0\] has 2\d,\d{3} bytes, more than 20,000"):
        read(tmp_path, plots(wide | {"classes": ["\x01" * 200] * 14}))


def test_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).symlink_to("/etc/passwd")
    with HeldFolder(tmp_path) as held, pytest.raises(UserCodeError, match="symbolic link"):
        read_details(held, METRICS)
