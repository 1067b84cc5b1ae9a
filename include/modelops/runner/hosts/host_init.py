"""The first process of a host: gives it its own root folder and network address, starts its program, and waits for it.

It runs in namespaces of its own (network, mounts, host name, processes, IPC), is started by its path, and uses only the
standard library. It reads one JSON object from its standard input: `name`, `root` (an empty folder), `binds`, `files`
(path below /etc → text), `address` and `prefix` of eth0, `command`, `identity` (the prefix of the command that makes it
run as an ordinary user), `environment` and `workdir`. The sender closes the input once the interface eth0 exists.

As process 1 of its namespace it reaps orphaned processes. When it ends, the kernel ends all processes of the host.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

# mount(2) and statvfs(3) have the same number for each of these.
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = os.ST_RDONLY, os.ST_NOSUID, os.ST_NODEV, os.ST_NOEXEC
# Of <linux/mount.h>, which no module of the standard library has; the same on every architecture.
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE, MS_RELATIME = 1 << 5, 1 << 12, 1 << 14, 1 << 18, 1 << 21
MNT_DETACH = 1 << 1
"""For umount2(2), of <linux/fs.h>: what is still in use goes once it no longer is."""
KEPT = MS_NOSUID | MS_NODEV | MS_NOEXEC | os.ST_NOATIME | os.ST_NODIRATIME
"""Flags that a user namespace may not take away: those three, noatime and nodiratime."""
SYSTEM = ("bin", "lib", "lib32", "lib64", "sbin", "usr")
ETC = [
    "alternatives",
    "ca-certificates",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "mime.types",
    "nsswitch.conf",
    "pki",
    "protocols",
    "services",
    "ssl",
    "timezone",
]
DEVICES = ("full", "null", "random", "tty", "urandom", "zero")
"""All others, such as disks and the kernel's log, stay out: a program may have the number of their owner."""
LINKS = {"fd": "fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
"""Names in /dev and what they mean in /proc/self."""
HARDWARE = "/sys/devices/system"
"""Of /sys, what programs ask for the number of processors and the layout of the memory."""
OF_THE_MACHINE = ("bus", "fs", "irq", "sys", "sysrq-trigger")
"""In /proc, what is the same for all processes: settings of the kernel."""
FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)

libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Set up the host that the standard input describes, and run its program."""
    print("here", flush=True)
    spec = json.load(sys.stdin)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    socket.sethostname(spec["name"])
    network(spec["address"], spec["prefix"])
    new_root(Path(spec["root"]), spec["binds"], spec["files"])
    raise SystemExit(run(spec))


def network(address: str, prefix: int) -> None:
    """Bring the loopback interface and eth0 up."""
    for command in (
        ("link", "set", "lo", "up"),
        ("addr", "add", f"{address}/{prefix}", "dev", "eth0"),
        ("link", "set", "eth0", "up"),
    ):
        subprocess.run(["ip", *command], check=True)


def new_root(root: Path, binds: list[dict[str, object]], files: dict[str, str]) -> None:
    """Make a root folder that contains only what the host may see, and leave the old one."""
    mount(None, "/", None, MS_PRIVATE | MS_REC)
    mount("tmpfs", root, "tmpfs", 0, "mode=755")
    for name in SYSTEM:
        if os.path.islink(f"/{name}"):
            (root / name).symlink_to(os.readlink(f"/{name}"))
        elif os.path.isdir(f"/{name}"):
            bind(f"/{name}", root / name, read_only=True)
    devices(root / "dev")
    if os.path.isdir(HARDWARE):
        bind(HARDWARE, root / HARDWARE.lstrip("/"), read_only=True)
    for name in ("tmp", "run", "var/tmp", "dev/shm"):
        (root / name).mkdir(parents=True, exist_ok=True)
        mount("tmpfs", root / name, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")
    (root / "var/run").symlink_to("/run")
    for name in ETC:
        if os.path.exists(f"/etc/{name}"):
            bind(f"/etc/{name}", root / "etc" / name, read_only=True)
    for name, text in files.items():
        (root / "etc" / name).write_text(text, encoding="utf-8")
    for one in binds:
        bind(str(one["source"]), root / str(one["target"]).lstrip("/"), read_only=bool(one["read_only"]))
    processes(root / "proc")
    old = root / ".old"
    old.mkdir()
    subprocess.run(["pivot_root", root, old], check=True)
    os.chdir("/")
    if libc.umount2(b"/.old", MNT_DETACH) != 0:
        raise OSError(ctypes.get_errno(), "umount /.old")
    os.rmdir("/.old")
    make_read_only("/")


def devices(folder: Path) -> None:
    """Make a /dev with the devices that every program may use, and with its own pseudoterminals."""
    for name in DEVICES:
        bind(f"/dev/{name}", folder / name)
    for name, meant in LINKS.items():
        (folder / name).symlink_to(f"/proc/self/{meant}")
    (folder / "pts").mkdir()
    mount("devpts", folder / "pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620")
    (folder / "ptmx").symlink_to("pts/ptmx")


def processes(folder: Path) -> None:
    """Mount a /proc that shows the host's own processes; the machine's settings in it are read-only."""
    folder.mkdir()
    mount("proc", folder, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    for name in OF_THE_MACHINE:
        if (folder / name).exists():
            bind(str(folder / name), folder / name, read_only=True)


def bind(source: str, target: Path, *, read_only: bool = False) -> None:
    """Bind-mount a file or folder, with what is mounted below it."""
    if os.path.isdir(source):
        target.mkdir(parents=True, exist_ok=True)
    elif not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    mount(source, target, None, MS_BIND | MS_REC)
    if read_only:
        make_read_only(target)


def make_read_only(target: str | Path) -> None:
    """Make a mount read-only; mounts below it stay as they are."""
    now = os.statvfs(target).f_flag
    relative = MS_RELATIME if now & os.ST_RELATIME else 0
    mount(None, target, None, MS_BIND | MS_REMOUNT | MS_RDONLY | (now & KEPT) | relative)


def mount(source: str | None, target: str | Path, kind: str | None, flags: int, options: str | None = None) -> None:
    """mount(2)."""
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind, options)]
    if libc.mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3]) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{os.strerror(number)}: mount {source or ''} {target}")


def run(spec: dict[str, object]) -> int:
    """Start the program, and return its exit code; 128 + n if it was ended by signal n."""
    child = os.fork()
    if child == 0:
        start(spec)
    return stand_above(child)


def stand_above(child: int) -> int:
    """Act as process 1 until the child ends, and return its exit code; 128 + n if it was ended by signal n.

    It forwards signals to the child, and reaps all orphaned processes.
    """
    for number in FORWARDED:
        signal.signal(number, lambda number, _frame: hand_on(child, number))
    while True:
        try:
            ended, status = os.wait()
        except InterruptedError:
            continue
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def hand_on(child: int, number: int) -> None:
    """Forward a signal to the program, unless it has just ended."""
    try:
        os.kill(child, number)
    except ProcessLookupError:
        return


def start(spec: dict[str, object]) -> None:
    """Replace this process with the program, which runs as an ordinary user."""
    os.setsid()
    environment = {str(name): str(value) for name, value in dict(spec["environment"]).items()}  # type: ignore[call-overload]
    command = [*list(spec["identity"]), *list(spec["command"])]  # type: ignore[call-overload]
    os.umask(0o022)
    try:
        os.chdir(str(spec["workdir"]))
        os.environ["PATH"] = environment["PATH"]
        os.execvpe(command[0], command, environment)  # noqa: S606 - the arguments are a list; no shell is wanted
    except OSError as error:
        print(f"{command}: {error}", file=sys.stderr, flush=True)
        os._exit(127)


if __name__ == "__main__":
    main()
