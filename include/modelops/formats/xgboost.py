"""Recognises XGBoost's files: JSON, and UBJ (Universal Binary JSON)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelops.domain.errors import ModelFileError

if TYPE_CHECKING:
    from modelops.formats.sample import Sample

_LEARNER = b"learner"
_FIRST_KEYS_BYTES = 256
_SPACE = b" \t\r\n"


def matches_json(sample: Sample) -> bool:
    """Whether a file is a JSON object that begins with the key of XGBoost's learner, or its version."""
    head = sample.head.lstrip(_SPACE)
    return head[:1] == b"{" and head[1:].lstrip(_SPACE).startswith((b'"learner"', b'"version"'))


def check_json(sample: Sample) -> None:
    """Refuse a file that is cut off or has no learner.

    Raises:
        ModelFileError: the file is damaged.
    """
    if not sample.tail.rstrip(_SPACE).endswith(b"}"):
        raise _refusal(sample, "JSON", "it is cut off, as no brace closes it")
    if _LEARNER not in sample.head and _LEARNER not in sample.tail:
        raise _refusal(sample, "JSON", "it has no learner")


def matches_ubj(sample: Sample) -> bool:
    """Whether a file is a UBJ object with the key of XGBoost's learner, or its version, among the first."""
    head = sample.head[:_FIRST_KEYS_BYTES]
    return head[:1] == b"{" and head[1:2] in b"LlIiU" and (_LEARNER in head or b"version" in head)


def check_ubj(sample: Sample) -> None:
    """Refuse a file that is cut off.

    Raises:
        ModelFileError: the file is damaged.
    """
    if not sample.tail.endswith(b"}"):
        raise _refusal(sample, "UBJ", "it is cut off, as no brace closes it")


def _refusal(sample: Sample, kind: str, what: str) -> ModelFileError:
    return ModelFileError(
        f"{sample.name} is no whole XGBoost {kind} file: {what}",
        where=sample.name,
        expected=f"the file as Booster.save_model('model.{kind.lower()}') wrote it",
    )
