"""`./modelops` itself, which has only Python's standard library to stand on."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

LAUNCHER = PROJECT_ROOT / "modelops"


@pytest.fixture
def launcher(tmp_path: Path) -> Any:
    """The launcher as a module, in a project of its own: `tmp_path`."""
    spec = spec_from_loader("launcher", SourceFileLoader("launcher", str(LAUNCHER)))
    assert spec is not None
    module: Any = module_from_spec(spec)
    # No bytecode beside the program.
    exec(compile(LAUNCHER.read_text(encoding="utf-8"), LAUNCHER, "exec"), module.__dict__)
    for name, path in {"ROOT": "", "LOCK": "requirements.txt", "VENV": ".venv", "MARKER": ".venv/.modelops"}.items():
        setattr(module, name, str(tmp_path / path))
    module.PYTHON, module.UV = sys.executable, str(tmp_path / ".venv/bin/uv")
    (tmp_path / ".venv").mkdir()
    return module


@pytest.fixture
def pip_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    for name in [name for name in os.environ if name.startswith(("UV_", "PIP_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    return (tmp_path / "pip.conf").write_text


def test_it_starts_on_the_standard_library_alone() -> None:
    done = subprocess.run([sys.executable, "-IS", "-c", f"compile(open({str(LAUNCHER)!r}).read(), 'modelops', 'exec')"])
    assert done.returncode == 0
    assert os.access(LAUNCHER, os.X_OK)


def test_packages_are_compiled_without_their_tests(launcher: Any, tmp_path: Path) -> None:
    packages = tmp_path / ".venv/lib/python3/site-packages"
    for name in ("one.py", "two/testing.py", "two/tests/test_it.py", "wrong.py"):
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).write_text("def" if name == "wrong.py" else "")
    launcher.compile_packages()
    compiled = {file.name.partition(".")[0] for file in packages.rglob("*.pyc")}
    assert compiled == {"one", "testing"}


def test_the_environment_stands_as_long_as_the_lock_is_unchanged(launcher: Any) -> None:
    Path(launcher.LOCK).write_text("uv==1.0\n")
    assert not launcher.stands(), "nothing has been made yet"
    Path(launcher.MARKER).write_text(launcher.fingerprint())
    assert launcher.stands()
    Path(launcher.LOCK).write_text("uv==1.1\n")
    assert not launcher.stands()


def test_uv_is_installed_in_the_version_and_with_the_hashes_of_the_lock(
    launcher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(launcher.LOCK).write_text((PROJECT_ROOT / "requirements.txt").read_text(encoding="utf-8"))
    installed: list[str] = []

    def run(command: list[str]) -> None:
        assert "--require-hashes" in command
        assert "--no-deps" in command
        installed.append(Path(command[-1]).read_text())

    monkeypatch.setattr(launcher, "run", run)
    launcher.install_uv()
    first, *rest = installed[0].splitlines()
    assert first.startswith("uv==")
    assert rest
    assert all(line.strip().startswith("--hash=sha256:") for line in rest)


def test_a_lock_without_uv_is_told(launcher: Any) -> None:
    Path(launcher.LOCK).write_text("uvicorn==1.0\n")
    with pytest.raises(launcher.Failed, match="names no version of uv"):
        launcher.install_uv()


def test_an_old_python_without_another_is_told_in_a_sentence(launcher: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher.sys, "version_info", (3, 9, 2))
    monkeypatch.setattr(launcher.shutil, "which", lambda _: None)
    with pytest.raises(launcher.Failed, match=r"Python 3\.11, 3\.12 or 3\.13 is needed; this is Python 3\.9"):
        launcher.use_fitting_python()


def test_a_python_without_ensurepip_is_told_how_to_mend_that(launcher: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "has_venv", lambda *_: False)
    with pytest.raises(launcher.Failed, match="apt-get install python3-venv"):
        launcher.use_fitting_python()


def test_another_python_that_fits_is_used(launcher: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    become: list[list[str]] = []
    monkeypatch.setattr(launcher.sys, "version_info", (3, 14, 0))
    monkeypatch.setattr(launcher.shutil, "which", lambda name: f"/usr/bin/{name}" if name == "python3.12" else None)
    monkeypatch.setattr(launcher, "has_venv", lambda *_: True)

    def execve(_program: str, arguments: list[str], _environment: dict[str, str]) -> None:
        become.append(arguments)
        raise SystemExit

    monkeypatch.setattr(launcher.os, "execve", execve)
    with pytest.raises(SystemExit):
        launcher.use_fitting_python()
    assert become[0][0] == "/usr/bin/python3.12"


def test_uv_asks_where_pip_asks(launcher: Any, pip_configuration: Callable[[str], int]) -> None:
    pip_configuration("[global]\nindex-url = https://mirror.example.com/simple\n")
    assert launcher.uv_environment()["UV_DEFAULT_INDEX"] == "https://mirror.example.com/simple"


def test_what_the_user_told_uv_wins(
    launcher: Any, pip_configuration: Callable[[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    pip_configuration("[global]\nindex-url = https://mirror.example.com/simple\n")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://uv.example.com/simple")
    assert launcher.uv_environment()["UV_DEFAULT_INDEX"] == "https://uv.example.com/simple"


def test_another_pythons_variables_are_left_out(launcher: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/other")
    monkeypatch.setenv("PYTHONHOME", "/other")
    assert not {"PYTHONPATH", "PYTHONHOME"} & launcher.uv_environment().keys()
