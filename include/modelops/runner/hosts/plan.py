"""Plans the hosts for the services of a compose file: addresses, mounts, environments and commands."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import BadInput
from modelops.runner.hosts.compose import Condition, Healthcheck, Port, Service
from modelops.runner.hosts.images import Bind, Image, image_of

if TYPE_CHECKING:
    from collections.abc import Mapping

NETWORK = "10.77.7"
PREFIX = 24
FIRST = 11
MAX_HOSTS = 100
WORKER = "worker"
"""The service that is there several times; its hosts are w1, w2, …"""
MAX_WORKERS = 20


@dataclass(frozen=True, kw_only=True)
class Host:
    """A host; `folder` contains all of its own state, `command` is the program that its init starts."""

    name: str
    service: str
    number: int
    folder: Path
    command: tuple[str, ...]
    environment: dict[str, str]
    workdir: str
    binds: tuple[Bind, ...]
    depends_on: dict[str, Condition] = field(default_factory=dict)
    healthcheck: Healthcheck | None = None
    ports: tuple[Port, ...] = ()
    restart: str = "no"
    grace: float = 10
    stop_signal: str = "SIGTERM"
    is_awaited: bool = False
    """Whether others wait until its program has ended well."""

    @property
    def address(self) -> str:
        """The IPv4 address on the cluster's network."""
        return f"{NETWORK}.{FIRST + self.number}"

    @classmethod
    def from_json(cls, written: dict[str, Any]) -> Host:
        """The host from its `dataclasses.asdict`."""
        check = written["healthcheck"]
        return cls(
            **{
                **written,
                "folder": Path(written["folder"]),
                "command": tuple(written["command"]),
                "binds": tuple(Bind(**bind) for bind in written["binds"]),
                "depends_on": {name: Condition(how) for name, how in written["depends_on"].items()},
                "healthcheck": Healthcheck(**{**check, "command": tuple(check["command"])}) if check else None,
                "ports": tuple(Port(**port) for port in written["ports"]),
            }
        )


def plan(
    services: Mapping[str, Service], *, workers: int, state: Path, project: Path, python: Path, file: str
) -> list[Host]:
    """The hosts of all services, with the requested number of workers.

    Args:
        state: the cluster's state folder; hosts' folders below it are created at their start.
        project: the folder of the project, with the Dockerfile.
        python: the Python environment of the project's services.
        file: the compose file's name, for messages.

    Raises:
        BadInput: an image is not supported, or there are too many hosts.
    """
    if not 1 <= workers <= MAX_WORKERS:
        raise BadInput(
            f"invalid number of workers: {workers}", where="--workers", expected=f"a number from 1 to {MAX_WORKERS}"
        )
    hosts: list[Host] = []
    awaited = {name for one in services.values() for name, how in one.depends_on.items() if how is Condition.COMPLETED}
    for service in services.values():
        image = image_of(service, project=project, python=python, file=file)
        names = [f"w{number}" for number in range(1, workers + 1)] if service.name == WORKER else [service.name]
        for name in names:
            hosts.append(_host(name, len(hosts), service, image, state, is_awaited=service.name in awaited))
    taken = [host.name for host in hosts]
    if len(set(taken)) < len(taken) or len(taken) > MAX_HOSTS:
        raise BadInput(
            f"too many hosts, or a name that occurs twice: {', '.join(taken)}",
            where=file,
            expected=f"at most {MAX_HOSTS} names, none twice; w1, w2, … are the workers'",
        )
    return hosts


def names_of(hosts: list[Host]) -> str:
    """The text of /etc/hosts: each host by its own name and by its service's."""
    lines = ["127.0.0.1 localhost", "::1 localhost"]
    lines += [f"{host.address} {' '.join(dict.fromkeys((host.name, host.service)))}" for host in hosts]
    return "\n".join(lines) + "\n"


def chosen(hosts: list[Host], name: str) -> Host:
    """The host of this name.

    Raises:
        BadInput: no host has that name.
    """
    for host in hosts:
        if host.name == name:
            return host
    raise BadInput(
        f"there is no host {name!r}", where="./modelops cluster", expected=", ".join(one.name for one in hosts)
    )


def _host(name: str, number: int, service: Service, image: Image, state: Path, *, is_awaited: bool) -> Host:
    folder = state / "hosts" / name
    volumes = tuple(
        Bind(
            source=mount.source if mount.folder else str(state / "volumes" / mount.source),
            target=mount.target,
            read_only=mount.read_only,
        )
        for mount in service.mounts
    )
    own = tuple(
        Bind(source=str(folder / "state" / path.strip("/").replace("/", "-")), target=path)
        for path in image.state
        if path not in {volume.target for volume in volumes}
    )
    entrypoint = image.entrypoint if service.entrypoint is None else service.entrypoint
    command = service.command or (image.command if service.entrypoint is None else ())
    # Shorter paths first: a mount below another mount must come after it.
    binds = sorted((*image.binds, *own, *volumes), key=lambda bind: bind.target.count("/"))
    return Host(
        name=name,
        service=service.name,
        number=number,
        folder=folder,
        command=(*entrypoint, *command),
        environment={"LANG": "C.UTF-8", "HOSTNAME": name, **image.environment, **service.environment},
        workdir=service.working_dir or image.workdir,
        binds=tuple(binds),
        depends_on=service.depends_on,
        healthcheck=service.healthcheck,
        ports=service.ports,
        restart=service.restart,
        grace=service.grace,
        stop_signal=service.stop_signal or image.stop_signal,
        is_awaited=is_awaited,
    )
