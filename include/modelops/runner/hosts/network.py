"""The network of the hosts: one bridge, and a pair of virtual interfaces for each host.

It is in the keeper's own network namespace, so it has no route to the outside, and is removed when the keeper ends.
"""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from modelops.domain.errors import Unavailable
from modelops.runner.hosts.plan import NETWORK, PREFIX

if TYPE_CHECKING:
    from modelops.runner.hosts.plan import Host

BRIDGE = "cluster0"
GATEWAY = f"{NETWORK}.1"
"""The keeper's own address, from which published ports are forwarded."""
CHUNK = 64 * 1024
PAUSE = 0.5
"""Seconds until the next connection is taken after one that couldn't be."""


def make_bridge() -> None:
    """Create the bridge, in the network namespace of this process."""
    _ip("link", "set", "lo", "up")
    _ip("link", "add", BRIDGE, "type", "bridge")
    _ip("addr", "add", f"{GATEWAY}/{PREFIX}", "dev", BRIDGE)
    _ip("link", "set", BRIDGE, "up")


def connect(host: Host, pid: int, *, cut: bool) -> None:
    """Connect the network namespace of a process to the bridge, as its interface eth0; `cut`: with the link down.

    Raises:
        Unavailable: the kernel refused it.
    """
    # The kernel removes the interface of an ended host with a delay; after a failed start it may remain.
    with suppress(Unavailable):
        _ip("link", "delete", _cable(host))
    eth0 = ("name", "eth0", "address", _hardware_address(host), "netns", str(pid))
    _ip("link", "add", _cable(host), "type", "veth", "peer", *eth0)
    _ip("link", "set", _cable(host), "master", BRIDGE)
    if not cut:
        _ip("link", "set", _cable(host), "up")


def cut(host: Host) -> None:
    """Set the host's link down: packets are dropped in both directions, and no connection is closed."""
    _ip("link", "set", _cable(host), "down")


def mend(host: Host) -> None:
    """Set the host's link up again."""
    _ip("link", "set", _cable(host), "up")


def forward(listener: socket.socket, address: str, port: int) -> None:
    """Forward each connection of the listener to a port of a host, each in its own thread."""
    threading.Thread(target=_take, args=(listener, address, port), daemon=True).start()


def _take(listener: socket.socket, address: str, port: int) -> None:
    while listener.fileno() != -1:
        client = None
        try:
            client, _ = listener.accept()
            threading.Thread(target=_serve, args=(client, address, port), daemon=True).start()
        except (OSError, RuntimeError) as error:  # no more files or threads, or the client has disconnected
            if client is not None:
                client.close()
            print(f"A connection to {address}:{port} was refused: {error}", flush=True)
            time.sleep(PAUSE)


def _serve(client: socket.socket, address: str, port: int) -> None:
    with client:
        try:
            server = socket.create_connection((address, port), timeout=10)
        except OSError:
            return
        with server:
            server.settimeout(None)
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            _pump(client, server)
            back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(CHUNK):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _cable(host: Host) -> str:
    return f"host{host.number}"


def _hardware_address(host: Host) -> str:
    """The same at each start, as a machine keeps its card, and made of the IP address, as Docker does it. With another
    one, packets of hosts that remember the earlier one would go nowhere for up to a minute."""
    return ":".join(["02", "42", *(f"{int(number):02x}" for number in host.address.split("."))])


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Unavailable(f"`ip {' '.join(arguments)}` failed: {done.stderr.strip()}")
