"""Fetches a model file from the inbox or from an object store, in one pass, with its hash."""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from modelops.domain.errors import ModelFileError, Unavailable, UserCodeError
from modelops.domain.spelling import did_you_mean
from modelops.plain_files import HeldFolder, create_plain
from modelops.settings import INBOX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from modelops.settings import Settings

WHERE = "the parameter file"
CHUNK = 2**20
MAX_NAME = 200
MAX_VISITED = 10_000
"""Files and folders of the inbox that are looked at for suggestions."""
MAX_LISTED = 500
"""Maximum number of files of the inbox that are listed, for suggestions."""
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*)://([^/]*)(/.*)?")


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """A copy of a model file. `name` is the last part of its address; `size` is in bytes."""

    path: Path
    name: str
    size: int
    sha256: str


def fetch_model_file(
    address: str, folder: Path, *, settings: Settings, open_remote: Callable[[str], IO[bytes]]
) -> ModelFile:
    """Copy a model file into a folder, with an own name, while its bytes are counted and hashed.

    Args:
        address: a path below the inbox, or an address of an object store.
        folder: an existing folder of this attempt alone.
        settings: where files may come from, and how large they may be.
        open_remote: opens an address of an object store.

    Raises:
        ModelFileError: the address isn't allowed, there is no such file, or it is too large.
        Unavailable: the object store can't be read.
    """
    name = check_address(address, settings.installation.model_sources)
    most = settings.installation.model_file_bytes
    path = folder / name
    opened = _of_inbox(address, settings.machine.inbox) if "://" not in address else _of_store(address, open_remote)
    with opened as source, create_plain(path) as sink:
        digest, size = hashlib.sha256(), 0
        for chunk in iter(lambda: source.read(CHUNK), b""):
            size += len(chunk)
            if size > most:
                raise ModelFileError(
                    f"{address} has more than {most // 2**20:,} MiB",
                    where=WHERE,
                    expected="a smaller file; or have MODELOPS_MODEL_FILE_SIZE raised",
                )
            digest.update(chunk)
            sink.write(chunk)
    return ModelFile(path=path, name=name, size=size, sha256=digest.hexdigest())


def check_address(address: str, sources: Sequence[str]) -> str:
    """Check that files may come from there; returns the name of the file.

    Raises:
        ModelFileError: they may not, or the address has no name of a file.
    """
    if "://" not in address:
        if INBOX not in sources:
            raise _not_allowed(address, sources)
        parts = address.split("/")
        if address.startswith("/") or any(part in ("", ".", "..") for part in parts):
            raise ModelFileError(
                f"{address!r} is no path below the inbox",
                where=WHERE,
                expected="a relative path, without . and .., such as late.onnx or flights/late.onnx; or an address"
                " such as s3://bucket/late.onnx",
            )
    else:
        _check_remote(address, sources)
    name = PurePosixPath(address).name
    if not address.isprintable() or len(name.encode()) > MAX_NAME or "\\" in name:
        raise ModelFileError(
            "the name of the file is too long, or the address has characters that can't be printed",
            where=WHERE,
            expected=f"an address of printable characters, with a name of at most {MAX_NAME} bytes",
        )
    return name


def inbox_files(inbox: Path) -> list[str]:
    """The paths of the files in the inbox, for suggestions; links and hidden files are omitted. Never raises."""
    found: list[str] = []
    try:
        for path in islice(inbox.rglob("*"), MAX_VISITED):
            relative = path.relative_to(inbox)
            if path.is_file() and not path.is_symlink() and not any(part.startswith(".") for part in relative.parts):
                found.append(relative.as_posix())
                if len(found) == MAX_LISTED:
                    break
    except OSError:
        pass
    return sorted(found)


def _check_remote(address: str, sources: Sequence[str]) -> None:
    found = _ADDRESS.fullmatch(address)
    if found is None or not found[3] or any(part in ("", ".", "..") for part in found[3][1:].split("/")):
        raise ModelFileError(
            f"{address!r} is no address of a file",
            where=WHERE,
            expected="scheme://bucket/path, without . and .. in it",
        )
    beginnings = [source for source in sources if "://" in source]
    if any(address.startswith(f"{beginning.rstrip('/')}/") for beginning in beginnings):
        return
    if found[1] not in sources:
        raise _not_allowed(address, sources)
    if "@" in found[2]:
        raise ModelFileError(
            f"the address names a connection of Airflow: {found[2].partition('@')[0]!r}",
            where=WHERE,
            expected="an address without a connection; or have it added to MODELOPS_MODEL_SOURCES as the beginning of"
            " an address",
        )


def _not_allowed(address: str, sources: Sequence[str]) -> ModelFileError:
    named = ", ".join("the inbox" if source == INBOX else source for source in sources)
    return ModelFileError(
        f"model files from {address!r} are not allowed",
        where=WHERE,
        expected=f"a file from {named}; or have MODELOPS_MODEL_SOURCES changed",
    )


@contextmanager
def _of_inbox(address: str, inbox: Path) -> Iterator[IO[bytes]]:
    """Open a file below the inbox; links may lead from one of its files to another, and not out of it."""
    root = inbox.resolve()
    path = (root / address).resolve()
    if not path.is_relative_to(root):
        raise ModelFileError(
            f"{address} is a link that leads out of the inbox", where=WHERE, expected="a file below the inbox"
        )
    try:
        with HeldFolder(root) as folder, folder.open(path.relative_to(root).as_posix(), shared=True) as source:
            yield source
    except FileNotFoundError:
        raise ModelFileError(
            f"the inbox has no file {address!r}{did_you_mean(address, inbox_files(inbox))}",
            where=WHERE,
            expected=f"a file below the inbox, {inbox}",
        ) from None
    except UserCodeError as error:
        raise ModelFileError(error.what, where=WHERE, expected="a plain file") from None
    except PermissionError:
        raise ModelFileError(
            f"{address} can't be read", where=WHERE, expected="a file that this system's user may read"
        ) from None


@contextmanager
def _of_store(address: str, open_remote: Callable[[str], IO[bytes]]) -> Iterator[IO[bytes]]:
    try:
        source = open_remote(address)
    except (FileNotFoundError, IsADirectoryError):
        raise ModelFileError(f"there is no file {address!r}", where=WHERE, expected="a file of the store") from None
    except ImportError as error:
        raise ModelFileError(
            f"this installation can't read {address!r}: {error}",
            where=WHERE,
            expected="the Airflow provider of this store, installed on all machines",
        ) from None
    except Exception as error:
        raise Unavailable(f"{address} can't be read: {error}") from error
    try:
        with source:
            yield source
    except ModelFileError:
        raise
    except Exception as error:
        raise Unavailable(f"{address} can't be read to its end: {error}") from error
