"""Pins the code that models and feature tasks share: the folder `shared_modules` at the top of a repository.

It is pinned with each of them, as if it were in their folder: `from shared_modules import …`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from modelops.domain.errors import RepositoryError, Unavailable
from modelops.repository import contents
from modelops.repository.archive import check_size
from modelops.repository.contents import Contents
from modelops.repository.git import GitError, git
from modelops.repository.work_tree import work_tree

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "shared_modules"
_EXPECTED = f"{FOLDER}: a folder of Python files at the top of the repository, or none"


def of_mirror(mirror: Path, commit: str) -> Contents | None:
    """The shared code of a commit in a bare repository; None if there is none.

    Raises:
        RepositoryError: it isn't a folder, or contains a file that can't be pinned.
        Unavailable: the mirror is damaged, or was just replaced.
    """
    try:
        found = git("ls-tree", "-z", commit, "--", FOLDER, folder=mirror, bare=True)
    except GitError as error:
        raise Unavailable(f"git can't read commit {commit} of {mirror}: {error.reason}") from None
    if not found:
        return None
    if found.split()[1] != b"tree":
        raise RepositoryError(f"{FOLDER} is not a folder", where=f"commit {commit}", expected=_EXPECTED)
    return contents.of_mirror(mirror, commit, FOLDER, FOLDER)


def of_repository(repository: Path, *, allow_dirty: bool) -> Contents | None:
    """The shared code of a repository that is a folder; None if there is none.

    Raises:
        RepositoryError: it isn't a folder of the repository, has uncommitted changes that are not allowed, or contains
            a file that can't be pinned.
    """
    folder = repository / FOLDER
    if folder.is_dir() and folder.resolve().is_relative_to(repository.resolve()):
        return contents.of_folder(folder.resolve(), str(folder), allow_dirty=allow_dirty)
    if folder.exists() or folder.is_symlink():
        raise RepositoryError(f"{FOLDER} is not a folder of this repository", where=str(folder), expected=_EXPECTED)
    if not _is_committed(repository):
        return None
    if not allow_dirty:
        raise RepositoryError(
            f"{FOLDER} was removed, and the removal is not committed",
            where=str(folder),
            expected="commit it, or allow uncommitted files: the job then records that it used them",
        )
    return Contents(entries=(), commit=None, dirty=True)


def joined(found: Contents, shared: Contents | None, shown: str) -> Contents:
    """The contents of a folder with the shared code, if there is any and the folder has Python files.

    Raises:
        RepositoryError: the folder has a file or folder of this name itself, the two are of different commits, or they
            are together too large for an archive.
    """
    entries = list(found.entries)
    if shared is None or not any(entry.name.endswith(".py") for entry in entries):
        return replace(found, entries=entries)
    if any(entry.name.partition("/")[0] in (FOLDER, f"{FOLDER}.py") for entry in entries):
        raise RepositoryError(
            f"both this folder and its repository have {FOLDER}",
            where=shown,
            expected="another name for one of them: only one can be imported",
        )
    if found.commit is not None and shared.commit is None and not shared.dirty:
        raise RepositoryError(
            f"{FOLDER} is not in the commit of this folder: git ignores it",
            where=shown,
            expected=f"{FOLDER} committed in the same git repository",
        )
    if shared.commit is not None and found.commit is not None and shared.commit != found.commit:
        raise RepositoryError(
            f"{FOLDER} is at commit {shared.commit}, and this folder at commit {found.commit}",
            where=shown,
            expected="both in one git repository; try again if something was committed just now",
        )
    entries += [replace(entry, name=f"{FOLDER}/{entry.name}") for entry in shared.entries]
    check_size(((entry.name, len(entry.content)) for entry in entries), shown)
    return Contents(entries=entries, commit=found.commit, dirty=found.dirty or shared.dirty)


def _is_committed(repository: Path) -> bool:
    """Whether HEAD of the work tree has shared code."""
    try:
        with work_tree(repository) as tree:
            if tree is None or tree.commit is None:
                return False
            listed = partial(tree.git, "ls-tree", "-z", "--full-tree", tree.commit, "--")
            return bool(listed(f"{tree.prefix}/{FOLDER}".lstrip("/")))
    except GitError:
        return False  # reported when the folder itself is read
