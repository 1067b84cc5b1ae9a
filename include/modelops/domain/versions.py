"""A version of a model or a feature task, and its states."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NewType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

VersionId = NewType("VersionId", int)


class VersionKind(StrEnum):
    """Whether a version is one of a model or of a feature task."""

    MODEL = "model"
    FEATURE_TASK = "feature_task"

    @property
    def words(self) -> str:
        """The kind as messages name it."""
        return "feature task" if self is VersionKind.FEATURE_TASK else "model"

    @property
    def output(self) -> str:
        """The rows that its batches make, as messages name them."""
        return "features" if self is VersionKind.FEATURE_TASK else "predictions"

    @property
    def parameter(self) -> str:
        """The kind as parameters and results of jobs name it."""
        return "task" if self is VersionKind.FEATURE_TASK else "model"


class VersionStatus(StrEnum):
    """The status of a version. The table `modelops.transition` has the transitions and the job type of each."""

    CREATED = "created"
    """Its training has started."""
    IMPORTED = "imported"
    """The feature task's code is pinned and checked; or the model's file is read, checked and stored."""
    TRAINED = "trained"
    """Its artifacts are stored."""
    EVALUATED = "evaluated"
    """At least one evaluation of exactly these artifacts is recorded."""
    TESTED = "tested"
    """At least one run of exactly this code made the rows that the feature task declares."""
    APPROVED = "approved"
    """A reviewer has approved exactly these artifacts on exactly this evidence; or its last deployment was replaced."""
    REJECTED = "rejected"
    """A reviewer has rejected it. Final."""
    DEPLOYED = "deployed"
    """It has at least one deployment that hasn't ended."""
    RETIRED = "retired"
    """Its last deployment was retired. Final."""
    FAILED = "failed"
    """Its training failed or was stopped. Final."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of a model or of a feature task.

    `name` is the reference, `<repository>/<name>`; `number` counts from 1 within it. The hashes are SHA-256 in hex, of
    the code's archive, the pinned requirements, the training rows and the artifacts. `columns` maps each column of the
    training rows to its Arrow type; `columns_with_nulls` has the columns with a null, or None for versions trained
    before this was recorded. `commit` is None for a folder outside git. `definition` has the declarations of a feature
    task's task.yaml, or what the import found in a model file (`domain.imported_models`); None for a trained model.
    Neither of the two has hyperparameters or training rows; the `columns` of an imported model are those of its
    reference. `resources` is the section of its config.json or task.yaml, or None for what was pinned before there was
    one.
    """

    id: VersionId
    kind: VersionKind
    name: str
    number: int
    status: VersionStatus
    created_by: str
    created_at: datetime
    job_id: int
    hyperparameters: Mapping[str, Any] | None
    commit: str | None
    dirty: bool
    code_sha256: str | None
    requirements_sha256: str | None
    data_sha256: str | None
    artifact_sha256: str | None
    columns: Mapping[str, str] | None
    columns_with_nulls: Sequence[str] | None
    definition: Mapping[str, Any] | None
    resources: Mapping[str, Any] | None

    @property
    def subject(self) -> str:
        """The version in messages: `demo/arrival_delay v3`."""
        return f"{self.name} v{self.number}"

    @property
    def is_imported_model(self) -> bool:
        """Whether it is of a model whose file was imported, in place of a training."""
        return self.kind is VersionKind.MODEL and self.definition is not None

    @property
    def had_nulls(self) -> Mapping[str, bool] | None:
        """Whether each column of the training rows had a null, for `Dataset.had_nulls`."""
        if self.columns is None or self.columns_with_nulls is None:
            return None
        return {column: column in self.columns_with_nulls for column in self.columns}


class ArtifactRole(StrEnum):
    """The role of a file in its version or evaluation."""

    CODE = "code"
    """The archive of the model's folder."""
    REQUIREMENTS = "requirements"
    """The model's requirements, each pinned to a version and its hashes."""
    OUTPUT = "output"
    """A file that user code wrote to artifact_output_path."""
    SAMPLE = "sample"
    """For a training, some rows with their predictions, with which a deployment is compared; for a run of a feature
    task, some of its rows."""
    SCORED_ROWS = "scored_rows"
    """The rows of an evaluation: key, target and prediction of each."""


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A file that a job stored under its hash. `size` is in bytes."""

    role: ArtifactRole
    name: str
    sha256: str
    size: int
    media_type: str
    uri: str


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The result of one set of artifacts on one set of rows; `digest` covers all of it.

    `statistics` has records of the feature task's columns, in order; None for a model. `details` is what
    `kinds.model.details` describes; None for a feature task, and for evaluations without any.
    """

    id: int
    version_id: VersionId
    artifact_sha256: str
    dataset: Mapping[str, Any]
    data_sha256: str
    data_rows: int
    metrics: Mapping[str, Any]
    statistics: Sequence[Mapping[str, Any]] | None
    details: Mapping[str, Any] | None
    digest: str
