"""Reads the folder of a model whose file is imported: `byom/<name>` with datasets.yaml, config.json and policy.yaml.

The folder has no code. Its definition is that of a model which leaves out training, evaluation and scoring: the
standard ones are used.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from modelops.domain.errors import RepositoryError
from modelops.domain.findings import Findings
from modelops.domain.imported_models import MAX_CLASSES, ImportedType, ImportSettings
from modelops.domain.resources import ResourceRequest
from modelops.domain.spelling import did_you_mean
from modelops.repository.definition import CONFIG, EVALUATION, SCORING, ModelDefinition, read_datasets
from modelops.repository.fields import Column, Label
from modelops.repository.policy import read_approvers
from modelops.repository.reading import read_json
from modelops.repository.resources import EXAMPLE, read_resources
from modelops.repository.slicing import read_slice_by

if TYPE_CHECKING:
    from pathlib import Path

KEY = "model"
FILES = ("datasets.yaml", CONFIG, "policy.yaml")


def read_imported(folder: Path, reference: str) -> ModelDefinition:
    """Read and check the folder of an imported model; `reference` ("demo/arrival_delay") names it in messages.

    Raises:
        RepositoryError: a file is missing or wrong; SeveralErrors, if there are several mistakes.
    """
    name = PurePath(reference).name
    findings = Findings()
    datasets, settings, resources = None, ImportSettings(), ResourceRequest()
    slice_by: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()
    with findings.collecting():
        _refuse_code(folder, reference)
    with findings.collecting():
        datasets = read_datasets(folder, reference)
        if not datasets.targets:
            raise RepositoryError(
                "there are no targets, which the evaluation compares predictions with",
                where=f"{reference}/datasets.yaml",
                expected="targets: [a column]",
            )
        if len(datasets.targets) > 1:
            raise RepositoryError(
                f"there are {len(datasets.targets)} targets, and an imported model predicts one",
                where=f"{reference}/datasets.yaml",
                expected="targets: [a column]",
            )
    with findings.collecting():
        settings, resources = _configuration(folder / CONFIG, f"{reference}/{CONFIG}")
    with findings.collecting():
        slice_by = read_slice_by(folder / CONFIG, f"{reference}/{CONFIG}", own_evaluation=False)
    with findings.collecting():
        approvers = read_approvers(folder / "policy.yaml", f"{reference}/policy.yaml")
    findings.raise_if_any()
    assert datasets is not None
    return ModelDefinition(
        reference=reference,
        name=name,
        model_id=name,
        title=name,
        description="",
        language="",
        hyperparameters={},
        datasets=datasets,
        slice_by=slice_by,
        requirements=None,
        approvers=approvers,
        has_scorer=True,
        left_out=(EVALUATION, SCORING),
        resources=resources,
        imported=settings,
    )


def _refuse_code(folder: Path, reference: str) -> None:
    """Refuse Python files, which would not run, but would be found in place of packages."""
    for found in sorted(folder.rglob("*.py")):
        raise RepositoryError(
            f"{found.relative_to(folder)} is code, which an imported model doesn't have",
            where=f"{reference}/{found.relative_to(folder)}",
            expected=f"{', '.join(FILES)} and documents only; a model with code is a folder model_definitions/<name>",
        )


def _type(value: str) -> ImportedType:
    if value not in list(ImportedType):
        raise ValueError(f"is {value!r}{did_you_mean(value, list(ImportedType))}")
    return ImportedType(value)


def _few(classes: list[Any]) -> list[Any]:
    if not 2 <= len(classes) <= MAX_CLASSES:
        raise ValueError(f"has {len(classes)} entries")
    return classes


class _ModelSection(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    type: Annotated[str, AfterValidator(_type)] | None = Field(None, description=" or ".join(ImportedType))
    classes: Annotated[list[StrictStr | StrictBool | StrictInt], AfterValidator(_few)] | None = Field(
        None, description=f"2 to {MAX_CLASSES} values of the target, in the order of the probabilities: [0, 1]"
    )
    positive_class: StrictStr | StrictBool | StrictInt | None = Field(None, description="one of the classes")
    columns: dict[Label, Column] = Field({}, description='input of the file → feature: {"f0": "month"}')


class _ConfigFile(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    model: dict[str, Any] | None = Field(None, description='a mapping: {"model": {"type": "binary"}}')
    resources: dict[str, Any] | None = Field(None, description=f"a mapping: {EXAMPLE}")
    slice_by: list[Any] = Field([], description='columns of the dataset evaluate: {"slice_by": ["carrier"]}')


def _configuration(file: Path, shown: str) -> tuple[ImportSettings, ResourceRequest]:
    if not file.exists():
        return ImportSettings(), ResourceRequest()
    document = read_json(file, shown, expected='{"model": {"type": "binary"}}')
    if document.read_as(_ConfigFile).model is None:
        return ImportSettings(), read_resources(document)
    section = document.read_as(_ModelSection, KEY)
    positive = section.positive_class
    return (
        ImportSettings(
            type=None if section.type is None else ImportedType(section.type),
            classes=None if section.classes is None else tuple(section.classes),
            positive_class=None if positive is None else str(positive),
            columns=section.columns,
        ),
        read_resources(document),
    )
