"""The details of an evaluation, in the file modelops_evaluation.json: plots as data, classes, slices, headline metrics.

The standard evaluation writes the file, and a model's own evaluate() may write it: it is checked before it is recorded.
The Jobs API returns the same classes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from modelops.domain import bounds
from modelops.domain.errors import UserCodeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelops.plain_files import HeldFolder

FILE = "modelops_evaluation.json"
MAX_BYTES = 2**19
MAX_PLOTS, MAX_PLOT_BYTES = 8, 20_000
MAX_POINTS, MAX_BINS, MAX_CELLS_ASIDE = 200, 50, 14
MAX_CLASSES, MAX_SLICES, MAX_HEADLINE = 100, 200, 50

Name = Annotated[str, Field(min_length=1, max_length=bounds.NAME)]
Text = Annotated[str, Field(max_length=bounds.NAME)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0, le=bounds.MOST)]
Number = Annotated[float, Field(ge=bounds.LEAST, le=bounds.MOST)]
Point = Annotated[list[Share], Field(min_length=2, max_length=2)]
Points = Annotated[list[Point], Field(min_length=2, max_length=MAX_POINTS)]
Reason = Annotated[str, Field(min_length=1, max_length=1_000)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Roc(_Part):
    """A receiver operating characteristic: points (false positive rate, true positive rate) from (0, 0) to (1, 1)."""

    kind: Literal["roc"]
    target: Name
    points: Points


class PrecisionRecall(_Part):
    """Points (recall, precision); `prevalence` is the precision of a model that can't tell the classes apart."""

    kind: Literal["precision_recall"]
    target: Name
    points: Points
    prevalence: Share


class CalibrationBin(_Part):
    """Rows of similar probabilities: their mean, the share of positive labels and its 95 % interval."""

    predicted: Share
    observed: Share
    lower: Share
    upper: Share
    rows: Count

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.lower <= self.observed <= self.upper:
            raise ValueError("lower ≤ observed ≤ upper is wrong")
        return self


class Calibration(_Part):
    """Predicted probabilities and observed shares, from the lowest bin to the highest."""

    kind: Literal["calibration"]
    target: Name
    bins: list[CalibrationBin] = Field(min_length=1, max_length=MAX_BINS)


class Confusion(_Part):
    """Numbers of rows by label (first index) and predicted class (second).

    If `others` is not 0, so many further classes share the last row and column.
    """

    kind: Literal["confusion"]
    target: Name
    classes: list[Text] = Field(min_length=1, max_length=MAX_CELLS_ASIDE)
    others: Count
    counts: list[list[Count]]

    @model_validator(mode="after")
    def _square(self) -> Self:
        side = len(self.classes) + (self.others > 0)
        if side > MAX_CELLS_ASIDE or [len(row) for row in self.counts] != [side] * side:
            raise ValueError(f"counts has not {side} rows of {side} numbers, or more than {MAX_CELLS_ASIDE}")
        return self


class Residuals(_Part):
    """The histogram of prediction minus label: numbers of rows between `edges`, `below` the first, `above` the last."""

    kind: Literal["residuals"]
    target: Name
    edges: list[Number] = Field(min_length=2, max_length=MAX_POINTS)
    counts: list[Count]
    below: Count
    above: Count

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if len(self.counts) != len(self.edges) - 1:
            raise ValueError("counts has not one number for each bin")
        if any(low >= high for low, high in zip(self.edges, self.edges[1:], strict=False)):
            raise ValueError("edges is not in ascending order")
        return self


Plot = Annotated[Roc | PrecisionRecall | Calibration | Confusion | Residuals, Field(discriminator="kind")]


class ClassFigures(_Part):
    """The figures of one class: rows with this label, rows predicted so; null where a figure is not defined."""

    model_config = ConfigDict(populate_by_name=True)

    target: Name
    name: Text = Field(alias="class")
    rows: Count
    predicted: Count
    precision: Share | None
    recall: Share | None
    f1: Share | None


class Slice(_Part):
    """The metrics of the rows with one value of a column.

    `value` null: the rows without a value, or if `others` is not 0 the rows of so many other values. `rows` includes
    those whose label is missing, of which there are no metrics.
    """

    column: Name
    value: Text | None
    others: Count
    target: Name
    rows: Count
    labels_missing: Count
    metrics: dict[Name, Number | None] = Field(max_length=MAX_HEADLINE)
    undefined: dict[Name, Reason] = Field(default={}, description="Why a metric is null.")

    @model_validator(mode="after")
    def _reasoned(self) -> Self:
        _check_reasons(self.metrics, self.undefined)
        return self


class Details(_Part):
    """The contents of modelops_evaluation.json. All keys are optional."""

    headline: list[Name] = Field(
        default=[],
        max_length=MAX_HEADLINE,
        description="The metrics that the reviewer's card shows, in order; empty: all.",
    )
    undefined: dict[Name, Reason] = Field(default={}, description="Why a metric is null.")
    plots: list[Plot] = Field(default=[], max_length=MAX_PLOTS)
    classes: list[ClassFigures] = Field(default=[], max_length=MAX_CLASSES)
    slices: list[Slice] = Field(default=[], max_length=MAX_SLICES)

    @model_validator(mode="after")
    def _small(self) -> Self:
        for number, plot in enumerate(self.plots):
            size = len(json.dumps(plot.model_dump(), ensure_ascii=False).encode())
            if size > MAX_PLOT_BYTES:
                raise ValueError(f"plots[{number}] has {size:,} bytes, more than {MAX_PLOT_BYTES:,}")
        return self


class ScoredRows(_Part):
    """The artifact that keeps the rows which the evaluation scored."""

    sha256: str
    rows: Count


class EvaluationDetails(Details):
    """The details of an evaluation as the registry stores them."""

    standard: bool = Field(default=False, description="Whether it is the standard evaluation, not one of the model.")
    scored_rows: ScoredRows | None = Field(default=None, description="Null: none are kept.")


EXPECTED = (
    "plots, classes, slices, headline and undefined as docs/reference/evaluation.md describes them; or no such file"
)


def read_details(output: HeldFolder, metrics: Mapping[str, Any]) -> Details | None:
    """The details that the evaluation left; None if it left none.

    Raises:
        UserCodeError: the file is not a plain file, too large, or has other contents; or `metrics` lacks what it names.
    """
    try:
        with output.open(FILE) as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    if len(content) > MAX_BYTES:
        raise _wrong(f"{FILE} has more than {MAX_BYTES:,} bytes")
    try:
        parsed = bounds.read_json(content)
    except ValueError as error:
        raise _wrong(f"{FILE} is not JSON: {error}") from error
    for what in bounds.violations(parsed):
        raise _wrong(f"in {FILE} {what}", expected=bounds.EXPECTED)
    try:
        details = Details.model_validate(parsed)
        _check_reasons(metrics, details.undefined)
        _check_headline(metrics, details.headline)
    except ValidationError as error:
        first = error.errors()[0]
        place = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in first["loc"]).removeprefix(".")
        raise _wrong(f"in {FILE} {place or 'the object'}: {first['msg']}") from error
    except ValueError as error:
        raise _wrong(f"in {FILE} {error}") from error
    return details


def _check_headline(metrics: Mapping[str, Any], headline: Sequence[str]) -> None:
    for name in headline:
        if name not in metrics:
            raise ValueError(f"headline names {name}, which is not in metrics.json")
    if len(set(headline)) < len(headline):
        [name, *_] = (name for name in headline if headline.count(name) > 1)
        raise ValueError(f"headline names {name} more than once")


def _check_reasons(metrics: Mapping[str, Any], reasons: Mapping[str, str]) -> None:
    for name in reasons:
        if name not in metrics or metrics[name] is not None:
            raise ValueError(f"undefined has a reason for {name}, which is not a null metric")


def _wrong(what: str, *, expected: str = EXPECTED) -> UserCodeError:
    return UserCodeError(what, where=f"artifact_output_path/{FILE}", expected=expected)
