"""A version of a model or a feature task, and the states that it can have."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NewType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

VersionId = NewType("VersionId", int)


class VersionKind(StrEnum):
    """What a version is a version of."""

    MODEL = "model"
    FEATURE_TASK = "feature_task"

    @property
    def words(self) -> str:
        """What messages call it."""
        return "feature task" if self is VersionKind.FEATURE_TASK else "model"

    @property
    def output(self) -> str:
        """What messages call the rows that its batches make."""
        return "features" if self is VersionKind.FEATURE_TASK else "predictions"

    @property
    def parameter(self) -> str:
        """What parameters and results of jobs call it."""
        return "task" if self is VersionKind.FEATURE_TASK else "model"


class VersionStatus(StrEnum):
    """Where a version stands. Which steps there are, and which job takes them, are rows of `modelops.transition`."""

    CREATED = "created"
    """Its training has started."""
    IMPORTED = "imported"
    """Of a feature task: its code is pinned and checked."""
    TRAINED = "trained"
    """Its artifacts are stored."""
    EVALUATED = "evaluated"
    """At least one evaluation of exactly these artifacts is on record."""
    TESTED = "tested"
    """Of a feature task: at least one run of exactly this code gave the rows that it declares."""
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

    `name` is its reference, `<repository>/<name>`; `number` counts from 1 within it. The hashes are SHA-256 in hex: of
    the code's archive, of the pinned requirements, of the rows it was trained on, of its artifacts. `columns` maps
    each column of the training rows to its Arrow type; `columns_with_nulls` are those in which a value was null, None
    of versions that were trained before this was recorded. `commit` is None for a folder outside git. `definition` is
    what a feature task's task.yaml declares; it has neither hyperparameters nor training rows.
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

    @property
    def subject(self) -> str:
        """What people call it: `demo/arrival_delay v3`."""
        return f"{self.name} v{self.number}"

    @property
    def had_nulls(self) -> Mapping[str, bool] | None:
        """Whether a column of the training rows had a null, as `Dataset` has it."""
        if self.columns is None or self.columns_with_nulls is None:
            return None
        return {column: column in self.columns_with_nulls for column in self.columns}


class ArtifactRole(StrEnum):
    """What a file is to the version or evaluation that it belongs to."""

    CODE = "code"
    """The archive of the model's folder."""
    REQUIREMENTS = "requirements"
    """The model's requirements, each pinned to a version and its hashes."""
    OUTPUT = "output"
    """What user code left in artifact_output_path."""
    SAMPLE = "sample"
    """Of a training, some rows and how the model scored them then, which a deployment is compared with; of a run of a
    feature task, some of the rows that it gave."""


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A file that a job pinned or left, stored under its own hash. `size` is in bytes."""

    role: ArtifactRole
    name: str
    sha256: str
    size: int
    media_type: str
    uri: str


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What exactly one set of artifacts gave on exactly one set of rows; `digest` covers all of it.

    `statistics` are records of the columns that a feature task gave, in their order; None for a model.
    """

    id: int
    version_id: VersionId
    artifact_sha256: str
    dataset: Mapping[str, Any]
    data_sha256: str
    data_rows: int
    metrics: Mapping[str, Any]
    statistics: Sequence[Mapping[str, Any]] | None
    digest: str
