"""A version's code and requirements: pinned once, by its training or its import, and used by every later job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from modelops.domain.errors import RequirementsError
from modelops.domain.versions import ArtifactRole
from modelops.registry.write import evidence
from modelops.repository.pin import unpack
from modelops.runtime.environment import Lock, resolve

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modelops.domain.versions import Artifact, Version
    from modelops.jobs.run import JobRun
    from modelops.repository.pin import Pinned

ARCHIVE = "code.tar"
LOCK = "requirements.txt"


class Pinnable(Protocol):
    """The declarations that the code folders of all kinds of versions have."""

    @property
    def reference(self) -> str:
        """The reference of the model or the feature task, `<repository>/<name>`."""

    @property
    def requirements(self) -> str | None:
        """The text of its requirements.txt, or None if there is no such file."""


Definition = TypeVar("Definition", bound=Pinnable)


@dataclass(frozen=True, kw_only=True)
class Code(Generic[Definition]):
    """A job's own copy of a code folder, and the pinned requirements that the code runs with."""

    definition: Definition
    folder: Path
    lock: Lock


def pinned_files(pinned: Pinned[Any], requirements: str, workdir: Path, run: JobRun) -> tuple[Lock, list[Artifact]]:
    """Resolve the requirements, and store the code's archive and the lock.

    Args:
        requirements: path of the requirements.txt in the code's folder, for messages.

    Raises:
        RequirementsError: the requirements can't be resolved.
    """
    definition = pinned.definition
    where = f"{definition.reference}/{requirements}"
    machine = run.resources.settings.machine
    lock = resolve(definition.requirements, machine=machine, where=where, log=run.log, index=pinned.index)
    listed = workdir / LOCK
    listed.write_text(lock.text or "", encoding="utf-8")
    return lock, [
        run.resources.store.put(pinned.archive, role=ArtifactRole.CODE, name=ARCHIVE, tag=run.tag),
        run.resources.store.put(listed, role=ArtifactRole.REQUIREMENTS, name=LOCK, tag=run.tag),
    ]


def unpack_version(version: Version, workdir: Path, run: JobRun) -> tuple[Path, str | None]:
    """Unpack a version's pinned code from the artifact store; returns the folder and the text of the lock file.

    Raises:
        ArtifactChanged: a stored file is missing or differs from the recorded one.
    """
    kept = {ArtifactRole.CODE, ArtifactRole.REQUIREMENTS}
    artifacts = [a for a in evidence.artifacts_of(run.ledger, version.id) if a.role in kept]
    fetched = workdir / "pinned"
    run.resources.store.fetch(artifacts, fetched)
    folder = unpack(fetched / ARCHIVE, workdir / "code")
    return folder, (fetched / LOCK).read_text(encoding="utf-8") or None


def load(
    version: Version, read: Callable[[Path, str], Definition], requirements: str, workdir: Path, run: JobRun
) -> Code[Definition]:
    """Load a version's pinned code from the artifact store.

    Args:
        read: reads the definition from a folder, given the folder and the reference.
        requirements: path of the requirements.txt in the code's folder, for messages.

    Raises:
        ArtifactChanged: a stored file is missing or differs from the recorded one.
        RequirementsError: the version has no requirements of its own, and the project's have changed.
    """
    folder, text = unpack_version(version, workdir, run)
    definition = read(folder, version.name)
    assert version.requirements_sha256 is not None
    lock = Lock(text=text, sha256=version.requirements_sha256)
    where = f"{version.name}/{requirements}"
    if lock.text is None and lock != resolve(None, machine=run.resources.settings.machine, where=where, log=run.log):
        raise RequirementsError(
            f"{version.subject} ran on the project's own packages, which have changed since it was pinned",
            where=where,
            expected="a requirements.txt of its own, and a new version",
        )
    return Code(definition=definition, folder=folder, lock=lock)
