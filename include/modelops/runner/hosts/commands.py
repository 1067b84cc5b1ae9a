"""The commands of `./modelops cluster`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import BadInput
from modelops.runner.hosts.cluster import FILE, STILL_RUNS, Cluster
from modelops.runner.hosts.plan import MAX_WORKERS
from modelops.runner.layout import tail
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from modelops.runner.hosts.compose import Port
    from modelops.runner.steps import Steps

NOT_WELL, NOT_UP = 1, 3
"""Exit codes of `status`, as those of `./modelops status`."""
HOST_COMMANDS = {
    "kill": "End all processes of a host at once, as a power cut does.",
    "start": "Start a host that was killed, with the same folders.",
    "partition": "Cut a host off from the network: no packet goes either way.",
    "heal": "Connect a host to the network again.",
}
LINES = 50


def add_commands(actions: Any) -> None:
    """Add the commands that run the compose file without Docker."""

    def command(name: str, summary: str) -> argparse.ArgumentParser:
        return actions.add_parser(name, help=summary, description=summary, allow_abbrev=False)  # type: ignore[no-any-return]

    up = command("up", "Start all services, and wait until all are healthy.")
    up.add_argument("--workers", type=int, default=1, metavar="N", help=f"1 to {MAX_WORKERS} (default: 1)")
    up.add_argument("--file", type=Path, default=PROJECT_ROOT / FILE, help=f"the compose file (default: {FILE})")
    up.add_argument("--env-file", type=Path, help="values of its variables (default: .env in its folder)")
    up.add_argument(
        "--timeout",
        type=float,
        default=600,
        metavar="SECONDS",
        help="how long to wait until all are healthy (default: 600)",
    )
    down = command("down", "Stop all hosts; their data stays.")
    down.add_argument("--kill", action="store_true", help="at once, without the grace periods of the services")
    for name, summary in HOST_COMMANDS.items():
        command(name, summary).add_argument("host", metavar="HOST", help="such as w1, a worker, or scheduler")
    command("status", "Show all hosts. Exit code: 0 healthy, 1 not healthy, 3 not running.")
    logs = command("logs", "Show the end of what a host's programs printed.")
    logs.add_argument("host", metavar="HOST")
    logs.add_argument("--lines", type=int, default=LINES, help=f"how many (default: {LINES})")
    run = command("run", "Run a command in a host, as its programs run.")
    run.add_argument("host", metavar="HOST")
    run.add_argument("arguments", metavar="COMMAND …", nargs="+", help="after -- if it has options")


def execute(chosen: argparse.Namespace, *, home: Path, steps: Steps) -> int:
    """Execute the command, and return its exit code.

    Raises:
        ModelOpsError: the command failed.
    """
    cluster = Cluster(home / "cluster")
    match chosen.action:
        case "up":
            named = Cluster(home / "cluster", file=chosen.file.resolve(), env_file=chosen.env_file)
            return up(named, workers=chosen.workers, steps=steps, timeout=chosen.timeout)
        case "down":
            if not cluster.down(at_once=chosen.kill):
                steps.say("Nothing was running.")
            return 0
        case "status":
            return status(cluster, steps=steps)
        case "logs":
            return logs(cluster, chosen.host, lines=chosen.lines, steps=steps)
        case "run":
            return run(cluster, chosen.host, chosen.arguments)
        case action:
            cluster.ask({"do": action, "host": chosen.host})
            return 0


def up(cluster: Cluster, *, workers: int, steps: Steps, timeout: float) -> int:
    """Start all hosts, and print the published ports."""
    began = time.monotonic()
    try:
        hosts = cluster.up(workers=workers, steps=steps, timeout=timeout)
    except KeyboardInterrupt:
        if cluster.keeper() is not None:
            steps.say(STILL_RUNS)
        raise
    where = ", ".join(f"{host.name} {_shown(port)}" for host in hosts for port in host.ports)
    steps.say(f"Up after {time.monotonic() - began:.1f} s.  {where}\n`./modelops cluster down` stops it.")
    return 0


def status(cluster: Cluster, *, steps: Steps) -> int:
    """Print a line for each host."""
    hosts = cluster.hosts()
    if not hosts:
        steps.say("The cluster isn't up.")
        return NOT_UP
    for host in hosts:
        steps.say(f"{host['name']:<16}{host['address']:<14}{_told(host)}")
    return 0 if all(host["well"] for host in hosts) else NOT_WELL


def logs(cluster: Cluster, host: str, *, lines: int, steps: Steps) -> int:
    """Print the end of a host's log; the cluster need not be up."""
    known = sorted(path.stem for path in (cluster.state / "logs").glob("*.log"))
    if host not in known:
        raise BadInput(
            f"there is no log of {host!r}",
            where=str(cluster.state),
            expected=", ".join(known) or "run `./modelops cluster up` first",
        )
    steps.say(tail(cluster.state / "logs" / f"{host}.log", lines=lines))
    return 0


def run(cluster: Cluster, host: str, command: Sequence[str]) -> int:
    """Run a command in a host, and print its output."""
    answer = cluster.ask({"do": "run", "host": host, "command": list(command)})
    sys.stdout.write(answer["said"])
    return int(answer["code"])


def _shown(port: Port) -> str:
    address = f"[{port.address}]" if ":" in port.address else port.address
    return f"{address}:{port.published}"


def _told(host: dict[str, Any]) -> str:
    words = [host["state"]]
    if host["state"] == "exited":
        words.append(f"({host['code']})")
    if host["state"] == "running" and host["health"]:
        words.append(host["health"])
    if host["cut"]:
        words.append("cut off")
    if host["starts"] > 1:
        words.append(f"started {host['starts']} times")
    return " ".join(words) + (f": {host['why']}" if host["why"] and not host["well"] else "")
