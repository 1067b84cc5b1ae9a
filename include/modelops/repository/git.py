"""Runs git with a time limit, but without prompts, credentials of the job, and transports that run commands."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelops.domain.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

LOCAL_SECONDS = 60.0
NETWORK_SECONDS = 600.0

# The variables that git gets from the environment, which has credentials of databases. GIT_DIR, as in a hook, is
# excluded too.
_LOCAL = re.compile(
    r"PATH|HOME|USER|LOGNAME|SUDO_UID|TMPDIR|XDG_CONFIG_HOME|LD_LIBRARY_PATH"
    r"|GIT_(CEILING_DIRECTORIES|CONFIG_(GLOBAL|SYSTEM|NOSYSTEM|COUNT|(KEY|VALUE)_[0-9]+)"
    r"|DISCOVERY_ACROSS_FILESYSTEM|EXEC_PATH)"
)
# The variables that git also needs to reach another machine.
_NETWORK = re.compile(
    r"(?i)[a-z]+_proxy|SSL_CERT_(FILE|DIR)|CURL_CA_BUNDLE|NETRC|KRB5[A-Z_]*|SSH_(AUTH_SOCK|ASKPASS)"
    r"|GIT_(SSL_[A-Z_]+|SSH(_COMMAND|_VARIANT)?|ASKPASS|HTTP_[A-Z_]+|PROXY_[A-Z_]+)"
)

_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "SSH_ASKPASS_REQUIRE": "never",
    "GIT_ALLOW_PROTOCOL": "file:https:ssh",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",  # from a remote, by a program, that the repository names
    "LC_ALL": "C",  # messages are read by `mirror`
}

# Run no program that the repository's configuration names, leave no background process, and don't stall forever.
_CONFIGURATION = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.quotePath": "false",
    "core.untrackedCache": "false",
    "gc.autoDetach": "false",
    "maintenance.autoDetach": "false",
    "http.lowSpeedLimit": "1",
    "http.lowSpeedTime": "60",
}


class GitError(Exception):
    """git ended with an error; `reason` is its output, without credentials. This package translates it for callers."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, kw_only=True)
class Login:
    """The login of git for `site`, such as https://example.com; without a site, git uses its configuration.

    User and password are passed in the environment: any user of the machine can read a command line.
    """

    site: str = ""
    user: str = ""
    password: str = ""

    @property
    def settings(self) -> list[str]:
        """Settings that replace all credential helpers by one for this site."""
        name = f"credential.{self.site}.helper="
        answer = 'test "$1" = get && printf "username=%s\\npassword=%s\\n" "$GIT_LOGIN_USER" "$GIT_LOGIN_PASSWORD"'
        return [name, f"{name}!f() {{ {answer}; }}; f"] if self.password else []

    def variables(self, configured: int) -> dict[str, str]:
        """The environment variables that this helper reads; without a password, only the user is set.

        `configured` settings are in the environment already.
        """
        if self.password:
            return {"GIT_LOGIN_USER": self.user, "GIT_LOGIN_PASSWORD": self.password}
        if not self.user:
            return {}
        return {
            "GIT_CONFIG_COUNT": str(configured + 1),
            f"GIT_CONFIG_KEY_{configured}": f"credential.{self.site}.username",
            f"GIT_CONFIG_VALUE_{configured}": self.user,
        }


def git(
    *arguments: str,
    folder: Path,
    bare: bool = False,
    repository: Path | None = None,
    stdin: bytes = b"",
    seconds: float = LOCAL_SECONDS,
    login: Login | None = None,
) -> bytes:
    """Run git in a folder, and return its output.

    Args:
        arguments: the command and its arguments.
        folder: the working directory.
        bare: the folder itself is the repository.
        repository: a git directory of our own for the folder; no other configuration is read then.
        stdin: its input.
        seconds: the time limit.
        login: allows access to other machines, with this login.

    Raises:
        GitError: it ended with an error.
        Unavailable: it isn't installed, or took longer than `seconds`.
    """
    # Without --git-dir, git would ignore a damaged mirror and use a repository that contains it.
    options = ["--no-pager", *(["--git-dir=."] if bare else [])]
    options += [part for name, value in _CONFIGURATION.items() for part in ("-c", f"{name}={value}")]
    options += [part for setting in (login.settings if login else ()) for part in ("-c", setting)]
    environment = _environment(repository, login)
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
                # The text of the exception would show the command, and the URL in it.
                raise Unavailable(f"git {arguments[0]} took longer than {seconds:g} s") from None
            raise
    if process.returncode != 0:
        raise GitError(without_credentials(" ".join(errors.decode(errors="replace").split())[:1000]))
    return output


def git_names(*arguments: str, folder: Path, bare: bool = False, repository: Path | None = None) -> list[str]:
    """The file names that git prints with -z. Bytes that aren't UTF-8 become surrogates, as everywhere in Python."""
    output = git(*arguments, folder=folder, bare=bare, repository=repository)
    return [os.fsdecode(name) for name in output.split(b"\0") if name]


def _environment(repository: Path | None, login: Login | None) -> dict[str, str]:
    passed = [_LOCAL] if login is None else [_LOCAL, _NETWORK]
    kept = {name: value for name, value in os.environ.items() if any(one.fullmatch(name) for one in passed)}
    if repository is not None:
        # Neither the system's nor the user's configuration is read: .gitattributes could select a filter that they
        # define.
        kept = {name: value for name, value in kept.items() if not name.startswith("GIT_CONFIG_")}
        kept |= {"GIT_DIR": str(repository), "HOME": str(repository), "XDG_CONFIG_HOME": str(repository)}
        kept |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    configured = int(kept.get("GIT_CONFIG_COUNT") or 0)
    return kept | (login.variables(configured) if login else {}) | _ENVIRONMENT


def without_credentials(text: str) -> str:
    """The text with user and password taken out of every url in it."""
    return re.sub(r"(?<=://)\S*@", "***@", text)
