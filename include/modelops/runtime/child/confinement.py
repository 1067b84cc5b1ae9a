"""Confines the process that becomes users' code, in layers, before its program starts. Nothing of it can be undone.

guard.py loads it by its path and calls `confine`. As a program it confines itself and prints which layers this machine
has. Standard library only; Linux only. A layer that the machine lacks is left out alone, and named with the reason.

Usage: confinement.py    prints {"held": [layer, ...], "missing": {layer: reason, ...}}
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import struct
import sys

TYPE_CHECKING = False  # importing typing would take longer than confining does
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

if TYPE_CHECKING or __package__:
    from modelops.runtime.child import landlock, system_calls
else:  # in a program that is started by its path
    sys.path.insert(0, os.path.dirname(__file__))
    import landlock
    import system_calls

LIBC = ctypes.CDLL(None, use_errno=True)

# The names of the layers, as logs, records and documents have them.
PRIVILEGES = "no new privileges"
CAPABILITIES = "no capabilities"
FILES = "Landlock"
SIGNALS, TRUNCATION = "Landlock for signals", "Landlock for truncation"
CALLS = "seccomp"
NETWORK, IPC, SHARED_MEMORY, PROC = "network namespace", "IPC namespace", "private /dev/shm", "private /proc"
ORDER = (PRIVILEGES, CAPABILITIES, FILES, CALLS, NETWORK, IPC, SHARED_MEMORY, PROC)
"""Of the report; the most important first."""
LIMITS = {"file_bytes": resource.RLIMIT_FSIZE, "cpu_seconds": resource.RLIMIT_CPU}

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWIPC, CLONE_NEWNET = 0x20000, 0x10000000, 0x8000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 0x2, 0x4, 0x8, 0x4000, 0x40000
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 1, 24, 38, 47, 4
CAPABILITY_VERSION = 0x20080522
CAP_SYS_ADMIN = 21
LAST_CAPABILITY = 63  # more than any kernel has

# What a Python with its packages reads of a machine: programs and libraries, fonts, time zones, names of users, and how
# many processors and how much memory there are. /proc/self is the process's own; those of others are not among it.
SYSTEM_EXECUTE = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store")
SYSTEM_READ = (
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/fonts",
    "/etc/group",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/pki/tls/certs",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/timezone",
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/filesystems",
    "/proc/loadavg",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/uptime",
    "/proc/version",
    "/proc/sys/kernel",
    "/proc/sys/vm",
    "/sys/bus",
    "/sys/devices/system",
    "/sys/fs/cgroup",
    "/sys/kernel/mm",
)
SYSTEM_WRITE = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
SHARED_MEMORY_FOLDER = "/dev/shm"  # noqa: S108 - it is a file system of its own
MAX_PROCESSES = 4096
"""Processes and threads. The kernel counts them for users other than root, in the user namespace."""


class Layers:
    """What came of each layer: those that are `held`, and `missing` ones with the reason."""

    def __init__(self) -> None:
        self.held: list[str] = []
        self.missing: dict[str, str] = {}

    def add(self, name: str, act: Callable[[], object]) -> Any:
        """Add a layer; gives what `act` returns, or None if the machine lacks it."""
        try:
            result = act()
        except (OSError, ValueError, AttributeError) as error:
            self.missing[name] = getattr(error, "strerror", None) or str(error)
            return None
        self.held.append(name)
        return result


def confine(rules: Mapping[str, Any], *, protected: tuple[int, ...] = ()) -> dict[str, Any]:
    """Confine this process and all that it starts.

    Args:
        rules: `read`, `execute`, `write`: lists of paths, beyond those of every Python; `file_bytes`, `cpu_seconds`,
            `shared_memory`: how many bytes one file may have, how long a process may compute, and how many bytes its
            /dev/shm may hold; each may be None.
        protected: ids of processes that it must not signal: the guard and the job.

    Returns:
        `held`, a list of layers; `missing`, a dict from the layer to the reason; and `landlock`, the version.
    """
    layers = Layers()
    for name, limit in LIMITS.items():
        if rules.get(name) is not None:
            _limit(limit, rules[name])
    _add_namespaces(layers, rules.get("shared_memory"))
    layers.add(CAPABILITIES, drop_capabilities)
    layers.add(PRIVILEGES, lambda: _prctl(PR_SET_NO_NEW_PRIVS, 1))
    version = layers.add(
        FILES,
        lambda: landlock.restrict(
            read=(*SYSTEM_READ, *rules["read"], *(["/proc"] if PROC in layers.held else [])),
            execute=(*SYSTEM_EXECUTE, *rules["execute"]),
            write=(*SYSTEM_WRITE, *rules["write"], *([SHARED_MEMORY_FOLDER] if SHARED_MEMORY in layers.held else [])),
        ),
    )
    for name, since in ((TRUNCATION, landlock.TRUNCATION), (SIGNALS, landlock.SIGNALS)):
        if version is not None and version < since:
            layers.missing[name] = f"the kernel has version {version} of Landlock, and this came with version {since}"
    # Changes of identity and capabilities, which may clear it, are over; the filter lets nobody set it again.
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    layers.add(
        CALLS,
        lambda: system_calls.refuse_calls(
            protected=protected,
            signals_scoped=(version or 0) >= landlock.SIGNALS,
            truncation_known=(version or 0) >= landlock.TRUNCATION,
        ),
    )
    return {"held": sorted(layers.held, key=ORDER.index), "missing": layers.missing, "landlock": version}


def _add_namespaces(layers: Layers, shared_memory: int | None) -> None:
    """A network without devices, IPC objects, a /dev/shm and a /proc of its own."""
    if not has_capability(CAP_SYS_ADMIN):
        try:  # a user namespace gives the capability inside it, also to other users than root
            _enter_user_namespace()
        except OSError as error:
            for name in (NETWORK, IPC, SHARED_MEMORY, PROC):
                layers.missing[name] = f"user namespace: {error.strerror}"
            return
    layers.add(NETWORK, lambda: _unshare(CLONE_NEWNET))
    layers.add(IPC, lambda: _unshare(CLONE_NEWIPC))
    try:
        _unshare(CLONE_NEWNS)
        _mount(None, "/", None, MS_REC | MS_PRIVATE, None)
    except OSError as error:
        for name in (SHARED_MEMORY, PROC):
            layers.missing[name] = f"mount namespace: {error.strerror}"
        return
    # An empty file system, which ends with the processes that see it.
    bounded = "" if shared_memory is None else f",size={shared_memory}"
    flags = MS_NOSUID | MS_NODEV
    layers.add(SHARED_MEMORY, lambda: _mount("tmpfs", SHARED_MEMORY_FOLDER, "tmpfs", flags, f"mode=1777{bounded}"))
    # It shows the processes that this one may trace, which by Landlock are its own. Only root may mount it.
    layers.add(PROC, lambda: _mount("proc", "/proc", "proc", flags | MS_NOEXEC, "hidepid=ptraceable"))


def _enter_user_namespace() -> None:
    user, group = os.geteuid(), os.getegid()
    _unshare(CLONE_NEWUSER)
    _limit(resource.RLIMIT_NPROC, MAX_PROCESSES)
    for file, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{file}", "wb") as opened:
            opened.write(text.encode())


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None) -> None:
    source_, target_, kind_, data_ = (one and one.encode() for one in (source, target, kind, data))
    _check(LIBC.mount(source_, target_, kind_, ctypes.c_ulong(flags), data_))


def has_capability(number: int) -> bool:
    """Whether this process may use a capability now."""
    return bool(_capabilities()[0] >> number & 1)


def drop_capabilities() -> None:
    """Give up all capabilities, and those that programs to come could get.

    Raises:
        OSError: some are left.
    """
    for number in range(LAST_CAPABILITY + 1):
        try:
            _prctl(PR_CAPBSET_DROP, number)
        except OSError:  # there is no such capability, or this process may not; then it has none, and gets none
            break
    LIBC.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    _check(LIBC.capset(struct.pack("Ii", CAPABILITY_VERSION, 0), bytes(24)))
    if any(_capabilities()):
        raise OSError(0, "some capabilities are left")


def _capabilities() -> tuple[int, int, int]:
    """The effective, the permitted and the inheritable ones, as bits."""
    header, data = struct.pack("Ii", CAPABILITY_VERSION, 0), ctypes.create_string_buffer(24)
    _check(LIBC.capget(header, data))
    low, high = struct.unpack("3I", data.raw[:12]), struct.unpack("3I", data.raw[12:])
    return (low[0] | high[0] << 32, low[1] | high[1] << 32, low[2] | high[2] << 32)


def _limit(which: int, most: int) -> None:
    _, ceiling = resource.getrlimit(which)
    most = most if ceiling == resource.RLIM_INFINITY else min(most, ceiling)
    resource.setrlimit(which, (most, most))


def _unshare(flags: int) -> None:
    _check(LIBC.unshare(flags))


def _prctl(option: int, value: int) -> None:
    _check(LIBC.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)))


def _check(result: int) -> None:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    NOTHING: Mapping[str, Any] = {"read": (), "execute": (), "write": ()}
    print(json.dumps(confine(NOTHING)))
