"""One Python environment per set of pinned requirements, made with uv, once, and kept.

`resolve` pins a requirements.txt to exact versions and hashes; `build` installs them. They are separate steps, so that
a job can record its packages before it runs. Both cache their results under `MachineSettings.environments`: the same
text gives the same environment until its file in `locks/` is removed. Only wheels are used, because building a source
distribution would run its code outside of the confined process.
"""

from __future__ import annotations

import contextlib
import hashlib
import platform
import re
import shutil
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from modelops.domain.errors import RequirementsError, Unavailable
from modelops.domain.packages import PackageIndex
from modelops.runtime.environment_locks import SharedLock, exclusive_lock
from modelops.runtime.guarded import run_guarded
from modelops.runtime.hashes import with_hashes_of
from modelops.runtime.requirements import read_requirements, without_stand_ins
from modelops.runtime.uv import run_uv
from modelops.settings import PROJECT_ROOT, LogBounds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modelops.runtime.hashes import Pin
    from modelops.settings import MachineSettings

_ADDED = "pyarrow"
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
# Wheels depend on the platform, so a lock is valid for this one only.
_PLATFORM = f"Python {_PYTHON} on {sys.platform} {platform.machine()}"
MARKER = "modelops-complete"
"""Written last and removed first: an environment without it was being built or removed when its process died."""


@dataclass(frozen=True, kw_only=True)
class Lock:
    """Exact packages. `text` is a requirements file with hashes, None for the project's own environment."""

    text: str | None
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A Python installation with the packages of a lock. It is not removed while this object exists."""

    python: Path
    lock: Lock
    in_use: SharedLock | None = field(default=None, repr=False, compare=False)


def folder_name(sha256: str) -> str:
    """The name of the environment's folder for pinned packages with this hash."""
    return sha256[:16]


def resolve(
    requirements: str | None,
    *,
    machine: MachineSettings,
    where: str,
    log: Callable[[str], None],
    index: PackageIndex | None = None,
) -> Lock:
    """Pin the packages of a requirements.txt, and pyarrow, in whose format rows are exchanged.

    If lines have hashes, these are pinned, and every package except pyarrow must have one.

    Args:
        requirements: its text; None if the model has none and runs with the project's own packages.
        machine: where locks are kept.
        where: the name of the file, for messages.
        log: called with a line when packages are resolved, and one about packages that are not installed.
        index: the package index; None: that of the installation. The lock records it.

    Raises:
        RequirementsError: a line that isn't allowed, or packages that don't exist, contradict each other or have no
            wheel for this Python.
        Unavailable: the package index can't be reached.
    """
    if requirements is None:
        return Lock(text=None, sha256=_sha256(f"the project's own environment\n{_PLATFORM}\n{_project_lock()}"))
    # A second line for a package adds to the first one, so a version that the user chose is kept.
    wanted, left_out = without_stand_ins(read_requirements(requirements, where=where))
    if left_out:
        log(f"{', '.join(left_out)} of {where}: not installed, as this system has stand-ins that need no database")
    requirement_lines = "\n".join([*wanted.lines, _ADDED, ""])
    locks = machine.environments / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    hash_lines = "".join(f"{name}=={version} {' '.join(hashes)}\n" for (name, version), hashes in wanted.pins.items())
    header = f"# {_PLATFORM}\n" + (f"{index.record}\n" if index else "")
    key = _sha256(f"{_PLATFORM}\n{requirement_lines}{hash_lines}{index.record if index else ''}")
    path = locks / f"{key}.txt"
    text = _read_if_any(path)
    if text is None:
        with exclusive_lock(path, log) as lock_file:
            text = _read_if_any(path)
            if text is None:
                log(f"resolving the packages of {where}")
                partial = path.with_suffix(".partial")
                text = header + _compile(
                    requirement_lines, wanted.pins, partial, where=where, keep_open=lock_file, index=index
                )
                partial.write_text(text, encoding="utf-8")
                partial.replace(path)
    return Lock(text=text, sha256=_sha256(text))


def build(lock: Lock, *, machine: MachineSettings, where: str, log: Callable[[str], None]) -> Environment:
    """The environment of a lock: an existing one or a new one.

    If several jobs need it at once, one builds it and the others wait.

    Args:
        lock: from `resolve`.
        machine: where environments are kept.
        where: the name of the requirements file, for messages.
        log: called with lines about the progress and the duration.

    Raises:
        RequirementsError: the index no longer has the pinned packages.
        Unavailable: the package index can't be reached, or uv failed for another reason.
    """
    if lock.text is None:
        return Environment(python=Path(sys.executable), lock=lock)
    folder = machine.environments / folder_name(lock.sha256)
    machine.environments.mkdir(parents=True, exist_ok=True)
    environment = Environment(python=folder / "bin" / "python", lock=lock)
    built = False
    while True:
        if _complete(environment):
            in_use = SharedLock(folder, log)
            # Between the check or the build and this lock the environment may have been removed.
            if _complete(environment):
                if not built:
                    log("environment reused")
                return replace(environment, in_use=in_use)
            in_use.close()
        # Builders take a separate lock. On the lock of the folder they would also wait for the end of a job that
        # already uses the environment.
        with exclusive_lock(folder.with_suffix(".building"), log):
            if _complete(environment):
                continue
            with exclusive_lock(folder, log) as lock_file:
                _rebuild(environment, lock.text, folder, where=where, log=log, keep_open=lock_file)
                built = True


def _rebuild(
    environment: Environment, text: str, folder: Path, *, where: str, log: Callable[[str], None], keep_open: int
) -> None:
    started = time.monotonic()
    packages = len(re.findall(r"(?m)^[A-Za-z0-9]", text))
    log(f"building the environment ({packages} package{'s' if packages > 1 else ''})")
    if folder.exists():
        shutil.rmtree(folder)
    _install(environment, text, folder, where=where, keep_open=keep_open)
    log(f"environment ready in {time.monotonic() - started:.1f} s")


def _compile(
    requirement_lines: str,
    pins: Mapping[Pin, tuple[str, ...]],
    partial: Path,
    *,
    where: str,
    keep_open: int,
    index: PackageIndex | None,
) -> str:
    wanted = partial.with_suffix(".in")
    # uv prefers the versions in an existing output file. If the user leaves a version open, that of the project is as
    # good as any, and it is in the cache of this machine.
    project_lock = PROJECT_ROOT / "requirements.txt"
    partial.write_bytes(project_lock.read_bytes() if project_lock.exists() else b"")
    wanted.write_text(requirement_lines, encoding="utf-8")
    arguments = ["pip", "compile", str(wanted), "--output-file", str(partial), "--no-header", "--no-annotate"]
    arguments += [
        "--generate-hashes",
        "--only-binary",
        ":all:",
        "--python",
        sys.executable,
        "--python-version",
        _PYTHON,
    ]
    failure = run_uv(arguments, cwd=partial.parent, seconds=300, keep_open=keep_open, index=index)
    wanted.unlink()
    if failure is not None:
        if failure.about_packages:
            raise RequirementsError(
                f"the packages can't be resolved: {failure.essence}",
                where=where,
                expected=f"packages and versions that exist as wheels for {_PLATFORM} and fit together",
            )
        raise Unavailable(f"the packages of {where} can't be resolved right now{_at(index)}: {failure.essence}")
    text = partial.read_text(encoding="utf-8")
    if not pins:
        return text
    return with_hashes_of(pins, read_requirements(text, where=where).pins, added=_ADDED, where=where)


def _install(environment: Environment, text: str, folder: Path, *, where: str, keep_open: int) -> None:
    index = PackageIndex.of_record(text)
    venv = ["venv", str(folder), "--python", sys.executable, "--no-project"]
    failure = run_uv(venv, cwd=folder.parent, seconds=60, keep_open=keep_open)
    if failure is None:
        pinned = folder / "requirements.txt"
        pinned.write_text(text, encoding="utf-8")
        sync = ["pip", "sync", str(pinned), "--python", str(environment.python), "--require-hashes"]
        # Confined code can't follow links into uv's cache. Between file systems, uv copies instead.
        sync += ["--only-binary", ":all:", "--link-mode", "hardlink"]
        failure = run_uv(sync, cwd=folder, seconds=1800, keep_open=keep_open, index=index)
    if failure is None:
        _compile_bytecode(folder, keep_open=keep_open)
        (folder / MARKER).touch()
    elif failure.about_packages:
        raise RequirementsError(
            f"the pinned packages can't be installed: {failure.essence}",
            where=where,
            expected="packages that the index has as wheels with the pinned hashes; after a change of a line they are"
            " resolved again",
        )
    else:
        raise Unavailable(f"the environment of {where} can't be built right now{_at(index)}: {failure.essence}")


def _compile_bytecode(folder: Path, *, keep_open: int) -> None:
    """Compile the packages, but not their tests, which are most of the code of pandas: uv would compile these too.

    The child writes no bytecode, and importing scikit-learn without it takes three times as long. A file that can't be
    compiled is left as it is.
    """
    packages = folder / "lib" / f"python{_PYTHON}" / "site-packages"
    tests = rf"^{re.escape(str(packages))}/(.*/)?tests?/"
    # With the Python of this process, which is of the same version: the environment's would run its .pth files.
    command = [sys.executable, "-I", "-S", "-m", "compileall", "-q", "-j", "0", "-x", tests, str(packages)]
    with contextlib.suppress(TimeoutError):
        run_guarded(
            command,
            env={},
            cwd=folder,
            on_line=lambda _: None,
            log_bounds=LogBounds(),
            seconds=600,
            keep_open=[keep_open],
        )


def _at(index: PackageIndex | None) -> str:
    """Where the packages of a repository with its own index should come from, for messages."""
    if index is None:
        return ""
    variables = " and ".join(index.credential_variables)
    return f" from {index.url} (its user and password, if it asks for any: {variables}, or ~/.netrc)"


def _complete(environment: Environment) -> bool:
    # `python` is a link, which is broken if the Python that it was made with has been removed.
    return (environment.python.parents[1] / MARKER).exists() and environment.python.exists()


def _read_if_any(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def _project_lock() -> str:
    path = PROJECT_ROOT / "requirements.txt"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "no lock"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
