"""Finds out the format of a model file by its bytes: bounded reads, and no library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelops.domain.errors import ModelFileError
from modelops.formats.catalogue import FORMATS
from modelops.formats.left_out import LEFT_OUT
from modelops.formats.sample import Sample

if TYPE_CHECKING:
    from pathlib import Path

    from modelops.formats.format import Format

_SHOWN_BYTES = 16


def recognise(path: Path, name: str) -> Format:
    """The format of a file.

    That a file has a format doesn't mean that it can be read, nor that it means no harm: `runtime.model_files.describe`
    finds out.

    Args:
        path: where the file is.
        name: its name where it comes from, for messages and for formats that only a name tells.

    Raises:
        ModelFileError: it is empty, damaged, or in no format that can be imported.
    """
    with Sample(path, name) as sample:
        if not sample.size:
            raise ModelFileError(f"{name} is empty", where=name, expected=_expected())
        if sample.is_sparse:
            raise ModelFileError(
                f"{name} has holes: the file system holds fewer bytes of it than the {sample.size:,} that it announces",
                where=name,
                expected="a whole copy of the model file",
            )
        for left_out in LEFT_OUT:
            if left_out.matches(sample):
                raise ModelFileError(
                    f"{name} is {left_out.what}, which can't be imported", where=name, expected=left_out.instead
                )
        for each in FORMATS.values():
            if each.matches(sample):
                each.check(sample)
                return each
        raise ModelFileError(
            f"{name} is in no format that can be imported: it begins with {sample.head[:_SHOWN_BYTES]!r}",
            where=name,
            expected=_expected(),
        )


def _expected() -> str:
    return f"a model file in one of the formats {', '.join(each.title for each in FORMATS.values())}"
