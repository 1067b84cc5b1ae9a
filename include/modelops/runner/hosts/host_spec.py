"""The description of a host that its first process reads."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelops.runner.hosts.images import Bind
from modelops.runner.hosts.plan import PREFIX

if TYPE_CHECKING:
    from modelops.runner.hosts.plan import Host
    from modelops.runner.identity import Identity

USERS = """root:x:0:0:root:/root:/bin/sh
app:x:1000:1000:app:/tmp:/bin/sh
nobody:x:65534:65534::/nonexistent:/bin/false
"""
GROUPS = """root:x:0:
app:x:1000:
nogroup:x:65534:
"""


def spec_of(host: Host, *, names: str, identity: Identity) -> dict[str, Any]:
    """The description that `host_init` reads; creates the folders that it mounts, if missing.

    Args:
        names: the text of the host's /etc/hosts.
        identity: the user that programs run as.

    Raises:
        OSError: a folder can't be created.
    """
    root = host.folder / "root"
    root.mkdir(parents=True, exist_ok=True)
    binds = list(host.binds)
    if not sys.base_prefix.startswith("/usr"):
        binds.insert(0, Bind(source=sys.base_prefix, target=sys.base_prefix, read_only=True))
    for bind in binds:
        if not os.path.exists(bind.source):
            Path(bind.source).mkdir(parents=True)
            os.chown(bind.source, identity.uid, identity.gid)
    return {
        "name": host.name,
        "root": str(root),
        "binds": [asdict(bind) for bind in binds],
        "files": {
            "hosts": names,
            "hostname": f"{host.name}\n",
            "resolv.conf": "",
            "passwd": USERS,
            "group": GROUPS,
        },
        "address": host.address,
        "prefix": PREFIX,
        "command": host.command,
        "identity": identity.prefix,
        "environment": host.environment,
        "workdir": host.workdir,
    }
