"""Opens files that user code may have changed: only plain files, without following links or waiting for a pipe."""

from __future__ import annotations

import itertools
import os
import shutil
import stat
import weakref
from pathlib import Path
from typing import IO

from modelops.domain.errors import UserCodeError
from modelops.domain.text import is_storable

MAX_NAME_BYTES = 1000
"""Maximum bytes of a file's relative path, which is later appended to another path."""
MAX_DEPTH = 32
MAX_ENTRIES = 1000
"""Files and folders that code may leave, unless MODELOPS_OUTPUT_FILES says otherwise."""
OUTPUT = "artifact_output_path"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: opening a FIFO would wait for its other end.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def open_plain(
    path: Path | str,
    *,
    folder: int | None = None,
    shown: str | None = None,
    owner: int | None = None,
    shared: bool = False,
) -> IO[bytes]:
    """Open a file for reading; the checks apply to the open file, even if the path changes.

    Args:
        path: with `folder`, the descriptor of an open folder, a name in it.
        folder: see `path`.
        shown: how messages name the file.
        owner: whose file it must be; the user of this process if None.
        shared: it may belong to anybody and have other names.

    Raises:
        FileNotFoundError: there is no such file.
        UserCodeError: it is no plain file, has a second name (a hard link), or belongs to somebody else.
    """
    shown = shown or Path(path).name
    owner = None if shared else os.geteuid() if owner is None else owner
    # Checked before it is opened, because opening a device can have an effect, and again afterwards.
    _check(os.stat(path, dir_fd=folder, follow_symlinks=False), shown, owner)
    try:
        descriptor = os.open(path, _FILE, dir_fd=folder)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _refusal(f"{shown} can't be opened: {error.strerror}", shown) from None
    try:
        _check(os.fstat(descriptor), shown, owner)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def create_plain(path: Path) -> IO[bytes]:
    """Create a file for writing, replacing an existing one; never writes through a link.

    Raises:
        UserCodeError: a folder has that name.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _refusal(f"{path.name} can't be replaced: {error.strerror}", path.name) from None
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "w+b")


def open_lock(path: Path | str) -> IO[bytes]:
    """Open a file to lock it; its content is kept, and a link is not followed."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "r+b", buffering=0)


def remove(path: Path) -> None:
    """Remove a file, a folder (even if user code removed its permissions), or a link, without following it."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    shutil.rmtree(path, ignore_errors=True)
    if path.exists():
        path.chmod(0o700)
        for place, folders, _ in os.walk(path):
            for folder in folders:
                if not os.path.islink(os.path.join(place, folder)):
                    os.chmod(os.path.join(place, folder), 0o700)
        shutil.rmtree(path, ignore_errors=True)


class HeldFolder:
    """A folder that is held open: its files are read through its descriptor, even if its path changes.

    It is closed by `with`, by `close()`, or with the object.

    Attributes:
        path: its path when it was opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = os.open(path, _FOLDER)
        self.close = weakref.finalize(self, os.close, self._descriptor)

    def __enter__(self) -> HeldFolder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @classmethod
    def create(cls, path: Path) -> HeldFolder:
        """Create a folder, and hold it open."""
        path.mkdir()
        return cls(path)

    def files(self, *, most: int = MAX_ENTRIES) -> list[tuple[str, int]]:
        """The files below it, as relative names with slashes and sizes in bytes, in the order of their names.

        Raises:
            UserCodeError: its path leads elsewhere now, it contains something other than plain files and folders, or
                more than `most` of them.
        """
        self.check()
        found: list[tuple[str, int]] = []
        self._find(found, self._descriptor, "", depth=0, seen=0, most=most)
        return found

    def open(self, name: str, *, shared: bool = False) -> IO[bytes]:
        """Open one of its files, as `open_plain` does; `name` is relative, with slashes. It has the folder's owner.

        Raises:
            FileNotFoundError: there is no such file.
            UserCodeError: it isn't a plain file of its own, or lies behind a link.
        """
        *folders, last = name.split("/")
        descriptor = os.dup(self._descriptor)
        try:
            for folder in folders:
                inner = _open_folder(folder, descriptor, name)
                os.close(descriptor)
                descriptor = inner
            return open_plain(last, folder=descriptor, shown=name, owner=self._owner, shared=shared)
        finally:
            os.close(descriptor)

    def check(self) -> None:
        """Refuse another folder, or a link, at its path.

        Raises:
            UserCodeError: it isn't the folder that was opened.
        """
        try:
            there = os.stat(self.path, follow_symlinks=False)
        except OSError:
            there = None
        if there is None or not os.path.samestat(there, os.fstat(self._descriptor)):
            raise UserCodeError(
                f"the folder {self.path.name} was removed or replaced",
                where=str(self.path.name),
                expected="files in the given folder, which must not be removed or replaced",
            )

    @property
    def _owner(self) -> int:
        return os.fstat(self._descriptor).st_uid

    def _find(
        self, found: list[tuple[str, int]], descriptor: int, prefix: str, *, depth: int, seen: int, most: int
    ) -> int:
        """Add the files of a folder to `found`; returns how many files and folders were seen with these."""
        with os.scandir(descriptor) as listed:
            entries = sorted(entry.name for entry in itertools.islice(listed, most - seen + 1))
        seen += len(entries)
        if seen > most:
            raise UserCodeError(
                f"the code left more than {most:,} files and folders",
                where=OUTPUT,
                expected="fewer, such as one archive; or a higher MODELOPS_OUTPUT_FILES",
            )
        for entry in entries:
            name = f"{prefix}{entry}"
            _check_name(name, depth)
            status = os.stat(entry, dir_fd=descriptor, follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                inner = _open_folder(entry, descriptor, name)
                try:
                    seen = self._find(found, inner, f"{name}/", depth=depth + 1, seen=seen, most=most)
                finally:
                    os.close(inner)
            else:
                _check(status, name, self._owner)
                found.append((name, status.st_size))
        return seen


def _open_folder(entry: str, parent: int, shown: str) -> int:
    try:
        return os.open(entry, _FOLDER, dir_fd=parent)
    except OSError as error:
        raise _refusal(f"a folder of {shown} can't be opened: {error.strerror}", shown) from None


def _check(status: os.stat_result, shown: str, owner: int | None) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "something else")
        raise _refusal(f"{shown} is not a plain file but {kind}", shown)
    if owner is None:
        return
    if status.st_nlink > 1:
        raise _refusal(f"{shown} is not a file of its own but a hard link: it has {status.st_nlink} names", shown)
    if status.st_uid != owner:
        raise _refusal(f"{shown} belongs to another user", shown)


def _check_name(name: str, depth: int) -> None:
    if not name.isprintable() or not is_storable(name):
        raise UserCodeError(
            f"the file name {name!r} has characters that can't be recorded",
            where=OUTPUT,
            expected="names of letters, digits and punctuation",
        )
    if len(name.encode()) > MAX_NAME_BYTES or depth >= MAX_DEPTH:
        raise UserCodeError(
            f"the file name {name[:100]} … has {len(name.encode()):,} bytes and lies {depth} folders deep",
            where=OUTPUT,
            expected=f"names of at most {MAX_NAME_BYTES:,} bytes with their folders, less than {MAX_DEPTH} deep",
        )


def _refusal(what: str, shown: str) -> UserCodeError:
    return UserCodeError(what, where=shown, expected="a plain file of its own: a copy instead of a link")
