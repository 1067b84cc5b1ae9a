"""Determines the operating-system user that runs the embedded PostgreSQL, which refuses to run as root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from modelops.domain.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The user that runs PostgreSQL.

    `prefix` is a command that runs another command as this user. `uid` and `gid` own PostgreSQL's files.
    """

    prefix: tuple[str, ...]
    uid: int
    gid: int


def postgres_identity(*folders: Path) -> Identity:
    """The user that can run PostgreSQL and reach these folders.

    A normal user runs it under its own identity. Root runs it in a user namespace that maps root to another uid, so
    that no second user is needed and root owns all files. Where user namespaces are not allowed, as in most containers,
    the user is nobody; if nobody can't reach one of the folders, such as one below /root, the process keeps the
    capability CAP_DAC_OVERRIDE.

    Raises:
        Unavailable: root can neither create a user namespace nor change the user.
    """
    if os.geteuid() != 0:
        return Identity(prefix=(), uid=os.geteuid(), gid=os.getegid())
    if _works(NAMESPACE):
        return Identity(prefix=NAMESPACE, uid=0, gid=0)
    nobody = _as_nobody(can_reach=all(_open_to_all(folder) for folder in folders))
    if nobody is not None and _works(nobody.prefix):
        return nobody
    raise Unavailable(
        "PostgreSQL doesn't run as root, and root can neither create a user namespace (unshare --user) nor run a "
        "program as another user (setpriv) here. Run this command as a normal user, or name a PostgreSQL server in "
        "MODELOPS_DATABASE_URL."
    )


def _as_nobody(*, can_reach: bool) -> Identity | None:
    try:
        user = pwd.getpwnam("nobody")
    except KeyError:
        return None
    capabilities = () if can_reach else ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    # A change of the user clears the parent-death signal that parent_death.py set, so setpriv sets it again.
    options = (f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--pdeathsig=INT")
    return Identity(prefix=("setpriv", *options, *capabilities), uid=user.pw_uid, gid=user.pw_gid)


def _open_to_all(folder: Path) -> bool:
    return all(path.stat().st_mode & 0o001 for path in (folder, *folder.parents))


@cache
def _works(prefix: tuple[str, ...]) -> bool:
    if sys.platform != "linux" or shutil.which(prefix[0]) is None:
        return False
    return subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
