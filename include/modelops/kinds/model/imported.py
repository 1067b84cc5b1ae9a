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
from modelops.kinds.model.file_warnings import warnings_of_file
from modelops.repository.definition import CONFIG

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelops.data.model_files import ModelFile
    from modelops.domain.import_requests import ModelImportRequest
    from modelops.domain.model_files import Description
    from modelops.domain.versions import Version
    from modelops.repository.definition import ModelDefinition

UNKNOWN, NONE = "not recorded in the file", "none"


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
            "the type of the model is not set",
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
        "warnings": list(warnings_of_file(file.name, description, inputs.mapped, settings, classes)),
    }, model


def file_facts(definition: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The facts that people are shown of a version's file: name and value of each, as text."""
    model, found, file = definition["model"], definition["found"], definition["file"]
    yield "format", f"{model['format']}, read with {found['library']} {found['library_version']}"
    yield "made by", found["producer"] or UNKNOWN
    yield "file", f"{file['name']}, {file['size']:,} bytes"
    yield "external id", definition["external_id"] or NONE
    yield "type", model["type"]
    if model["classes"] is not None:
        labels = [*map(str, model["classes"])]
        more = f" and {len(labels) - MAX_SHOWN} more" if len(labels) > MAX_SHOWN else ""
        yield "classes", ", ".join(labels[:MAX_SHOWN]) + more
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
