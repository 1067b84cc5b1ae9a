"""Reads the services of a compose file."""

from __future__ import annotations

import os
import posixpath
import re
import shlex
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import yaml

from modelops.domain.errors import BadInput
from modelops.runner.hosts.interpolation import interpolated, read_env_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:us|ms|s|m|h))+")
PORT = re.compile(r"(?:(?:(?P<address>[\d.]+|\[[0-9a-fA-F:]+\]):)?(?P<published>\d+):)?(?P<target>\d+)(?:/tcp)?")
RESTART = re.compile(r"no|always|unless-stopped|on-failure(?::\d+)?")
LOOPBACK = "127.0.0.1"

READ = frozenset(
    [
        "build",
        "command",
        "depends_on",
        "entrypoint",
        "env_file",
        "environment",
        "healthcheck",
        "image",
        "init",
        "ports",
        "profiles",
        "restart",
        "stop_grace_period",
        "stop_signal",
        "volumes",
        "working_dir",
    ]
)
WITHOUT_EFFECT = frozenset(
    [
        "annotations",
        "cap_add",
        "cap_drop",
        "container_name",
        "cpus",
        "deploy",
        "expose",
        "group_add",
        "labels",
        "logging",
        "mem_limit",
        "memswap_limit",
        "networks",
        "pids_limit",
        "platform",
        "privileged",
        "pull_policy",
        "read_only",
        "scale",
        "security_opt",
        "shm_size",
        "tmpfs",
        "ulimits",
        "user",
    ]
)
"""Keys of a service that say nothing to a host in namespaces: it is on the one network, and has no limits."""


class _Loader(yaml.SafeLoader):
    """Reads YAML 1.2 as Compose does: `yes`, `no`, `on` and `off` are strings, and so is `1:30`."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] in ("merge", "null")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), list(_first))


class Condition(StrEnum):
    """The condition under which a service that depends on another one may start."""

    STARTED = "service_started"
    HEALTHY = "service_healthy"
    COMPLETED = "service_completed_successfully"


@dataclass(frozen=True, kw_only=True)
class Healthcheck:
    """The health check of a service: the host is healthy if the command exits with 0. Times are in seconds."""

    command: tuple[str, ...]
    interval: float = 30
    timeout: float = 30
    retries: int = 3
    start_period: float = 0
    start_interval: float = 5


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A volume mounted in a host: a named one, or a file or folder of this machine (`folder`)."""

    source: str
    target: str
    folder: bool
    read_only: bool = False


@dataclass(frozen=True, kw_only=True)
class Port:
    """A published port: a port of a host, and the address on this machine at which it is reachable."""

    address: str
    published: int
    target: int


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service; `command`, `entrypoint` and `stop_signal` are None if those of the image apply."""

    name: str
    image: str | None
    built: bool
    command: tuple[str, ...] | None
    entrypoint: tuple[str, ...] | None
    environment: dict[str, str]
    depends_on: dict[str, Condition]
    healthcheck: Healthcheck | None
    mounts: tuple[Mount, ...]
    ports: tuple[Port, ...]
    restart: str
    grace: float
    stop_signal: str | None
    working_dir: str | None


def read(path: Path, variables: Mapping[str, str]) -> dict[str, Service]:
    """Read the services of a compose file, by name; those with a profile are left out.

    Raises:
        BadInput: the file can't be read, a variable is missing, or a service has a setting that hosts don't support.
    """
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - it is a SafeLoader
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise BadInput(f"the file can't be read: {error}", where=str(path), expected="a compose file") from None
    if not isinstance(document, dict) or not isinstance(document.get("services"), dict):
        raise BadInput("the file has no services", where=str(path), expected="services: with one entry for each")
    written = interpolated(document["services"], variables, where=f"{path.name}: services")
    reader = _Reader(path=path, variables=variables)
    services = {
        name: reader.service(str(name), service)
        for name, service in written.items()
        if not reader.left_out(name, service)
    }
    for service in services.values():
        for other in service.depends_on:
            if other not in services:
                raise reader.wrong(service.name, "depends_on", f"there is no service {other!r}", ", ".join(services))
    return services


def seconds(text: str) -> float | None:
    """Convert a duration such as `1m30s` to seconds; None if it is invalid."""
    if not DURATION.fullmatch(text):
        return None
    return sum(float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+)(us|ms|s|m|h)", text))


@dataclass(frozen=True, kw_only=True)
class _Reader:
    path: Path
    variables: Mapping[str, str]

    def wrong(self, service: str, key: str, what: str, expected: str) -> BadInput:
        return BadInput(what, where=f"{self.path.name}: services.{service}.{key}".rstrip("."), expected=expected)

    def left_out(self, name: str, written: Any) -> bool:
        if not isinstance(written, dict):
            raise self.wrong(name, "", "the service is not a mapping", "a mapping with image or build")
        return bool(written.get("profiles"))

    def service(self, name: str, written: dict[str, Any]) -> Service:
        try:
            return self._service(name, written)
        except (AttributeError, TypeError, ValueError) as error:
            raise self.wrong(name, "", f"the service can't be read: {error}", "what Docker Compose accepts") from None

    def _service(self, name: str, written: dict[str, Any]) -> Service:
        for key in written:
            if key not in READ | WITHOUT_EFFECT and not str(key).startswith("x-"):
                raise self.wrong(name, key, f"the key {key!r} is not supported without Docker", ", ".join(sorted(READ)))
        restart = str(written.get("restart", "no"))
        if not RESTART.fullmatch(restart):
            raise self.wrong(
                name, "restart", f"{restart!r} is not a restart policy", "no, always, unless-stopped or on-failure"
            )
        return Service(
            name=name,
            image=written.get("image"),
            built="build" in written,
            command=self._words(name, "command", written),
            entrypoint=self._words(name, "entrypoint", written),
            environment=self._environment(name, written),
            depends_on=self._depends_on(name, written),
            healthcheck=self._healthcheck(name, written),
            mounts=tuple(self._mount(name, one) for one in written.get("volumes") or ()),
            ports=tuple(self._port(name, str(one)) for one in written.get("ports") or ()),
            restart=restart,
            grace=self._duration(name, "stop_grace_period", written, 10),
            stop_signal=written.get("stop_signal"),
            working_dir=written.get("working_dir"),
        )

    def _words(self, name: str, key: str, written: dict[str, Any]) -> tuple[str, ...] | None:
        match written.get(key):
            case None:
                return None
            case str() as line:
                return tuple(shlex.split(line))
            case list() as words:
                return tuple(str(word) for word in words)
            case _:
                raise self.wrong(name, key, "this is not a command", "a list of words")

    def _environment(self, name: str, written: dict[str, Any]) -> dict[str, str]:
        given = written.get("environment") or {}
        if isinstance(given, list):
            pairs = [str(one).partition("=") for one in given]
            given = {key: value if equals else None for key, equals, value in pairs}
        taken = {key: self.variables.get(key) if value is None else _text(value) for key, value in given.items()}
        return {**self._of_files(name, written), **{key: value for key, value in taken.items() if value is not None}}

    def _of_files(self, name: str, written: dict[str, Any]) -> dict[str, str]:
        found: dict[str, str] = {}
        given = written.get("env_file") or []
        for one in [given] if isinstance(given, str) else given:
            file = {"path": one} if isinstance(one, str) else one
            if not isinstance(file, dict) or not isinstance(file.get("path"), str):
                raise self.wrong(name, "env_file", f"{one!r} names no file", "a path, or {path: …, required: false}")
            path = self._path(name, "env_file", file["path"])
            if path.exists() or file.get("required", True):
                found |= read_env_file(path, {**found, **self.variables})
        return found

    def _depends_on(self, name: str, written: dict[str, Any]) -> dict[str, Condition]:
        given = written.get("depends_on") or {}
        if isinstance(given, list):
            return dict.fromkeys(given, Condition.STARTED)
        try:
            return {other: Condition((how or {}).get("condition", Condition.STARTED)) for other, how in given.items()}
        except ValueError as error:
            raise self.wrong(name, "depends_on", str(error), ", ".join(Condition)) from None

    def _healthcheck(self, name: str, written: dict[str, Any]) -> Healthcheck | None:
        given = written.get("healthcheck")
        if given is None or given.get("disable") or given.get("test") in (["NONE"], "NONE"):
            return None
        match given.get("test"):
            case str() as line:
                command: tuple[str, ...] = ("/bin/sh", "-c", line)
            case ["CMD-SHELL", line]:
                command = ("/bin/sh", "-c", str(line))
            case ["CMD", *words] if words:
                command = tuple(str(word) for word in words)
            case _:
                raise self.wrong(name, "healthcheck.test", "this is not a health check", "[CMD, program, argument, …]")
        times = {
            key: self._duration(name, key, given, getattr(Healthcheck, key))
            for key in ("interval", "timeout", "start_period", "start_interval")
        }
        return Healthcheck(command=command, retries=int(given.get("retries", Healthcheck.retries)), **times)

    def _duration(self, name: str, key: str, written: dict[str, Any], default: float) -> float:
        if key not in written:
            return default
        duration = seconds(str(written[key]))
        if duration is None:
            raise self.wrong(name, key, f"{written[key]!r} is not a duration", "such as 30s or 1m30s")
        return duration

    def _mount(self, name: str, written: Any) -> Mount:
        if isinstance(written, str):
            source, _, rest = written.partition(":")
            target, _, options = rest.partition(":")
            read_only, folder = "ro" in options.split(","), False
        else:
            source, target = str(written.get("source", "")), str(written.get("target", ""))
            read_only = bool(written.get("read_only"))
            folder = written.get("type") == "bind"
        if not source or not target.startswith("/"):
            raise self.wrong(name, "volumes", f"{written!r} is not a volume", "name:/path or ./path:/path")
        # `normpath` keeps two slashes at the beginning.
        target = posixpath.normpath(f"/{target.lstrip('/')}")
        if target == "/":
            raise self.wrong(name, "volumes", f"{written!r} is mounted over the host's root", "a path below /")
        folder = folder or source.startswith((".", "/", "~"))
        if folder:
            source = str(self._path(name, "volumes", source).resolve())
        return Mount(source=source, target=target, folder=folder, read_only=read_only)

    def _path(self, name: str, key: str, written: str) -> Path:
        """Resolve a path of the file: relative to the file's folder, or with `~` to the user's home folder."""
        if re.match("~[^/]", written):
            raise self.wrong(name, key, f"{written!r} names the home of another user", "~/path, ./path or /path")
        return self.path.parent / os.path.expanduser(written)

    def _port(self, name: str, written: str) -> Port:
        port = PORT.fullmatch(written)
        if port is None or port["published"] is None:
            raise self.wrong(name, "ports", f"{written!r} can't be published", "address:port:port or port:port")
        address = (port["address"] or LOOPBACK).strip("[]")
        return Port(address=address, published=int(port["published"]), target=int(port["target"]))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
