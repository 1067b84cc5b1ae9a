"""Through PgBouncer: which mode it is in is found out, and session mode works. Debian's package; skipped without it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from conftest import PASSWORDS
from modelops.polling import poll
from modelops.registry.login_check.check import check_logins
from modelops.registry.migrate import migrate
from modelops.registry.privileges import OURS
from modelops.runner.layout import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from conftest import Database

pytestmark = pytest.mark.skipif(shutil.which("pgbouncer") is None, reason="this machine has no PgBouncer")
UNPRIVILEGED = "nobody"
SETTINGS = """
[databases]
{database} = host=127.0.0.1 port={server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = {mode}
"""


@pytest.fixture
def pooled(database: Database) -> Callable[[str], AbstractContextManager[dict[str, str]]]:
    """Starts PgBouncer in a mode; gives the addresses of the logins through it."""

    @contextmanager
    def started(mode: str) -> Iterator[dict[str, str]]:
        # Not below pytest's folders, which only their owner may enter: root runs PgBouncer as another user.
        with TemporaryDirectory(prefix="pgbouncer-") as folder:
            port = free_port()
            users = Path(folder, "users")
            users.write_text("".join(f'"{login}" "{word}"\n' for login, word in PASSWORDS.items()))
            values = {"database": database.name, "server": database.server.port, "port": port, "mode": mode}
            configuration = Path(folder, "ini")
            configuration.write_text(SETTINGS.format(folder=folder, **values))
            as_user = ["-u", UNPRIVILEGED] if os.geteuid() == 0 else []
            if as_user:
                for path in (Path(folder), users, configuration):
                    shutil.chown(path, UNPRIVILEGED)
            process = subprocess.Popen(["pgbouncer", "-q", *as_user, str(configuration)])
            try:
                _await(process, port)
                direct = f":{database.server.port}/"
                yield {login: database.url(login).replace(direct, f":{port}/") for login in OURS}
            finally:
                process.terminate()
                process.wait()

    return started


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in poll(every=0.1, within=60):
        assert process.poll() is None
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    pytest.fail("PgBouncer doesn't listen")


def test_transaction_mode_is_a_finding(pooled: Callable[[str], AbstractContextManager[dict[str, str]]]) -> None:
    with pooled("transaction") as urls:
        findings = check_logins(urls).findings
    assert findings
    for finding in findings:
        assert "is a pooler (PgBouncer) in transaction mode" in finding.what
        assert "pool_mode = session" in finding.expected


def test_session_mode_works(pooled: Callable[[str], AbstractContextManager[dict[str, str]]]) -> None:
    with pooled("session") as urls:
        migrate(urls["modelops_owner"])
        report = check_logins(urls)
    assert [str(finding) for finding in report.findings] == []
    [remark] = report.remarks
    assert "in session mode" in remark
