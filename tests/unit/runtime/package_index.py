"""A small package index on loopback, with wheels that are made here."""

from __future__ import annotations

import base64
import hashlib
import io
import threading
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def wheel(name: str, version: str) -> bytes:
    """A wheel with one module `<name>`, which has its `version`."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"version = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{file},,\n" for file in files) + f"{info}/RECORD,,\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file, text in (files | {f"{info}/RECORD": record}).items():
            archive.writestr(zipfile.ZipInfo(file), text)
    return packed.getvalue()


@contextmanager
def serving(packages: Mapping[str, str], *, account: str | None = None) -> Iterator[str]:
    """Serves these packages (name → version) as PEP 503 says; gives the address. `account` is `user:password`."""
    wheels = {f"{name}-{version}-py3-none-any.whl": wheel(name, version) for name, version in packages.items()}
    expected = None if account is None else f"Basic {base64.b64encode(account.encode()).decode()}"

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            *_, last = self.path.strip("/").split("/")
            if expected is not None and self.headers["Authorization"] != expected:
                self._answer(401, b"", {"WWW-Authenticate": "Basic"})
            elif last in wheels:
                self._answer(200, wheels[last], {"Content-Type": "application/octet-stream"})
            elif last in packages:
                file = f"{last}-{packages[last]}-py3-none-any.whl"
                digest = hashlib.sha256(wheels[file]).hexdigest()
                link = f'<html><body><a href="/files/{file}#sha256={digest}">{file}</a></body></html>'
                self._answer(200, link.encode(), {"Content-Type": "text/html"})
            else:
                self._answer(404, b"", {})

        def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/simple"
        finally:
            server.shutdown()
