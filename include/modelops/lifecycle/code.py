"""A version's code and its environment: pinned once, by its training or its import, and the same ever after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from modelops.domain.errors import ArtifactChanged, RequirementsError
from modelops.domain.feature_tasks import FeatureTask
from modelops.domain.versions import ArtifactRole, VersionKind
from modelops.registry import evidence, versions
from modelops.repository.definition import ModelDefinition, read_model
from modelops.repository.pin import unpack
from modelops.repository.task_definition import read_task
from modelops.runtime.environment import Lock, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from modelops.domain.versions import Artifact, Version
    from modelops.jobs.run import JobRun
    from modelops.repository.pin import Pinned

ARCHIVE = "code.tar"
LOCK = "requirements.txt"
SAMPLE = "sample.arrow"
REQUIREMENTS = "model_modules/requirements.txt"
TASK_REQUIREMENTS = "requirements.txt"

Definition = TypeVar("Definition", ModelDefinition, FeatureTask)


@dataclass(frozen=True, kw_only=True)
class Code(Generic[Definition]):
    """A private copy of a model's or a feature task's folder, and the requirements that it runs with."""

    definition: Definition
    folder: Path
    lock: Lock


def pin(
    version: Version,
    pinned: Pinned[ModelDefinition],
    hyperparameters: Mapping[str, Any],
    workdir: Path,
    run: JobRun,
) -> tuple[Version, Code[ModelDefinition]]:
    """Write down what the version is made of.

    Raises:
        RequirementsError: its requirements can't be resolved.
    """
    definition = pinned.definition
    lock, artifacts = pinned_files(pinned, workdir, run)
    with run.fenced():
        version = versions.pin(
            run.ledger,
            version,
            hyperparameters={**definition.hyperparameters, **hyperparameters},
            commit=pinned.commit,
            dirty=pinned.dirty,
            code_sha256=pinned.code_sha256,
            requirements_sha256=lock.sha256,
        )
        evidence.add_artifacts(run.ledger, artifacts, version_id=version.id)
    return version, Code(definition=definition, folder=pinned.folder, lock=lock)


def pinned_files(pinned: Pinned[Any], workdir: Path, run: JobRun) -> tuple[Lock, list[Artifact]]:
    """Resolve the requirements, and store the code's archive and the lock.

    Raises:
        RequirementsError: they can't be resolved.
    """
    definition = pinned.definition
    where = f"{definition.reference}/{requirements_file(definition)}"
    lock = resolve(definition.requirements, settings=run.resources.settings, where=where, log=run.log)
    listed = workdir / LOCK
    listed.write_text(lock.text or "", encoding="utf-8")
    tag = run.tag
    return lock, [
        run.resources.store.put(pinned.archive, role=ArtifactRole.CODE, name=ARCHIVE, tag=tag),
        run.resources.store.put(listed, role=ArtifactRole.REQUIREMENTS, name=LOCK, tag=tag),
    ]


@dataclass(frozen=True, kw_only=True)
class ModelFiles:
    """What a training left: the folder `model` for the code, and the sample; that isn't there without a ModelScorer."""

    model: Path
    sample: Path


def fetch_artifacts(version: Version, workdir: Path, run: JobRun) -> ModelFiles:
    """What the version's training left, from the artifact store, checked to be exactly that.

    Raises:
        ArtifactChanged: a file isn't what was recorded, or the record isn't what the version was trained with.
    """
    stored = evidence.artifacts_of(run.ledger, version.id)
    if not versions.artifacts_unchanged(run.ledger, version):
        raise ArtifactChanged(
            f"the artifacts on record of {version.subject} are not those of its training",
            where="modelops.artifact",
            expected=f"a set with SHA-256 {version.artifact_sha256}",
        )
    model, sample = workdir / "artifacts", workdir / "sample"
    for folder, role in ((model, ArtifactRole.OUTPUT), (sample, ArtifactRole.SAMPLE)):
        folder.mkdir()
        run.resources.store.fetch((artifact for artifact in stored if artifact.role is role), folder)
    return ModelFiles(model=model, sample=sample / SAMPLE)


def load(version: Version, workdir: Path, run: JobRun) -> Code[ModelDefinition]:
    """The code that was pinned for a model's version, from the artifact store.

    Raises:
        ArtifactChanged: it isn't what was recorded.
        RequirementsError: it has no requirements of its own, and the project's are no longer what they were.
    """
    return _load(version, read_model, workdir, run)


def load_task(version: Version, workdir: Path, run: JobRun) -> Code[FeatureTask]:
    """The code that was pinned for a feature task's version, likewise."""
    return _load(version, read_task, workdir, run)


def load_any(version: Version, workdir: Path, run: JobRun) -> Code[ModelDefinition] | Code[FeatureTask]:
    """The code of either kind, likewise."""
    return (load if version.kind is VersionKind.MODEL else load_task)(version, workdir, run)


def _load(version: Version, read: Callable[[Path, str], Definition], workdir: Path, run: JobRun) -> Code[Definition]:
    kept = {ArtifactRole.CODE, ArtifactRole.REQUIREMENTS}
    artifacts = [a for a in evidence.artifacts_of(run.ledger, version.id) if a.role in kept]
    fetched = workdir / "pinned"
    run.resources.store.fetch(artifacts, fetched)
    folder = unpack(fetched / ARCHIVE, workdir / "code")
    definition = read(folder, version.name)
    text = (fetched / LOCK).read_text(encoding="utf-8")
    assert version.requirements_sha256 is not None
    lock = Lock(text=text or None, sha256=version.requirements_sha256)
    where = f"{version.name}/{requirements_file(definition)}"
    if lock.text is None and lock != resolve(None, settings=run.resources.settings, where=where, log=run.log):
        raise RequirementsError(
            f"{version.subject} ran on the project's own packages, which have changed since it was pinned",
            where=where,
            expected="a requirements.txt of its own, and a new version",
        )
    return Code(definition=definition, folder=folder, lock=lock)


def requirements_file(definition: ModelDefinition | FeatureTask) -> str:
    """Where in its folder a model or a feature task lists its packages."""
    return TASK_REQUIREMENTS if isinstance(definition, FeatureTask) else REQUIREMENTS
