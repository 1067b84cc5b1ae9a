"""Limits of user code: memory, CPU time and time of all its processes, and what is measured of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from modelops.domain.errors import ChildLost, ResourceLimitError, UserCodeError
from modelops.domain.resources import MIB, Allowance, Ceilings, Limits, Meter, ResourceRequest, Usage
from modelops.runtime.child import guard
from unit.runtime.models import FAMILY, Model, alive, marked

if TYPE_CHECKING:
    from typing import Any

CONFIG = "demo/late/config.json"
BUSY = """
    import os, time

    def busy():
        while True:
            pass
"""


def allowance(*, ceilings: Ceilings | None = None, **requested: Any) -> Allowance:
    limits = Limits.of(ResourceRequest(**requested), ceilings or Ceilings(), where=CONFIG)
    return Allowance(limits=limits)


def exceeded(model: Model, limits: Allowance) -> ResourceLimitError:
    with pytest.raises(ResourceLimitError) as failed:
        model.run(allowance=limits)
    assert marked(model.job_id) == []
    assert limits.meter.total is not None
    return failed.value


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("busy()", id="one process"),
        pytest.param("signal.signal(signal.SIGXCPU, signal.SIG_IGN)\n    busy()", id="that ignores the signal"),
        pytest.param("for _ in range(3):\n        os.fork() or busy()\n    time.sleep(1000)", id="forks"),
        pytest.param(
            "for _ in range(3):\n        os.fork() or (os.setsid(), os.fork() or busy(), os._exit(0))\n"
            "    time.sleep(1000)",
            id="daemons",
        ),
        pytest.param(
            "while True:\n        pid = os.fork()\n        if pid == 0:\n            sum(range(3_000_000))\n"
            "            os._exit(0)\n        os.waitpid(pid, 0)",
            id="one short process after the other",
        ),
        pytest.param(
            "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n    while True:\n        if os.fork() == 0:\n"
            "            sum(range(20_000_000))\n            os._exit(0)\n        time.sleep(0.3)",
            id="processes that nobody waits for",
        ),
    ],
)
def test_cpu_time_of_all_processes_is_limited(model: Model, body: str) -> None:
    model.write(f"{BUSY}\n    import signal\n\n    def train(context):\n        ".replace("\n    ", "\n") + body)
    limits = allowance(cpu_seconds=1)
    error = exceeded(model, limits)
    assert error.what.startswith(
        f"train() used more than the 1 s of CPU time that resources.cpu_seconds in {CONFIG} allows (the job's code has"
    )
    assert error.where == "model_modules/training.py"
    assert error.expected.endswith(f"or a new version with a larger resources.cpu_seconds in {CONFIG}")
    assert limits.meter.total is not None
    assert limits.meter.total.cpu_seconds >= 1


def test_time_is_limited(model: Model) -> None:
    model.write(f"{FAMILY}\n    def train(context):\n        family()\n        time.sleep(1000)")
    error = exceeded(model, allowance(ceilings=Ceilings(seconds=2), seconds=1))
    assert error.what.startswith(f"train() used more than the 1 s of time that resources.seconds in {CONFIG} allows")
    assert error.expected.endswith(f"or a new version with a larger resources.seconds in {CONFIG} (at most 2 s)")
    assert alive(map(int, model.lines[0].split()[1:])) == []


def test_memory_of_one_process_is_limited(model: Model) -> None:
    model.write("def train(context):\n    bytearray(2 * 2**30)")
    error = exceeded(model, allowance(memory=512 * MIB))
    assert error.what.startswith(
        f"train() ran out of memory: it may allocate 512 MiB, by resources.memory in {CONFIG}; it had used"
    )
    assert error.where == "model_modules/training.py:2"
    assert error.expected.endswith(f"or a new version with a larger resources.memory in {CONFIG}")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("for _ in range(3):\n        if os.fork() == 0:\n            hold()", id="processes"),
        pytest.param("hold(mmap.mmap(-1, SIZE * 4))", id="shared memory"),
    ],
)
def test_memory_of_all_processes_is_limited(model: Model, body: str) -> None:
    model.write(f"""
import mmap, os, time
SIZE = 150 * 2**20

def hold(memory=None):
    memory = memory or bytearray(SIZE)
    for start in range(0, len(memory), 4096):
        memory[start] = 1
    time.sleep(1000)

def train(context):
    {body}
    time.sleep(1000)
""")
    error = exceeded(model, allowance(memory=400 * MIB))
    assert error.what.startswith(
        f"train() used more than the 400 MiB of memory that resources.memory in {CONFIG} allows (its processes together"
    )
    assert "start fewer processes" in error.expected


def test_a_setting_is_named_if_it_is_the_limit(model: Model) -> None:
    model.write("import time\ndef train(context):\n    time.sleep(1000)")
    error = exceeded(model, allowance(ceilings=Ceilings(seconds=1), seconds=3600))
    assert "the 1 s of time that MODELOPS_CHILD_SECONDS allows" in error.what
    assert error.expected.endswith("or have MODELOPS_CHILD_SECONDS raised")


def test_forked_memory_counts_once(model: Model) -> None:
    model.write("""
        import os, time

        def train(context):
            held = bytearray(os.urandom(2**20)) * 200
            pids = []
            for _ in range(4):
                pid = os.fork()
                if pid == 0:
                    time.sleep(1)
                    os._exit(0)
                pids.append(pid)
            for pid in pids:
                os.waitpid(pid, 0)
    """)
    limits = allowance(memory=512 * MIB)
    model.run(allowance=limits)
    assert limits.meter.total is not None
    assert 200 * MIB <= limits.meter.total.peak_memory < 512 * MIB


def test_what_is_measured(model: Model) -> None:
    model.write("""
        import os

        def train(context):
            bytearray(300 * 2**20)
            until = os.times().user + 0.5
            while os.times().user < until:
                pass
    """)
    limits = Allowance()
    model.run(allowance=limits)
    used = limits.meter.total
    assert used is not None
    assert 300 * MIB <= used.peak_memory < 900 * MIB, "of a peak however short"
    assert used.cpu_seconds >= 0.5
    assert used.seconds > 0


HOLDING = """
import mmap, os, sys
held, unused = bytearray(os.urandom(2**20)) * 200, mmap.mmap(-1, 500 * 2**20, flags=mmap.MAP_PRIVATE)
pid = os.fork()
print(flush=True)
sys.stdin.read()
"""


def test_allocated_memory_and_that_of_several_processes_are_measured_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    descendants = guard._descendants
    meter = guard.Meter(memory=0, cpu_seconds=0, seconds=0)
    with subprocess.Popen([sys.executable, "-c", HOLDING], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() + process.stdout.readline() == b"\n\n"
        # Not what other tests have started from this process.
        monkeypatch.setattr(guard, "_descendants", lambda _: [process.pid, *descendants(process.pid)])
        assert not meter.measure()
        process.kill()
    peak_memory, peak_allocated, *_ = map(float, str(meter).split()[:4])
    assert 200 * MIB <= peak_memory < 600 * MIB
    assert peak_allocated >= 700 * MIB


def test_code_that_fails_is_measured(model: Model) -> None:
    limits = Allowance()
    with pytest.raises(UserCodeError, match="ValueError"):
        model.write("def train(context):\n    raise ValueError").run(allowance=limits)
    assert limits.meter.total is not None
    assert limits.meter.total.peak_memory > 5 * MIB


def test_code_that_was_killed_from_outside_is_measured(model: Model) -> None:
    limits = Allowance()
    with pytest.raises(ChildLost, match=r"out of memory; it had used \d"):
        model.write(f"import os\ndef train(context):\n    os.kill(os.getpid(), {signal.SIGKILL})").run(allowance=limits)
    assert limits.meter.total is not None


def test_the_processes_of_a_job_share_its_limit(model: Model) -> None:
    used = Usage(cpu_seconds=600, seconds=20)
    limits = Allowance(limits=allowance(cpu_seconds=600).limits, meter=Meter(total=used))
    model.write(f"{BUSY}\n    def train(context):\n        busy()")
    error = exceeded(model, limits)
    assert "more than the 600 s of CPU time" in error.what


def test_a_result_that_is_there_counts(model: Model) -> None:
    """A library may be slow to shut down; by then the function has returned."""
    model.write("import atexit, time\ndef train(context):\n    atexit.register(time.sleep, 1000)")
    assert model.run(allowance=allowance(seconds=5))[-1].startswith("train() had returned before")


def test_the_process_of_the_job_stays(model: Model) -> None:
    """The kernel prefers user code when memory is short, and no limit holds for the worker."""
    model.write(
        "from pathlib import Path\ndef train(context):\n    print(Path('/proc/self/oom_score_adj').read_text())"
    )
    assert model.run(allowance=allowance(memory=512 * MIB, cpu_seconds=60))[0] == "500"
    import resource

    assert resource.getrlimit(resource.RLIMIT_CPU)[0] == resource.RLIM_INFINITY
    assert os.getpid() in alive([os.getpid()])
