"""Connections from this machine to a published port of a host."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING, Any

from modelops.runner.hosts import network

if TYPE_CHECKING:
    import pytest


class Listener(socket.socket):
    """Takes a connection only after the process has had no file left for some."""

    failures = 2

    def accept(self) -> Any:
        if self.failures:
            self.failures -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


def test_a_connection_that_can_not_be_taken_is_not_the_last(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(network, "PAUSE", 0.001)
    with socket.create_server(("127.0.0.1", 0)) as host, Listener() as published:
        published.bind(("127.0.0.1", 0))
        published.listen()
        network.forward(published, *host.getsockname())
        with socket.create_connection(published.getsockname(), timeout=60) as client:
            host.settimeout(60)
            server, _ = host.accept()
            with server:
                server.sendall(b"here")
            assert client.recv(4) == b"here"
    assert capsys.readouterr().out.count("was refused: [Errno 24] Too many open files") == 2
