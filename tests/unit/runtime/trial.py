"""Runs code as a job does, in a process of its own: as another user, or on a machine that lacks some layers.

Where layers are lacking, hostile code succeeds. So all that it is given to harm is in the trial's own folder: a copy of
the child's program, and an environment of its own.

Usage: trial.py JSON    with `home` (a folder), `code` (training.py), `user` (an id, or null), `lacks` (layers)
Prints JSON: `lines`, `confinement` and `error`.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from modelops.domain.errors import ModelOpsError
from modelops.runtime import disk, process
from modelops.runtime.child import system_calls
from modelops.settings import PROJECT_ROOT
from unit.runtime.models import HERE, Model

if TYPE_CHECKING:
    from modelops.runtime.environment import Environment

NOBODY = 65534
MEBIBYTE = 2**20
LIBC = ctypes.CDLL(None, use_errno=True)
PRCTL, CAPSET, UNSHARE, MOUNT = (157, 167), (126, 91), (272, 97), (165, 40)


class Usage(NamedTuple):
    free: int


def main(home: Path, code: str, user: int | None, lacks: list[str]) -> dict[str, Any]:
    elsewhere = home / "elsewhere"
    elsewhere.mkdir()
    secret = elsewhere / "secret"
    secret.write_text("secret")
    secret.chmod(0o600)
    environment = disposable_environment(home)
    process._CHILD = shutil.copytree(process._CHILD.parent, home / "child") / "main.py"
    if user is not None:
        become(user, home)
    model = Model(home)
    server = socket.create_server(("127.0.0.1", 0))
    by_path = socket.socket(socket.AF_UNIX)
    by_path.bind(str(elsewhere / "socket"))
    by_path.listen()
    target: dict[str, Any] = {
        "secret": str(secret),
        "elsewhere": str(elsewhere),
        "unix": str(elsewhere / "socket"),
        "port": server.getsockname()[1],
        "job": os.getpid(),
        "processes": [int(name) for name in os.listdir("/proc") if name.isdigit()],
        # With a layer taken away a signal may arrive, and then there is nothing to see.
        "end": 0 if lacks else signal.SIGTERM,
        "kill": 0 if lacks else signal.SIGKILL,
        "code": str(model.folder / "model_modules" / "training.py"),
        "rows": str(home / "rows.arrow"),
        "environment": str(home / "environment" / "lib" / "package.py"),
        "program": str(process._CHILD),
    }
    model.write("def train(context): report()\n\n" + code + f"\n\nTARGET = {json.loads(json.dumps(target))!r}\n")
    model.assignment()
    take_away(set(lacks))
    disk.shutil.disk_usage = lambda _: Usage(40 * MEBIBYTE)  # type: ignore[attr-defined, assignment]
    error = ""
    try:
        model.run(environment=environment)
    except ModelOpsError as refused:
        error = str(refused)
    untouched = secret.exists() and secret.read_text() == "secret" and secret.stat().st_nlink == 1
    return {"lines": model.lines, "confinement": model.confinement, "error": error, "untouched": untouched}


def disposable_environment(home: Path) -> Environment:
    """An environment without packages, to be written to."""
    folder = home / "environment"
    (folder / "bin").mkdir(parents=True)
    (folder / "lib").mkdir()
    (folder / "lib" / "package.py").touch()
    base = Path(sys.executable).resolve()
    (folder / "bin" / "python").symlink_to(base)
    (folder / "pyvenv.cfg").write_text(f"home = {base.parent}\n")
    return replace(HERE, python=folder / "bin" / "python")


def become(user: int, home: Path) -> None:
    """Become a user who may read the interpreter and this folder, though they are below a folder of root's alone."""
    for folder, _, files in os.walk(home):
        for name in (".", *files):
            os.chown(os.path.join(folder, name), user, user, follow_symlinks=False)
    checked(LIBC.unshare(0x20000))
    checked(LIBC.mount(None, b"/", None, ctypes.c_ulong(0x44000), None))
    for needed in (Path(sys.base_prefix), Path(sys.prefix).resolve(), PROJECT_ROOT):
        closed = [folder for folder in needed.parents if not folder.stat().st_mode & 0o001]
        if closed:
            reopen(needed, closed[-1])
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    os.environ["HOME"] = str(home)


def reopen(needed: Path, closed: Path) -> None:
    """Have the path to a folder be open to everybody, for the processes of this mount namespace."""
    aside = Path(tempfile.mkdtemp())
    checked(LIBC.mount(os.fsencode(needed), os.fsencode(aside), None, ctypes.c_ulong(0x1000), None))
    checked(LIBC.mount(b"tmpfs", os.fsencode(closed), b"tmpfs", ctypes.c_ulong(0), b"mode=0755"))
    needed.mkdir(parents=True)
    checked(LIBC.mount(os.fsencode(aside), os.fsencode(needed), None, ctypes.c_ulong(0x1000), None))
    checked(LIBC.umount2(os.fsencode(aside), 2))
    aside.rmdir()


def take_away(layers: set[str]) -> None:
    """Have the kernel refuse what these layers need, to this process and all that it starts."""
    if not layers:
        return
    if os.geteuid():
        checked(LIBC.prctl(38, 1, 0, 0, 0))
    program = system_calls.Program()
    if "Landlock" in layers:
        program.answer({"landlock_create_ruleset": (444, 444)}, system_calls.ERROR | errno.ENOSYS)
    if "seccomp" in layers:
        program.answer({"seccomp": system_calls.SECCOMP}, system_calls.ERROR | errno.EINVAL)
    if "no capabilities" in layers:
        program.answer({"capset": CAPSET}, system_calls.REFUSE)
    if "no new privileges" in layers:
        program.all_but(PRCTL, 0, {38})
    flags = {
        "network namespace": 0x40000000,
        "IPC namespace": 0x8000000,
        "private /dev/shm": 0x20000,
        "user": 0x10000000,
    }
    bits = sum(flag for layer, flag in flags.items() if layer in layers)
    if bits:
        program.by_bits(UNSHARE, 0, bits, any_set=system_calls.REFUSE, none_set=system_calls.ALLOW)
    program.install()


def checked(result: int) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    folder = Path(tempfile.mkdtemp())  # pytest's folders are closed to other users
    folder.chmod(0o755)
    try:
        print(json.dumps(main(folder, given["code"], given["user"], given["lacks"])))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
