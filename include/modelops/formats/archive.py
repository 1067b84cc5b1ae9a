"""The directory of a zip archive, within bounds: nothing is unpacked."""

from __future__ import annotations

import struct
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelops.formats.sample import Sample

MAX_ENTRIES = 10_000
_MAX_DIRECTORY_BYTES = 4 * 2**20
_END, _END_BYTES = b"PK\x05\x06", 22
_LARGE, _LARGE_BYTES = b"PK\x06\x07", 20
_ENTRY_BYTES = 46
"""The least that an entry of the directory takes, besides its name."""


def directory_of(sample: Sample) -> list[zipfile.ZipInfo]:
    """The entries of the archive.

    Raises:
        ValueError: it has too many entries.
        zipfile.BadZipFile: it is damaged or cut off, or its directory says what isn't so.
    """
    place = sample.tail.rfind(_END)
    if place < 0 or len(sample.tail) < place + _END_BYTES:
        raise zipfile.BadZipFile("it has no directory at its end: it is cut off")
    entries, size = struct.unpack_from("<HI", sample.tail, place + 10)
    end = max(sample.size - len(sample.tail), 0) + place
    if (
        end >= _LARGE_BYTES and sample.at(end - _LARGE_BYTES, len(_LARGE)) == _LARGE
    ):  # ZIP64, whose numbers have no bound
        raise ValueError("it is an archive of more than 4 GiB, or says so")
    if entries > MAX_ENTRIES or size > _MAX_DIRECTORY_BYTES or size // _ENTRY_BYTES > MAX_ENTRIES:
        raise ValueError(f"its directory announces {entries:,} files in {size:,} bytes")
    try:
        with zipfile.ZipFile(sample.file) as archive:
            found = archive.infolist()
    except (OSError, struct.error, UnicodeDecodeError, NotImplementedError, OverflowError) as error:
        raise zipfile.BadZipFile(f"its directory is damaged: {error}") from None
    if len(found) > MAX_ENTRIES:
        raise ValueError(f"it has {len(found):,} files")
    return found


def names_in(sample: Sample) -> list[str]:
    """The names of the files in the archive; raises as `directory_of`."""
    return [entry.filename for entry in directory_of(sample)]
