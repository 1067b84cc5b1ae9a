"""A library that a file has taken over: another program stands in for it, and does what it likes."""

from __future__ import annotations

import shutil
import textwrap
from typing import TYPE_CHECKING

import pytest

from modelops.domain.errors import ModelFileError
from modelops.formats.catalogue import FORMATS
from modelops.runtime import model_files, process
from modelops.runtime.confinement import Confinement
from unit.model_files.opening import Opener, Real
from unit.runtime.models import HERE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ATTEMPTS = """
    import os, signal, socket, subprocess, threading

    def attempt(name, act):
        try:
            act()
        except Exception as error:
            print(name, type(error).__name__, flush=True)
        else:
            print(name, "done", flush=True)

    class Model:
        def __init__(self, path):
            here = os.getpid()
            attempt("fork", lambda: os.fork() or os._exit(0))
            attempt("exec", lambda: os.execv("/bin/true", ["true"]))
            attempt("program", lambda: subprocess.run(["/bin/true"]))
            attempt("spawn", lambda: os.posix_spawn("/bin/true", ["true"], {}))
            attempt("signal", lambda: os.kill(os.getppid(), 0))
            attempt("socket", lambda: socket.socket(socket.AF_UNIX))
            attempt("secret", lambda: open(SECRET).read())
            attempt("write", lambda: open(SECRET, "w"))
            attempt("model", lambda: open(path, "r+b"))
            attempt("environment", lambda: open("/proc/%d/environ" % os.getppid()).read())
            attempt("thread", lambda: threading.Thread(target=int).start())

        def describe(self):
            raise SystemExit(3)
"""
LIES = {
    "NaN": ("[NaN]", "its fields are not those of a description"),
    "no object": ("[]", "its fields are not those of a description"),
    "deep": ("[" * 100_000, "maximum recursion depth exceeded"),
    "nothing": ("", "Expecting value: line 1 column 1 (char 0)"),
    "long": ('" "' + " " * 2**20, "it has more than 1,048,576 bytes"),
}


@pytest.fixture
def taken_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Opener]:
    """An opener for which a program stands in for onnxruntime."""

    def opener(program: str) -> Opener:
        child = shutil.copytree(process._CHILD.parent, tmp_path / "child")
        (child / "format_onnx.py").write_text(textwrap.dedent(program), encoding="utf-8")
        monkeypatch.setattr(process, "_CHILD", child / "main.py")
        return Opener(tmp_path, HERE)

    return opener


def lying(folder: Path, act: str) -> str:
    """A program that does something to the description, and says that all is well."""
    return f"""
import os

DESCRIPTION = {str(folder / "work/described/description.json")!r}

class Model:
    def __init__(self, path):
        {act}
        with open({str(folder / "work/describing/outcome.json")!r}, "w") as file:
            file.write('{{"ok": true}}')
        os._exit(0)
"""


def test_it_reaches_nothing(taken_over: Callable[[str], Opener], tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    opener = taken_over(ATTEMPTS.replace("SECRET", repr(str(secret))))

    error = opener.refusal(Real("onnx_logistic").path)

    assert error.what == "onnxruntime left the program instead of an answer when it should read this ONNX file"
    refused = ["fork", "exec", "program", "spawn", "signal", "socket", "secret", "write", "model"]
    *others, environment, thread = opener.lines[1:]
    assert others == [f"{name} PermissionError" for name in refused]
    # With a private /proc, which root has, the other process isn't there at all.
    assert environment in ("environment PermissionError", "environment FileNotFoundError")
    assert thread == "thread done"


@pytest.mark.parametrize("lie", LIES)
def test_its_description_is_not_trusted(taken_over: Callable[[str], Opener], tmp_path: Path, lie: str) -> None:
    content, reason = LIES[lie]
    opener = taken_over(lying(tmp_path, f'open(DESCRIPTION, "w").write({content!r})'))

    error = opener.refusal(Real("onnx_logistic").path)

    assert error.what.startswith("onnxruntime gave no valid description of this ONNX file: ")
    assert reason in error.what


def test_a_link_instead_of_a_description(taken_over: Callable[[str], Opener], tmp_path: Path) -> None:
    opener = taken_over(lying(tmp_path, 'os.symlink("/etc/passwd", DESCRIPTION)'))

    error = opener.refusal(Real("onnx_logistic").path)

    assert error.what == (
        "onnxruntime gave no valid description of this ONNX file: description.json is not a plain file but a symbolic"
        " link"
    )


@pytest.mark.parametrize("name", FORMATS)
def test_machines_without_confinement(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    bare = Confinement(held=(), missing={"seccomp": "Function not implemented"})
    monkeypatch.setattr(model_files, "confinement_of_this_machine", lambda: bare)
    title = FORMATS[name].title

    model_files.require_confinement(FORMATS[name], unconfined=True)
    if name == "onnx":
        model_files.require_confinement(FORMATS[name], unconfined=False)
        return
    with pytest.raises(ModelFileError) as refused:
        model_files.require_confinement(FORMATS[name], unconfined=False)
    assert refused.value.what == (
        f"{title} files are not opened on this machine, which can't confine the process that reads them: it lacks"
        " seccomp (Function not implemented)"
    )
    assert "MODELOPS_FOREIGN=unconfined" in refused.value.expected
