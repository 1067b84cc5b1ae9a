"""What hostile code tries, and what of it the confinement refuses: as root, as a user, and with layers taken away."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from modelops.runtime.child import system_calls
from modelops.runtime.confinement import Confinement, Rank, confinement_of_this_machine
from modelops.settings import PROJECT_ROOT
from unit.runtime.attempts import CODE, READER
from unit.runtime.trial import NOBODY

if TYPE_CHECKING:
    from unit.runtime.models import Model

NEEDED = ("no new privileges", "no capabilities", "Landlock", "seccomp")
NAMESPACES = ("network namespace", "IPC namespace", "private /dev/shm")
ROOTS_ALONE = "private /proc"
HEADERS = ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm-generic/unistd.h")
TABLES = (
    "SOCKETS",
    "PROCESSES",
    "SHARED_OBJECTS",
    "FILES_IN_MEMORY",
    "NAMESPACES",
    "KERNEL",
    "WITHOUT_EFFECT",
    "OLD_TIMES",
    "SIGNALS",
    "NEW_PROCESSES",
)
HONEST = {
    "start 150 processes",
    "start a program",
    "start threads",
    "end a process of its own",
    "read its rows",
    "write its files",
    "make its files",
    "map memory",
    "a pair of sockets",
}


@cache
def trial(user: int | None, *lacks: str, code: str = CODE) -> dict[str, Any]:
    """What came of code that ran as root or as a user, where the kernel lacks some layers."""
    path = os.pathsep.join(str(PROJECT_ROOT / folder) for folder in ("tests", "include"))
    job = subprocess.run(
        [sys.executable, "-m", "unit.runtime.trial", json.dumps({"code": code, "user": user, "lacks": lacks})],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert job.returncode == 0, job.stderr
    found: dict[str, Any] = json.loads(job.stdout)
    return found


def answers(found: dict[str, Any]) -> dict[str, str]:
    assert not found["error"], found
    told: dict[str, str] = json.loads(found["lines"][-1])
    return told


def got(found: dict[str, Any]) -> set[str]:
    return {name for name, answer in answers(found).items() if answer.startswith("got") or answer == "changed"}


@pytest.fixture(params=[None, NOBODY], ids=["root", "user"])
def user(request: pytest.FixtureRequest) -> int | None:
    """Root, or an ordinary user: the one that runs the tests, or one that root becomes."""
    if os.geteuid() == 0:
        chosen: int | None = request.param
        return chosen
    if request.param is None:
        pytest.skip("needs root")
    return None


def test_every_attempt_is_refused_and_honest_work_is_not(user: int | None) -> None:
    found = trial(user)
    assert got(found) == HONEST, answers(found)
    assert answers(found)["shared memory of others"] == "[]"
    assert found["untouched"]


def test_the_log_names_what_holds_and_what_a_machine_lacks(user: int | None) -> None:
    layers = f"users' code is confined: {', '.join((*NEEDED, *NAMESPACES))}"
    is_root = os.geteuid() == 0 and user is None
    told = f", {ROOTS_ALONE}" if is_root else f"; this machine lacks {ROOTS_ALONE} (Operation not permitted)"
    assert trial(user)["confinement"] == [layers + told]


@pytest.mark.parametrize("layer", [*NEEDED, *NAMESPACES])
def test_a_layer_that_a_machine_lacks_drops_out_and_is_named(user: int | None, layer: str) -> None:
    (line,) = trial(user, layer, code="def report(): ...")["confinement"]
    held, _, missing = line.partition("; this machine lacks ")
    assert layer in missing
    assert layer not in held
    rank = {"Landlock": Rank.HALF} | dict.fromkeys(NAMESPACES, Rank.CONFINED)
    assert held.startswith(f"users' code is {rank.get(layer, Rank.NONE)}: ")


def test_without_namespaces_the_others_still_refuse_every_attempt(user: int | None) -> None:
    found = trial(user, "user", *NAMESPACES)
    assert got(found) == HONEST, answers(found)
    assert answers(found)["shared memory of others"] == "EACCES"


def test_without_landlock_neither_sockets_nor_other_processes_are_reached(user: int | None) -> None:
    reached = got(trial(user, "Landlock")) - HONEST
    assert not {name for name in reached if re.search(r"server|datagram|guard|limit|trace|namespace|share", name)}
    assert "read a secret" in reached, "then the test says nothing"


def test_without_seccomp_the_files_of_others_stay_closed(user: int | None) -> None:
    reached = got(trial(user, "seccomp")) - HONEST
    closed = r"secret|environ|rows|code|program|shadow|key|job's memory"
    assert not {name for name in reached if re.search(closed, name)}
    assert "connect to a server by its path" in reached, "then the test says nothing"


OLD_LANDLOCK = """
import ctypes, fcntl, subprocess, sys
sys.path.insert(0, CHILD)
import confinement, json, landlock, os
real = landlock._call
landlock._call = lambda number, *values: 1 if values[-1:] == (1,) and number == 444 else real(number, *values)
rules = {"read": (), "execute": (), "write": ()}
print(json.dumps(confinement.confine(rules, protected=(os.getppid(),))))
for attempt in (
    lambda: os.kill(os.getppid(), 0),
    lambda: os.killpg(0, 0),
    lambda: os.kill(-1, 0),
    lambda: os.truncate(__file__, 0),
    lambda: os.setpriority(os.PRIO_PGRP, 0, os.getpriority(os.PRIO_PROCESS, 0)),
    lambda: fcntl.fcntl(0, fcntl.F_SETOWN, os.getppid()),
    lambda: fcntl.fcntl(0, fcntl.F_SETSIG, 9),
    lambda: os.memfd_create("hidden"),
):
    try:
        attempt()
        print("done")
    except OSError as error:
        print(type(error).__name__)
libc = ctypes.CDLL(None)
print(libc.prctl(4, 0, 0, 0, 0), libc.prctl(3, 0, 0, 0, 0))  # it is not dumpable; is it?
os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0))
"""


def test_an_old_landlock_is_named_and_seccomp_refuses_what_it_lacks(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(f"CHILD = {str(Path(system_calls.__file__).parent)!r}\n{OLD_LANDLOCK}")
    report, *tried = subprocess.check_output([sys.executable, "-IS", program], text=True).splitlines()
    missing = Confinement.of(report).missing
    assert missing["Landlock for signals"] == ("the kernel has version 1 of Landlock, and this came with version 6"), (
        "the version is named"
    )
    assert "Landlock for truncation" in missing
    assert Confinement.of(report).rank == Rank.CONFINED
    assert tried == ["PermissionError"] * 7 + ["OSError", "0 1"]


READING = """
import sys

def report():
    sys.path.insert(0, os.path.dirname(TARGET["program"]))
    import system_calls
    system_calls.refuse_processes()
    print(json.dumps(tried(ATTEMPTS) | tried(ALLOWED)))
"""


def test_what_reads_a_model_file_starts_no_process_at_all(user: int | None) -> None:
    found = trial(user, code=CODE + READING)
    assert got(found) == HONEST - {"start 150 processes", "start a program", "end a process of its own"}
    assert {answers(found)[name] for name in ("start 150 processes", "start a program")} == {"EPERM"}


def test_the_code_ends_with_the_guard_although_its_identity_has_changed(user: int | None) -> None:
    code = """
import ctypes

def report():
    signal = ctypes.c_int()
    ctypes.CDLL(None).prctl(2, ctypes.byref(signal), 0, 0, 0)
    print(signal.value)
"""
    assert trial(user, code=code)["lines"] == ["9"]


@pytest.mark.parametrize(
    ("layers", "rank"),
    [
        (NEEDED, Rank.CONFINED),
        ((*NEEDED, *NAMESPACES), Rank.CONFINED),
        (("no new privileges", "no capabilities", "seccomp"), Rank.HALF),
        (("no new privileges", "no capabilities", "Landlock", *NAMESPACES), Rank.NONE),
        (("no new privileges", "Landlock", "seccomp"), Rank.NONE),
        ((), Rank.NONE),
    ],
)
def test_the_rank_tells_what_the_layers_amount_to(layers: tuple[str, ...], rank: Rank) -> None:
    assert Confinement(held=layers).rank == rank


def test_this_machine_is_asked_once_and_in_a_process_of_its_own() -> None:
    assert confinement_of_this_machine() is confinement_of_this_machine()
    assert set(confinement_of_this_machine().held) >= set(NEEDED)
    Path("/proc/1/stat").read_text(encoding="utf-8")  # this process may do as before


def test_the_numbers_of_system_calls_are_the_kernels() -> None:
    tables = [getattr(system_calls, name) for name in TABLES]
    tables += [{name: both[:2] for name, both in system_calls.OWN_PROCESS.items()}]
    tables += [{name: both[:2] for name, both in system_calls.OWN_PRIORITY.items()}]
    single = ("CLONE", "CLONE3", "SOCKETPAIR", "TRUNCATE", "FCNTL", "IOCTL", "PRCTL")
    tables += [{name.lower(): getattr(system_calls, name)} for name in single]
    tables += [{"utimensat": system_calls.UTIMENSAT, "seccomp": system_calls.SECCOMP}]
    for column, header in enumerate(HEADERS):
        if not Path(header).exists():
            pytest.skip(f"there is no {header}")
        pairs = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", Path(header).read_text(encoding="utf-8"))
        known = {name: int(number) for name, number in pairs}
        for name, both in ((name, both) for table in tables for name, both in table.items()):
            if both[column] is not None and name in known:  # older headers lack the newest
                assert both[column] == known[name], name


@pytest.mark.parametrize("verb", ["train", "evaluate"])
def test_training_and_evaluation_read_nothing_else(model: Model, verb: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    file = "training" if verb == "train" else "evaluation"
    model.write(
        READER.format(function=f"{verb}(context)", path=str(tmp_path / "secret")), file=f"model_modules/{file}.py"
    )
    assert model.run(verb=verb) == ["PermissionError"]
