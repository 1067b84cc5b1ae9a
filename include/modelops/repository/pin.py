"""Pins the code of a job: a private copy of a folder, its archive, its hash and its commit."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic

from modelops.domain.errors import RepositoryError
from modelops.repository import archive, catalogue, contents, mirror, shared_modules
from modelops.repository.archive import unpack
from modelops.repository.configuration import GitSource, read_sources
from modelops.repository.kinds import IMPORTED_MODELS, MODELS, TASKS, Definition, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modelops.domain.feature_tasks import FeatureTask
    from modelops.domain.packages import PackageIndex
    from modelops.repository.definition import ModelDefinition
    from modelops.settings import Settings

MAX_NAME = 100
_NAME = re.compile(rf"\w[\w.-]{{0,{MAX_NAME - 1}}}")

__all__ = ["Pinned", "pin_datasets", "pin_folder", "pin_imported_model", "pin_model", "pin_task", "unpack"]


@dataclass(frozen=True, kw_only=True)
class Pinned(Generic[Definition]):
    """A pinned model or feature task, which does not change when its repository changes.

    `code_sha256` is the hash of the archive; the same contents have the same hash. `commit` is None without git or a
    commit. `dirty`: the contents differ from those of the commit.
    `index` is its package index; None: that of the installation.
    """

    definition: Definition
    folder: Path
    archive: Path
    code_sha256: str
    commit: str | None
    dirty: bool
    index: PackageIndex | None = None


def pin_model(
    reference: str, *, settings: Settings, destination: Path, allow_dirty: bool = False
) -> Pinned[ModelDefinition]:
    """Pin the model "<repository>/<folder>", at its configured ref, or as its folder is now.

    Raises:
        RepositoryError: there is no such model, it isn't valid, it has uncommitted changes, or the entry of its
            repository in repositories.yaml is wrong.
        Unavailable: a git repository can't be reached.
    """
    return _pin_reference(MODELS, reference, settings=settings, destination=destination, allow_dirty=allow_dirty)


def pin_imported_model(
    reference: str, *, settings: Settings, destination: Path, allow_dirty: bool = False
) -> Pinned[ModelDefinition]:
    """Pin the folder of an imported model, byom/<folder> of a repository, as `pin_model` does.

    Raises:
        RepositoryError, Unavailable: as for `pin_model`.
    """
    return _pin_reference(
        IMPORTED_MODELS, reference, settings=settings, destination=destination, allow_dirty=allow_dirty
    )


def pin_datasets(
    reference: str, datasets: Mapping[str, Any], *, settings: Settings, destination: Path
) -> Pinned[ModelDefinition]:
    """Pin an imported model that has no folder: `datasets` has the contents of its datasets.yaml.

    Raises:
        RepositoryError: the contents are wrong, there is no such repository, or it has a model of that name.
        Unavailable: a git repository can't be reached.
    """
    source_name, _, name = reference.partition("/")
    source = read_sources(settings.installation.repositories).find(source_name)
    if source is None:
        raise RepositoryError(
            f"there is no repository {source_name!r}",
            where=str(settings.installation.repositories),
            expected="the name of a repository that this file lists, and a name of the model's own",
        )
    _check_name(name, reference)
    if isinstance(source, GitSource):
        mirror.pinned_commit(source, settings.machine.mirrors)  # the names of now, on a machine that hasn't read it yet
    for kind in (IMPORTED_MODELS, MODELS):
        if name in catalogue.names(kind, source, settings.machine):
            raise RepositoryError(
                f"{reference} has a folder {kind.folder}/{name}, and the request has datasets",
                where="the parameter datasets",
                expected="no datasets, or another name of the model",
            )
    text = json.dumps(dict(datasets), indent=2, ensure_ascii=False)
    entry = archive.Entry(name=IMPORTED_MODELS.marker, content=text.encode())
    found = contents.Contents(entries=[entry], commit=None, dirty=False)
    return _pin(IMPORTED_MODELS, found, reference, destination)


def _check_name(name: str, reference: str) -> None:
    """Check the name of a model without a folder.

    Raises:
        RepositoryError: a folder can't have it.
    """
    if not _NAME.fullmatch(name):
        raise RepositoryError(
            f"{name!r} is no name of a model",
            where=reference,
            expected=f"up to {MAX_NAME} letters, digits, _, - and full stops, the first one a letter, a digit or _",
        )


def pin_task(
    reference: str, *, settings: Settings, destination: Path, allow_dirty: bool = False, ref: str | None = None
) -> Pinned[FeatureTask]:
    """Pin the feature task "<repository>/<folder>", at its repository's ref, or as its folder is now.

    `ref` (a branch, tag or commit) replaces the configured one.

    Raises:
        RepositoryError: as for `pin_model`; or there is no such ref.
        TargetError: the task's output can't be a feature table.
        Unavailable: a git repository can't be reached.
    """
    return _pin_reference(
        TASKS, reference, settings=settings, destination=destination, allow_dirty=allow_dirty, ref=ref
    )


def pin_folder(
    kind: Kind[Definition], folder: Path, *, destination: Path, allow_dirty: bool = False
) -> Pinned[Definition]:
    """Pin a folder, which need not belong to a configured repository.

    Raises:
        RepositoryError: the folder isn't of this kind, isn't valid, or has uncommitted changes.
    """
    folder = folder.resolve()
    if not kind.marks(folder):
        folders = sorted(kind.folders(folder))
        raise RepositoryError(
            f"this isn't the folder of a {kind.word}: it has no {kind.marker}"
            if folder.is_dir()
            else "there is no such folder",
            where=str(folder),
            expected=f"one of {', '.join(map(str, folders))}" if folders else kind.layout,
        )
    found = contents.of_folder(folder, str(folder), allow_dirty=allow_dirty)
    if folder.parent.name == kind.folder:
        shared_code = shared_modules.of_repository(folder.parents[1], allow_dirty=allow_dirty)
        found = shared_modules.joined(found, shared_code, str(folder))
    return _pin(kind, found, str(folder), destination)


def _pin_reference(
    kind: Kind[Definition],
    reference: str,
    *,
    settings: Settings,
    destination: Path,
    allow_dirty: bool,
    ref: str | None = None,
) -> Pinned[Definition]:
    source_name, _, name = reference.partition("/")
    source = read_sources(settings.installation.repositories).find(source_name)
    if source is None:
        raise catalogue.unknown(kind, reference, settings)
    if ref is not None:
        source = source.at(ref)
    if isinstance(source, GitSource):
        repository, commit = mirror.pinned_commit(source, settings.machine.mirrors)
        if name not in catalogue.names(kind, source, settings.machine):
            raise catalogue.unknown(kind, reference, settings, at=source if ref is not None else None)
        catalogue.check_name(kind, source, name, settings.machine)
        found = contents.of_mirror(repository, commit, f"{kind.folder}/{name}", reference)
        shared_code = shared_modules.of_mirror(repository, commit)
    else:
        if name not in catalogue.names(kind, source, settings.machine):
            raise catalogue.unknown(kind, reference, settings)
        catalogue.check_name(kind, source, name, settings.machine)
        folder = source.path / kind.folder / name
        found = contents.of_folder(folder.resolve(), reference, allow_dirty=allow_dirty)
        shared_code = shared_modules.of_repository(source.path, allow_dirty=allow_dirty)
    pinned = _pin(kind, shared_modules.joined(found, shared_code, reference), reference, destination)
    return replace(pinned, index=source.index)


def _pin(kind: Kind[Definition], found: contents.Contents, reference: str, destination: Path) -> Pinned[Definition]:
    destination.mkdir(parents=True, exist_ok=True)
    packed = destination / "contents.tar"
    digest = archive.write(found.entries, packed)
    folder = unpack(packed, destination, shown=reference)
    if kind.refuse is not None:
        kind.refuse(folder, reference)
    return Pinned(
        definition=kind.read(folder, reference),
        folder=folder,
        archive=packed,
        code_sha256=digest,
        commit=found.commit,
        dirty=found.dirty,
    )
