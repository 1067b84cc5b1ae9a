"""The network of the hosts: one bridge, and a pair of virtual interfaces for each host.

It is made in a network namespace of the keeper's own, so it has no route to anything outside, and it ends with the
keeper.
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
    """Make the bridge, in the network namespace of this process."""
    _ip("link", "set", "lo", "up")
    _ip("link", "add", BRIDGE, "type", "bridge")
    _ip("addr", "add", f"{GATEWAY}/{PREFIX}", "dev", BRIDGE)
    _ip("link", "set", BRIDGE, "up")


def connect(host: Host, pid: int, *, cut: bool) -> None:
    """Give the network namespace of a process an interface eth0 on the bridge; `cut` leaves the cable unplugged.

    Raises:
        Unavailable: the kernel refuses it.
    """
    # The kernel removes the cable of a host that has ended some time later, or not, after a start that failed midway.
    with suppress(Unavailable):
        _ip("link", "delete", _cable(host))
    eth0 = ("name", "eth0", "address", _hardware_address(host), "netns", str(pid))
    _ip("link", "add", _cable(host), "type", "veth", "peer", *eth0)
    _ip("link", "set", _cable(host), "master", BRIDGE)
    if not cut:
        _ip("link", "set", _cable(host), "up")


def cut(host: Host) -> None:
    """Unplug the host's cable: no packet goes either way, and no connection is closed."""
    _ip("link", "set", _cable(host), "down")


def mend(host: Host) -> None:
    """Plug it in again."""
    _ip("link", "set", _cable(host), "up")


def forward(listener: socket.socket, address: str, port: int) -> None:
    """Hand on each connection that the listener takes to a port of a host, in threads of their own."""
    threading.Thread(target=_take, args=(listener, address, port), daemon=True).start()


def _take(listener: socket.socket, address: str, port: int) -> None:
    while listener.fileno() != -1:
        client = None
        try:
            client, _ = listener.accept()
            threading.Thread(target=_serve, args=(client, address, port), daemon=True).start()
        except (OSError, RuntimeError) as error:  # no file or no thread is left, or the client has gone
            if client is not None:
                client.close()
            print(f"A connection to {address}:{port} can't be taken: {error}", flush=True)
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
