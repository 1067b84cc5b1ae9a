"""Runs a program that ends when the one who started it dies.

    python leash.py SIGNAL PARENT PROGRAM ARGUMENT…

A file of its own, run by path: `preexec_fn` isn't safe in a program with threads, and importing the package here would
cost each start its time. The kernel sends SIGNAL when the *thread* that started this process ends, so whoever uses the
leash starts processes from a thread that lives as long as they should.
"""

from __future__ import annotations

import os
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Fasten the leash, make sure that the parent was still there by then, and become the program."""
    signal, parent, *program = arguments
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal), 0, 0, 0)
        if os.getppid() != int(parent):
            raise SystemExit(1)
    os.execvp(program[0], program)  # noqa: S606 - the arguments are a list; no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
