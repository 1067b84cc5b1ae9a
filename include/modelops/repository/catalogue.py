"""Which models and other things there are, in all configured repositories."""

from __future__ import annotations

import difflib
import functools
import logging
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import RepositoryError
from modelops.repository import mirror
from modelops.repository.configuration import FolderSource, GitSource, read_sources
from modelops.repository.git import GitError, git_names

if TYPE_CHECKING:
    from pathlib import Path

    from modelops.repository.configuration import Source
    from modelops.repository.kinds import Kind
    from modelops.settings import Settings

log = logging.getLogger(__name__)


def references(kind: Kind[Any], settings: Settings) -> list[str]:
    """The references of all things of a kind, such as "demo/arrival_delay", sorted within each repository.

    Made for DAG files: it needs no network and never raises. What can't be read is left out, and logged once.
    """
    try:
        sources = read_sources(settings.repositories)
    except Exception as error:  # noqa: BLE001 - a DAG file must load, whatever is wrong
        _warn_once(f"no {kind.plural} can be offered: {error}")
        return []
    found = []
    for source in sources.values():
        try:
            found += [f"{source.name}/{name}" for name in names(kind, source, settings)]
        except Exception as error:  # noqa: BLE001 - as above
            _warn_once(f"the {kind.plural} of repository {source.name!r} can't be offered: {error}")
    return found


def names(kind: Kind[Any], source: Source, settings: Settings) -> list[str]:
    """The names of a source's things of a kind; of a git source as last fetched.

    Raises:
        RepositoryError: the folder, or the mirror, isn't there or can't be read.
    """
    if isinstance(source, FolderSource):
        found = _names_in_folder(kind, source)
    else:
        found = _names_in_mirror(kind, source, settings.mirrors / source.name)
    return sorted(name for name in found if name.isprintable() and not name.startswith("."))


def unknown(kind: Kind[Any], reference: str, settings: Settings, *, at: GitSource | None = None) -> RepositoryError:
    """The error that says which things of the kind there are, those with the closest names first.

    With `at`, those of that source only, at a ref that was asked for.
    """
    known = references(kind, settings) if at is None else [f"{at.name}/{name}" for name in names(kind, at, settings)]
    close = difflib.get_close_matches(reference, known, n=3, cutoff=0.5)
    offered = [*close, *(one for one in known if one not in close)]
    shown = ", ".join(offered[:20]) + (f" and {len(offered) - 20} more" if len(offered) > 20 else "")
    return RepositoryError(
        f"there is no {kind.word} {reference!r}" + (f" at {at.ref!r}" if at else ""),
        where=at.ref_declared if at else str(settings.repositories),
        expected=f"one of {shown} ({kind.layout})" if offered else f"there is none yet: {kind.layout}",
    )


def refresh(settings: Settings) -> None:
    """Fetch the git repositories, so that what is new there is offered. Never raises; logs what can't be fetched."""
    try:
        sources = read_sources(settings.repositories)
    except Exception as error:  # noqa: BLE001 - the caller's loop goes on
        log.warning("no repository was fetched: %s", error)
        return
    for source in sources.values():
        if isinstance(source, GitSource):
            try:
                mirror.update(source, settings.mirrors)
            except Exception as error:  # noqa: BLE001 - as above
                log.warning("repository %r was not fetched: %s", source.name, error)


def _names_in_folder(kind: Kind[Any], source: FolderSource) -> list[str]:
    """A folder that is a link out of the repository doesn't belong to it."""
    if not source.path.is_dir():
        raise RepositoryError(
            f"there is no folder {source.path}", where=source.declared, expected=f"a folder that holds {kind.folder}"
        )
    inside = source.path.resolve()
    found = [file.parent for file in (source.path / kind.folder).glob(f"*/{kind.marker}")]
    return [folder.name for folder in found if folder.resolve().is_relative_to(inside)]


def _names_in_mirror(kind: Kind[Any], source: GitSource, folder: Path) -> list[str]:
    if not folder.is_dir():
        raise RepositoryError(
            f"repository {source.name!r} was not fetched yet",
            where=source.declared,
            expected="wait for its first fetch",
        )
    try:
        arguments = ("ls-tree", "-r", "-z", "--name-only", source.ref, "--", f"{kind.folder}/")
        paths = [path.split("/") for path in git_names(*arguments, folder=folder, bare=True)]
    except GitError as error:
        raise RepositoryError(
            f"git can't list {source.ref!r}: {error.reason}", where=source.ref_declared, expected="a ref that it has"
        ) from None
    return [parts[1] for parts in paths if len(parts) == 3 and parts[2] == kind.marker]


@functools.cache
def _warn_once(message: str) -> None:
    log.warning("%s", message)
