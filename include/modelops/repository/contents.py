"""Determines the files of a folder to be pinned: in a commit, in a git work tree, or in a plain folder."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from modelops.domain.errors import RepositoryError, Unavailable, UserCodeError
from modelops.plain_files import HeldFolder
from modelops.repository import archive
from modelops.repository.archive import Entry, check_size
from modelops.repository.git import GitError, git
from modelops.repository.work_tree import work_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from modelops.repository.work_tree import WorkTree

_LFS_POINTER = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True, kw_only=True)
class Contents:
    """The files of a folder and its commit; `dirty`: the files differ from those of the commit."""

    entries: Iterable[Entry]
    commit: str | None
    dirty: bool


def of_mirror(mirror: Path, commit: str, path: str, shown: str) -> Contents:
    """The folder `path` of a commit in a bare repository.

    Raises:
        RepositoryError: as for `of_folder`.
        Unavailable: the mirror is damaged, or was just replaced.
    """
    try:
        return _of_commit(partial(git, folder=mirror, bare=True), commit, path, shown)
    except GitError as error:
        raise Unavailable(f"git can't read commit {commit} of {mirror}: {error.reason}") from None


def of_folder(folder: Path, shown: str, *, allow_dirty: bool) -> Contents:
    """The files of a folder: those of HEAD, or, with allowed uncommitted changes, those that git doesn't ignore.

    Without git, or if git ignores the folder: all files except hidden ones and __pycache__.

    Raises:
        RepositoryError: there are changes that are not committed, and they are not allowed;
            or it holds a submodule, a file that git LFS keeps elsewhere, or too much.
    """
    try:
        with work_tree(folder) as tree:
            listed = _listed(tree) if tree is not None else []
            if tree is None or not listed:  # or git ignores the whole folder
                return Contents(entries=_read(folder, _walk(folder), shown), commit=None, dirty=False)
            changes = _changes(tree)
            if tree.commit is not None and not changes:
                return _of_commit(tree.git, tree.commit, tree.prefix, shown)
    except GitError as error:
        raise RepositoryError(
            f"git can't read this folder: {error.reason}",
            where=shown,
            expected="a folder in a sound git repository that this system's user owns or trusts, or one without git",
        ) from None
    if not allow_dirty:
        raise RepositoryError(
            f"this folder has changes that are not committed: {_listed_names(changes)}",
            where=shown,
            expected="commit them, or allow uncommitted files: the job then records that it used them",
        )
    return Contents(entries=_read(folder, listed, shown), commit=tree.commit, dirty=True)


def _of_commit(run: Callable[..., bytes], commit: str, path: str, shown: str) -> Contents:
    """The files with the bytes that git stores, without the conversions of .gitattributes."""
    output = run("ls-tree", "-r", "-l", "-z", "--full-tree", f"{commit}:{path}")
    listing = [os.fsdecode(line) for line in output.split(b"\0") if line]
    found = []
    for line in listing:
        description, name = line.split("\t", 1)
        mode, kind, blob, length = description.split()
        if kind != "blob":
            raise _not_a_file(name, "a git submodule", shown)
        if not _is_bytecode(name):
            found.append((name, mode, blob, int(length)))
    check_size(((name, size) for name, _, _, size in found), shown)
    request = "".join(f"{blob}\n" for _, _, blob, _ in found).encode()
    answer = run("cat-file", "--batch", stdin=request)
    entries, end = [], 0
    for name, mode, blob, size in found:
        start = end + len(f"{blob} blob {size}\n")
        content = answer[start : start + size]
        end = start + size + 1
        entries.append(_entry(name, content, shown, executable=mode == "100755", link=mode == "120000"))
    return Contents(entries=entries, commit=commit, dirty=False)


def _changes(tree: WorkTree) -> list[str]:
    """The files that differ from HEAD, are staged, or are new. Bytecode never counts.

    Submodules are refused elsewhere: git would read their configuration and run programs that it names.
    """
    options = ("--no-renames", "--untracked-files=all", "--ignore-submodules=all")
    lines = tree.names("status", "--porcelain", "-z", *options, "--", ".")
    names = [(line[:2], line[3:].removeprefix(f"{tree.prefix}/")) for line in lines]
    return [name for state, name in names if state != "??" or not _is_bytecode(name)]


def _listed(tree: WorkTree) -> list[str]:
    """The files that git tracks or would track, and that exist."""
    names = tree.names("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return sorted(
        name
        for name in set(names)
        if os.path.lexists(tree.folder / name) and not _is_bytecode(name) and not _is_behind_link(tree.folder, name)
    )


def _walk(folder: Path) -> Iterator[str]:
    for place, folders, files in os.walk(folder, onerror=_raise):
        folders[:] = [name for name in folders if name != "__pycache__" and not name.startswith(".")]
        links = [name for name in folders if Path(place, name).is_symlink()]
        for name in files + links:
            if not name.startswith("."):
                yield Path(place, name).relative_to(folder).as_posix()


def _read(folder: Path, names: Iterable[str], shown: str) -> Iterator[Entry]:
    try:
        names = list(names)
        check_size(((name, (folder / name).lstat().st_size) for name in names), shown)
        with HeldFolder(folder) as held:
            for name in names:
                file = folder / name
                mode = file.lstat().st_mode
                if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
                    kind = "a git repository of its own" if stat.S_ISDIR(mode) else "neither a file nor a link"
                    raise _not_a_file(name, kind, shown)
                link = stat.S_ISLNK(mode)
                content = os.fsencode(file.readlink()) if link else _read_file(held, name, shown)
                yield _entry(name, content, shown, executable=bool(mode & stat.S_IXUSR) and not link, link=link)
    except OSError as error:
        raise RepositoryError(
            f"this file can't be read: {error.strerror}",
            where=str(error.filename),
            expected="files that this system's user may read",
        ) from None


def _read_file(folder: HeldFolder, name: str, shown: str) -> bytes:
    """Check and read the same open file, even if somebody changes the folder in between."""
    try:
        with folder.open(name, shared=True) as file:
            content = file.read(archive.MAX_BYTES + 1)
    except UserCodeError as error:
        raise RepositoryError(
            error.what, where=f"{shown}/{name}", expected="plain files that this system's user may read"
        ) from None
    check_size([(name, len(content))], shown)
    return content


def _entry(name: str, content: bytes, shown: str, *, executable: bool, link: bool) -> Entry:
    try:
        name.encode()
        content.decode() if link else None
    except UnicodeError:
        raise RepositoryError(
            f"a file's name or a link's target isn't UTF-8: {name!r}", where=shown, expected="names in UTF-8"
        ) from None
    if content.startswith(_LFS_POINTER):
        raise _not_a_file(name, "kept in git LFS: here is only a pointer to it", shown)
    return Entry(name=name, content=content, executable=executable, link=link)


def _is_bytecode(name: str) -> bool:
    return "__pycache__" in name.split("/")


def _is_behind_link(folder: Path, name: str) -> bool:
    """Whether a parent folder of a file was replaced by a link; git still tracks the files that were in it."""
    parts = name.split("/")[:-1]
    return any(folder.joinpath(*parts[: depth + 1]).is_symlink() for depth in range(len(parts)))


def _raise(error: OSError) -> None:
    raise error


def _listed_names(names: list[str]) -> str:
    rest = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(names[:10]) + rest


def _not_a_file(name: str, kind: str, shown: str) -> RepositoryError:
    return RepositoryError(
        f"{name.rstrip('/')} is {kind}", where=f"{shown}/{name}", expected="plain files, and links to them"
    )
