"""Packs a folder into a deterministic tar file: the same contents give the same bytes, and so the same hash."""

from __future__ import annotations

import hashlib
import io
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelops.domain.errors import RepositoryError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

MAX_BYTES = 100 * 2**20


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A file of the folder, or a symbolic link, whose `content` is its target. `name` is relative, with slashes."""

    name: str
    content: bytes
    executable: bool = False
    link: bool = False


def check_size(sizes: Iterable[tuple[str, int]], shown: str) -> None:
    """Refuse files, given as names and sizes, that are too large for an archive.

    Raises:
        RepositoryError: they have more than 100 MiB; the message names the largest.
    """
    total, largest = 0, ("", 0)
    for name, size in sizes:
        total += 512 + -(-size // 512) * 512  # in a tar file: a header, and whole blocks of content
        largest = max(largest, (name, size), key=lambda one: one[1])
        if total > MAX_BYTES:
            raise RepositoryError(
                f"the folder has more than {MAX_BYTES // 2**20} MiB; {largest[0]} alone has {largest[1]:,} bytes",
                where=shown,
                expected="code and configuration only, no data and no trained models",
            )


def write(entries: Iterable[Entry], archive: Path) -> str:
    """Write the tar file. Returns its sha256 as hexadecimal digits."""
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tar:
        for entry in sorted(entries, key=lambda one: one.name):
            member = tarfile.TarInfo(entry.name)
            member.mode = 0o755 if entry.executable else 0o644
            if entry.link:
                member.type, member.linkname = tarfile.SYMTYPE, entry.content.decode()
                tar.addfile(member)
            else:
                member.size = len(entry.content)
                tar.addfile(member, io.BytesIO(entry.content))
    with archive.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unpack(archive: Path, destination: Path, *, shown: str | None = None) -> Path:
    """Unpack an archive into the new folder `destination`/contents, which is returned; `shown` names it in messages.

    Raises:
        RepositoryError: it isn't an archive that `write` made, or a link or a name in it leads out of the folder.
    """
    folder = destination / "contents"
    folder.mkdir(parents=True)
    # Python before 3.11.4 has no filter. `_check` has refused all that the filter would refuse.
    safety = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    try:
        with tarfile.open(archive, "r:") as tar:
            members = tar.getmembers()
            links = {member.name for member in members if member.issym()}
            for member in members:
                _check(member, links, shown or str(archive))
            tar.extractall(folder, **safety)  # type: ignore[arg-type]  # noqa: S202 - every member was checked
    except tarfile.TarError as error:
        raise RepositoryError(
            f"the archive can't be unpacked: {error}",
            where=shown or str(archive),
            expected="the tar file that was written when the folder was pinned",
        ) from None
    return folder


def _check(member: tarfile.TarInfo, links: Collection[str], shown: str) -> None:
    parents = member.name.split("/")[:-1]
    if not (member.isreg() or member.issym()) or member.name.startswith("/") or ".." in member.name.split("/"):
        raise RepositoryError(
            f"{member.name!r} can't be part of a pinned folder",
            where=shown,
            expected="files and symbolic links inside the folder",
        )
    if member.issym() and _leaves(parents, member.linkname, links):
        raise RepositoryError(
            f"the symbolic link points out of the folder, to {member.linkname}",
            where=f"{shown}/{member.name}",
            expected="a relative link straight to a file of the same folder, or the file itself",
        )


def _leaves(parents: list[str], target: str, links: Collection[str]) -> bool:
    """Whether a link in this folder may lead outside, or goes through another link."""
    path = list(parents)
    for part in target.split("/"):
        if "/".join(path) in links or (part == ".." and not path):
            return True
        if part == "..":
            path.pop()
        elif part not in ("", "."):
            path.append(part)
    return target.startswith("/")
