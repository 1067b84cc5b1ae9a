"""The keeper: the process that runs a cluster's hosts. Its parent is process 1 of the cluster's namespaces.

`up` starts it through `unshare`. When `unshare`, process 1 or the keeper ends, for whatever reason, the kernel ends all
hosts and removes their network and mounts. The keeper accepts commands on a socket in the state folder, one JSON object
for each connection.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import socketserver
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import BadInput, ModelOpsError
from modelops.runner.hosts import host_init, network
from modelops.runner.hosts.live_host import LiveHost
from modelops.runner.hosts.plan import Host, chosen, names_of
from modelops.runner.identity import postgres_identity

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTROL = "control"
PLAN = "plan.json"
MAX_SECONDS = 600.0
BEGIN = b"\n"
"""What the one who has started it writes to its standard input once it is on record."""


class Keeper:
    """The hosts of a cluster."""

    def __init__(self, hosts: list[Host], *, logs: Path) -> None:
        # Hosts mount them at paths that every user may read, also if their own folder is private.
        identity = postgres_identity()
        names = names_of(hosts)
        self.hosts = hosts
        self.live_hosts = {
            host.name: LiveHost(host, names=names, identity=identity, log=logs / f"{host.name}.log") for host in hosts
        }
        self.at_once = False
        self.ended = threading.Event()

    @property
    def by_service(self) -> dict[str, list[LiveHost]]:
        """The hosts of each service."""
        services: dict[str, list[LiveHost]] = {}
        for live in self.live_hosts.values():
            services.setdefault(live.host.service, []).append(live)
        return services

    def start(self) -> None:
        """Start all hosts, each once the conditions of its dependencies are met."""
        others = self.by_service
        for live in self.live_hosts.values():
            threading.Thread(target=live.keep_up, args=(others,), daemon=True).start()

    def down(self) -> None:
        """Stop all hosts, each after those that depend on it; `at_once`: without grace periods."""
        left = list(self.live_hosts.values())
        while left:
            needed = {service for live in left for service in live.host.depends_on}
            last = [live for live in left if live.host.service not in needed] or left
            threads = [threading.Thread(target=live.stop, kwargs={"at_once": self.at_once}) for live in last]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            left = [live for live in left if live not in last]

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Execute a command, and return its answer.

        Raises:
            BadInput: there is no such host or command.
            Unavailable: the host doesn't run.
        """
        asked = request["do"]
        if asked == "status":
            return {"hosts": [live.told() for live in self.live_hosts.values()]}
        if asked == "down":
            self.at_once = bool(request["at_once"])
            return {"grace": 0 if self.at_once else sum(host.grace for host in self.hosts)}
        live = self.live_hosts[chosen(self.hosts, request["host"]).name]
        match asked:
            case "kill":
                live.kill()
            case "start":
                live.start_again()
            case "partition":
                live.partition()
            case "heal":
                live.heal()
            case "run":
                code, said = live.run(request["command"], timeout=MAX_SECONDS)
                return {"code": code, "said": said}
            case _:
                raise BadInput(f"unknown request {asked!r}", where="./modelops cluster", expected="one of its commands")
        return {}


class Control(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """The server for commands."""

    daemon_threads = True

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper
        super().__init__(CONTROL, Command)


class Command(socketserver.StreamRequestHandler):
    """Handles one command."""

    def handle(self) -> None:
        """Send the answer to a command, or its error."""
        assert isinstance(self.server, Control)
        keeper = self.server.keeper
        request = json.loads(self.rfile.readline())
        try:
            answer = keeper.answer(request)
        except ModelOpsError as error:
            answer = {"error": str(error)}
        try:
            self.wfile.write(json.dumps(answer).encode() + b"\n")
        finally:
            if request["do"] == "down":
                keeper.ended.set()  # after the answer has been sent


def main(state: Path, listeners: list[int]) -> None:
    """Start the cluster that the plan in the state folder describes, and run it until it is told to end.

    `listeners` are sockets that `up` has opened outside of the hosts' network: one for each published port, in the
    order of the plan.
    """
    if sys.stdin.buffer.readline() != BEGIN:
        return
    # Orphaned processes become children of process 1, and would stay zombies if it didn't reap them.
    if child := os.fork():
        raise SystemExit(host_init.stand_above(child))
    # A socket's path has at most 108 characters; a relative one is always short enough.
    os.chdir(state)
    hosts = [Host.from_json(written) for written in json.loads(Path(PLAN).read_text(encoding="utf-8"))]
    network.make_bridge()
    keeper = Keeper(hosts, logs=state / "logs")
    signal.signal(signal.SIGTERM, lambda *_: keeper.ended.set())
    published = [(host, port) for host in hosts for port in host.ports]
    for number, (host, port) in zip(listeners, published, strict=True):
        network.forward(socket.socket(fileno=number), host.address, port.target)
    Path(CONTROL).unlink(missing_ok=True)
    with Control(keeper) as control:
        threading.Thread(target=control.serve_forever, daemon=True).start()
        keeper.start()
        keeper.ended.wait()
        keeper.down()
        Path(CONTROL).unlink(missing_ok=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(number) for number in sys.argv[2:]])
