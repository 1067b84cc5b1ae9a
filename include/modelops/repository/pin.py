"""Pins what a job runs: a private copy of a folder, the archive that it came from, its hash and its commit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic

from modelops.domain.errors import RepositoryError
from modelops.repository import archive, catalogue, contents, mirror, shared_modules
from modelops.repository.archive import unpack
from modelops.repository.configuration import GitSource, read_sources
from modelops.repository.kinds import MODELS, TASKS, Definition, Kind

if TYPE_CHECKING:
    from pathlib import Path

    from modelops.domain.feature_tasks import FeatureTask
    from modelops.domain.packages import PackageIndex
    from modelops.repository.definition import ModelDefinition
    from modelops.settings import Settings

__all__ = ["Pinned", "pin_folder", "pin_model", "pin_task", "unpack"]


@dataclass(frozen=True, kw_only=True)
class Pinned(Generic[Definition]):
    """A model, or another kind of thing, as one job runs it, independent of what happens to its repository.

    `code_sha256` is that of the archive, which is the same whenever the contents are. `commit` is None where there is
    no git or no commit yet; `dirty` says that the contents are not those of the commit.
    `index` is where its packages come from; None: where those of the installation do.
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
    """Pin the model "<repository>/<folder>", as its configured ref or its folder has it now.

    Raises:
        RepositoryError: there is no such model, it isn't as it should be, it has changes that are not committed, or the
            entry of its repository in repositories.yaml is wrong.
        Unavailable: a git repository can't be reached.
    """
    return _pin_reference(MODELS, reference, settings=settings, destination=destination, allow_dirty=allow_dirty)


def pin_task(
    reference: str, *, settings: Settings, destination: Path, allow_dirty: bool = False, ref: str | None = None
) -> Pinned[FeatureTask]:
    """Pin the feature task "<repository>/<folder>", as its repository's ref or its folder has it now.

    `ref` (a branch, tag or commit) takes the place of the one that is configured.

    Raises:
        RepositoryError: as for `pin_model`; or there is no such ref.
        TargetError: the task's output is no table that features may go to.
        Unavailable: a git repository can't be reached.
    """
    return _pin_reference(
        TASKS, reference, settings=settings, destination=destination, allow_dirty=allow_dirty, ref=ref
    )


def pin_folder(
    kind: Kind[Definition], folder: Path, *, destination: Path, allow_dirty: bool = False
) -> Pinned[Definition]:
    """Pin a folder, whether it belongs to a configured repository or not.

    Raises:
        RepositoryError: it isn't of that kind, isn't as it should be, or has changes that are not committed.
    """
    folder = folder.resolve()
    if not kind.marks(folder):
        there = sorted(kind.folders(folder))
        raise RepositoryError(
            f"this isn't the folder of a {kind.word}: it has no {kind.marker}"
            if folder.is_dir()
            else "there is no such folder",
            where=str(folder),
            expected=f"one of {', '.join(map(str, there))}" if there else kind.layout,
        )
    found = contents.of_folder(folder, str(folder), allow_dirty=allow_dirty)
    if folder.parent.name == kind.folder:
        common = shared_modules.of_repository(folder.parents[1], allow_dirty=allow_dirty)
        found = shared_modules.joined(found, common, str(folder))
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
        found = contents.of_mirror(repository, commit, f"{kind.folder}/{name}", reference)
        common = shared_modules.of_mirror(repository, commit)
    else:
        if name not in catalogue.names(kind, source, settings.machine):
            raise catalogue.unknown(kind, reference, settings)
        folder = source.path / kind.folder / name
        found = contents.of_folder(folder.resolve(), reference, allow_dirty=allow_dirty)
        common = shared_modules.of_repository(source.path, allow_dirty=allow_dirty)
    pinned = _pin(kind, shared_modules.joined(found, common, reference), reference, destination)
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
