"""Runs git: without prompts, within a time limit, and only over transports that can't run commands."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from typing import TYPE_CHECKING

from modelops.domain.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

LOCAL_SECONDS = 60.0
NETWORK_SECONDS = 600.0

# Set where git itself started us (a hook): they would point it to another repository than the one that is meant.
_INHERITED = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE"}
_INHERITED |= {"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_PREFIX"}

_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "SSH_ASKPASS_REQUIRE": "never",
    "GIT_ALLOW_PROTOCOL": "file:https:ssh",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C",  # messages are read by `mirror`
}

# No program that the repository's configuration names, nothing left behind in the background, no endless stall.
_CONFIGURATION = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.quotePath": "false",
    "gc.autoDetach": "false",
    "maintenance.autoDetach": "false",
    "http.lowSpeedLimit": "1",
    "http.lowSpeedTime": "60",
}


class GitError(Exception):
    """git ended with an error; `reason` is what it printed, without credentials. Doesn't leave this package."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def git(*arguments: str, folder: Path, bare: bool = False, stdin: bytes = b"", seconds: float = LOCAL_SECONDS) -> bytes:
    """What git prints when it is run in the folder; `bare` says that the folder itself is the repository.

    Raises:
        GitError: it ended with an error.
        Unavailable: it isn't installed, or took longer than `seconds`.
    """
    # Without --git-dir a damaged mirror would be passed over for a repository that it lies in.
    options = ["--git-dir=."] if bare else []
    options += [part for name, value in _CONFIGURATION.items() for part in ("-c", f"{name}={value}")]
    environment = {name: value for name, value in os.environ.items() if name not in _INHERITED} | _ENVIRONMENT
    try:
        process = subprocess.Popen(
            ["git", *options, *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # no terminal to prompt on, and one group to end with its helpers
        )
    except FileNotFoundError as error:
        raise Unavailable(f"git can't be started: there is no {error.filename}") from None
    with process:
        try:
            output, errors = process.communicate(stdin, timeout=seconds)
        except BaseException as error:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                # Its own text would show the command, and with it the url.
                raise Unavailable(f"git {arguments[0]} took longer than {seconds:g} s") from None
            raise
    if process.returncode != 0:
        raise GitError(without_credentials(" ".join(errors.decode(errors="replace").split())[:1000]))
    return output


def git_names(*arguments: str, folder: Path, bare: bool = False) -> list[str]:
    """The file names that git prints with -z. Bytes that aren't UTF-8 become surrogates, as everywhere in Python."""
    return [os.fsdecode(name) for name in git(*arguments, folder=folder, bare=bare).split(b"\0") if name]


def without_credentials(text: str) -> str:
    """The text with user and password taken out of every url in it."""
    return re.sub(r"(?<=://)\S*@", "***@", text)
