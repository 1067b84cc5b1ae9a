"""Reads the metrics.json that users' code wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.domain import bounds
from modelops.domain.errors import UserCodeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelops.plain_files import HeldFolder

METRICS = "metrics.json"
MAX_BYTES = 2**20
EVALUATION, STANDARD = "evaluation", "standardevaluation"
"""The metric of the standard evaluation that names it, and how its text begins, without spaces."""


def read_metrics(output: HeldFolder, *, required: bool) -> dict[str, Any]:
    """The metrics, from a file with a JSON object; empty if there is no file and none is required.

    Raises:
        UserCodeError: the file is missing, not a plain file, too large, not a JSON object, or has a value that is out
            of bounds.
    """
    try:
        with output.open(METRICS) as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        if required:
            raise _wrong(f"evaluate() left no {METRICS}") from None
        return {}
    if len(content) > MAX_BYTES:
        raise _wrong(f"{METRICS} has more than {MAX_BYTES:,} bytes")
    try:
        metrics = bounds.read_json(content, finite=False)  # the violations below name such numbers
    except ValueError as error:
        raise _wrong(f"{METRICS} is not JSON: {error}") from error
    if not isinstance(metrics, dict) or (required and not metrics):
        raise _wrong(f"{METRICS} is not an object with at least one metric")
    for what in bounds.violations(metrics):
        raise _wrong(f"in {METRICS} {what}", expected=bounds.EXPECTED)
    return metrics


def refuse_standard(metrics: Mapping[str, Any]) -> None:
    """Refuse metrics of a model's own evaluation that look like those of the standard one.

    Raises:
        UserCodeError: the metric `evaluation` says that it is the standard evaluation.
    """
    said = metrics.get(EVALUATION)
    if isinstance(said, str) and "".join(said.split()).casefold().startswith(STANDARD):
        raise _wrong(
            f"{EVALUATION} is {said[:50]!r}, and the evaluation is the model's own",
            expected=f"another text, no metric {EVALUATION}, or no model_modules/evaluation.py",
        )


def _wrong(
    what: str, *, expected: str = 'a JSON object of metrics and finite numbers, like {"auc": 0.76}'
) -> UserCodeError:
    return UserCodeError(what, where=f"artifact_output_path/{METRICS}", expected=expected)
