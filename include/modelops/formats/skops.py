"""Recognises files of skops: zip archives with a schema, within bounds of what they unpack to."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from modelops.domain.errors import ModelFileError
from modelops.domain.resources import MIB, size_text
from modelops.formats.archive import directory_of

if TYPE_CHECKING:
    from modelops.formats.sample import Sample

SCHEMA = "schema.json"
MAX_BYTES, MAX_SCHEMA_BYTES, MAX_RATIO = 2048 * MIB, 64 * MIB, 200
"""Of all files after they are unpacked, of the schema, and how many times as large as packed the whole may be."""


def matches(sample: Sample) -> bool:
    """Whether a file is a zip archive with skops' schema, or is named like one of skops."""
    if sample.head[:2] != b"PK":
        return False
    try:
        return sample.ending == ".skops" or any(entry.filename == SCHEMA for entry in directory_of(sample))
    except (zipfile.BadZipFile, ValueError):
        return False


def check(sample: Sample) -> None:
    """Read the directory of the archive; nothing is unpacked.

    Raises:
        ModelFileError: the archive is damaged, or would unpack to too much.
    """
    try:
        entries = directory_of(sample)
    except (zipfile.BadZipFile, ValueError) as error:
        raise _refusal(sample, f"is no whole skops file: {error}") from None
    schema = [entry for entry in entries if entry.filename == SCHEMA]
    total = sum(entry.file_size for entry in entries)
    if len(schema) != 1:
        raise _refusal(sample, f"is no skops file: it has {len(schema)} files {SCHEMA}")
    if schema[0].file_size > MAX_SCHEMA_BYTES:
        raise _refusal(sample, f"is too large for a skops file: its {SCHEMA} has {size_text(schema[0].file_size)}")
    if total > MAX_BYTES or total > MAX_RATIO * max(sample.size, 1):
        raise _refusal(sample, f"is too large for a skops file: it unpacks to {size_text(total)}")
    if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
        raise _refusal(sample, "is no skops file: it is compressed in another way than skops does")
    if any(entry.flag_bits & 1 for entry in entries):
        raise _refusal(sample, "is no skops file: it is encrypted")


def _refusal(sample: Sample, what: str) -> ModelFileError:
    return ModelFileError(f"{sample.name} {what}", where=sample.name, expected="the file as skops.io.dump() wrote it")
