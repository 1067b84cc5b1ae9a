"""Ends a process when its parent dies.

As a program, it starts another program that ends with its parent:

    python parent_death.py SIGNAL PARENT PROGRAM ARGUMENT…

It is run by its path: `preexec_fn` isn't safe in a program with threads, and importing the package would slow down each
start. The kernel sends SIGNAL when the *thread* that started the process ends, so start processes from a thread
that lives as long as they should.
"""

from __future__ import annotations

import os
import sys

PR_SET_PDEATHSIG = 1
SIGKILL = 9


def die_with_parent(signal: int = SIGKILL) -> None:
    """Have the kernel send this process a signal when its parent dies. Does nothing on other systems than Linux."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0)


def main(arguments: list[str]) -> None:
    """Tie this process to its parent, check that the parent is alive, and replace this process with the program."""
    signal, parent, *program = arguments
    die_with_parent(int(signal))
    if sys.platform == "linux" and os.getppid() != int(parent):
        raise SystemExit(1)
    os.execvp(program[0], program)  # noqa: S606 - the arguments are a list; no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
