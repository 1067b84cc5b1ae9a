"""The commands for developers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from modelops.settings import PROJECT_ROOT

TOOL = """
import sys
from modelops.development.commands import _tool
sys.exit(_tool("python", "-c", sys.argv[1]))
"""
PROGRAM = """
import signal, sys
def report(*_):
    print("reported", flush=True)
    sys.exit(7)
signal.signal(signal.SIGINT, report)
print("ready", flush=True)
signal.pause()
"""


def test_what_is_interrupted_reports_before_it_ends() -> None:
    """As a terminal does it: the command and its program get the signal."""
    with subprocess.Popen(
        [sys.executable, "-c", TOOL, PROGRAM],
        cwd=PROJECT_ROOT,
        env={**os.environ, "PYTHONPATH": "include"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as command:
        assert command.stdout is not None
        assert command.stdout.readline() == "ready\n"
        os.killpg(command.pid, signal.SIGINT)
        assert command.stdout.read() == "reported\n"
    assert command.returncode == 7
