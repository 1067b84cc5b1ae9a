"""When the Python environment of the hosts is made, and what stops a start."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
import uv

from modelops.domain.errors import BadInput, Unavailable
from modelops.runner.hosts.environment import LOCK, ensure_environment
from modelops.runner.steps import Steps

if TYPE_CHECKING:
    from pathlib import Path

UV = """#!/bin/sh
echo "$1 $2" >> "{calls}"
for last; do :; done
case "$1" in venv) mkdir -p "$last/bin" && ln -s "{python}" "$last/bin/python" ;; esac
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a lock; uv notes its commands in `calls`, and makes an environment without packages."""
    (program := tmp_path / "uv").write_text(UV.format(calls=tmp_path / "calls", python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setattr(uv, "find_uv_bin", lambda: str(program))
    for name in ("dags", "include", "plugins"):
        (tmp_path / name).mkdir()
    (tmp_path / LOCK).write_text("one==1\n")
    return tmp_path


def ensure(project: Path) -> list[str]:
    """The commands of uv that were needed."""
    (calls := project / "calls").write_text("")
    ensure_environment(project / "environment", project=project, steps=Steps())
    return calls.read_text().splitlines()


def test_it_is_made_once_for_a_lock_and_a_python(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    making = ["venv --quiet", "pip sync"]
    assert ensure(project) == making
    assert ensure(project) == []
    (project / LOCK).write_text("one==2\n")
    assert ensure(project) == making
    monkeypatch.setattr(sys, "version", "4.0.0 (main)")
    assert ensure(project) == making
    monkeypatch.setattr(sys, "base_prefix", str(project))
    assert ensure(project) == making


def test_code_that_can_not_be_compiled_does_not_stop_the_start(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "dags" / "broken.py").write_text("def (")
    ensure(project)
    said = capsys.readouterr()
    assert "broken.py" in said.out + said.err


def test_without_uv_or_a_package_there_is_no_start(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "uv").write_text("#!/bin/sh\necho no such package >&2\nexit 2\n")
    with pytest.raises(Unavailable, match="no such package"):
        ensure(project)

    def nowhere() -> str:
        raise FileNotFoundError("uv")

    monkeypatch.setattr(uv, "find_uv_bin", nowhere)
    with pytest.raises(Unavailable, match="there is no uv"):
        ensure(project)


def test_without_a_lock_the_command_that_makes_it_is_said(project: Path) -> None:
    (project / LOCK).unlink()
    with pytest.raises(BadInput, match=r"\./modelops lock"):
        ensure(project)
