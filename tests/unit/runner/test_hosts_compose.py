"""What a compose file says, and the hosts that come of it."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from modelops.domain.errors import BadInput, Unavailable
from modelops.runner.hosts import compose, images, namespaces
from modelops.runner.hosts.compose import Condition, Healthcheck, Mount, Port, Service
from modelops.runner.hosts.dockerfile import SYSTEM_PATH, last_stage
from modelops.runner.hosts.plan import Host, chosen, names_of, plan

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = """
x-ours: &ours
  image: ${IMAGE:-modelops:local}
  restart: unless-stopped
  depends_on: &depends
    init: {condition: service_completed_successfully}
  environment: &environment
    MODE: cluster
    SECRET: ${SECRET:?}
  volumes: [logs:/var/lib/modelops/logs, "./repositories.yaml:/etc/modelops/repositories.yaml:ro"]
services:
  data:
    image: postgres:18
    environment: {POSTGRES_PASSWORD: "${SECRET:?}", FSYNC: true, SIZE: 5}
    volumes: [data:/var/lib/postgresql]
    healthcheck: {test: [CMD, pg_isready], interval: 1m30s, retries: 2}
  init:
    <<: *ours
    restart: "no"
    depends_on: {data: {condition: service_healthy}}
    command: [python, -m, init]
    environment: {<<: *environment, MODE: once}
  worker:
    <<: *ours
    command: airflow celery 'worker' --hostname "a b"
    stop_grace_period: 10m
    healthcheck: {test: "exit 0", start_period: 2m, timeout: 500ms}
    ports: ["127.0.0.1:8080:80"]
  tool:
    image: anything
    profiles: [debug]
volumes: {data: , logs: }
"""
DOCKERFILE = """
FROM base AS packages
ENV LEFT=behind
FROM ${BASE}
ENV PATH=/opt/modelops/.venv/bin:$PATH \\
    # between
    MODELOPS_HOME=/var/lib/modelops AIRFLOW_HOME=/var/lib/modelops/airflow
COPY --from=packages /opt/modelops/.venv /opt/modelops/.venv
COPY . /opt/modelops
COPY extra.txt other.txt /etc/ours/
WORKDIR /var/lib/modelops
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".dockerignore").write_text("# what\n*\n!dags\n!include\n!*.txt\ninclude/tests\n")
    for name in ("dags", "include", "tests", ".secret"):
        (tmp_path / name).mkdir()
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "extra.txt").touch()
    (tmp_path / "docker-compose.yaml").write_text(FILE)
    return tmp_path


@pytest.fixture
def read(project: Path) -> Callable[..., dict[str, Service]]:
    def reading(text: str = FILE, **variables: str) -> dict[str, Service]:
        (file := project / "docker-compose.yaml").write_text(text)
        return compose.read(file, {"SECRET": "s3", **variables})

    return reading


def hosts_of(services: dict[str, Service], project: Path, workers: int = 2) -> dict[str, Host]:
    made = plan(
        services, workers=workers, state=project / "state", project=project, python=project / "python", file="file"
    )
    return {host.name: host for host in made}


def test_anchors_and_merge_keys_give_what_yaml_says(read: Callable[..., dict[str, Service]]) -> None:
    services = read()
    assert list(services) == ["data", "init", "worker"], "a service of a profile isn't started"
    assert services["init"].environment == {"MODE": "once", "SECRET": "s3"}
    assert services["worker"].environment == {"MODE": "cluster", "SECRET": "s3"}
    assert services["data"].environment == {"POSTGRES_PASSWORD": "s3", "FSYNC": "true", "SIZE": "5"}
    assert services["init"].depends_on == {"data": Condition.HEALTHY}
    assert services["worker"].depends_on == {"init": Condition.COMPLETED}
    assert services["worker"].image == "modelops:local"
    assert read(IMAGE="mine/modelops:2")["worker"].image == "mine/modelops:2"


def test_commands_times_volumes_and_ports_are_read(read: Callable[..., dict[str, Service]], project: Path) -> None:
    services = read()
    worker = services["worker"]
    assert worker.command == ("airflow", "celery", "worker", "--hostname", "a b")
    assert (worker.grace, worker.restart, services["data"].restart) == (600, "unless-stopped", "no")
    assert worker.ports == (Port(address="127.0.0.1", published=8080, target=80),)
    assert worker.mounts == (
        Mount(source="logs", target="/var/lib/modelops/logs", folder=False),
        Mount(
            source=str(project / "repositories.yaml"),
            target="/etc/modelops/repositories.yaml",
            folder=True,
            read_only=True,
        ),
    )
    assert worker.healthcheck == Healthcheck(command=("/bin/sh", "-c", "exit 0"), start_period=120, timeout=0.5)
    assert services["data"].healthcheck == Healthcheck(command=("pg_isready",), interval=90, retries=2)


def test_folders_are_those_that_compose_means(
    read: Callable[..., dict[str, Service]], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(project / "home"))
    text = """
services:
  data:
    image: postgres
    volumes: ["~/x:/a", "~:/b/", "../x:/c/../d", "x:/e", {type: bind, source: x, target: /f}]
"""
    assert [(mount.source, mount.target, mount.folder) for mount in read(text)["data"].mounts] == [
        (f"{project}/home/x", "/a", True),
        (f"{project}/home", "/b", True),
        (f"{project.parent}/x", "/d", True),
        ("x", "/e", False),
        (f"{project}/x", "/f", True),
    ]


def test_files_of_variables_are_read_and_the_environment_wins(
    read: Callable[..., dict[str, Service]], project: Path
) -> None:
    (project / "settings.env").write_text("ONE=1\nTWO=$SECRET\n")
    text = """
services:
  data:
    image: postgres
    env_file: [settings.env, {path: none.env, required: false}]
    environment: {ONE: mine}
"""
    assert read(text)["data"].environment == {"ONE": "mine", "TWO": "s3"}
    with pytest.raises(BadInput, match=r"none\.env"):
        read(text.replace(", required: false", ""))


@pytest.mark.parametrize(
    ("service", "where", "said"),
    [
        ("{image: a, depends_on: [nobody]}", "depends_on", "there is no service 'nobody'"),
        ("{image: a, depends_on: {data: {condition: later}}}", "depends_on", "later"),
        ("{image: a, network_mode: host}", "network_mode", "'network_mode' is not supported without Docker"),
        ("{image: a, restart: sometimes}", "restart", "not a restart policy"),
        ("{image: a, stop_grace_period: soon}", "stop_grace_period", "not a duration"),
        ("{image: a, healthcheck: {test: [RUN, x]}}", "healthcheck.test", "not a health check"),
        ("{image: a, volumes: [/nowhere]}", "volumes", "not a volume"),
        ("{image: a, volumes: ['here:']}", "volumes", "not a volume"),
        ("{image: a, volumes: ['here:/']}", "volumes", "mounted over the host's root"),
        ("{image: a, volumes: ['here://x/../..']}", "volumes", "mounted over the host's root"),
        ("{image: a, volumes: ['~chief/here:/there']}", "volumes", "the home of another user"),
        ("{image: a, ports: [8080]}", "ports", "can't be published"),
        ("{image: a, env_file: [5]}", "env_file", "names no file"),
        ("{image: a, healthcheck: {test: [CMD, x], retries: many}}", "", "many"),
        ("{image: a, environment: 5}", "", "can't be read"),
    ],
)
def test_what_hosts_can_not_do_is_refused(
    service: str, where: str, said: str, read: Callable[..., dict[str, Service]]
) -> None:
    with pytest.raises(BadInput, match=said) as refused:
        read(f"services:\n  data: {{image: postgres}}\n  x: {service}\n")
    assert refused.value.where == f"docker-compose.yaml: services.x.{where}".rstrip(".")


@pytest.mark.parametrize("text", ["", "- a", "services: [a]", "a: [", "services: {x: }"])
def test_a_file_without_services_is_refused(text: str, read: Callable[..., dict[str, Service]]) -> None:
    with pytest.raises(BadInput):
        read(text)


def test_each_service_is_a_host_and_each_worker_one_of_its_own(
    read: Callable[..., dict[str, Service]], project: Path
) -> None:
    hosts = hosts_of(read(), project)
    assert {name: host.address for name, host in hosts.items()} == {
        "data": "10.77.7.11",
        "init": "10.77.7.12",
        "w1": "10.77.7.13",
        "w2": "10.77.7.14",
    }
    assert names_of(list(hosts.values())).splitlines()[2:] == [
        "10.77.7.11 data",
        "10.77.7.12 init",
        "10.77.7.13 w1 worker",
        "10.77.7.14 w2 worker",
    ]
    assert hosts["w2"].environment["HOSTNAME"] == "w2"
    assert hosts["init"].is_awaited
    assert not hosts["w1"].is_awaited


def test_hosts_share_volumes_and_nothing_else_that_can_be_written(
    read: Callable[..., dict[str, Service]], project: Path
) -> None:
    hosts = hosts_of(read(), project)
    written = {
        name: {bind.target: bind.source for bind in host.binds if not bind.read_only} for name, host in hosts.items()
    }
    first, second = written["w1"], written["w2"]
    assert first["/var/lib/modelops"].startswith(str(project / "state" / "hosts" / "w1"))
    assert {target for target in first if first[target] == second[target]} == {"/var/lib/modelops/logs"}
    assert written["data"] == {"/var/lib/postgresql": str(project / "state" / "volumes" / "data")}


def test_a_mount_comes_after_the_one_that_it_lies_in(read: Callable[..., dict[str, Service]], project: Path) -> None:
    targets = [bind.target for bind in hosts_of(read(), project)["w1"].binds]
    for place, target in enumerate(targets):
        assert not [inner for inner in targets[:place] if inner.startswith(f"{target}/")], target


def test_the_project_is_seen_as_its_dockerfile_says(read: Callable[..., dict[str, Service]], project: Path) -> None:
    host = hosts_of(read(), project)["w1"]
    shown = {bind.target: Path(bind.source).name for bind in host.binds if bind.read_only}
    assert shown["/opt/modelops/dags"] == "dags"
    assert shown["/opt/modelops/.venv"] == "python"
    assert shown["/etc/ours/extra.txt"] == "extra.txt"
    assert "/etc/ours/other.txt" not in shown
    assert "/opt/modelops/extra.txt" in shown
    assert "/opt/modelops/tests" not in shown
    assert "/opt/modelops/.secret" not in shown
    assert host.environment["PATH"] == f"/opt/modelops/.venv/bin:{SYSTEM_PATH}"
    assert "LEFT" not in host.environment
    assert (host.workdir, host.environment["HOME"]) == ("/var/lib/modelops", "/var/lib/modelops")


def test_a_stage_begins_with_the_one_that_it_names(tmp_path: Path) -> None:
    (file := tmp_path / "Dockerfile").write_text(
        'ARG V=3\nFROM x AS a\nENV ONE=1\nENTRYPOINT ["e"]\n'
        'FROM a\nARG TWO=2\nENV BOTH=$ONE${TWO} OLD="q r"\nCMD sleep 1\n'
    )
    stage = last_stage(file)
    assert (stage.environment["BOTH"], stage.environment["OLD"]) == ("12", "q r")
    assert (stage.entrypoint, stage.command) == (("e",), ("/bin/sh", "-c", "sleep 1"))
    file.write_text("# nothing\n")
    with pytest.raises(BadInput, match="no stage"):
        last_stage(file)


def test_a_plan_survives_being_written(read: Callable[..., dict[str, Service]], project: Path) -> None:
    for host in hosts_of(read(), project).values():
        assert Host.from_json({**asdict(host), "folder": str(host.folder)}) == host


def test_an_unknown_image_is_refused(read: Callable[..., dict[str, Service]], project: Path) -> None:
    services = read("services:\n  cache: {image: 'memcached:1'}\n")
    with pytest.raises(BadInput, match="'memcached:1'") as refused:
        hosts_of(services, project)
    assert refused.value.where == "file: services.cache.image"


def test_a_missing_redis_is_said(
    read: Callable[..., dict[str, Service]], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_args, **_more: None)
    with pytest.raises(Unavailable, match="no redis-server on the PATH"):
        hosts_of(read("services:\n  broker: {image: 'redis:7'}\n"), project)


@pytest.mark.parametrize("workers", [0, 21])
def test_the_number_of_workers_has_bounds(workers: int, read: Callable[..., dict[str, Service]], project: Path) -> None:
    with pytest.raises(BadInput, match=f"invalid number of workers: {workers}"):
        hosts_of(read(), project, workers=workers)


def test_a_service_may_not_have_the_name_of_a_worker(read: Callable[..., dict[str, Service]], project: Path) -> None:
    with pytest.raises(BadInput, match="a name that occurs twice: w1"):
        hosts_of(read("services:\n  w1: {image: postgres}\n  worker: {image: postgres}\n"), project)


def test_an_unknown_host_is_refused_with_those_there_are(
    read: Callable[..., dict[str, Service]], project: Path
) -> None:
    with pytest.raises(BadInput, match="data, init, w1, w2"):
        chosen(list(hosts_of(read(), project).values()), "w3")


def test_without_namespaces_the_way_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespaces, "AS_ROOT", ("sh", "-c", "echo 'Operation not permitted' >&2; exit 1"))
    monkeypatch.setattr(namespaces, "AS_USER", ("sh", "-c", "echo 'Operation not permitted' >&2; exit 1"))
    monkeypatch.setattr(namespaces, "PROGRAMS", {"sh": "dash"})
    with pytest.raises(Unavailable, match=r"Operation not permitted.*as root.*docker compose up"):
        namespaces.namespaces()


def test_a_missing_program_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespaces, "PROGRAMS", {"no-such-program": "iproute2"})
    with pytest.raises(Unavailable, match=r"no no-such-program on the PATH.*iproute2"):
        namespaces.namespaces()


def test_the_postgres_of_the_wheel_stands_for_its_image() -> None:
    image = images._postgres()
    assert all(Path(bind.source).exists() for bind in image.binds)
    assert (Path(image.environment["PATH"].split(":")[0]) / "postgres").exists()
