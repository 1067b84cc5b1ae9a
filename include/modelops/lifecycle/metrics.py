"""Reads what user code left in metrics.json."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import UserCodeError
from modelops.domain.text import storable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelops.plain_files import HeldFolder

METRICS = "metrics.json"
MOST_BYTES = 2**20


def read_metrics(output: HeldFolder, *, required: bool) -> dict[str, Any]:
    """The metrics: a JSON object. Empty where there is no file and none is required.

    Raises:
        UserCodeError: the file is missing, not a plain file, too large, not JSON, not an object, or has a number that
            JSON hasn't.
    """
    try:
        with output.open(METRICS) as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        if required:
            raise _wrong(f"evaluate() left no {METRICS}") from None
        return {}
    if len(content) > MOST_BYTES:
        raise _wrong(f"{METRICS} has more than {MOST_BYTES:,} bytes")
    try:
        metrics = json.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise _wrong(f"{METRICS} is not JSON: {error}") from error
    if not isinstance(metrics, dict) or (required and not metrics):
        raise _wrong(f"{METRICS} is not an object with at least one metric")
    if storable(metrics) != metrics:
        raise _wrong(f"{METRICS} has a NUL character or half a surrogate pair in a text")
    bad = [name for name, value in _numbers(metrics, "") if not math.isfinite(value)]
    if bad:
        raise _wrong(f"{METRICS} has NaN or infinity for {', '.join(bad)}")
    return metrics


def _wrong(what: str) -> UserCodeError:
    return UserCodeError(
        what,
        where=f"artifact_output_path/{METRICS}",
        expected='a JSON object of metrics and finite numbers, like {"auc": 0.76}',
    )


def _numbers(value: Any, path: str) -> Iterator[tuple[str, float]]:
    match value:
        case dict():
            for name, inner in value.items():
                yield from _numbers(inner, f"{path}.{name}" if path else name)
        case list():
            for index, inner in enumerate(value):
                yield from _numbers(inner, f"{path}[{index}]")
        case float():
            yield path, value
