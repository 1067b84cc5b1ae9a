"""Recognises LightGBM's text files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelops.domain.errors import ModelFileError

if TYPE_CHECKING:
    from modelops.formats.sample import Sample

_BEGIN, _LINES = b"tree\n", (b"\nend of trees\n", b"\nend of parameters\n")
_BLOCK_BYTES = 2**20


def matches(sample: Sample) -> bool:
    """Whether a file begins as LightGBM's text does."""
    return sample.head.startswith((_BEGIN, b"tree\r\n"))


def check(sample: Sample) -> None:
    """Look for the lines that end the two parts of the file, block by block: LightGBM crashes without them.

    Raises:
        ModelFileError: the file is cut off.
    """
    missing = list(_LINES)
    place, before = 0, b""
    while missing and place < sample.size:
        block = sample.at(place, _BLOCK_BYTES)
        place += len(block)
        text = (before + block).replace(b"\r\n", b"\n")
        missing = [line for line in missing if line not in text]
        before = text[-max(map(len, _LINES)) :]
    if missing:
        raise ModelFileError(
            f"{sample.name} is no whole LightGBM text file: it is cut off, as it has no line"
            f" {missing[0].strip().decode()!r}",
            where=sample.name,
            expected="the file as Booster.save_model() wrote it",
        )
