"""Lists the models and feature tasks of all configured repositories."""

from __future__ import annotations

import contextlib
import logging
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import yaml

from modelops.domain.errors import ModelOpsError, RepositoryError
from modelops.domain.spelling import did_you_mean
from modelops.repository import mirror
from modelops.repository.configuration import FolderSource, GitSource, read_sources
from modelops.repository.documents import Document
from modelops.repository.git import GitError, git, git_names
from modelops.repository.kinds import IMPORTED_MODELS, MODELS, NAMESAKES
from modelops.repository.reading import MAX_BYTES
from modelops.repository.resources import read_resources
from modelops.repository.unsupported import needs_contents, refuse_unsupported, unsupported_reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from modelops.domain.packages import PackageIndex
    from modelops.domain.resources import ResourceRequest
    from modelops.repository.configuration import Source
    from modelops.repository.kinds import Kind
    from modelops.settings import InstallationSettings, MachineSettings, Settings

EXAMPLES = 5
"""The number of names that a message lists if none is similar."""
log = logging.getLogger(__name__)


def references(kind: Kind[Any], settings: Settings) -> list[str]:
    """The references of all models or feature tasks, such as "demo/arrival_delay", sorted within each repository.

    For suggestions. It needs no network and never raises. Folders that can't be read and models that can't run are
    omitted; `problems` returns the reasons.
    """
    try:
        sources = read_sources(settings.installation.repositories).valid.values()
    except RepositoryError:
        return []
    found = []
    for source in sources:
        with contextlib.suppress(ModelOpsError):
            every = names(kind, source, settings.machine)
            refused = _unsupported(source, every, settings.machine) if kind is MODELS else {}
            found += [reference for name in every if (reference := f"{source.name}/{name}") not in refused]
    return found


def unsupported_reason_of(reference: str, settings: Settings) -> RepositoryError | None:
    """Why a model can't run here: it is in R, in SQL or for a Teradata database; else None. Needs no network."""
    try:
        repository, _, name = reference.partition("/")
        source = read_sources(settings.installation.repositories).valid.get(repository)
        if source is None or name not in names(MODELS, source, settings.machine):
            return None
        return _unsupported(source, [name], settings.machine).get(reference)
    except ModelOpsError:
        return None  # the job reports the error


def problems(settings: Settings) -> list[ModelOpsError]:
    """The problems of repositories.yaml and of the repositories that it names, and models that can't run.

    Needs no network.
    """
    try:
        sources = read_sources(settings.installation.repositories)
    except RepositoryError as error:
        return [error]
    found: list[ModelOpsError] = [*sources.errors.values()]
    for source in sources.valid.values():
        try:
            found += _unsupported(source, names(MODELS, source, settings.machine), settings.machine).values()
        except ModelOpsError as error:
            found.append(error)
    return found


def names(kind: Kind[Any], source: Source, machine: MachineSettings) -> list[str]:
    """The names of the models or feature tasks of a source; of a git source as last fetched.

    Raises:
        RepositoryError: the folder or the mirror doesn't exist or can't be read.
    """
    if isinstance(source, FolderSource):
        found = _names_in_folder(kind, source)
    else:
        found = _names_in_mirror(kind, source, machine.mirrors / source.name)
    return sorted(name for name in found if name.isprintable() and not name.startswith("."))


def check_name(kind: Kind[Any], source: Source, name: str, machine: MachineSettings) -> None:
    """Check that no folder of another kind in the repository claims the name too.

    Raises:
        RepositoryError: one does.
    """
    for one, other in NAMESAKES:
        if kind is one and name in names(other, source, machine):
            raise name_twice(source.name, name)


def name_twice(repository: str, name: str) -> RepositoryError:
    """The error for a model and an imported model of the same name."""
    return RepositoryError(
        f"there is a folder {name} in {MODELS.folder} and in {IMPORTED_MODELS.folder}",
        where=f"{repository}/{IMPORTED_MODELS.folder}/{name}",
        expected="another name for one of them, since their versions would have the same",
    )


def reference_of(kind: Kind[Any], folder: Path, installation: InstallationSettings) -> str | None:
    """The reference of the model or feature task in a folder; None if the folder isn't in a configured repository."""
    source = _source_of(kind, folder, installation)
    return None if source is None else f"{source.name}/{folder.resolve().name}"


def index_of(kind: Kind[Any], folder: Path, installation: InstallationSettings) -> PackageIndex | None:
    """The package index for a model or feature task in a folder; None: that of the installation."""
    source = _source_of(kind, folder, installation)
    return None if source is None else source.index


def _source_of(kind: Kind[Any], folder: Path, installation: InstallationSettings) -> FolderSource | None:
    try:
        sources = read_sources(installation.repositories)
    except RepositoryError:
        return None
    for source in sources.valid.values():
        if isinstance(source, FolderSource) and (source.path / kind.folder).resolve() == folder.resolve().parent:
            return source
    return None


def unknown(kind: Kind[Any], reference: str, settings: Settings, *, at: GitSource | None = None) -> RepositoryError:
    """The error for an unknown reference, with similar names.

    With `at`, the names are those of this source at the requested ref.
    """
    if at is None:
        known = references(kind, settings)
    else:
        known = [f"{at.name}/{name}" for name in names(kind, at, settings.machine)]
    question = did_you_mean(reference, known)
    expected = kind.layout if known else f"there is none yet: {kind.layout}"
    if known and not question:
        expected += f"; there are {', '.join(known[:EXAMPLES])}" + (" and others" if len(known) > EXAMPLES else "")
    return RepositoryError(
        f"there is no {kind.word} {reference!r}" + (f" at {at.ref!r}" if at else "") + question,
        where=at.ref_declared if at else str(settings.installation.repositories),
        expected=expected,
    )


def requested_resources(
    kind: Kind[Any], reference: str, settings: Settings, *, ref: str | None = None
) -> ResourceRequest | None:
    """What a model or a feature task requests now; of a git repository as last fetched. Needs no network.

    None: there is no such reference, or its file can't be read, which the job reports.
    """
    try:
        repository, _, name = reference.partition("/")
        source = read_sources(settings.installation.repositories).valid.get(repository)
        if source is None or name not in names(kind, source, settings.machine):
            return None
        file = kind.configuration
        if isinstance(source, FolderSource):
            path = source.path / kind.folder / name / file
            text = path.read_text(encoding="utf-8-sig") if path.exists() else "{}"
        else:
            text = _text_in_mirror(source if ref is None else source.at(ref), f"{kind.folder}/{name}/{file}", settings)
        return read_resources(Document(shown=f"{reference}/{file}", text=text, value=yaml.safe_load(text)))
    except (ModelOpsError, GitError, OSError, ValueError, yaml.YAMLError, RecursionError):
        return None


def _text_in_mirror(source: GitSource, path: str, settings: Settings) -> str:
    """The text of a small file at the ref of a git source, as last fetched; "{}" if there is no such file."""
    mirror_of_source = settings.machine.mirrors / source.name
    listed = git("ls-tree", "-l", source.ref, "--", path, folder=mirror_of_source, bare=True).decode().split()
    if not listed or int(listed[3]) > MAX_BYTES:
        return "{}"
    return git("cat-file", "blob", listed[2], folder=mirror_of_source, bare=True).decode("utf-8-sig")


def refresh(settings: Settings) -> None:
    """Fetch the git repositories. Never raises; a failure is logged."""
    try:
        sources = read_sources(settings.installation.repositories)
    except Exception as error:  # noqa: BLE001 - the caller's loop goes on
        log.warning("no repository was fetched: %s", error)
        return
    for source in sources.valid.values():
        if isinstance(source, GitSource):
            try:
                mirror.update(source, settings.machine.mirrors)
            except Exception as error:  # noqa: BLE001 - as above
                log.warning("repository %r was not fetched: %s", source.name, error)


def _names_in_folder(kind: Kind[Any], source: FolderSource) -> list[str]:
    """The names in a folder repository. Links that lead out of the repository are omitted."""
    expected = f"a folder that holds {kind.folder}, which this system's user may read"
    try:
        if not source.path.is_dir():
            raise RepositoryError(f"there is no folder {source.path}", where=source.declared, expected=expected)
        root = source.path.resolve()
        return [folder.name for folder in kind.folders(source.path) if folder.resolve().is_relative_to(root)]
    except OSError as error:
        raise RepositoryError(
            f"{source.path} can't be read: {error.strerror}", where=source.declared, expected=expected
        ) from None


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
    return list({parts[1] for parts in paths if len(parts) == 3 and parts[2] in kind.markers})


def _unsupported(source: Source, models: Iterable[str], machine: MachineSettings) -> Mapping[str, RepositoryError]:
    """The models of a source that can't run: reference → reason."""
    if isinstance(source, GitSource):
        reasons = _unsupported_in_mirror(source, machine.mirrors / source.name)
        return {each: reasons[each] for each in (f"{source.name}/{name}" for name in models) if each in reasons}
    found = {}
    for name in models:
        reference = f"{source.name}/{name}"
        try:
            refuse_unsupported(source.path / MODELS.folder / name, reference)
        except RepositoryError as error:
            found[reference] = error
        except OSError:
            continue  # it changed just now or can't be read, which is reported when it is used
    return found


def _unsupported_in_mirror(source: GitSource, folder: Path) -> Mapping[str, RepositoryError]:
    try:
        tree = git("rev-parse", "--verify", "--quiet", f"{source.ref}:{MODELS.folder}", folder=folder, bare=True)
        return _unsupported_in_tree(source.name, folder, tree.decode().strip())
    except GitError:
        return {}  # `names` reports this


@lru_cache(maxsize=32)
def _unsupported_in_tree(source: str, folder: Path, tree: str) -> Mapping[str, RepositoryError]:
    """Cached: the contents of a git tree never change."""
    models: dict[str, dict[str, bytes]] = {}
    blobs = []
    for line in git_names("ls-tree", "-r", "-l", "-z", tree, folder=folder, bare=True):
        description, path = line.split("\t", 1)
        _mode, kind, blob, size = description.split()
        model, _, name = path.partition("/")
        if kind == "blob" and name:
            models.setdefault(model, {})[name] = b""
            if needs_contents(name) and int(size) <= MAX_BYTES:
                blobs.append((model, name, blob, int(size)))
    request = "".join(f"{blob}\n" for _, _, blob, _ in blobs).encode()
    answer = git("cat-file", "--batch", stdin=request, folder=folder, bare=True)
    end = 0
    for model, name, blob, length in blobs:
        start = end + len(f"{blob} blob {length}\n")
        models[model][name] = answer[start : start + length]
        end = start + length + 1
    found = {f"{source}/{model}": unsupported_reason(files, f"{source}/{model}") for model, files in models.items()}
    return {reference: error for reference, error in found.items() if error is not None}
