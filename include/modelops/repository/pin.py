"""Pins what a job runs: a private copy of a model folder, the archive that it came from, its hash and its commit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelops.domain.errors import RepositoryError
from modelops.repository import archive, catalogue, contents, mirror
from modelops.repository.archive import unpack
from modelops.repository.configuration import GitSource, read_sources
from modelops.repository.definition import ModelDefinition, read_model

if TYPE_CHECKING:
    from pathlib import Path

    from modelops.repository.configuration import Source
    from modelops.settings import Settings

__all__ = ["PinnedModel", "pin_folder", "pin_model", "unpack"]


@dataclass(frozen=True, kw_only=True)
class PinnedModel:
    """A model as one job runs it, independent of what happens to its repository.

    `code_sha256` is that of the archive, which is the same whenever the contents are. `commit` is None where there is
    no git or no commit yet; `dirty` says that the contents are not those of the commit.
    """

    definition: ModelDefinition
    folder: Path
    archive: Path
    code_sha256: str
    commit: str | None
    dirty: bool


def pin_model(reference: str, *, settings: Settings, destination: Path, allow_dirty: bool = False) -> PinnedModel:
    """Pin the model "<repository>/<folder>", as its configured ref or its folder has it now.

    Raises:
        RepositoryError: there is no such model, it isn't as it should be, or it has changes that are not committed.
        Unavailable: a git repository can't be reached.
    """
    source_name, _, name = reference.partition("/")
    source = read_sources(settings.repositories).get(source_name)
    if source is None:
        raise catalogue.unknown_model(reference, settings)
    if isinstance(source, GitSource):
        repository, commit = mirror.pinned_commit(source, settings.mirrors)
        _require_model(reference, source, settings)
        found = contents.of_mirror(repository, commit, f"{catalogue.MODELS}/{name}", reference)
    else:
        _require_model(reference, source, settings)
        folder = source.path / catalogue.MODELS / name
        found = contents.of_folder(folder.resolve(), reference, allow_dirty=allow_dirty)
    return _pin(found, reference, destination)


def pin_folder(folder: Path, *, destination: Path, allow_dirty: bool = False) -> PinnedModel:
    """Pin the model in that folder, whether it belongs to a configured repository or not.

    Raises:
        RepositoryError: the folder isn't a model, isn't as it should be, or has changes that are not committed.
    """
    folder = folder.resolve()
    if not (folder / "model.json").is_file():
        models = sorted(file.parent for file in (folder / catalogue.MODELS).glob("*/model.json"))
        raise RepositoryError(
            "this isn't the folder of a model: it has no model.json" if folder.is_dir() else "there is no such folder",
            where=str(folder),
            expected=f"one of {', '.join(map(str, models))}"
            if models
            else "a folder with model.json, datasets.yaml, …",
        )
    return _pin(contents.of_folder(folder, str(folder), allow_dirty=allow_dirty), str(folder), destination)


def _require_model(reference: str, source: Source, settings: Settings) -> None:
    name = reference.partition("/")[2]
    if name not in catalogue.model_names(source, settings):
        raise catalogue.unknown_model(reference, settings)


def _pin(found: contents.Contents, reference: str, destination: Path) -> PinnedModel:
    destination.mkdir(parents=True, exist_ok=True)
    packed = destination / "model.tar"
    digest = archive.write(found.entries, packed)
    folder = unpack(packed, destination, shown=reference)
    return PinnedModel(
        definition=read_model(folder, reference),
        folder=folder,
        archive=packed,
        code_sha256=digest,
        commit=found.commit,
        dirty=found.dirty,
    )
