"""Reads a model's definition: model.json, config.json, datasets.yaml, policy.yaml and the entry points."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from modelops.domain.datasets import Datasets
from modelops.domain.drift import DriftSettings, Rule
from modelops.domain.errors import RepositoryError
from modelops.domain.findings import Findings
from modelops.domain.labels import TRUTH, LabelSettings, ModelType
from modelops.domain.resources import ResourceRequest
from modelops.domain.spelling import did_you_mean
from modelops.repository.entry_points import binds, require_function, require_method
from modelops.repository.fields import Columns, Days, Index, KeyColumns, Label, Queries, SomeColumns
from modelops.repository.policy import read_approvers
from modelops.repository.reading import read_json, read_text_if_any, read_yaml
from modelops.repository.resources import EXAMPLE, read_resources
from modelops.repository.slicing import read_slice_by

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modelops.domain.imported_models import ImportSettings
    from modelops.repository.documents import Document

REQUIRED_DATASETS = ("train", "evaluate")
CONFIG = "config.json"
ABOUT, EVALUATION, SCORING = "model.json", "model_modules/evaluation.py", "model_modules/scoring.py"
OPTIONAL_FILES = {
    ABOUT: "name and id are the folder's name, the language is Python",
    EVALUATION: "the standard evaluation",
    SCORING: "the standard ModelScorer, if train() returns the fitted estimator",
}
"""The files that a model may leave out → the standard function that replaces each."""


@dataclass(frozen=True, kw_only=True)
class ModelDefinition:
    """A model's definition. `name` is that of the folder, `title` is for people, `model_id` is for the registry.

    `requirements` is the text of model_modules/requirements.txt, or None where there is no such file. `approvers` may
    decide on its versions; empty: anybody except the requesters. `has_scorer`: it can be deployed, with its own
    ModelScorer or, if it has no evaluation of its own, with the standard one. `left_out` are the files of
    `OPTIONAL_FILES` that it lacks. `slice_by` are columns by whose values the standard evaluation repeats its metrics.
    `imported` has the settings of a model whose file is imported; None for a model that is trained.
    """

    reference: str
    name: str
    model_id: str
    title: str
    description: str
    language: str
    hyperparameters: Mapping[str, Any]
    datasets: Datasets
    slice_by: tuple[str, ...] = ()
    requirements: str | None
    approvers: tuple[str, ...]
    has_scorer: bool
    left_out: tuple[str, ...]
    resources: ResourceRequest = field(default_factory=ResourceRequest)
    imported: ImportSettings | None = None


def read_model(folder: Path, reference: str, *, requests: bool = True) -> ModelDefinition:
    """Read and check a model's folder; `reference` ("demo/arrival_delay") names it in messages.

    Without `requests`, the keys `resources` and `slice_by` of config.json are ignored, as before they had a meaning.

    Raises:
        RepositoryError: a file or an entry point is missing or wrong; SeveralErrors, if there are several mistakes.
    """
    name = PurePath(reference).name
    modules = folder / "model_modules"
    shown = f"{reference}/model_modules"
    left_out = tuple(file for file in OPTIONAL_FILES if not (folder / file).exists())
    findings = Findings()
    about, datasets = _ModelFile(id=None, name=name, description=None, language="python"), None
    hyperparameters: Mapping[str, Any] = {}
    requirements: str | None = None
    approvers: tuple[str, ...] = ()
    slice_by: tuple[str, ...] = ()
    resources = ResourceRequest()
    if ABOUT not in left_out:
        with findings.collecting():
            about = read_json(
                folder / ABOUT, f"{reference}/{ABOUT}", expected='{"id": …, "name": …, "language": "python"}'
            ).read_as(_ModelFile)
    with findings.collecting():
        require_function(modules / "training.py", f"{shown}/training.py", "train")
    if EVALUATION not in left_out:
        with findings.collecting():
            require_function(modules / "evaluation.py", f"{shown}/evaluation.py", "evaluate")
    else:
        for file, entry in ((EVALUATION, "evaluate"), (SCORING, "ModelScorer")):
            with findings.collecting():
                _refuse_misplaced(folder, reference, file, entry)
    if SCORING not in left_out:
        with findings.collecting():
            _require_scorer(modules / "scoring.py", f"{shown}/scoring.py")
    with findings.collecting():
        hyperparameters, resources = _configuration(folder / CONFIG, f"{reference}/{CONFIG}", requests=requests)
        if requests:
            own = EVALUATION not in left_out
            slice_by = read_slice_by(folder / CONFIG, f"{reference}/{CONFIG}", own_evaluation=own)
    with findings.collecting():
        datasets = read_datasets(folder, reference)
        if EVALUATION in left_out and not datasets.targets:
            raise RepositoryError(
                "there are no targets, which the standard evaluation compares predictions with",
                where=f"{reference}/datasets.yaml",
                expected=f"targets: [a column]; or def evaluate(context, **kwargs): in {EVALUATION}",
            )
    with findings.collecting():
        requirements = read_text_if_any(modules / "requirements.txt", f"{shown}/requirements.txt")
    with findings.collecting():
        approvers = read_approvers(folder / "policy.yaml", f"{reference}/policy.yaml")
    findings.raise_if_any()
    assert datasets is not None
    return ModelDefinition(
        reference=reference,
        name=name,
        model_id=about.id or name,
        title=about.name,
        description=about.description or "",
        language=about.language,
        hyperparameters=hyperparameters,
        datasets=datasets,
        slice_by=slice_by,
        requirements=requirements,
        approvers=approvers,
        has_scorer=SCORING not in left_out or EVALUATION in left_out,
        left_out=left_out,
        resources=resources,
    )


def _require_scorer(file: Path, shown: str) -> None:
    """Refuse a file with neither a ModelScorer nor, as in the Teradata ModelOps layout, a function score(context)."""
    if binds(file, shown, "score") and not binds(file, shown, "ModelScorer"):
        require_function(file, shown, "score")
    else:
        require_method(file, shown, "ModelScorer", "predict")


def _refuse_misplaced(folder: Path, reference: str, file: str, entry: str) -> None:
    """Refuse an entry point in another file, since the standard function would be used instead."""
    if (folder / file).exists():
        return
    for found in sorted((folder / "model_modules").glob("*.py")):
        if binds(found, found.name, entry):
            raise RepositoryError(
                f"{entry} is in {found.name}, where it isn't looked for",
                where=f"{reference}/model_modules/{found.name}",
                expected=f"{file}; or another name, if the standard one is meant",
            )


def _is_python(value: str) -> str:
    if value != "python":
        raise ValueError(f"is {value!r}")
    return value


class _ModelFile(BaseModel):
    model_config = ConfigDict(strict=True)

    id: Label | None = Field(None, description="a short text that never changes; default: the folder's name")
    name: Label = Field(description="a short text for people")
    description: str | None = Field(None, description="a text for people")
    language: Annotated[str, AfterValidator(_is_python)] = Field(description='"python"')


class _ConfigFile(BaseModel):
    model_config = ConfigDict(strict=True)

    hyperparameters: dict[str, Any] = Field(
        {}, alias="hyperParameters", description='a mapping: {"hyperParameters": {"learning_rate": 0.1}}'
    )


class _RequestingConfigFile(_ConfigFile):
    resources: dict[str, Any] | None = Field(None, description=f"a mapping: {EXAMPLE}")


def _is_model_type(value: str) -> str:
    if value not in list(ModelType):
        raise ValueError(f"is {value!r}")
    return value


class _DatasetsFile(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    entity_key: KeyColumns = Field(description="the column or columns that identify a row: entity_key: [flight_id]")
    features: SomeColumns = Field(description="at least one column name, each once: features: [month, distance]")
    targets: Columns = Field([], description="column names, each once: targets: [late]")
    datasets: Queries = Field(
        description="SELECT statements under names of letters, digits and _: datasets: {train: SELECT …, evaluate: …}"
    )
    drift: dict[str, Any] = Field(
        {}, description="how batches are compared: drift: {ignore: [month], moderate: 0.1, major: 0.25}"
    )
    labels: dict[str, Any] = Field(
        {}, description="when the labels of the dataset truth are complete: labels: {maturity_days: 30}"
    )


class _DriftSection(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    ignore: Columns = Field([], description="features that are not compared, each once: ignore: [month]")
    tolerance: Index = Field(Rule.tolerance, description="the index below which no change counts: tolerance: 0.005")
    moderate: Index = Field(Rule.moderate, description="the index from which a change is moderate: moderate: 0.1")
    major: Index = Field(Rule.major, description="the index from which a change is major: major: 0.25")


class _LabelsSection(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    maturity_days: Days = Field(
        0.0, description="days from the end of a data interval until its labels are complete: 30"
    )
    type: Annotated[str, AfterValidator(_is_model_type)] | None = Field(
        None, description=f"{' or '.join(ModelType)}, if the predictions don't show it"
    )


def _configuration(file: Path, shown: str, *, requests: bool) -> tuple[Mapping[str, Any], ResourceRequest]:
    """The hyperparameters and, if they are wanted, the resources of config.json."""
    if not file.exists():
        return {}, ResourceRequest()
    document = read_json(file, shown, expected='{"hyperParameters": {…}}')
    config = document.read_as(_RequestingConfigFile if requests else _ConfigFile)
    for key in document.value if isinstance(document.value, dict) else ():
        if key != "hyperParameters" and key.replace("_", "").casefold() == "hyperparameters":
            raise RepositoryError(
                f"the key {key!r} is misspelt", where=document.where(key), expected="the key hyperParameters"
            )
        if requests and key != "resources" and key.casefold() in {"resources", "resource"}:
            raise RepositoryError(
                f"the key {key!r} is misspelt", where=document.where(key), expected="the key resources"
            )
    return config.hyperparameters, read_resources(document) if requests else ResourceRequest()


def read_datasets(folder: Path, reference: str) -> Datasets:
    """Read and check a model's datasets.yaml alone.

    Raises:
        RepositoryError: it is missing or wrong; SeveralErrors, if there are several mistakes.
    """
    document = _datasets_file(folder, reference)
    found = document.read_as(_DatasetsFile)
    findings = Findings()
    with findings.collecting():
        _refuse_overlap(document, "entity_key", found.entity_key, "features", found.features)
    with findings.collecting():
        _refuse_overlap(document, "entity_key", found.entity_key, "targets", found.targets)
    with findings.collecting():
        _refuse_overlap(document, "features", found.features, "targets", found.targets)
    for name in REQUIRED_DATASETS:
        if name not in found.datasets:
            findings.errors.append(
                RepositoryError(
                    f"there is no dataset {name}",
                    where=document.where("datasets"),
                    expected=f"SELECT statements for {' and '.join(REQUIRED_DATASETS)}",
                )
            )
    drift = DriftSettings()
    if found.drift:
        with findings.collecting():
            drift = _drift(document, found.features)
    labels = LabelSettings()
    if found.labels:
        with findings.collecting():
            labels = _labels(document, found.datasets)
    findings.raise_if_any()
    return Datasets(
        entity_key=tuple(found.entity_key),
        features=tuple(found.features),
        targets=tuple(found.targets),
        sql=found.datasets,
        drift=drift,
        labels=labels,
    )


def _drift(document: Document, features: list[str]) -> DriftSettings:
    section = document.read_as(_DriftSection, "drift")
    for index, column in enumerate(section.ignore):
        if column not in features:
            raise RepositoryError(
                f"the feature {column!r} is unknown{did_you_mean(column, features)}",
                where=document.where("drift", "ignore", index),
                expected="features that are not to be compared",
            )
    if not section.tolerance <= section.moderate <= section.major:
        raise RepositoryError(
            f"tolerance, moderate and major are {section.tolerance}, {section.moderate} and {section.major}",
            where=document.where("drift"),
            expected="tolerance ≤ moderate ≤ major",
        )
    rule = Rule(tolerance=section.tolerance, moderate=section.moderate, major=section.major)
    return DriftSettings(rule=rule, ignore=tuple(section.ignore))


def _labels(document: Document, datasets: Mapping[str, str]) -> LabelSettings:
    section = document.read_as(_LabelsSection, "labels")
    if TRUTH not in datasets:
        raise RepositoryError(
            f"there are settings of labels, and no dataset {TRUTH}{did_you_mean(TRUTH, list(datasets))}",
            where=document.where("labels"),
            expected=f"datasets: {{{TRUTH}: SELECT of the entity key and the targets}}",
        )
    of_type = None if section.type is None else ModelType(section.type)
    return LabelSettings(maturity=timedelta(days=section.maturity_days), type=of_type)


def place_of_query(folder: Path, reference: str, name: str, line: int | None) -> str:
    """The place of a dataset's SQL, or of a line of it, in datasets.yaml."""
    document = _datasets_file(folder, reference)
    if line is None:
        return document.where("datasets", name)
    return document.where_in_text("datasets", name, line=line)


def _datasets_file(folder: Path, reference: str) -> Document:
    return read_yaml(
        folder / "datasets.yaml",
        f"{reference}/datasets.yaml",
        expected="a file with entity_key, features, targets and datasets",
    )


def _refuse_overlap(document: Document, role: str, columns: list[str], other: str, others: list[str]) -> None:
    for index, column in enumerate(others):
        if column in columns:
            raise RepositoryError(
                f"the column {column!r} is in {role} and in {other}",
                where=document.where(other, index),
                expected=f"a column has one role: take it out of {role} or of {other}",
            )
