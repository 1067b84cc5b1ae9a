"""Says what code expected that its confinement refuses, so that its own error isn't all that its author reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_SOCKETS = re.compile(r"socket\.py|in create_connection|name resolution|Name or service not known|getaddrinfo")
_PROC = re.compile(r"Permission denied: '/proc/(self|\d+)/")
_SHARED_MEMORY = re.compile(r"SemLock|shm_open|/dev/shm|multiprocessing/(synchronize|shared_memory)\.py")

NETWORK = (
    "code without a network and without sockets: the context gives the rows, and what else the code needs belongs into"
    " its folder; multiprocessing without Manager and forkserver, which use sockets"
)
SHARED_MEMORY = (
    "code without shared memory between processes, as this machine can't give it a /dev/shm of its own (the log names"
    " why): threads, such as joblib's Parallel(prefer='threads'), or n_jobs=1"
)
WORKERS = (
    "code that reads nothing of /proc in the processes that it starts, as this machine can't give it a /proc of its own"
    " (the log names why): no package psutil in its requirements.txt, by which joblib looks at its processes; or"
    " threads: Parallel(prefer='threads')"
)
FILES = (
    "code that reads its own folder, its artifacts and its environment, and writes to context.artifact_output_path and"
    " the working folder; all other files are closed to it"
)
LARGE_FILES = "files that together fill no more than a quarter of what is free on the disk"


def expected_of(kind: str, message: str, traceback: Sequence[str]) -> str | None:
    """What code whose error comes from its confinement should do instead; None if the error has another cause.

    Args:
        kind: the type of the error, with its module unless it is built in.
        message: its text.
        traceback: its lines.
    """
    text = "\n".join((kind, message, *traceback))
    refused = kind == "PermissionError" or "Operation not permitted" in text or "Permission denied" in text
    # Workers that ended by an error of Python's have this exit code, those that crashed have a signal.
    if (
        kind.startswith("psutil.")
        or _PROC.search(message)
        or ("TerminatedWorkerError" in kind and "EXIT(1)" in message)
    ):
        return WORKERS
    if kind == "EOFError" and "multiprocessing/managers.py" in text:
        return NETWORK
    if _SOCKETS.search(text) and (refused or "resolution" in text or "Name or service" in text):
        return NETWORK
    if _SHARED_MEMORY.search(text) and (refused or kind in {"FileNotFoundError", "OSError"}):
        return SHARED_MEMORY
    if "File too large" in message:
        return LARGE_FILES
    return FILES if kind == "PermissionError" else None
