"""Hosts are made of what Docker Compose makes of the same file."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from documents import ROOT
from modelops.runner.containers.secrets_file import write_env
from modelops.runner.hosts import compose
from modelops.runner.hosts.cluster import Cluster
from modelops.runner.hosts.compose import Healthcheck, Port, Service, seconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOME = "/home/somebody"
HARD = """
x-all: &all
  restart: always
  environment: &environment {PLAIN: "${PLAIN}", NONE: "${NONE:-x${PLAIN:-y}}", DOLLAR: "$$PLAIN $$", yes: "${PLAIN:+z}"}
services:
  first:
    <<: *all
    image: ${IMAGE-fallback:1}
    command: run "two words" ${EMPTY:-three} $PLAIN
    environment: {<<: *environment, PLAIN: 5, ON: on, AT: 1:30, FLAG: true, TAKEN: , LATE: "${EMPTY-empty}"}
    env_file: values.env
    volumes:
      - data:/data
      - ./here:/there:ro
      - ~/x:/y/
      - ~:/z/../w
      - {type: bind, source: x, target: /v}
      - {type: bind, source: ., target: /all, read_only: true}
    ports: ["127.0.0.1:${PORT}:80"]
    stop_grace_period: 1m30s
    healthcheck: {test: "test -f $$HOME", interval: 1h, timeout: 250ms, retries: 7, start_interval: 3s}
  second:
    <<: *all
    image: b
    entrypoint: [sh, -c, 'echo "$$0"']
    depends_on: [first]
    environment: [ONE=1, TAKEN, EMPTY=]
    healthcheck: {test: [CMD, a, b c]}
volumes: {data: }
"""
VALUES = """PLAIN=shadowed
QUOTED='a $PLAIN' # comment
DOUBLE="a ${PLAIN} \\"q\\""
BARE=a b # comment
HASH=a#b
EMPTY=
"""


@pytest.fixture(scope="module")
def config(docker_compose: list[str]) -> Callable[..., dict[str, Any]]:
    """The services of a file as Docker Compose resolves them."""

    def run(file: Path, folder: Path) -> dict[str, Any]:
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": HOME}
        where = ["--project-directory", str(folder), "--file", str(file)]
        command = [*docker_compose, *where, "config", "--format", "json"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        # What it prints is a compose file again, in which a dollar is written twice.
        services: dict[str, Any] = json.loads(done.stdout.replace("$$", "$"))["services"]
        return services

    return run


def words(written: str | list[str] | None) -> tuple[str, ...] | None:
    return None if written is None else tuple(written)


def healthcheck(written: dict[str, Any] | None) -> Healthcheck | None:
    if written is None:
        return None
    kind, *command = written["test"]
    names = ("interval", "timeout", "start_period", "start_interval")
    times = {name: seconds(written[name]) for name in names if name in written}
    more = {"retries": written["retries"]} if "retries" in written else {}
    whole = ("/bin/sh", "-c", *command) if kind == "CMD-SHELL" else tuple(command)
    return Healthcheck(command=whole, **times, **more)


def same(service: Service, written: dict[str, Any]) -> None:
    """Compare a service as we read it with what Docker Compose says of it."""
    assert service.environment == written.get("environment", {})
    assert service.image == written.get("image")
    assert service.built == ("build" in written)
    assert service.command == words(written["command"])
    assert service.entrypoint == words(written["entrypoint"])
    assert service.restart == written.get("restart", "no")
    assert service.grace == seconds(written.get("stop_grace_period", "10s"))
    assert {name: str(how) for name, how in service.depends_on.items()} == {
        name: how["condition"] for name, how in written.get("depends_on", {}).items()
    }
    assert service.healthcheck == healthcheck(written.get("healthcheck"))
    assert [(one.source, one.target, one.folder, one.read_only) for one in service.mounts] == [
        (one["source"], one["target"], one["type"] == "bind", one.get("read_only", False))
        for one in written.get("volumes", [])
    ]
    assert list(service.ports) == [
        Port(address=one["host_ip"], published=int(one["published"]), target=one["target"])
        for one in written.get("ports", [])
    ]


def test_the_projects_file_is_read_as_compose_reads_it(config: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    for name in (".env.example", "docker-compose.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    write_env(tmp_path)
    with (tmp_path / ".env").open("a", encoding="utf-8") as file:
        file.write("MODELOPS_ADDRESS=127.0.0.1:8099\n")
    (tmp_path / "settings.env").write_text("MODELOPS_LOG_LINE=5\n", encoding="utf-8")
    path = tmp_path / "docker-compose.yaml"
    written = config(path, tmp_path)
    cluster = Cluster(tmp_path / "state", file=path, environ={})
    services = compose.read(path, cluster.variables())
    assert services.keys() == written.keys()
    for name, service in services.items():
        same(service, written[name])
    assert services["worker"].environment["MODELOPS_LOG_LINE"] == "5"


def test_the_grammar_is_that_of_compose(
    config: Callable[..., dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", HOME)
    (path := tmp_path / "docker-compose.yaml").write_text(HARD, encoding="utf-8")
    (tmp_path / "values.env").write_text(VALUES, encoding="utf-8")
    (tmp_path / ".env").write_text("PLAIN=plain\nEMPTY=\nPORT=81\nTAKEN=from here\n", encoding="utf-8")
    written = config(path, tmp_path)
    services = compose.read(path, Cluster(tmp_path / "state", file=path, environ={}).variables())
    for name, service in services.items():
        same(service, written[name])
