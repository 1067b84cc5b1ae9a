"""A version's code and its environment: pinned once, by its training or its import, and the same ever after."""

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
    """What a folder of users' code declares, whatever kind of version is made of it."""

    @property
    def reference(self) -> str:
        """Its name, `<repository>/<name>`."""

    @property
    def requirements(self) -> str | None:
        """The text of its requirements.txt."""


Definition = TypeVar("Definition", bound=Pinnable)


@dataclass(frozen=True, kw_only=True)
class Code(Generic[Definition]):
    """A private copy of a folder of users' code, and the requirements that it runs with."""

    definition: Definition
    folder: Path
    lock: Lock


def pinned_files(pinned: Pinned[Any], requirements: str, workdir: Path, run: JobRun) -> tuple[Lock, list[Artifact]]:
    """Resolve the requirements, and store the code's archive and the lock.

    Args:
        requirements: path of the requirements.txt in the code's folder, for messages.

    Raises:
        RequirementsError: they can't be resolved.
    """
    definition = pinned.definition
    where = f"{definition.reference}/{requirements}"
    lock = resolve(definition.requirements, settings=run.resources.settings, where=where, log=run.log)
    listed = workdir / LOCK
    listed.write_text(lock.text or "", encoding="utf-8")
    return lock, [
        run.resources.store.put(pinned.archive, role=ArtifactRole.CODE, name=ARCHIVE, tag=run.tag),
        run.resources.store.put(listed, role=ArtifactRole.REQUIREMENTS, name=LOCK, tag=run.tag),
    ]


def unpacked(version: Version, workdir: Path, run: JobRun) -> tuple[Path, str | None]:
    """The folder of the code that was pinned for a version, and the text of its lock, from the artifact store.

    Raises:
        ArtifactChanged: it isn't what was recorded.
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
    """The code that was pinned for a version, from the artifact store.

    Args:
        read: reads the definition from the folder, for a reference.
        requirements: path of the requirements.txt in the code's folder, for messages.

    Raises:
        ArtifactChanged: it isn't what was recorded.
        RequirementsError: it has no requirements of its own, and the project's are no longer what they were.
    """
    folder, text = unpacked(version, workdir, run)
    definition = read(folder, version.name)
    assert version.requirements_sha256 is not None
    lock = Lock(text=text, sha256=version.requirements_sha256)
    where = f"{version.name}/{requirements}"
    if lock.text is None and lock != resolve(None, settings=run.resources.settings, where=where, log=run.log):
        raise RequirementsError(
            f"{version.subject} ran on the project's own packages, which have changed since it was pinned",
            where=where,
            expected="a requirements.txt of its own, and a new version",
        )
    return Code(definition=definition, folder=folder, lock=lock)
