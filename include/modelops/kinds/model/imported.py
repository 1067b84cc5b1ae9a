"""What distinguishes a model whose file was imported: its settings, what is recorded of the file, and its warnings."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import ModelFileError
from modelops.domain.imported_models import (
    MAX_SHOWN,
    ImportedType,
    ImportSettings,
    Mapped,
    classes_of,
    map_inputs,
)
from modelops.domain.model_files import ImportedModel
from modelops.repository.definition import CONFIG

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelops.data.model_files import ModelFile
    from modelops.domain.import_requests import ModelImportRequest
    from modelops.domain.model_files import Description, Label
    from modelops.domain.versions import Version
    from modelops.repository.definition import ModelDefinition

EPSILON = 2.0**-24
"""The relative error of a value that is rounded to float32."""
SHARE_OF_DEVIATION = 1e-5
"""A rounding error above this share of a feature's standard deviation may move a row to another branch of a tree."""
UNKNOWN, NONE = "not said in the file", "none"
LARGEST_WHOLE = 2**24
"""Beyond it, float32 doesn't have every whole number."""


def settings_of(request: ModelImportRequest, definition: ModelDefinition) -> ImportSettings:
    """The settings of a request, with those of the folder's config.json for what it leaves out.

    Raises:
        ModelFileError: neither says which type of model the file is, or `columns` doesn't have texts.
    """
    for name, feature in request.columns.items():
        if not isinstance(feature, str):
            raise ModelFileError(
                f"the input {name!r} is mapped to {feature!r}",
                where="the parameter columns",
                expected='the name of a feature for each: {"f0": "month"}',
            )
    if request.type is not None and request.type not in list(ImportedType):
        raise ModelFileError(
            f"the type is {request.type!r}", where="the parameter type", expected=" or ".join(ImportedType)
        )
    settings = ImportSettings(
        type=None if request.type is None else ImportedType(request.type),
        classes=None if request.classes is None else tuple(request.classes),
        positive_class=request.positive_class,
        columns=request.columns,
    ).over(definition.imported or ImportSettings())
    if settings.type is None:
        raise ModelFileError(
            "it isn't said which type of model the file is",
            where=f"the parameter type, and {definition.reference}/{CONFIG}",
            expected=f'{" or ".join(ImportedType)}; in {CONFIG}: {{"model": {{"type": "binary"}}}}',
        )
    return settings


def imported_record(
    file: ModelFile, description: Description, settings: ImportSettings, definition: ModelDefinition, address: str
) -> tuple[dict[str, Any], ImportedModel]:
    """Compare a file with the datasets; returns what the registry records of it, and how it is used.

    Raises:
        ModelFileError: inputs, classes or the type don't match; SeveralErrors if there are several errors.
    """
    assert settings.type is not None
    if settings.type not in description.types:
        raise ModelFileError(
            f"{file.name} is no {settings.type} model",
            where="the parameter type",
            expected=" or ".join(description.types),
        )
    inputs = map_inputs(
        description.features,
        description.feature_count,
        definition.datasets.features,
        settings.columns,
        file=file.name,
    )
    classes, positive = classes_of(settings, description.classes, file=file.name)
    model = ImportedModel(
        format=description.format,
        file=file.path.name,
        type=settings.type.value,
        features=inputs.features,
        classes=classes,
        positive=positive,
    )
    found = asdict(description)
    del found["features"], found["classes"]
    return {
        "model": model.to_json(),
        "file": {"name": file.name, "address": address, "size": file.size, "sha256": file.sha256},
        "found": found | {name: found[name][:MAX_SHOWN] for name in ("inputs", "outputs")},
        "mapped": str(inputs.mapped),
        "inputs": [list(pair) for pair in inputs.pairs],
        "warnings": list(_warnings(file, description, inputs.mapped, settings, classes)),
    }, model


def _warnings(
    file: ModelFile,
    description: Description,
    mapped: Mapped,
    settings: ImportSettings,
    classes: tuple[Label, ...] | None,
) -> Iterator[str]:
    if mapped is Mapped.IN_ORDER:
        yield (
            f"{file.name} has no names of its features: they are taken in the order of datasets.yaml. Check the order."
        )
    if classes is not None and not description.classes and not settings.classes:
        yield f"{file.name} has no labels of its classes: they are taken to be {classes[0]} and {classes[1]}."
    if settings.classes and description.classes and tuple(description.classes) != settings.classes:
        shown = ", ".join(f"{old} → {new}" for old, new in zip(description.classes, settings.classes, strict=True))
        yield f"The classes of {file.name} are replaced: {shown}."


def file_facts(definition: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The facts that people are shown of a version's file: name and value of each, as text."""
    model, found, file = definition["model"], definition["found"], definition["file"]
    yield "format", f"{model['format']}, read with {found['library']} {found['library_version']}"
    yield "made by", found["producer"] or UNKNOWN
    yield "file", f"{file['name']}, {file['size']:,} bytes"
    yield "external id", definition["external_id"] or NONE
    yield "type", model["type"]
    if model["classes"] is not None:
        yield "classes", ", ".join(map(str, model["classes"]))
    if model["positive"] is not None:
        yield "positive class", str(model["positive"])
    pairs = definition["inputs"]
    shown = ", ".join(name if name == feature else f"{name} → {feature}" for name, feature in pairs[:MAX_SHOWN])
    rest = f" and {len(pairs) - MAX_SHOWN} more" if len(pairs) > MAX_SHOWN else ""
    how = "in order, because the file has no names" if definition["mapped"] == Mapped.IN_ORDER else "by name"
    yield f"inputs → features ({how})", f"{shown}{rest}"


def imported_of(version: Version) -> ImportedModel | None:
    """How the file of a version is used; None for a trained one."""
    if not version.is_imported_model:
        return None
    assert version.definition is not None
    return ImportedModel.from_record(version.definition["model"])


def rounding_warnings(version: Version, records: Mapping[str, list[dict[str, Any]]]) -> list[str] | None:
    """Sentences about the features that a model of float32 can't represent; None for a trained model.

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
        values = record["values"]
        if record["kind"] != "continuous" or values.get("min") is None:
            continue
        largest = max(abs(values["min"]), abs(values["max"]))
        whole = version.columns[record["variable"]].removeprefix("u").startswith("int")
        warning = _rounding(record["variable"], largest, values.get("std"), whole=whole)
        if warning is not None:
            found.append(warning)
    return found


def _rounding(name: str, largest: float, deviation: float | None, *, whole: bool) -> str | None:
    if whole and largest > LARGEST_WHOLE:
        return (
            f"{name} has whole numbers up to {largest:,.0f}. The model takes float32, which has all whole numbers up to"
            f" {LARGEST_WHOLE:,} only: predictions may differ from those of the original model."
        )
    if deviation and largest * EPSILON > SHARE_OF_DEVIATION * deviation:
        return (
            f"{name} has values up to {largest:,.6g} with a standard deviation of {deviation:,.6g}. The model takes"
            f" float32, whose rounding is up to {largest * EPSILON:,.3g} there: predictions may differ from those of"
            " the original model. Subtract an offset in the SQL, and in the training of the original model."
        )
    return None
