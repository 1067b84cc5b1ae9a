"""The request of the import of a model file, declared as those in `modelops.domain.requests`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelops.domain import bounds
from modelops.domain import parameters as p
from modelops.domain.imported_models import MAX_CLASSES, ImportedType
from modelops.domain.references import IMPORTED_MODELS, MODEL_FILES, SUGGESTIONS
from modelops.domain.requests import DeploymentTerms
from modelops.domain.versions import VersionKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_ADDRESS = 1_000
"""Maximum characters of the address of a model file."""


@dataclass(frozen=True, kw_only=True)
class ModelImportRequest:
    """Import a model file that was made elsewhere. Empty settings of the model: as in its config.json."""

    model: str = p.reference(VersionKind.MODEL, of_versions=False, suggestions=IMPORTED_MODELS)
    file: str = p.parameter(
        title="Model file",
        description="A path below the inbox, such as flights/late.onnx, or an address such as s3://bucket/late.onnx.",
        type="string",
        minLength=1,
        **{**p.text(MAX_ADDRESS), SUGGESTIONS: MODEL_FILES},
    )
    external_id: str | None = p.parameter(
        None,
        title="External id",
        description="The name or the number of the model where it was made, for the record.",
        type=["null", "string"],
        minLength=1,
        **p.text(),
    )
    type: str | None = p.parameter(
        None,
        title="Type of the model",
        description="binary (two classes), multiclass or regression (a number). Empty: as in config.json.",
        type=["null", "string"],
        enum=[None, *(each.value for each in ImportedType)],
    )
    classes: Sequence[str | int | bool] | None = p.parameter(
        None,
        title="Classes",
        description="The values of the target in the order of the model's probabilities, if the file has no labels:"
        ' [0, 1] or ["no", "yes"]. Empty: as in config.json or in the file; 0 and 1 for a binary model without any.',
        renderer="json",
        type=["null", "array"],
        items={"type": ["string", "integer", "boolean"]},
        minItems=2,
        maxItems=MAX_CLASSES,
    )
    positive_class: str | None = p.parameter(
        None,
        title="Positive class",
        description="The class of a binary model whose probability is published. Empty: as in config.json, or the"
        " second class.",
        type=["null", "string"],
        minLength=1,
        **p.text(),
    )
    columns: Mapping[str, str] = p.parameter(
        {},
        title="Inputs of the file",
        description='Inputs whose names are not those of features: {"f0": "month"}. Empty: as in config.json.',
        renderer="json",
        type="object",
        **bounds.schema(),
    )
    datasets: Mapping[str, Any] | None = p.parameter(
        None,
        title="Datasets of a model without a folder",
        description="The contents of a datasets.yaml, for a model that has no folder: entity_key, features, targets and"
        " datasets. Empty: as in its folder.",
        renderer="json",
        type=["null", "object"],
        **bounds.schema(),
    )
    dataset: str = p.dataset("train", "the sample, the types and the statistics")
    allow_dirty: bool = p.allow_dirty("Import")
    evaluate_dataset: str | None = p.parameter(
        None,
        title="Dataset of the evaluation that follows",
        description="Checked before the version is created. None: no evaluation follows.",
        in_form=False,
    )
    deployment: DeploymentTerms | None = p.parameter(
        None,
        title="Deployment that follows",
        description="The arguments of a DeployModelOperator, checked before the version is made. None: none follows.",
        in_form=False,
        holds=DeploymentTerms,
    )
