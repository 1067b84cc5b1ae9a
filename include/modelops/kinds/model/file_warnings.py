"""Warnings about an imported model, for its reviewers: codes with values, of which `sentence` makes the text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.domain.imported_models import ImportSettings, Mapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelops.domain.model_files import Description, Label
    from modelops.domain.versions import Version

Warnings = list[dict[str, Any]]
EPSILON = 2.0**-24
"""The relative error of a value that is rounded to float32."""
SHARE_OF_DEVIATION = 1e-5
"""A rounding error above this share of a feature's standard deviation may move a row to another branch of a tree."""
LARGEST_WHOLE = 2**24
"""Beyond it, float32 doesn't have every whole number."""
SENTENCES = {
    "in_order": "{file} has no names of its features: they are taken in the order of datasets.yaml. Check the order.",
    "classes_assumed": "{file} has no labels of its classes: they are taken to be {first} and {second}.",
    "classes_replaced": "The classes of {file} are replaced: {pairs}.",
    "whole_numbers": "{column} has whole numbers up to {largest:,.0f}. The model takes float32, which has all whole"
    " numbers up to {limit:,} only: predictions may differ from those of the original model.",
    "rounding": "{column} has values up to {largest:,.6g} with a standard deviation of {deviation:,.6g}. The model"
    " takes float32, whose rounding is up to {error:,.3g} there: predictions may differ from those of the original"
    " model. Subtract an offset in the SQL, and in the training of the original model.",
}
"""The text of each warning. The view has them in English and French under the same codes."""


def sentence(warning: Mapping[str, Any]) -> str:
    """A recorded warning as an English sentence, for the log and the card."""
    values = {name: value for name, value in warning.items() if name != "code"}
    return SENTENCES[warning["code"]].format(**values)


def warnings_of_file(
    file: str,
    description: Description,
    mapped: Mapped,
    settings: ImportSettings,
    classes: tuple[Label, ...] | None,
) -> Iterator[dict[str, Any]]:
    """What the import had to assume, because the file doesn't say it."""
    if mapped is Mapped.IN_ORDER:
        yield {"code": "in_order", "file": file}
    if classes is not None and not description.classes and not settings.classes:
        yield {"code": "classes_assumed", "file": file, "first": str(classes[0]), "second": str(classes[1])}
    if settings.classes and description.classes and tuple(description.classes) != settings.classes:
        pairs = ", ".join(f"{old} → {new}" for old, new in zip(description.classes, settings.classes, strict=True))
        yield {"code": "classes_replaced", "file": file, "pairs": pairs}


def rounding_warnings(version: Version, records: Mapping[str, list[dict[str, Any]]]) -> Warnings | None:
    """The features that a model of float32 can't represent; None for a trained model.

    Args:
        version: a version of the model.
        records: the statistics of its columns, by role.
    """
    if not version.is_imported_model:
        return None
    assert version.definition is not None
    if not version.definition["found"]["float32"]:
        return []
    assert version.columns is not None
    found = []
    for record in records["feature"]:
        values, name = record["values"], record["variable"]
        if record["kind"] != "continuous" or values.get("min") is None:
            continue
        largest = max(abs(values["min"]), abs(values["max"]))
        whole = version.columns[name].removeprefix("u").startswith("int")
        warning = _rounding(largest, values.get("std"), whole=whole)
        if warning is not None:
            found.append({"column": name, "largest": largest, **warning})
    return found


def _rounding(largest: float, deviation: float | None, *, whole: bool) -> dict[str, Any] | None:
    if whole and largest > LARGEST_WHOLE:
        return {"code": "whole_numbers", "limit": LARGEST_WHOLE}
    error = largest * EPSILON
    if deviation and error > SHARE_OF_DEVIATION * deviation:
        return {"code": "rounding", "deviation": deviation, "error": error}
    return None
