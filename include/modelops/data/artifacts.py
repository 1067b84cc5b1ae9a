"""Stores files under their SHA-256: `<root>/sha256/ab/abcd…`. A stored file is only replaced by the same bytes."""

from __future__ import annotations

import hashlib
import mimetypes
import os
from functools import partial
from typing import IO, TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from modelops.domain.errors import ArtifactChanged, UserCodeError
from modelops.domain.versions import Artifact, ArtifactRole
from modelops.plain_files import MAX_ENTRIES, open_plain

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from modelops.plain_files import HeldFolder

CHUNK = 2**20
ANY = "application/octet-stream"
MEDIA_TYPES = {"parquet": "application/vnd.apache.parquet"}
"""Those that not every version of Python knows, by the ending of the name."""


class Root(Protocol):
    """The methods of Airflow's ObjectStoragePath that the store uses; a universal_pathlib UPath has them too."""

    def __truediv__(self, name: str) -> Root: ...
    def exists(self) -> bool: ...
    def stat(self) -> Any: ...
    def mkdir(self, *, parents: bool, exist_ok: bool) -> None: ...
    def open(self, mode: str) -> IO[Any]: ...
    def unlink(self) -> None: ...
    def iterdir(self) -> Iterable[Any]: ...
    def rename(self, target: Any) -> Any: ...
    def as_uri(self) -> str: ...


class ArtifactStore:
    """Stores and retrieves files by hash.

    A file is first written under `incoming/<tag>-…` and then renamed, so that a killed worker leaves no partial file
    under a hash. Each attempt has its own tag; `sweep` removes the partial files of earlier attempts.
    """

    def __init__(self, root: Root) -> None:
        self._root = root

    def put(self, path: Path, *, role: ArtifactRole, name: str, tag: str) -> Artifact:
        """Store a file.

        Raises:
            UserCodeError: the path is not a plain file, or the file has another hard link.
        """
        with open_plain(path, shown=name) as source:
            return self._put(source, role=role, name=name, tag=tag)

    def put_output(
        self, folder: HeldFolder, *, tag: str, most_files: int = MAX_ENTRIES, most_bytes: int = 2**30
    ) -> list[Artifact]:
        """Store every file that user code left below a folder, under its path relative to it.

        Raises:
            UserCodeError: the folder has a link, a device or an unprintable name, or too many files or bytes.
        """
        files = list_output(folder, most_files=most_files, most_bytes=most_bytes)
        stored = []
        for name, size in files:
            with folder.open(name) as source:
                stored.append(self._put(source, role=ArtifactRole.OUTPUT, name=name, tag=tag, size=size))
        return stored

    def _put(self, source: IO[bytes], *, role: ArtifactRole, name: str, tag: str, size: int | None = None) -> Artifact:
        """Copy and hash the source in one pass, so that the stored bytes are those that were hashed.

        A file that is already stored is replaced by the same bytes, which repairs a damaged one.
        """
        incoming = self._root / "incoming"
        incoming.mkdir(parents=True, exist_ok=True)
        arriving = incoming / f"{tag}-{uuid4().hex}"
        try:
            with arriving.open("wb") as sink:
                sha256, copied = _copy(source, sink, most=size)
                _flush(sink)
            _check_size(name, size, copied)
            folder = self._root / "sha256" / sha256[:2]
            folder.mkdir(parents=True, exist_ok=True)
            target = folder / sha256
            arriving.rename(target)
        except BaseException:
            if arriving.exists():
                arriving.unlink()
            raise
        media_type = MEDIA_TYPES.get(name.rpartition(".")[2]) or mimetypes.guess_type(name)[0] or ANY
        return Artifact(role=role, name=name, sha256=sha256, size=copied, media_type=media_type, uri=str(target))

    def open(self, artifact: Artifact) -> IO[bytes]:
        """Open the stored file without checking its content.

        Raises:
            ArtifactChanged: the file does not exist any more.
        """
        stored = self._root / "sha256" / artifact.sha256[:2] / artifact.sha256
        if not stored.exists():
            raise ArtifactChanged(
                f"artifact {artifact.name} does not exist any more",
                where=artifact.uri,
                expected="the file that was recorded",
            )
        return stored.open("rb")

    def fetch(self, artifacts: Iterable[Artifact], destination: Path) -> None:
        """Copy artifacts below `destination`, under their names.

        Raises:
            ArtifactChanged: a stored file is missing or does not have the recorded hash.
        """
        for artifact in artifacts:
            path = destination / artifact.name
            path.parent.mkdir(parents=True, exist_ok=True)
            # "x": on a case-insensitive file system, two names may be one file.
            with self.open(artifact) as source, path.open("xb") as sink:
                found, _ = _copy(source, sink)
            if found != artifact.sha256:
                path.unlink()
                raise ArtifactChanged(
                    f"artifact {artifact.name} was changed after it was recorded",
                    where=artifact.uri,
                    expected=f"a file with SHA-256 {artifact.sha256}; this one has {found}",
                )

    def sweep(self, prefix: str) -> None:
        """Remove the partial files of killed attempts whose tags start with `prefix`."""
        incoming = self._root / "incoming"
        if incoming.exists():
            for partial_file in incoming.iterdir():
                if partial_file.name.startswith(prefix):
                    partial_file.unlink()


def _check_size(name: str, expected: int | None, copied: int) -> None:
    if expected is not None and copied != expected:
        raise UserCodeError(
            f"{name} changed while it was being stored",
            where="artifact_output_path",
            expected="files that nothing writes to any more when the function returns",
        )


def list_output(folder: HeldFolder, *, most_files: int, most_bytes: int) -> list[tuple[str, int]]:
    """The files that user code left below a folder, with their sizes, as `HeldFolder.files` gives them.

    Raises:
        UserCodeError: one of them is not a plain file, or there are too many files or bytes.
    """
    files = folder.files(most=most_files)
    total = sum(size for _, size in files)
    if total > most_bytes:
        name, largest = max(files, key=lambda file: file[1])
        raise UserCodeError(
            f"the files that the code left have {total:,} bytes; {name} alone has {largest:,}",
            where="artifact_output_path",
            expected=f"at most {most_bytes // 2**20:,} MiB; or have MODELOPS_OUTPUT_SIZE raised",
        )
    return files


def _copy(source: IO[bytes], sink: IO[Any], *, most: int | None = None) -> tuple[str, int]:
    """Copy the source and return the SHA-256 in hex and the number of bytes; stops soon after `most` bytes."""
    digest, copied = hashlib.sha256(), 0
    for chunk in iter(partial(source.read, CHUNK), b""):
        digest.update(chunk)
        sink.write(chunk)
        copied += len(chunk)
        if most is not None and copied > most:
            break
    return digest.hexdigest(), copied


def _flush(sink: IO[Any]) -> None:
    """Flush a local file to disk, so that it is complete before it gets its final name."""
    try:
        descriptor = sink.fileno()
    except (AttributeError, OSError):
        return  # an object store, which never shows a partial file
    sink.flush()
    os.fsync(descriptor)
