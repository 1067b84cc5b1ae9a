"""The folder of an imported model: what is read from it, and what a wrong one is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modelops.domain.errors import BadInput, SeveralErrors
from modelops.domain.imported_models import ImportedType, ImportSettings
from modelops.repository.imported_definition import read_imported

if TYPE_CHECKING:
    from pathlib import Path

DATASETS = "entity_key: id\nfeatures: [a, b]\ntargets: [y]\ndatasets: {train: SELECT 1, evaluate: SELECT 2}\n"


def folder(place: Path, datasets: str = DATASETS, config: str | None = None, **files: str) -> Path:
    (place / "datasets.yaml").write_text(datasets)
    if config is not None:
        (place / "config.json").write_text(config)
    for name, text in files.items():
        (place / name.replace("__", ".")).write_text(text)
    return place


def refused(place: Path) -> list[str]:
    with pytest.raises(BadInput) as caught:
        read_imported(place, "demo/late")
    errors = caught.value.errors if isinstance(caught.value, SeveralErrors) else [caught.value]
    return [error.what for error in errors]


def test_the_least(tmp_path: Path) -> None:
    model = read_imported(folder(tmp_path), "demo/late")
    assert (model.name, model.has_scorer, model.requirements) == ("late", True, None)
    assert model.left_out == ("model_modules/evaluation.py", "model_modules/scoring.py")
    assert model.imported == ImportSettings()


def test_all_settings(tmp_path: Path) -> None:
    config = (
        '{"model": {"type": "binary", "classes": [0, 1], "positive_class": 0, "columns": {"f0": "a"}},'
        ' "slice_by": ["a"], "resources": {"memory": 512}}'
    )
    model = read_imported(folder(tmp_path, config=config, policy__yaml="approvers: [grace]\n"), "demo/late")
    assert model.imported == ImportSettings(
        type=ImportedType.BINARY, classes=(0, 1), positive_class="0", columns={"f0": "a"}
    )
    assert (model.slice_by, model.approvers, model.resources.memory) == (("a",), ("grace",), 2**29)


@pytest.mark.parametrize(
    ("config", "what"),
    [
        ('{"model": {"type": "binry"}}', "type is 'binry': did you mean binary?"),
        ('{"model": {"classes": [1]}}', "classes has 1 entries"),
        ('{"model": {"clases": [0, 1]}}', "the key 'clases' is unknown here (did you mean classes?)"),
        ('{"modl": {}}', "the key 'modl' is unknown here (did you mean model?)"),
        ('{"hyperParameters": {}}', "the key 'hyperParameters' is unknown here"),
        ('{"model": {"columns": {"f0": 1}}}', "columns.f0 is a number"),
    ],
)
def test_wrong_settings(tmp_path: Path, config: str, what: str) -> None:
    [found] = refused(folder(tmp_path, config=config))
    assert found == what


def test_several_mistakes_at_once(tmp_path: Path) -> None:
    place = folder(tmp_path, datasets=DATASETS.replace("targets: [y]\n", ""), config="{", code__py="")
    assert refused(place) == [
        "code.py is code, which an imported model doesn't have",
        "there are no targets, which the evaluation compares predictions with",
        "this isn't JSON: Expecting property name enclosed in double quotes",
        "this isn't JSON: Expecting property name enclosed in double quotes",
    ]


def test_two_targets(tmp_path: Path) -> None:
    found = refused(folder(tmp_path, datasets=DATASETS.replace("[y]", "[y, z]")))
    assert found == ["there are 2 targets, and an imported model predicts one"]
