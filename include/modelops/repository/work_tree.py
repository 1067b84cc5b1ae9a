"""Reads a user's git work tree without the configuration of its repository.

A repository can name programs in many places: filters and drivers in its configuration and .gitattributes, hooks,
fsmonitor, ssh commands, helpers of promisor remotes, and all of these again in a submodule. None of these programs is
run: the configuration is read only to find the git directory and how files are stored, and every command that reads
files uses a temporary git directory of our own, which borrows the objects and the index.
"""

from __future__ import annotations

import itertools
import os
import stat
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from modelops.domain.errors import RepositoryError
from modelops.repository.git import GitError, git, git_names

if TYPE_CHECKING:
    from collections.abc import Iterator

# The index is memory-mapped; other files that git reads as text are copied, within a bound.
_INDEX = ("index", "sharedindex.*")
_COPIED = ("info/attributes", "info/exclude", "info/sparse-checkout")
_IN_THE_TREE = (".gitattributes", ".gitignore", ".gitmodules")
MAX_BYTES = 2**20
"""Maximum bytes of each file with patterns, attributes or submodules."""
# How the files of this work tree are stored and compared. None of these names a program.
_DATA = (
    "attributesfile|autocrlf|checkstat|eol|excludesfile|filemode|ignorecase|precomposeunicode|sparsecheckout"
    "|sparsecheckoutcone|symlinks|trustctime"
)


@dataclass(frozen=True, kw_only=True)
class WorkTree:
    """A folder in a git work tree. `prefix` is its path relative to the top (`""` at the top).

    `commit` is that of HEAD; None before the first commit.
    """

    folder: Path
    prefix: str
    commit: str | None
    _git_dir: Path

    def git(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """Run git in the folder, with the folder's files and the repository's objects; returns its output.

        Raises:
            GitError, Unavailable: as `git.git`.
        """
        return git(*arguments, folder=self.folder, repository=self._git_dir, stdin=stdin)

    def names(self, *arguments: str) -> list[str]:
        """The file names that git prints with -z."""
        return git_names(*arguments, folder=self.folder, repository=self._git_dir)


@contextmanager
def work_tree(folder: Path) -> Iterator[WorkTree | None]:
    """The work tree that a folder belongs to, for the duration of the context; None if it belongs to none.

    Raises:
        GitError: git can't read it, or another user owns it and `safe.directory` doesn't list it;
            or a file that its configuration names is too large.
        RepositoryError: a .gitignore or the like is no plain file, or is too large.
        Unavailable: git isn't installed, or takes too long.
    """
    found = _find(folder)
    if found is None:
        yield None
        return
    _check_tree(found.top, folder)
    with tempfile.TemporaryDirectory(prefix="modelops-git-") as place:
        own_git_dir = Path(place) / "git"
        commit = _head(folder)
        _borrow(found, own_git_dir, commit)
        _configure(found, own_git_dir, folder)
        yield WorkTree(folder=folder, prefix=found.prefix, commit=commit, _git_dir=own_git_dir)


@dataclass(frozen=True, kw_only=True)
class _Repository:
    """The paths of a git repository, as git reports them for a folder, and its hash algorithm."""

    top: Path
    prefix: str
    git_dir: Path
    common: Path
    object_format: str


def _find(folder: Path) -> _Repository | None:
    try:
        output = git(
            "rev-parse", "--is-inside-work-tree", "--show-object-format", "--git-common-dir", "--absolute-git-dir",
            "--show-prefix", folder=folder,
        )  # fmt: skip
    except GitError as error:
        if "not a git repository" in error.reason:
            return None
        raise
    is_inside, object_format, common, git_dir, prefix = os.fsdecode(output).split("\n", 4)
    if is_inside != "true":  # inside .git
        return None
    prefix = prefix.removesuffix("\n").rstrip("/")
    top = folder.parents[prefix.count("/")] if prefix else folder
    return _Repository(
        top=top, prefix=prefix, git_dir=Path(git_dir), common=folder / common, object_format=object_format
    )


def _head(folder: Path) -> str | None:
    try:
        # Not "HEAD^{commit}": looking for a missing object can start a program that the repository names.
        return git("rev-parse", "--verify", "--quiet", "HEAD", folder=folder).decode().strip()
    except GitError as error:
        if error.reason:
            raise
        return None  # no commit yet


def _borrow(found: _Repository, own_git_dir: Path, commit: str | None) -> None:
    """Create a git directory that uses the objects, the index and the ignore list of the one that was found."""
    for name in ("refs", "objects/info", "info"):
        (own_git_dir / name).mkdir(parents=True)
    (own_git_dir / "HEAD").write_text(f"{commit}\n" if commit else "ref: refs/heads/none\n")
    objects = _quoted(os.fspath((found.common / "objects").resolve()))
    (own_git_dir / "objects/info/alternates").write_bytes(os.fsencode(f"{objects}\n"))
    for place in (found.common, found.git_dir):  # the second one wins: a linked work tree has an index of its own
        for file in (file for pattern in _INDEX for file in place.glob(pattern) if file.is_file()):
            borrowed = own_git_dir / file.relative_to(place)
            borrowed.unlink(missing_ok=True)
            borrowed.symlink_to(file.resolve())
        for name in _COPIED:
            content = _read(place / name)
            if content is not None:
                (own_git_dir / name).write_bytes(content)


def _configure(found: _Repository, own_git_dir: Path, folder: Path) -> None:
    settings = {f"core.{name}": place for name, place in _default_files().items()} | _data_settings(folder)
    for name in [name for name in settings if name.endswith("file")]:
        copied = own_git_dir / name
        copied.write_bytes(_read(folder / settings[name]) or b"")
        settings[name] = os.fspath(copied)
    settings |= {"core.bare": "false", "core.worktree": os.fspath(found.top)}
    settings["core.repositoryFormatVersion"] = "0"
    if found.object_format != "sha1":
        settings |= {"core.repositoryFormatVersion": "1", "extensions.objectFormat": found.object_format}
    lines = ((*name.split("."), value) for name, value in settings.items())
    text = "".join(f"[{section}]\n{name} = {_quoted(value)}\n" for section, name, value in lines)
    (own_git_dir / "config").write_bytes(os.fsencode(text))


def _default_files() -> dict[str, str]:
    """The default paths of the user's ignore and attribute files; git runs here with another HOME."""
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return {"excludesfile": f"{home}/git/ignore", "attributesfile": f"{home}/git/attributes"}


def _data_settings(folder: Path) -> dict[str, str]:
    try:
        output = git("config", "--null", "--get-regexp", rf"^core\.({_DATA})$", folder=folder)
    except GitError as error:
        if error.reason:
            raise
        return {}  # there are none
    settings = {}
    for entry in os.fsdecode(output).split("\0")[:-1]:
        name, assigned, value = entry.partition("\n")
        settings[name] = os.path.expanduser(value) if name.endswith("file") else value if assigned else "true"
    return settings


def _check_tree(top: Path, folder: Path) -> None:
    """Refuse files that would block git or never end: in the folder, below it, and in its parents up to the top."""
    above = [top, *(parent for parent in folder.parents if parent.is_relative_to(top))]
    below = (Path(place, name) for place, folders, files in os.walk(folder) for name in files + folders)
    named = (file for file in below if file.name in _IN_THE_TREE)
    for file in itertools.chain((place / name for place in above for name in _IN_THE_TREE), named):
        try:
            status = file.lstat()
        except OSError:
            continue  # there is none
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            raise RepositoryError(
                f"{file.name} is not a plain file" if not stat.S_ISREG(status.st_mode) else f"{file.name} is too large",
                where=str(file),
                expected=f"a plain file of at most {MAX_BYTES:,} bytes",
            )


def _read(file: Path) -> bytes | None:
    """The content of a file whose path the repository sets; None if it isn't a plain file or can't be read.

    Raises:
        GitError: it is too large.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    with open(descriptor, "rb") as opened:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        content = opened.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise GitError(f"{file} has more than {MAX_BYTES:,} bytes")
    return content


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'
