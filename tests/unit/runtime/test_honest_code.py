"""What honest training code needs works although it is confined, or its error says why not."""

from __future__ import annotations

import os

import pytest

from modelops.runtime import disk
from modelops.runtime.refusals import FILES, NETWORK, SHARED_MEMORY, WORKERS, expected_of
from unit.runtime.models import Model, failure_of
from unit.runtime.test_disk import Usage

WORK = {
    "multiprocessing, forked": """
        with multiprocessing.get_context("fork").Pool(2) as pool:
            print(pool.map(abs, [-1, -2]))
    """,
    "multiprocessing, spawned": """
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            print(pool.map(abs, [-1, -2]))
    """,
    "joblib's threads": """
        from joblib import Parallel, delayed
        print(Parallel(n_jobs=2, prefer="threads")(delayed(abs)(n) for n in (-1, -2)))
    """,
    "shared memory": """
        shared = multiprocessing.shared_memory.SharedMemory(create=True, size=2)
        shared.buf[:2] = bytes([1, 2])
        print(list(shared.buf[:2]))
        shared.close()
        shared.unlink()
    """,
    "an event loop": """
        async def two():
            program = await asyncio.create_subprocess_exec("true")
            return [1 + await program.wait(), 2]
        print(asyncio.run(two()))
    """,
    "a plot": """
        import matplotlib.pyplot as plot
        plot.plot([1, 2])
        plot.savefig(context.artifact_output_path + "/plot.png")
        print([1, 2])
    """,
}


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_it_works(model: Model, work: str) -> None:
    imports = "import asyncio, multiprocessing.shared_memory\n\n"
    assert model.write(f"{imports}def train(context):\n{work}").run()[-1] == "[1, 2]"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount the /proc in which psutil looks")
def test_the_processes_of_joblib_work(model: Model) -> None:
    work = "from joblib import Parallel, delayed\n    print(Parallel(n_jobs=2)(delayed(abs)(n) for n in (-1, -2)))"
    assert model.write(f"def train(context):\n    {work}").run()[-1] == "[1, 2]"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import urllib.request as web\ndef train(context):\n    web.urlopen('http://example.com')", NETWORK),
        ("import socket\ndef train(context):\n    socket.create_connection(('127.0.0.1', 1))", NETWORK),
        ("from multiprocessing import Manager\ndef train(context):\n    Manager()", NETWORK),
        ("def train(context):\n    open('/etc/shadow')", FILES),
        ("import os\ndef train(context):\n    os.listdir('/root')", FILES),
    ],
)
def test_an_error_that_the_confinement_caused_says_what_would_be_right(
    model: Model, source: str, expected: str
) -> None:
    assert failure_of(model.write(source)).expected == expected


@pytest.mark.parametrize(
    ("kind", "message", "line", "expected"),
    [
        ("joblib.externals.loky.process_executor.TerminatedWorkerError", "a worker {EXIT(1)}", "", WORKERS),
        ("PermissionError", "[Errno 13] Permission denied", "multiprocessing/synchronize.py", SHARED_MEMORY),
        ("FileNotFoundError", "[Errno 2] No such file or directory", "in SemLock", SHARED_MEMORY),
        ("joblib.externals.loky.process_executor.TerminatedWorkerError", "a worker {SIGSEGV(-11)}", "", None),
        ("ValueError", "no such socket.py", "model_modules/training.py", None),
        ("FileNotFoundError", "[Errno 2] No such file or directory: 'x'", "model_modules/training.py", None),
    ],
)
def test_the_cause_is_told_from_others(kind: str, message: str, line: str, expected: str | None) -> None:
    assert expected_of(kind, message, [line]) == expected


@pytest.mark.parametrize("where", [".", "{context.artifact_output_path}"], ids=["scratch", "output"])
def test_files_that_would_fill_the_disk_end_the_code(model: Model, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: Usage(free=40 * 2**20))
    model.write(f"""
        import os, time

        def train(context):
            for number in range(11):
                with open(f"{where}/{{number}}", "wb") as file:
                    file.write(bytes(2**20))
            time.sleep(1000)
    """)
    error = failure_of(model)
    assert error.what.startswith("the code has written ")
    assert error.expected.startswith("at most 10,485,760 bytes of files at a time")


def test_one_large_file_is_refused_at_once(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: Usage(free=4 * 2**20))
    monkeypatch.setattr(disk, "_LOOK_EVERY", 1000.0)
    model.write("def train(context):\n    with open('large', 'wb') as file:\n        file.write(bytes(2**20 + 1))")
    error = failure_of(model)
    assert "File too large" in error.what
    assert error.expected.startswith("files that together fill no more than a quarter")
