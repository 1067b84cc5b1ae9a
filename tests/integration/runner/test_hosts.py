"""Hosts in namespaces of their own: their network, restarts and health, and that nothing of them is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psutil
import psycopg
import pytest

from modelops.domain.errors import BadInput, Unavailable
from modelops.runner.hosts import cluster as cluster_module
from modelops.runner.hosts import output
from modelops.runner.hosts.cluster import Cluster, Refused
from modelops.runner.hosts.images import PYTHON
from modelops.runner.hosts.namespaces import namespaces, search_path
from modelops.runner.layout import free_port
from modelops.runner.processes import is_alive
from modelops.runner.steps import Quiet
from polling import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Images of PostgreSQL, as every machine that runs the tests has what stands for them.
FILE = """
x-any: &any
  image: postgres:18
  healthcheck: {test: "true", interval: 200ms}
  restart: unless-stopped
  stop_grace_period: 1s
services:
  data:
    <<: *any
    environment: {POSTGRES_USER: chief, POSTGRES_PASSWORD: "${PASSWORD:?}", POSTGRES_DB: "my data"}
    healthcheck: {test: [CMD, pg_isready, --host=127.0.0.1], interval: 300ms, retries: 100}
    volumes: ["data:/var/lib/postgresql"]
    ports: ["127.0.0.1:${PORT}:5432"]
  once:
    image: postgres:18
    entrypoint: [sh, -c, 'PGPASSWORD="$$PASSWORD" psql -h data -U chief -d "my data" -c "CREATE TABLE made ()"']
    environment: {PASSWORD: "${PASSWORD:?}"}
    depends_on: {data: {condition: service_healthy}}
  worker:
    <<: *any
    entrypoint: [sh, -c, 'echo started >> /var/lib/postgresql/log; trap "exit 3" TERM; while true; do sleep 0.1; done']
    depends_on: {once: {condition: service_completed_successfully}}
"""
SMALL = """
services:
  worker:
    image: postgres:18
    entrypoint: [sleep, infinity]
"""
SECONDS = 120


@pytest.fixture(scope="module", autouse=True)
def _allowed() -> None:
    try:
        namespaces()
    except Unavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("hosts")
    (folder / "docker-compose.yaml").write_text(FILE)
    (folder / ".env").write_text(f"PASSWORD=s3cret\nPORT={free_port()}\n")
    cluster = Cluster(folder / "state", file=folder / "docker-compose.yaml", environ={})
    cluster.up(workers=2, steps=Quiet(), timeout=SECONDS)
    yield cluster
    cluster.down(at_once=True)


def told(cluster: Cluster, host: str) -> dict[str, Any]:
    return next(one for one in cluster.hosts() if one["name"] == host)


def run(cluster: Cluster, host: str, *command: str) -> tuple[int, str]:
    answer = cluster.ask({"do": "run", "host": host, "command": command})
    return answer["code"], answer["said"].strip()


def test_all_are_up_in_the_order_of_the_file(cluster: Cluster) -> None:
    assert {host["name"]: (host["state"], host["code"]) for host in cluster.hosts()} == {
        "data": ("running", None),
        "once": ("exited", 0),
        "w1": ("running", None),
        "w2": ("running", None),
    }
    with pytest.raises(BadInput, match="the cluster is already running"):
        cluster.up(workers=2, steps=Quiet(), timeout=1)


def test_a_published_port_reaches_the_database(cluster: Cluster) -> None:
    port = cluster.variables()["PORT"]
    with psycopg.connect(host="127.0.0.1", port=port, user="chief", password="s3cret", dbname="my data") as connection:
        assert connection.execute("SELECT to_regclass('made') IS NOT NULL").fetchone() == (True,)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host="127.0.0.1", port=port, user="chief", password="wrong", dbname="my data")


def test_a_host_has_a_name_processes_and_files_of_its_own(cluster: Cluster, tmp_path: Path) -> None:
    assert run(cluster, "w1", "hostname") == (0, "w1")
    assert run(cluster, "w1", "id", "-u")[1] != "0"
    assert run(cluster, "w1", "ls", str(tmp_path))[0] != 0
    assert run(cluster, "w1", "sh", "-c", "touch /var/lib/postgresql/mine && ls /var/lib/postgresql")[1] == "log\nmine"
    assert run(cluster, "w2", "ls", "/var/lib/postgresql") == (0, "log")
    assert "postgres" not in run(cluster, "w1", "sh", "-c", "cat /proc/[0-9]*/comm")[1]
    assert run(cluster, "w1", "getent", "hosts", "data")[1].split() == [told(cluster, "data")["address"], "data"]
    assert run(cluster, "w1", "cat", "/proc/net/route")[1].count("\n") == 1, "its own network is the only route"


@pytest.mark.parametrize("path", ["/", "/dev", "/sys/devices/system/cpu", "/proc/sys/kernel/core_pattern"])
def test_nothing_of_the_machine_can_be_written_in_a_host(cluster: Cluster, path: str) -> None:
    assert run(cluster, "w1", "test", "-e", path)[0] == 0
    assert run(cluster, "w1", "test", "-w", path)[0] == 1


def test_a_host_has_the_devices_alone_that_every_program_may_use(cluster: Cluster) -> None:
    links, usable = {"fd", "ptmx", "stderr", "stdin", "stdout"}, {"full", "null", "random", "tty", "urandom", "zero"}
    assert set(run(cluster, "w1", "ls", "/dev")[1].split()) == {*links, *usable, "pts", "shm"}
    for path in ("/dev/kmsg", "/dev/loop0", "/dev/kvm", "/sys/power/state"):
        assert run(cluster, "w1", "test", "-e", path)[0] == 1
    used = "head -c 4 /dev/urandom | wc -c; echo gone > /dev/null; echo here > /dev/shm/file; cat /dev/shm/file"
    assert run(cluster, "w1", "sh", "-c", f"{used}; echo said | cat /dev/stdin") == (0, "4\nhere\nsaid")
    terminal = "import os; print(os.ttyname(os.openpty()[1]))"
    assert run(cluster, "w1", PYTHON, "-IS", "-c", terminal) == (0, "/dev/pts/0")


def test_a_program_that_ends_is_started_again_in_the_same_folders(cluster: Cluster) -> None:
    starts = told(cluster, "w1")["starts"]
    run(cluster, "w1", "sh", "-c", "kill -9 $(cat /proc/1/task/1/children)")
    until(lambda: told(cluster, "w1")["starts"] > starts and told(cluster, "w1")["well"], "w1 is well", within=SECONDS)
    assert run(cluster, "w1", "cat", "/var/lib/postgresql/log")[1].count("started") == starts + 1


def test_a_killed_host_stays_dead_until_it_is_started(cluster: Cluster) -> None:
    cluster.ask({"do": "kill", "host": "w2"})
    assert told(cluster, "w2")["state"] == "killed"
    with pytest.raises(Refused, match="w2 doesn't run: it is killed"):
        run(cluster, "w2", "true")
    with pytest.raises(Refused, match="doesn't run"):
        cluster.ask({"do": "kill", "host": "w2"})
    cluster.ask({"do": "start", "host": "w2"})
    until(lambda: told(cluster, "w2")["well"], "w2 is well", within=SECONDS)
    with pytest.raises(Refused, match="w2 was not killed"):
        cluster.ask({"do": "start", "host": "w2"})


def test_a_host_that_is_started_again_is_reached_at_its_hardware_address(cluster: Cluster) -> None:
    def address() -> str:
        code, said = run(cluster, "w2", "ip", "-oneline", "link", "show", "eth0")
        assert code == 0, said
        return said.partition("link/ether ")[2].split()[0]

    before = address()
    cluster.ask({"do": "kill", "host": "w2"})
    cluster.ask({"do": "start", "host": "w2"})
    until(lambda: told(cluster, "w2")["well"], "w2 is well", within=SECONDS)
    assert address() == before


def test_no_packet_reaches_a_host_that_is_cut_off(cluster: Cluster) -> None:
    asked = ("pg_isready", "--host=data", "--timeout=2")
    assert run(cluster, "w1", *asked)[0] == 0
    cluster.ask({"do": "partition", "host": "w1"})
    assert run(cluster, "w1", *asked)[0] != 0
    assert not told(cluster, "w1")["well"]
    assert run(cluster, "w2", *asked)[0] == 0
    cluster.ask({"do": "heal", "host": "w1"})
    until(lambda: run(cluster, "w1", *asked)[0] == 0, "w1 reaches data", within=SECONDS)


def test_what_a_command_prints_is_kept_up_to_a_bound(cluster: Cluster) -> None:
    code, said = run(
        cluster, "w1", "sh", "-c", f"echo begun; head -c {2 * output.MOST} /dev/zero; echo; echo ended; exit 4"
    )
    assert (code, said[:6], said[-6:]) == (4, "begun\n", "\nended")
    left_out = output.MOST + len("begun\n\nended\n")
    assert f"[{left_out:,} bytes left out: the first and the last {output.MOST // 2:,} bytes are kept]" in said


def test_an_unknown_host_is_refused_with_those_there_are(cluster: Cluster) -> None:
    with pytest.raises(Refused, match="data, once, w1, w2"):
        cluster.ask({"do": "kill", "host": "w3"})


def test_data_stays_and_nothing_else_is_left(tmp_path: Path) -> None:
    (tmp_path / "docker-compose.yaml").write_text(FILE)
    (tmp_path / ".env").write_text(f"PASSWORD=s3cret\nPORT={free_port()}\n")
    cluster = Cluster(tmp_path / "state", file=tmp_path / "docker-compose.yaml", environ={})
    before = interfaces()
    cluster.up(workers=1, steps=Quiet(), timeout=SECONDS)
    assert interfaces() == before, "the machine's own network has none of its interfaces"
    keeper = cluster.keeper()
    assert keeper is not None
    all_of_it = [keeper, *keeper.children(recursive=True)]
    keeper.kill()
    psutil.wait_procs(all_of_it, timeout=SECONDS)
    assert not [process for process in all_of_it if process.is_running() and process.status() != "zombie"]
    assert str(tmp_path) not in subprocess.check_output(["cat", "/proc/self/mountinfo"], text=True)
    assert cluster.down(at_once=True) is False
    with pytest.raises(Unavailable, match="isn't up"):
        cluster.ask({"do": "status"})

    (tmp_path / "docker-compose.yaml").write_text(
        FILE.replace("CREATE TABLE", "TABLE made; DROP TABLE made; CREATE TABLE")
    )
    cluster.up(workers=1, steps=Quiet(), timeout=SECONDS)
    assert told(cluster, "once")["code"] == 0, "the table of the first time was there"
    assert cluster.down(at_once=False) is True
    assert cluster.keeper() is None


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Cluster]:
    """One host that does nothing; it isn't started."""
    (tmp_path / "docker-compose.yaml").write_text(SMALL)
    cluster = Cluster(tmp_path / "state", file=tmp_path / "docker-compose.yaml", environ={})
    yield cluster
    cluster.down(at_once=True)


@pytest.mark.parametrize("levels", [0, 1, 2], ids=["unshare", "process 1", "the keeper proper"])
def test_a_keeper_that_does_not_answer_is_killed(small: Cluster, levels: int) -> None:
    small.up(workers=1, steps=Quiet(), timeout=SECONDS)
    stopped = small.keeper()
    assert stopped is not None
    all_of_it = [stopped, *stopped.children(recursive=True)]
    for _ in range(levels):
        stopped = stopped.children()[0]
    stopped.suspend()
    assert small.down(at_once=True) is True
    until(lambda: not any(map(is_alive, all_of_it)), "all have ended", within=SECONDS)


def below(cluster: Cluster) -> list[psutil.Process]:
    """All processes of the cluster."""
    keeper = cluster.keeper()
    assert keeper is not None
    return keeper.children(recursive=True)


def test_nothing_of_a_killed_host_is_left_when_the_command_answers(small: Cluster) -> None:
    small.file.write_text(SMALL.replace("[sleep, infinity]", "[sh, -c, 'sleep 7 & sleep infinity']"))
    small.up(workers=1, steps=Quiet(), timeout=SECONDS)
    until(lambda: [process.name() for process in below(small)].count("sleep") == 2, "both sleep")
    processes = below(small)
    (top,) = (process for process in processes if process.name() == "unshare" and process.children())
    of_the_host = [top, *top.children(recursive=True)]
    small.ask({"do": "kill", "host": "w1"})
    assert not [process for process in of_the_host if process.is_running()], "not as a zombie either"


def test_a_process_whose_parent_has_ended_leaves_no_zombie(small: Cluster) -> None:
    small.up(workers=1, steps=Quiet(), timeout=SECONDS)

    def commands() -> list[psutil.Process]:
        return [one for one in below(small) if one.name() == "nsenter" and one.children()]

    with ThreadPoolExecutor() as pool:
        asked = pool.submit(run, small, "w1", "sleep", "999")
        until(lambda: bool(commands()), "the command runs")
        (nsenter,) = commands()
        (child,) = nsenter.children()
        nsenter.kill()
        until(lambda: not is_alive(nsenter), "its parent has ended")
        child.kill()
        assert asked.result(SECONDS) == (128 + signal.SIGKILL, "")
    until(lambda: not child.is_running(), "process 1 has taken note of its end")


def test_a_start_that_fails_is_said_and_repeated_as_the_service_says(
    small: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    (blocked := small.file.parent / "blocked").touch()
    text = SMALL + "    volumes: ['./blocked/folder:/folder']\n"
    small.file.write_text(text)
    with pytest.raises(
        Unavailable, match=r"(?s)w1 is failed\. .*blocked.*The end of .*The host can't be started: .*blocked"
    ):
        small.up(workers=1, steps=Quiet(), timeout=SECONDS)
    assert told(small, "w1")["state"] == "failed"
    small.down(at_once=True)

    monkeypatch.setattr(cluster_module, "MAX_STARTS", 1)
    small.file.write_text(text + "    restart: unless-stopped\n")
    with pytest.raises(Unavailable, match=r"w1 is restarting\. .*blocked"):
        small.up(workers=1, steps=Quiet(), timeout=SECONDS)
    blocked.unlink()
    until(lambda: told(small, "w1")["well"], "w1 is well", within=SECONDS)


AGAIN = """
import subprocess
from pathlib import Path
from modelops.runner.hosts import network
from modelops.runner.hosts.plan import Host

host = Host(name="w1", service="w", number=3, folder=Path(), command=(), environment={}, workdir="/", binds=())
network.make_bridge()
for _ in range(2):
    print("here", flush=True)
    shell = ["sh", "-c", "echo here; exec sleep infinity"]
    other = subprocess.Popen(["unshare", "--net", *shell], stdout=subprocess.PIPE)
    other.stdout.readline()
    network.connect(host, other.pid, cut=False)
"""


def test_the_cable_of_an_earlier_start_does_not_hinder_the_next() -> None:
    program = [*namespaces(), sys.executable, "-P", "-c", AGAIN]
    done = subprocess.run(
        program, env={**os.environ, "PATH": search_path()}, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("here\nhere\n", "")


def test_one_cluster_alone_uses_a_state_folder(small: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    spawn = Cluster._spawn

    def while_another_comes(*arguments: Any) -> None:
        with monkeypatch.context() as original:
            original.setattr(Cluster, "_spawn", spawn)
            with pytest.raises(Unavailable, match="in use by another process"):
                Cluster(small.state, file=small.file, environ={}).up(workers=1, steps=Quiet(), timeout=SECONDS)
        spawn(*arguments)

    monkeypatch.setattr(Cluster, "_spawn", while_another_comes)
    small.up(workers=1, steps=Quiet(), timeout=SECONDS)
    record = small.state / "keeper.json"
    known = record.read_text()
    record.unlink()
    with pytest.raises(Unavailable, match="in use by another process"):
        small.up(workers=1, steps=Quiet(), timeout=SECONDS)
    record.write_text(known)
    assert small.down(at_once=True) is True


def test_a_start_that_dies_before_the_keeper_is_on_record_leaves_nothing(
    small: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(_process: psutil.Process) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as died:
        died.setattr(cluster_module, "identified", dies)
        with pytest.raises(KeyboardInterrupt):
            small.up(workers=1, steps=Quiet(), timeout=SECONDS)
    assert small._started is not None
    small._started.wait(SECONDS)
    small.up(workers=1, steps=Quiet(), timeout=SECONDS)


def test_what_was_started_is_said_to_run_on_when_it_does_not_get_well(small: Cluster) -> None:
    small.file.write_text(SMALL + '    healthcheck: {test: "false", interval: 100ms}\n')
    with pytest.raises(Unavailable, match=r"(?s)w1 is running.*still runs: `./modelops cluster down`"):
        small.up(workers=1, steps=Quiet(), timeout=SECONDS)
    assert small.keeper() is not None


def test_a_service_that_fails_ends_the_start_with_its_last_words(tmp_path: Path) -> None:
    text = FILE.replace("CREATE TABLE made ()", "SELECT nonsense")
    (tmp_path / "docker-compose.yaml").write_text(text)
    (tmp_path / ".env").write_text(f"PASSWORD=s3cret\nPORT={free_port()}\n")
    cluster = Cluster(tmp_path / "state", file=tmp_path / "docker-compose.yaml", environ={})
    with pytest.raises(Unavailable, match='"nonsense" does not exist'):
        cluster.up(workers=1, steps=Quiet(), timeout=SECONDS)
    cluster.down(at_once=True)


def interfaces() -> set[str]:
    return set(psutil.net_if_addrs())
