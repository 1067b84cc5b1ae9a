"""Pins and loads the code of a model's version, and fetches the artifacts of its training."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import ArtifactChanged
from modelops.domain.versions import ArtifactRole
from modelops.registry.write import evidence, versions
from modelops.repository.definition import read_model
from modelops.repository.imported_definition import read_imported
from modelops.stages import code
from modelops.stages.code import Code, pinned_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modelops.domain.versions import Version
    from modelops.jobs.run import JobRun
    from modelops.repository.definition import ModelDefinition
    from modelops.repository.pin import Pinned

REQUIREMENTS = "model_modules/requirements.txt"
SAMPLE = "sample.arrow"


def pin(
    version: Version,
    pinned: Pinned[ModelDefinition],
    hyperparameters: Mapping[str, Any],
    workdir: Path,
    run: JobRun,
) -> tuple[Version, Code[ModelDefinition]]:
    """Record the code, the packages and the hyperparameters of a version.

    Raises:
        RequirementsError: its requirements can't be resolved.
    """
    definition = pinned.definition
    lock, artifacts = pinned_files(pinned, REQUIREMENTS, workdir, run)
    with run.fenced():
        version = versions.pin(
            run.ledger,
            version,
            hyperparameters={**definition.hyperparameters, **hyperparameters},
            commit=pinned.commit,
            dirty=pinned.dirty,
            code_sha256=pinned.code_sha256,
            requirements_sha256=lock.sha256,
            resources=definition.resources.as_record(),
        )
        evidence.add_artifacts(run.ledger, artifacts, version_id=version.id)
    return version, Code(definition=definition, folder=pinned.folder, lock=lock)


@dataclass(frozen=True, kw_only=True)
class ModelFiles:
    """The artifacts of a training or an import: the folder with its files, and the file of the sample.

    `sample` does not exist if the model had no ModelScorer.
    """

    model: Path
    sample: Path


def fetch_artifacts(version: Version, workdir: Path, run: JobRun) -> ModelFiles:
    """Fetch the artifacts of the version's training or import from the artifact store, and verify their hashes.

    Raises:
        ArtifactChanged: a file differs from its recorded hash, or the recorded files are not those of the training.
    """
    stored = evidence.artifacts_of(run.ledger, version.id)
    if not versions.artifacts_unchanged(run.ledger, version):
        raise ArtifactChanged(
            f"the artifacts on record of {version.subject} are not those that were recorded",
            where="modelops.artifact",
            expected=f"a set with SHA-256 {version.artifact_sha256}",
        )
    model, sample = workdir / "artifacts", workdir / "sample"
    for folder, role in ((model, ArtifactRole.OUTPUT), (sample, ArtifactRole.SAMPLE)):
        folder.mkdir()
        run.resources.store.fetch((artifact for artifact in stored if artifact.role is role), folder)
    return ModelFiles(model=model, sample=sample / SAMPLE)


def load(version: Version, workdir: Path, run: JobRun) -> Code[ModelDefinition]:
    """Load the pinned code of a model's version; see `stages.code.load`.

    A version that was pinned before there were requests of resources is read as it was then.
    """
    trained = partial(read_model, requests=version.resources is not None)
    read = read_imported if version.is_imported_model else trained
    return code.load(version, read, REQUIREMENTS, workdir, run)
