"""The operating-system user of the embedded PostgreSQL, which refuses to run as root."""

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
    """`prefix` is what stands before PostgreSQL's own command line; its files belong to `uid`."""

    prefix: tuple[str, ...]
    uid: int
    gid: int


def postgres_identity(*reached: Path) -> Identity:
    """Who can run PostgreSQL here with these folders in reach.

    A normal user runs it as itself. For root, a user namespace in which root has another number needs no second user
    and leaves every file root's own. Where such namespaces are forbidden (most containers) it is nobody; when a folder
    lies where nobody can't go, such as /root, the program keeps the one right to pass there.

    Raises:
        Unavailable: root can do neither here.
    """
    if os.geteuid() != 0:
        return Identity(prefix=(), uid=os.geteuid(), gid=os.getegid())
    if _works(NAMESPACE):
        return Identity(prefix=NAMESPACE, uid=0, gid=0)
    nobody = _as_nobody(all(_open_to_all(folder) for folder in reached))
    if nobody is not None and _works(nobody.prefix):
        return nobody
    raise Unavailable(
        "PostgreSQL doesn't run as root, and here root can neither make a user namespace (unshare --user) nor run "
        "a program as another user (setpriv). Run this as a normal user, or name a PostgreSQL server with "
        "MODELOPS_DATABASE_URL."
    )


def _as_nobody(open_to_all: bool) -> Identity | None:
    try:
        user = pwd.getpwnam("nobody")
    except KeyError:
        return None
    rights = () if open_to_all else ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    # Changing the user clears what parent_death.py set, so setpriv sets it again; 2 is SIGINT.
    who = (f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--pdeathsig=INT")
    return Identity(prefix=("setpriv", *who, *rights), uid=user.pw_uid, gid=user.pw_gid)


def _open_to_all(folder: Path) -> bool:
    return all(path.stat().st_mode & 0o001 for path in (folder, *folder.parents))


@cache
def _works(prefix: tuple[str, ...]) -> bool:
    if sys.platform != "linux" or shutil.which(prefix[0]) is None:
        return False
    return subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
