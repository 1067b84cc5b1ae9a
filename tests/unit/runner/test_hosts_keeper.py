"""The process that keeps the hosts: as whom their programs run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from modelops.runner import identity
from modelops.runner.hosts.keeper import Keeper
from modelops.runner.hosts.plan import Host

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def host(folder: Path) -> Host:
    return Host(
        name="w1", service="worker", number=0, folder=folder, command=("true",), environment={}, workdir="/", binds=()
    )


def test_programs_get_no_right_to_pass_closed_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As in most containers: root can make no user namespace in those of the hosts.
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(identity, "_works", lambda prefix: prefix != identity.NAMESPACE)
    logs = tmp_path / "logs"
    logs.mkdir(mode=0o700)
    live = Keeper([host(tmp_path)], logs=logs).live_hosts["w1"]
    assert live._identity.prefix[0] == "setpriv"
    assert not [word for word in live._identity.prefix if "caps" in word]
