"""Which models there are, in all configured repositories."""

from __future__ import annotations

import difflib
import functools
import logging
from typing import TYPE_CHECKING

from modelops.domain.errors import RepositoryError
from modelops.repository import mirror
from modelops.repository.configuration import FolderSource, GitSource, read_sources
from modelops.repository.git import GitError, git_names

if TYPE_CHECKING:
    from pathlib import Path

    from modelops.repository.configuration import Source
    from modelops.settings import Settings

MODELS = "model_definitions"

log = logging.getLogger(__name__)


def model_references(settings: Settings) -> list[str]:
    """The references of all models, such as "demo/arrival_delay", sorted within each repository.

    Made for DAG files: it needs no network and never raises. What can't be read is left out, and logged once.
    """
    try:
        sources = read_sources(settings.repositories)
    except Exception as error:  # noqa: BLE001 - a DAG file must load, whatever is wrong
        _warn_once(f"no models can be offered: {error}")
        return []
    references = []
    for source in sources.values():
        try:
            references += [f"{source.name}/{name}" for name in model_names(source, settings)]
        except Exception as error:  # noqa: BLE001 - as above
            _warn_once(f"the models of repository {source.name!r} can't be offered: {error}")
    return references


def model_names(source: Source, settings: Settings) -> list[str]:
    """The folders under model_definitions that have a model.json; of a git source as last fetched.

    Raises:
        RepositoryError: the folder, or the mirror, isn't there or can't be read.
    """
    if isinstance(source, FolderSource):
        names = _names_in_folder(source)
    else:
        names = _names_in_mirror(source, settings.mirrors / source.name)
    return sorted(name for name in names if name.isprintable() and not name.startswith("."))


def unknown_model(reference: str, settings: Settings) -> RepositoryError:
    """The error that says which models there are, those with the closest names first."""
    known = model_references(settings)
    close = difflib.get_close_matches(reference, known, n=3, cutoff=0.5)
    offered = [*close, *(one for one in known if one not in close)]
    shown = ", ".join(offered[:20]) + (f" and {len(offered) - 20} more" if len(offered) > 20 else "")
    layout = f"a model is a folder {MODELS}/<name> with a model.json"
    return RepositoryError(
        f"there is no model {reference!r}",
        where=str(settings.repositories),
        expected=f"one of {shown} ({layout})" if offered else f"no repository has a model yet: {layout}",
    )


def refresh(settings: Settings) -> None:
    """Fetch the git repositories, so that new models are offered. Never raises; logs what can't be fetched."""
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


def _names_in_folder(source: FolderSource) -> list[str]:
    if not source.path.is_dir():
        raise RepositoryError(
            f"there is no folder {source.path}", where=source.declared, expected=f"a folder that holds {MODELS}"
        )
    return [file.parent.name for file in (source.path / MODELS).glob("*/model.json")]


def _names_in_mirror(source: GitSource, folder: Path) -> list[str]:
    if not folder.is_dir():
        raise RepositoryError(
            f"repository {source.name!r} was not fetched yet",
            where=source.declared,
            expected="wait for its first fetch",
        )
    try:
        arguments = ("ls-tree", "-r", "-z", "--name-only", source.ref, "--", f"{MODELS}/")
        paths = [path.split("/") for path in git_names(*arguments, folder=folder, bare=True)]
    except GitError as error:
        raise RepositoryError(
            f"git can't list {source.ref!r}: {error.reason}", where=source.declared, expected="a ref that it has"
        ) from None
    return [parts[1] for parts in paths if len(parts) == 3 and parts[2] == "model.json"]


@functools.cache
def _warn_once(message: str) -> None:
    log.warning("%s", message)
