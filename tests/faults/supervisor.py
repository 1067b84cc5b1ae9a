"""What Airflow has above a task: starts it and waits for it. Whoever starts this is the scheduler, which tries again.

As Airflow's executor does, it is forked off a process that has imported everything already: that one is this file as a
program, which takes orders line by line.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

from modelops.settings import PROJECT_ROOT

POLL = 0.01


class Executor:
    """The process that supervisors are forked off; it ends with whoever made it, as its input ends then."""

    def __init__(self) -> None:
        path = os.pathsep.join(str(PROJECT_ROOT / name) for name in ("include", "tests"))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "faults.supervisor"],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, *arguments: str) -> Supervisor:
        """A supervisor with its task, two processes; the task is `faults.task.work` with these arguments."""
        return Supervisor(self, self.ask(start=arguments))

    def ask(self, **order: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End it, when all supervisors have ended."""
        self._process.communicate()


class Supervisor:
    """One of them, by its process id; how it ends is said as `subprocess.Popen` says it."""

    def __init__(self, executor: Executor, pid: int) -> None:
        self._executor, self.pid = executor, pid

    def poll(self) -> int | None:
        """How it has ended; None if it hasn't."""
        code: int | None = self._executor.ask(look=self.pid)
        return code

    def wait(self, seconds: float) -> int:
        """How it has ended.

        Raises:
            TimeoutError: it hasn't, within so many seconds.
        """
        deadline = time.monotonic() + seconds
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the supervisor {self.pid} still runs after {seconds:.0f} s")
            time.sleep(POLL)
        return code


def serve() -> None:
    """Take orders until there are no more."""
    ends: dict[int, int] = {}
    for line in sys.stdin:
        match json.loads(line):
            case {"start": arguments}:
                answer: int | None = _fork(arguments)
            case {"look": pid}:
                if pid not in ends:
                    ended, status = os.waitpid(pid, os.WNOHANG)
                    if ended:
                        ends[pid] = os.waitstatus_to_exitcode(status)
                answer = ends.get(pid)
        print(json.dumps(answer), flush=True)


def _fork(arguments: list[str]) -> int:
    supervisor = os.fork()
    if supervisor:
        return supervisor
    os.setsid()
    with open(os.devnull, "r+") as nothing:  # neither the orders nor the answers are theirs
        for stream in (0, 1, 2):
            os.dup2(nothing.fileno(), stream)
    task = os.fork()
    if not task:
        os._exit(work(*arguments))
    _, status = os.waitpid(task, 0)
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    import adbc_driver_postgresql
    import pgpq

    import modelops.data.writing
    from faults.task import work

    _ = adbc_driver_postgresql, pgpq, modelops.data.writing  # what a task imports when it needs it
    serve()
