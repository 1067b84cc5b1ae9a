"""Files under their own hashes: `<root>/sha256/ab/abcd…`. What is there is never written again."""

from __future__ import annotations

import hashlib
import mimetypes
import os
import shutil
from typing import IO, TYPE_CHECKING, Any, Protocol

from modelops.domain.errors import ArtifactChanged, UserCodeError
from modelops.domain.text import is_storable
from modelops.domain.versions import Artifact, ArtifactRole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

CHUNK = 2**20


class Root(Protocol):
    """The part of Airflow's ObjectStoragePath that we use; a universal_pathlib UPath fits too."""

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
    """Puts files in and gets them out by hash.

    A file is first written under `incoming/<tag>-…` and then renamed, so that a killed worker leaves no half file
    under a hash. A tag is an attempt's own; `sweep` removes what earlier ones left there.
    """

    def __init__(self, root: Root) -> None:
        self._root = root

    def put(self, path: Path, *, role: ArtifactRole, name: str, tag: str) -> Artifact:
        """Store a file; one that is there already, whole, is not written again."""
        sha256 = hash_of(path)
        folder = self._root / "sha256" / sha256[:2]
        target = folder / sha256
        size = path.stat().st_size
        if not target.exists() or target.stat().st_size != size:
            folder.mkdir(parents=True, exist_ok=True)
            incoming = self._root / "incoming"
            incoming.mkdir(parents=True, exist_ok=True)
            arriving = incoming / f"{tag}-{sha256}"
            with path.open("rb") as source, arriving.open("wb") as sink:
                shutil.copyfileobj(source, sink, CHUNK)
                _flush(sink)
            arriving.rename(target)
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return Artifact(role=role, name=name, sha256=sha256, size=size, media_type=media_type, uri=str(target))

    def put_output(self, folder: Path, *, tag: str) -> list[Artifact]:
        """Store every file that user code left below a folder, under its path relative to it.

        Raises:
            UserCodeError: there is a link, a device or an unprintable name among them.
        """
        stored = []
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if not name.isprintable() or not is_storable(name):
                raise UserCodeError(
                    f"the file name {name!r} has characters that can't be recorded",
                    where="artifact_output_path",
                    expected="names of letters, digits and punctuation",
                )
            if path.is_symlink() or not (path.is_dir() or path.is_file()):
                raise UserCodeError(
                    f"{name} is not a plain file", where="artifact_output_path", expected="plain files and folders"
                )
            if path.is_file():
                stored.append(self.put(path, role=ArtifactRole.OUTPUT, name=name, tag=tag))
        return stored

    def open(self, artifact: Artifact) -> IO[bytes]:
        """The stored file, whatever it is now.

        Raises:
            ArtifactChanged: it is gone.
        """
        stored = self._root / "sha256" / artifact.sha256[:2] / artifact.sha256
        if not stored.exists():
            raise ArtifactChanged(
                f"artifact {artifact.name} is gone", where=artifact.uri, expected="the file that was recorded"
            )
        return stored.open("rb")

    def fetch(self, artifacts: Iterable[Artifact], destination: Path) -> None:
        """Copy artifacts below `destination`, under their names.

        Raises:
            ArtifactChanged: a stored file isn't what was recorded.
        """
        for artifact in artifacts:
            path = destination / artifact.name
            path.parent.mkdir(parents=True, exist_ok=True)
            with self.open(artifact) as source, path.open("wb") as sink:
                shutil.copyfileobj(source, sink, CHUNK)
            if (found := hash_of(path)) != artifact.sha256:
                path.unlink()
                raise ArtifactChanged(
                    f"artifact {artifact.name} was changed after it was recorded",
                    where=artifact.uri,
                    expected=f"a file with SHA-256 {artifact.sha256}; this one has {found}",
                )

    def sweep(self, prefix: str) -> None:
        """Remove what killed attempts whose tags begin like this left half-written."""
        incoming = self._root / "incoming"
        if incoming.exists():
            for left in incoming.iterdir():
                if left.name.startswith(prefix):
                    left.unlink()


def hash_of(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(sink: IO[Any]) -> None:
    """A local file reaches the disk before its name says that it is whole."""
    try:
        descriptor = sink.fileno()
    except (AttributeError, OSError):
        return  # an object store, which has files whole or not at all
    sink.flush()
    os.fsync(descriptor)
