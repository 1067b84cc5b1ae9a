"""A version's code and its environment: pinned once at training, the same ever after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelops.domain.errors import RequirementsError
from modelops.domain.versions import ArtifactRole
from modelops.lifecycle.services import tag_of
from modelops.registry import evidence, jobs, versions
from modelops.repository.definition import ModelDefinition, read_model
from modelops.repository.pin import pin_model, unpack
from modelops.runtime.environment import Lock, resolve

if TYPE_CHECKING:
    from pathlib import Path

    from modelops.domain.jobs import Attempt
    from modelops.domain.versions import Version
    from modelops.lifecycle.services import Services
    from modelops.lifecycle.train import TrainingRequest

ARCHIVE = "code.tar"
LOCK = "requirements.txt"
REQUIREMENTS = "model_modules/requirements.txt"


@dataclass(frozen=True, kw_only=True)
class Code:
    """A private copy of a model's folder, and the requirements that it runs with."""

    definition: ModelDefinition
    folder: Path
    lock: Lock


def pin(
    version: Version, request: TrainingRequest, attempt: Attempt, workdir: Path, services: Services
) -> tuple[Version, Code]:
    """Read the model from its repository, and write down what the version is made of.

    Raises:
        RepositoryError, RequirementsError: the model isn't what it must be.
    """
    pinned = pin_model(
        version.name, settings=services.settings, destination=workdir / "code", allow_dirty=request.allow_dirty
    )
    definition = pinned.definition
    lock = resolve(
        definition.requirements, settings=services.settings, where=f"{version.name}/{REQUIREMENTS}", log=services.log
    )
    listed = workdir / LOCK
    listed.write_text(lock.text or "", encoding="utf-8")
    tag = tag_of(attempt)
    artifacts = [
        services.store.put(pinned.archive, role=ArtifactRole.CODE, name=ARCHIVE, tag=tag),
        services.store.put(listed, role=ArtifactRole.REQUIREMENTS, name=LOCK, tag=tag),
    ]
    with jobs.holding(services.connection, attempt):
        version = versions.pin(
            services.connection,
            version,
            hyperparameters={**definition.hyperparameters, **request.hyperparameters},
            commit=pinned.commit,
            dirty=pinned.dirty,
            code_sha256=pinned.code_sha256,
            requirements_sha256=lock.sha256,
        )
        evidence.add_artifacts(services.connection, artifacts, version_id=version.id)
    return version, Code(definition=definition, folder=pinned.folder, lock=lock)


def load(version: Version, workdir: Path, services: Services) -> Code:
    """The code that was pinned for a version, from the artifact store.

    Raises:
        ArtifactChanged: it isn't what was recorded.
        RequirementsError: it has no requirements of its own, and the project's are no longer what they were.
    """
    kept = {ArtifactRole.CODE, ArtifactRole.REQUIREMENTS}
    artifacts = [a for a in evidence.artifacts_of(services.connection, version.id) if a.role in kept]
    fetched = workdir / "pinned"
    services.store.fetch(artifacts, fetched)
    folder = unpack(fetched / ARCHIVE, workdir / "code")
    text = (fetched / LOCK).read_text(encoding="utf-8")
    assert version.requirements_sha256 is not None
    lock = Lock(text=text or None, sha256=version.requirements_sha256)
    where = f"{version.name}/{REQUIREMENTS}"
    if lock.text is None and lock != resolve(None, settings=services.settings, where=where, log=services.log):
        raise RequirementsError(
            f"{version.subject} ran on the project's own packages, which have changed since its training",
            where=where,
            expected="a requirements.txt of the model's own, and a new version",
        )
    return Code(definition=read_model(folder, version.name), folder=folder, lock=lock)
