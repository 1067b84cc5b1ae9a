"""Environments, made by the real uv from the real index: small ones, and only as many as it takes."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from modelops.domain.errors import RequirementsError, Unavailable, UserCodeError
from modelops.runtime.environment import Environment, Lock, build, resolve
from modelops.runtime.environment_locks import WAITING
from modelops.settings import MachineSettings
from unit.runtime.models import gone

if TYPE_CHECKING:
    from unit.runtime.models import Model

WHERE = "demo/late model_modules/requirements.txt"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

BUILDER = """
import sys
from pathlib import Path
from modelops.runtime.environment import build, resolve
from modelops.runtime.environment_locks import WAITING
from modelops.settings import MachineSettings
machine = MachineSettings(home=Path(sys.argv[1]))
log = lambda line: print(line, flush=True)
build(resolve("six==1.16.0", machine=machine, where="", log=log), machine=machine, where="", log=log)
"""


def machine_at(home: Path) -> MachineSettings:
    return MachineSettings(home=home)


def resolved(requirements: str | None, home: Path, log: list[str] | None = None) -> Lock:
    lines = [] if log is None else log
    return resolve(requirements, machine=machine_at(home), where=WHERE, log=lines.append)


def built(lock: Lock, home: Path, log: list[str] | None = None) -> Environment:
    lines = [] if log is None else log
    return build(lock, machine=machine_at(home), where=WHERE, log=lines.append)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@dataclass(frozen=True, kw_only=True)
class TwoBuilders:
    """An environment with six 1.16.0 and pyarrow, which two had asked for at once, and what each was told."""

    environments: list[Environment]
    logs: list[list[str]]


@pytest.fixture(scope="module")
def two_builders(home: Path) -> TwoBuilders:
    lock = resolved("six==1.16.0", home)
    logs: list[list[str]] = [[], []]
    other_waits = threading.Event()

    def build_one(lines: list[str]) -> Environment:
        def log(line: str) -> None:
            lines.append(line)
            if line.startswith("waiting"):
                other_waits.set()
            if line.startswith("building"):
                assert other_waits.wait(30), "the other one doesn't wait"

        return build(lock, machine=machine_at(home), where=WHERE, log=log)

    with ThreadPoolExecutor(2) as pool:
        environments = list(pool.map(build_one, logs))
    return TwoBuilders(environments=environments, logs=logs)


@pytest.fixture(scope="module")
def six(two_builders: TwoBuilders) -> Environment:
    return two_builders.environments[0]


def test_without_requirements_it_is_the_projects_own_environment(tmp_path: Path) -> None:
    log: list[str] = []
    lock = resolved(None, tmp_path, log)
    assert lock == resolved(None, tmp_path)
    assert lock.text is None
    assert len(lock.sha256) == 64
    assert str(built(lock, tmp_path, log).python) == sys.executable
    assert log == []
    assert list(tmp_path.iterdir()) == []


def test_a_lock_has_exact_versions_hashes_and_pyarrow(home: Path) -> None:
    log: list[str] = []
    lock = resolved("# ours\nsix==1.16.0\ntyping-extensions\n", home, log)
    assert lock.text is not None
    first, *rest = lock.text.splitlines()
    assert first.startswith(f"# Python {PYTHON} on linux")
    packages = [line for line in rest if not line.startswith(" ")]
    assert [line.partition("==")[0] for line in packages] == ["pyarrow", "six", "typing-extensions"]
    assert "six==1.16.0 \\" in packages
    assert "    --hash=sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254" in lock.text
    assert log == [f"resolving the packages of {WHERE}"]
    assert resolved("six == 1.16.0  # the same, said otherwise\ntyping-extensions", home, log) == lock
    assert len(log) == 1, "what was resolved once is kept"


def test_packages_with_a_stand_in_are_left_out_and_the_log_says_so(home: Path) -> None:
    """They are looked up nowhere: this version exists on no index."""
    log: list[str] = []
    text = resolved("six==1.16.0\nteradatamodelops==0.0.0\n", home, log).text
    assert text is not None
    packages = [line.partition("==")[0] for line in text.splitlines() if line[:1].isalpha()]
    assert {"six", "pandas", "pyarrow"} <= set(packages)
    assert not any(name.startswith(("teradata", "aoa", "tmo")) for name in packages)
    left_out = "not installed, as this system has stand-ins that need no database"
    assert log == [f"teradatamodelops==0.0.0 of {WHERE}: {left_out}", f"resolving the packages of {WHERE}"]


def test_a_pyarrow_of_the_users_choice_stays(home: Path) -> None:
    text = resolved("pyarrow<20", home).text
    assert text is not None
    assert "\npyarrow==19.0.1 \\" in text


WHEEL = "sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254"
SOURCE = "sha256:1e61c37477a1626458e36f7b1d82aa5c9b094fa4802892072e49de9c60c4c926"


def test_given_hashes_are_pinned_as_they_are_and_pyarrow_beside_them(home: Path) -> None:
    text = resolved(
        f'six==1.16.0 \\\n    --hash={WHEEL}\n    # via us\ncolorama==0.4.6 ; os_name == "nt" --hash={WHEEL}', home
    ).text
    assert text is not None
    assert f"\nsix==1.16.0 \\\n    --hash={WHEEL}\n" in text
    assert SOURCE not in text
    assert re.search(r"\npyarrow==\S+ \\\n    --hash=sha256:", text)
    assert "colorama" not in text
    assert text != resolved("six==1.16.0", home).text, "a lock without the hashes is another lock"


def test_a_wrong_hash_names_the_package(home: Path) -> None:
    with pytest.raises(RequirementsError, match=r"no file of six==1\.16\.0 with the given hash") as refused:
        resolved(f"six==1.16.0 --hash=sha256:{'0' * 64}", home)
    assert refused.value.where == WHERE
    # The hash of the source package, which is never installed.
    with pytest.raises(RequirementsError, match=r"can't be installed: .*six==1\.16\.0"):
        built(resolved(f"six==1.16.0 --hash={SOURCE}", home), home)


@pytest.mark.parametrize(
    ("requirements", "essence"),
    [
        pytest.param("six==99.0", "there is no version of six==99.0", id="no such version"),
        pytest.param("six==1.16.0\nsix==1.17.0", "six==1.16.0", id="contradiction"),
        pytest.param("docopt==0.6.2", "docopt==0.6.2 has no usable wheels", id="no wheel"),
    ],
)
def test_packages_that_cannot_be_had(home: Path, requirements: str, essence: str) -> None:
    with pytest.raises(RequirementsError) as refused:
        resolved(requirements, home)
    assert refused.value.what.startswith("the packages can't be resolved: ")
    assert essence in refused.value.what
    assert len(refused.value.what) < 700
    assert "\n" not in refused.value.what
    assert refused.value.where == WHERE
    assert f"wheels for Python {PYTHON}" in refused.value.expected


def test_a_line_that_is_not_allowed(tmp_path: Path) -> None:
    with pytest.raises(RequirementsError, match="line 2"):
        resolved("six\n-r other.txt", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_index_that_does_not_answer_is_not_the_users_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://ada:secret@127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(Unavailable, match="can't be resolved right now") as refused:
        resolved("six", tmp_path)
    assert "secret" not in str(refused.value)
    monkeypatch.setenv("UV_OFFLINE", "1")
    with pytest.raises(Unavailable, match="can't be resolved right now"):
        resolved("six", tmp_path)


def test_uv_gets_no_credentials_of_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shim = tmp_path / "uv"
    shim.write_text("#!/bin/sh\nenv\nexit 2\n")
    shim.chmod(0o755)
    monkeypatch.setattr("uv.find_uv_bin", lambda: str(shim))
    for name in ("AIRFLOW_CONN_MODELOPS", "MODELOPS_DATABASE_URL", "PGPASSWORD"):
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("UV_HTTP_TIMEOUT", "7")
    with pytest.raises(Unavailable) as refused:
        resolved("six", tmp_path)
    assert "UV_HTTP_TIMEOUT=7" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_two_builders_at_once_build_once(two_builders: TwoBuilders) -> None:
    first, second = two_builders.environments
    assert first == second
    built_it, waited = sorted(two_builders.logs)
    assert built_it[0] == "building the environment (2 packages)"
    assert re.fullmatch(r"environment ready in \d+\.\d s", built_it[1])
    assert waited == [WAITING, "environment reused"]


def test_an_environment_holds_what_is_asked_for_and_nothing_else(six: Environment, model: Model) -> None:
    model.write("""
        import sys
        import pyarrow, six

        def train(context):
            print(six.__version__, context.read_arrow().num_rows, sys.prefix, six.__cached__)
            context.read_pandas()
    """)
    with pytest.raises(UserCodeError) as failed:
        model.run(environment=six)
    version, rows, prefix, cached = model.lines[0].split()
    assert (version, rows, prefix) == ("1.16.0", "1", str(six.python.parents[1]))
    assert os.path.exists(cached), "bytecode is made once"
    assert failed.value.what == "the package 'pandas' isn't in the model's environment"
    assert failed.value.where == "model_modules/training.py:7"
    assert model.lines[-1].endswith(
        "context.read_pandas() needs the package pandas: add it to model_modules/requirements.txt"
    )


def test_packages_are_compiled_without_their_tests(six: Environment) -> None:
    pyarrow = six.python.parents[1] / f"lib/python{PYTHON}/site-packages/pyarrow"
    assert [file.name for file in (pyarrow / "__pycache__").glob("compute.*.pyc")]
    assert (pyarrow / "tests/test_compute.py").exists()
    assert not (pyarrow / "tests/__pycache__").exists()


def test_an_environment_is_reused(six: Environment, home: Path) -> None:
    log: list[str] = []
    assert built(six.lock, home, log) == six
    assert log == ["environment reused"]


def test_a_builder_that_is_killed_leaves_nothing_that_counts(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    builder = subprocess.Popen(
        [sys.executable, "-c", BUILDER, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(pytestconfig.rootpath / "include")},
        stdout=subprocess.PIPE,
        text=True,
    )
    with builder:
        assert builder.stdout is not None
        assert builder.stdout.readline().startswith("resolving")
        assert builder.stdout.readline().startswith("building")
        builder.send_signal(signal.SIGKILL)
    assert gone(lambda: mentioning(tmp_path)), "uv goes on"
    lock = resolved("six==1.16.0", tmp_path)
    folder = machine_at(tmp_path).environments / lock.sha256[:16]
    assert not (folder / "modelops-complete").exists()
    # However far it had come: at the worst there is a Python already, and some of the packages.
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    (folder / "bin" / "python").unlink(missing_ok=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    (folder / "half").touch()
    log: list[str] = []
    environment = built(lock, tmp_path, log)
    # A process that ends loses its command line before its locks, so there may be a wait first.
    assert "building the environment (2 packages)" in log
    assert not (folder / "half").exists()
    subprocess.run([environment.python, "-c", "import six, pyarrow"], check=True)


def mentioning(path: Path) -> list[int]:
    """The processes that have the path in their command line."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if str(path).encode() in entry.read_bytes():
                found.append(int(entry.parent.name))
    return found
