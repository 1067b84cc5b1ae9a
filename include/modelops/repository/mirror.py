"""Bare mirrors of the configured git repositories. Several workers may fetch at once."""

from __future__ import annotations

import difflib
import fcntl
import re
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from modelops.domain.errors import RepositoryError, Unavailable
from modelops.plain_files import open_lock
from modelops.repository.git import NETWORK_SECONDS, GitError, Login, git, without_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelops.repository.configuration import GitSource

_PERMANENT_ERRORS = re.compile(
    r"not found|not appear to be a git repository|does not exist|not a git repository|requested URL returned error: 40"
    r"|Authentication failed|terminal prompts disabled|could not read (Username|Password)|Permission denied"
    r"|Host key verification failed|dubious ownership|transport '.*' not allowed|strange hostname",
    re.IGNORECASE,
)


def update(source: GitSource, mirrors: Path) -> Path:
    """Create or update the mirror of a source. Returns its folder.

    Raises:
        RepositoryError: there is no such repository, or access is denied.
        Unavailable: it can't be reached right now.
    """
    mirror = mirrors / source.name
    mirrors.mkdir(parents=True, exist_ok=True)
    try:
        with _lock(mirrors / f"{source.name}.lock"):
            if _is_repository(mirror):
                _fetch(source, mirror)
            else:
                shutil.rmtree(mirror, ignore_errors=True)
                _clone(source, mirror)
    except GitError as error:
        what = f"git can't fetch {without_credentials(source.url)}: {error.reason}"
        if _PERMANENT_ERRORS.search(error.reason):
            raise RepositoryError(
                what,
                where=source.declared,
                expected="the url of a git repository that this system's user may read without a prompt",
            ) from None
        raise Unavailable(f"{what}\n  where: {source.declared}") from None
    return mirror


def pinned_commit(source: GitSource, mirrors: Path) -> tuple[Path, str]:
    """The mirror, and the commit of the source's ref. No network is needed if the ref is a commit in the mirror.

    Raises:
        RepositoryError: there is no such ref; or as for `update`.
        Unavailable: as for `update`.
    """
    mirror = mirrors / source.name
    if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", source.ref) and mirror.is_dir():
        try:
            return mirror, _commit(source.ref, mirror)
        except GitError:
            pass  # not fetched yet
    update(source, mirrors)
    try:
        return mirror, _commit(source.ref, mirror)
    except GitError:
        raise _unknown_ref(source, mirror) from None


def _commit(ref: str, mirror: Path) -> str:
    arguments = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    return git(*arguments, folder=mirror, bare=True).decode().split()[-1]


def _is_repository(mirror: Path) -> bool:
    try:
        return mirror.is_dir() and bool(git("rev-parse", "--git-dir", folder=mirror, bare=True))
    except GitError:
        return False  # damaged


def _clone(source: GitSource, mirror: Path) -> None:
    """Clone under another name and rename it at the end, so that an interrupted clone is never used as a mirror."""
    for left_over in mirror.parent.glob(f"{source.name}.partial-*"):
        shutil.rmtree(left_over, ignore_errors=True)
    partial = Path(tempfile.mkdtemp(prefix=f"{source.name}.partial-", dir=mirror.parent))
    try:
        url, login = _without_login(source.url)
        git(
            "clone", "--quiet", "--mirror", "--no-local", "--template=", "--", url, str(partial),
            folder=mirror.parent, seconds=NETWORK_SECONDS, login=login,
        )  # fmt: skip
        # Each fetch passes the URL: it may change, and a second file must not have its password.
        git("config", "--remove-section", "remote.origin", folder=partial, bare=True)
        partial.rename(mirror)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _fetch(source: GitSource, mirror: Path) -> None:
    # This process has the lock of the mirror, so git's own locks are left over from killed processes.
    for left_over in [*mirror.glob("*.lock"), *(mirror / "refs").rglob("*.lock")]:
        left_over.unlink(missing_ok=True)
    url, login = _without_login(source.url)
    git(
        "fetch", "--quiet", "--prune", "--no-write-fetch-head", "--", url, "+refs/*:refs/*",
        folder=mirror, bare=True, seconds=NETWORK_SECONDS, login=login,
    )  # fmt: skip


def _without_login(url: str) -> tuple[str, Login]:
    """Split a URL into one without credentials, for the command line, and the login."""
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    user_and_password, _, host = authority.rpartition("@")
    user, _, password = user_and_password.partition(":")
    if scheme.lower() != "https" or not user_and_password:  # a token is a user without a password
        return url, Login()
    return f"{scheme}://{host}{slash}{path}", Login(
        site=f"{scheme}://{host}", user=unquote(user), password=unquote(password)
    )


@contextmanager
def _lock(file: Path) -> Iterator[None]:
    with open_lock(file) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # the system releases the lock when the process dies
        yield


def _unknown_ref(source: GitSource, mirror: Path) -> RepositoryError:
    names = git("for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags", folder=mirror, bare=True)
    known = names.decode(errors="replace").split()
    close = difflib.get_close_matches(source.ref, known, n=3) or known[:10]
    return RepositoryError(
        f"{without_credentials(source.url)} has no branch, tag or commit {source.ref!r}",
        where=source.ref_declared,
        expected=f"one of its branches, tags or commits, such as {', '.join(close)}" if close else "a ref that it has",
    )
