"""The embedded PostgreSQL: begun, killed, begun again."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import psycopg
import pytest

from modelops.domain.errors import Unavailable
from modelops.runner import identity
from modelops.runner.layout import LOG_LIMIT
from modelops.runner.postgres import PostgresServer, running_server, stop_running_server
from modelops.runner.processes import wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KEEP = "WITH kept AS (SELECT lo_from_bytea(4711, '42')) SELECT * FROM kept"
KEPT = "SELECT convert_from(lo_get(4711), 'UTF8')"


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Callable[..., PostgresServer]]:
    """Server objects on one and the same data folder, as successive runners make them."""
    made: list[PostgresServer] = []

    def make(*, durable: bool = False) -> PostgresServer:
        made.append(PostgresServer(tmp_path / "postgres", tmp_path / "postgres.log", durable=durable))
        return made[-1]

    yield make
    for server in made:
        server.stop(immediately=True)
    stop_running_server(tmp_path / "postgres", immediately=True)


def query(server: PostgresServer, statement: str) -> str:
    with psycopg.connect(server.admin_url, autocommit=True) as connection:
        row = connection.execute(statement.encode()).fetchone()
        assert row is not None
        return str(row[0])


def test_it_listens_on_this_machine_only_and_wants_a_password(servers: Callable[..., PostgresServer]) -> None:
    server = servers()
    server.start()
    assert query(server, "SHOW listen_addresses") == "127.0.0.1"
    assert query(server, "SHOW unix_socket_directories") == ""
    assert query(server, "SHOW server_encoding") == "UTF8"
    assert query(server, "SHOW password_encryption") == "scram-sha-256"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.admin_url.replace(server.password, "postgres"))
    assert stat.S_IMODE((server.data / "modelops.password").stat().st_mode) == 0o600


def test_a_log_that_is_too_long_begins_anew(servers: Callable[..., PostgresServer]) -> None:
    server = servers()
    with server.log.open("wb") as log:
        log.truncate(LOG_LIMIT + 1)
    server.start()
    assert server.log.with_name("postgres.log.1").stat().st_size == LOG_LIMIT + 1
    assert "ready to accept connections" in server.log.read_text()


def test_data_password_and_port_stay_over_a_stop(servers: Callable[..., PostgresServer]) -> None:
    first = servers()
    first.start()
    query(first, KEEP)
    address = first.admin_url
    first.stop()
    assert first.pid is None
    second = servers()
    second.start()
    assert second.admin_url == address
    assert query(second, KEPT) == "42"


def test_another_port_is_taken_when_its_own_has_gone_to_somebody_else(servers: Callable[..., PostgresServer]) -> None:
    server = servers()
    server.start()
    server.stop()
    with socket.create_server(("127.0.0.1", server.port)) as other:
        server.start()
        assert server.port != other.getsockname()[1]
        assert query(server, "SELECT 1") == "1"


def test_killed_it_starts_again_and_has_lost_nothing(servers: Callable[..., PostgresServer]) -> None:
    server = servers(durable=True)
    server.start()
    query(server, KEEP)
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    server.start()
    assert query(server, KEPT) == "42"


def test_the_next_runner_ends_the_server_that_the_last_one_left(servers: Callable[..., PostgresServer]) -> None:
    left = servers()
    left.start()
    old = left.pid
    server = servers()
    server.start()
    assert server.pid != old
    assert left.pid is None
    assert query(server, "SELECT 1") == "1"


def test_a_data_folder_whose_making_was_interrupted_is_made_anew(
    servers: Callable[..., PostgresServer], tmp_path: Path
) -> None:
    half = tmp_path / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18")
    server = servers()
    server.start()
    assert query(server, "SELECT 1") == "1"
    assert not half.exists()


def test_a_folder_that_is_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "thesis.tex").write_text("")
    with pytest.raises(Unavailable, match="is not a data folder of PostgreSQL"):
        PostgresServer(tmp_path / "postgres", tmp_path / "postgres.log").start()
    assert (tmp_path / "postgres" / "thesis.tex").exists()


def test_a_start_that_fails_shows_the_end_of_the_log(servers: Callable[..., PostgresServer]) -> None:
    server = servers()
    server.ensure_initialised()
    with (server.data / "postgresql.conf").open("a") as configuration:
        configuration.write("work_mem = plenty\n")
    with pytest.raises(Unavailable, match='invalid value for parameter "work_mem"'):
        server.start()
    assert server.pid is None


def test_a_process_that_got_the_dead_servers_number_is_not_ended(tmp_path: Path) -> None:
    data = tmp_path / "postgres"
    data.mkdir()
    other = subprocess.Popen(["sleep", "60"], cwd=data)
    try:
        (data / "postmaster.pid").write_text(f"{other.pid}\n{data}\n")
        assert running_server(data) is None
        assert not stop_running_server(data)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_it_ends_with_the_runner_that_was_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from modelops.runner.postgres import PostgresServer\n"
        "server = PostgresServer(Path(sys.argv[1], 'postgres'), Path(sys.argv[1], 'log'), durable=False)\n"
        "server.start(); print(server.pid, flush=True); time.sleep(60)"
    )
    program = [sys.executable, "-c", code, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(program, stdout=subprocess.PIPE, env=environment) as runner:
        assert runner.stdout is not None
        server = psutil.Process(int(runner.stdout.readline()))
        runner.kill()
    assert not wait([server], 15), "the server outlives its runner"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_root_without_user_namespaces_runs_it_as_nobody(
    servers: Callable[..., PostgresServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "NAMESPACE", ("false",))
    server = servers()
    server.start()
    assert server.pid is not None
    assert psutil.Process(server.pid).username() == "nobody"
    server.stop()
    monkeypatch.undo()
    server.start()
    assert query(server, "SELECT 1") == "1", "the data folder goes back to root"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can't run it as itself")
def test_root_that_can_become_nobody_else_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(identity, "NAMESPACE", ("false",))
    monkeypatch.setattr(identity, "_as_nobody", lambda **_: None)
    with pytest.raises(Unavailable, match="Run this command as a normal user, or name a PostgreSQL server"):
        PostgresServer(tmp_path / "postgres", tmp_path / "postgres.log").start()


def test_a_server_that_was_started_and_stopped_at_once_leaves_nothing(servers: Callable[..., PostgresServer]) -> None:
    server = servers()
    server.start()
    assert server.pid is not None
    family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
    server.stop()
    assert not wait(family, 60)
