"""What hostile code tries. Each attempt is a function of the code under test; it returns what it got, or raises."""

from __future__ import annotations

# The code runs in the child, so it is a text. TARGET has what it is after.
CODE = """
import ctypes, errno, json, mmap, os, pathlib, resource, shutil, signal, socket, subprocess, threading

LIBC = ctypes.CDLL(None, use_errno=True)


def unprivileged(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return "done"


def read(path):
    return open(path).read()[:20]


def write(path):
    with open(path, "a") as file:
        file.write("mine")
    return "written"


def through(make):
    own = os.path.join(os.getcwd(), make.__name__)
    make(TARGET["secret"], own)
    return read(own)


def connect(family, kind, address):
    with socket.socket(family, kind) as own:
        own.connect(address)
        own.send(b"!")
    return "connected"


def datagram_pair():
    first, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    first.connect(TARGET["unix"])
    return "connected"


def forks():
    made = []
    for _ in range(150):
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        made.append(pid)
    for pid in made:
        os.waitpid(pid, 0)
    return "forked"


def too_large():
    try:
        with open("large", "wb") as file:
            for _ in range(20):
                file.write(bytes(2**20))
    finally:
        os.unlink("large")  # all files together are bounded too
    return "written"


def threads():
    done = []
    several = [threading.Thread(target=done.append, args=(1,)) for _ in range(20)]
    [one.start() for one in several]
    [one.join() for one in several]
    return len(done)


def made():
    pathlib.Path("a").touch()
    shutil.copy2("a", "b")
    os.chmod("b", 0o600)
    shutil.move("b", "c")
    os.mkfifo("pipe")
    return os.path.exists("c")


def key_of_tokens():
    # Airflow's key signs tokens; it may be in the environment of any process.
    found = [pid for pid in TARGET["processes"] if environ(pid)]
    if not found:
        raise PermissionError(errno.EACCES, "none is readable")
    return found


def environ(pid):
    try:
        return read(f"/proc/{pid}/environ")
    except OSError:
        return ""


def listed():
    found = [name for name in os.listdir("/proc") if name in (str(TARGET["job"]), str(os.getppid()), "1")]
    if not found:
        raise PermissionError(errno.ENOENT, "only its own")
    return found


ATTEMPTS = {
    "read a secret": lambda: read(TARGET["secret"]),
    "read it through a symbolic link": lambda: through(os.symlink),
    "read it through a hard link": lambda: through(os.link),
    "read /etc/shadow": lambda: read("/etc/shadow"),
    "list a folder": lambda: os.listdir(TARGET["elsewhere"]),
    "list the processes": listed,
    "read the job's environment": lambda: read(f"/proc/{TARGET['job']}/environ"),
    "read the guard's environment": lambda: read(f"/proc/{os.getppid()}/environ"),
    "read the job's command": lambda: read(f"/proc/{TARGET['job']}/cmdline"),
    "find the key of tokens": key_of_tokens,
    "connect to a server": lambda: connect(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", TARGET["port"])),
    "send a datagram": lambda: connect(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 9)),
    "connect to a server by its path": lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, TARGET["unix"]),
    "send a datagram by a path": datagram_pair,
    "write a file elsewhere": lambda: write(os.path.join(TARGET["elsewhere"], "new")),
    "write the secret": lambda: write(TARGET["secret"]),
    "truncate the secret": lambda: os.truncate(TARGET["secret"], 0),
    "remove the secret": lambda: os.unlink(TARGET["secret"]),
    "move the secret": lambda: os.rename(TARGET["secret"], os.path.join(os.getcwd(), "moved")),
    "write the code": lambda: write(TARGET["code"]),
    "write the rows": lambda: write(TARGET["rows"]),
    "write the environment": lambda: write(TARGET["environment"]),
    "write the child's program": lambda: write(TARGET["program"]),
    "write in the job's folder": lambda: write("../beside"),
    "end the guard": lambda: os.kill(os.getppid(), TARGET["end"]),
    "kill the guard": lambda: os.kill(os.getppid(), TARGET["kill"]),
    "kill the job": lambda: os.kill(TARGET["job"], TARGET["kill"]),
    "kill the guard's group": lambda: os.killpg(os.getppid(), TARGET["kill"]),
    "limit the job": lambda: resource.prlimit(TARGET["job"], resource.RLIMIT_NOFILE, (500, 500)),
    "slow the job down": lambda: os.setpriority(os.PRIO_PROCESS, TARGET["job"], 19),
    "trace the job": lambda: unprivileged(LIBC.ptrace(16, TARGET["job"], 0, 0)),
    "read the job's memory": lambda: read(f"/proc/{TARGET['job']}/mem"),
    "make a user namespace": lambda: unprivileged(LIBC.unshare(0x10000000)),
    "mount": lambda: unprivileged(LIBC.mount(b"tmpfs", TARGET["elsewhere"].encode(), b"tmpfs", 0, None)),
    "change the root": lambda: os.chroot("/"),
    "become another user": lambda: os.setuid(1),
    "raise the limit of files": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2**40, 2**40)),
    "share memory by number": lambda: unprivileged(LIBC.shmget(1, 4096, 0o1600)),
    "make a device": lambda: os.mknod("device", 0o020600, os.makedev(1, 1)),
    "write a large file": too_large,
}
ALLOWED = {
    "start 150 processes": forks,
    "start a program": lambda: subprocess.check_output(["/bin/sh", "-c", "echo started"], text=True),
    "start threads": threads,
    "end a process of its own": lambda: subprocess.Popen(["sleep", "60"]).send_signal(signal.SIGKILL),
    "read its rows": lambda: len(open(TARGET["rows"], "rb").read()) > 0,
    "write its files": lambda: write("own"),
    "make its files": made,
    "map memory": lambda: mmap.mmap(-1, 4096).write(b"!"),
    "a pair of sockets": lambda: [one.close() for one in socket.socketpair()],
}


def tried(attempts):
    answers = {}
    for name, attempt in attempts.items():
        try:
            answers[name] = f"got {attempt()!r}"
        except OSError as error:
            answers[name] = errno.errorcode.get(error.errno, str(error))
        except (subprocess.SubprocessError, ValueError) as error:
            answers[name] = str(error)
    return answers


def report():
    before = os.stat(TARGET["secret"])
    os.chmod(TARGET["secret"], 0o777)
    os.utime(TARGET["secret"], (1, 1))
    after = os.stat(TARGET["secret"])
    unchanged = (before.st_mode, before.st_mtime) == (after.st_mode, after.st_mtime)
    answers = {"change attributes": "no effect" if unchanged else "changed"}
    answers["shared memory of others"] = only({"/dev/shm": lambda: sorted(os.listdir("/dev/shm"))})
    print(json.dumps(answers | tried(ATTEMPTS) | tried(ALLOWED)))


def only(attempt):
    return tried(attempt)["/dev/shm"].removeprefix("got ")
"""

READER = """
def {function}:
    try:
        open({path!r})
    except OSError as error:
        print(type(error).__name__)
    else:
        print("read")
"""
