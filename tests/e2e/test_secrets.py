"""The secrets of an installation are only in the files for secrets."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psutil

from modelops.runner.processes import marked

if TYPE_CHECKING:
    from e2e.system import System


def secrets_of(system: System) -> dict[str, bytes]:
    """Passwords of accounts and of logins, and Airflow's keys; as they are, and as they would stand in a URL."""
    layout = system.installation.layout
    kept = json.loads(layout.passwords.read_text()) | json.loads(layout.secrets.read_text())
    kept["superuser"] = (layout.postgres / "modelops.password").read_text()
    written = {name: {value, quote(value, safe="")} for name, value in kept.items()}
    return {f"{name} ({number})": one.encode() for name, both in written.items() for number, one in enumerate(both)}


def test_no_log_has_a_secret(system: System) -> None:
    """Of all components since their first start, and of all tasks until now."""
    secrets = secrets_of(system)
    logs = [path for path in system.installation.layout.logs.rglob("*") if path.is_file()]
    assert {"api-server.log", "scheduler.log", "observer.log"} <= {path.name for path in logs}
    contents = {path: path.read_bytes() for path in logs}
    assert [(str(path), name) for path, text in contents.items() for name, one in secrets.items() if one in text] == []


def test_no_command_line_has_a_secret(system: System) -> None:
    lines = []
    for process in marked(system.installation.layout.home):
        with suppress(psutil.Error):  # it has just ended
            lines.append(" ".join(process.cmdline()).encode())
    assert any(b"modelops.observer" in line for line in lines)
    assert [name for line in lines for name, secret in secrets_of(system).items() if secret in line] == []


def test_no_environment_that_the_kernel_shows_has_a_secret(system: System) -> None:
    """What users' code would find in /proc, where its confinement lacks a layer."""
    shown = {}
    for process in marked(system.installation.layout.home):
        with suppress(OSError, psutil.Error):  # it has just ended
            name = " ".join(process.cmdline())
            shown[name] = Path(f"/proc/{process.pid}/environ").read_bytes()
    assert any("modelops.observer" in name for name in shown)
    assert any("scheduler" in name for name in shown)
    secrets = secrets_of(system).items()
    assert [(name, secret) for name, text in shown.items() for secret, one in secrets if one in text] == []
