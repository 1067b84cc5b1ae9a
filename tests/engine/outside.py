"""A proxy through which an engine without a network of its own reaches package indexes: it listens there, asks here."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 1 << 18
LONGEST_HEAD = 1 << 16
SILENT_FOR = 300
"""Seconds after which a connection on which nothing comes is closed."""


class Proxy:
    """An HTTP proxy behind a socket that somebody else has made; each connection is for one server."""

    def __init__(self, listening: socket.socket) -> None:
        self.listening = listening
        Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections; those that there are end by themselves."""
        with suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()

    def _accept(self) -> None:
        with ThreadPoolExecutor(64) as connections, suppress(OSError):
            while True:
                connections.submit(_serve, self.listening.accept()[0])


def _serve(client: socket.socket) -> None:
    with closing(client), suppress(OSError, ValueError):
        client.settimeout(SILENT_FOR)
        head = b""
        while b"\r\n\r\n" not in head:
            more = client.recv(CHUNK)
            if not more or len(head) > LONGEST_HEAD:
                return
            head += more
        method, target, _ = head.split(b" ", 2)
        tunnel = method == b"CONNECT"
        address = urlsplit(f"//{target.decode()}" if tunnel else target.decode())
        if address.hostname is None:
            return
        try:
            server = socket.create_connection((address.hostname, address.port or 80), 60)
        except OSError:
            client.sendall(b"HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            return
        with closing(server):
            server.settimeout(SILENT_FOR)
            if tunnel:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                head = head.partition(b"\r\n\r\n")[2]
            server.sendall(head)  # a server takes a whole address in the first line as well
            back = Thread(target=_pass_on, args=(server, client), daemon=True)
            back.start()
            _pass_on(client, server)
            back.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        for piece in _pieces(source):
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _pieces(source: socket.socket) -> Iterator[bytes]:
    while piece := source.recv(CHUNK):
        yield piece
