"""The seccomp filter of a process that runs what users bring: which system calls the kernel refuses it, and why.

Loaded by confinement.py; standard library only. What isn't listed is allowed: a list of what is allowed would have to
follow each version of the C library. Landlock (landlock.py) says which files may be opened; this filter closes
what Landlock doesn't know. Numbers are (x86_64, aarch64) of the kernel's unistd.h; None: that machine has no such call.

The kernel gives a filter the number of the call and its arguments, but not the memory that they point to. It keeps a
note of the calls that are allowed whatever their arguments, so these cost nothing.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys

TYPE_CHECKING = False  # importing typing would take longer than confining does
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import TypeAlias

    Both: TypeAlias = tuple[int | None, int | None]
    Numbers: TypeAlias = Mapping[str, Both]

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""The machines by their names in the kernel's audit.h, in the order of the numbers below."""

# A socket reaches a server, also PostgreSQL's by its path, which neither Landlock nor a network namespace refuses.
SOCKETS: Numbers = {"socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201)}

# The memory, the descriptors and the life of other processes of the same user.
PROCESSES: Numbers = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "kcmp": (312, 272),
}

# Objects that all processes of a user share, named by numbers.
SHARED_OBJECTS: Numbers = {
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "semop": (65, 193),
    "semtimedop": (220, 192),
    "semctl": (66, 191),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
}

# Namespaces and mounts: in a namespace of its own a process has capabilities again.
NAMESPACES: Numbers = {
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265),
}

# Files in memory that belong to no process, so that no limit of memory counts them. Callers use other files instead.
FILES_IN_MEMORY: Numbers = {"memfd_create": (319, 279), "memfd_secret": (447, 447)}

# Parts of the kernel that computing needs not, and in which most of its faults are found.
KERNEL: Numbers = {
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "fanotify_init": (300, 262),
    "personality": (135, 92),
    "modify_ldt": (154, None),
    "iopl": (172, None),
    "ioperm": (173, None),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "syslog": (103, 116),
    "quotactl": (179, 60),
    "acct": (163, 89),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "reboot": (169, 142),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
}

# They change the attributes of any file of the user, and Landlock doesn't know them. They do nothing and return 0, so
# that shutil.copy() works.
WITHOUT_EFFECT: Numbers = {
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    "file_setattr": (469, 469),
}
UTIMENSAT: Both = (280, 88)
OLD_TIMES: Numbers = {"utime": (132, None), "utimes": (235, None), "futimesat": (261, None)}

# They change another process if an argument names one: only 0 and the process itself are allowed. The number of that
# argument follows. sched_setaffinity isn't here: OpenMP names its threads.
OWN_PROCESS: dict[str, tuple[int, int, int]] = {
    "prlimit64": (302, 261, 0),
    "sched_setscheduler": (144, 119, 0),
    "sched_setattr": (314, 274, 0),
    "sched_setparam": (142, 118, 0),
}
# The same, with the value of argument 0 for which argument 1 is a process, not a user or a group of processes.
OWN_PRIORITY: dict[str, tuple[int, int, int]] = {"setpriority": (141, 140, 0), "ioprio_set": (251, 30, 1)}

# Code may end its own processes, but not the guard and the job.
SIGNALS: Numbers = {
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
}

# The kernel sends signals for a descriptor to the process that these commands name: F_SETOWN, F_SETSIG, F_SETOWN_EX;
# FIOSETOWN, SIOCSPGRP.
FCNTL, SIGNAL_OWNERS = (72, 25), (8, 10, 15)
IOCTL, SIGNAL_OWNERS_BY_IOCTL = (16, 29), (0x8901, 0x8902)
# A process that isn't dumpable would be hidden from the guard; one without a parent-death signal would outlive it.
PRCTL, PR_SET_PDEATHSIG, PR_SET_DUMPABLE = (157, 167), 1, 4

NEW_PROCESSES: Numbers = {"fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281)}
CLONE, CLONE3, SOCKETPAIR, TRUNCATE = (56, 220), (435, 435), (53, 199), (76, 45)
SECCOMP = (317, 277)
EVERYBODY, OWN_GROUP = -1, 0
"""What kill() may name instead of a process. The guard is in the group of the code's first process."""
CLONE_THREAD = 0x10000
CLONE_NEW_NAMESPACES = 0x7E020000  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
SOCK_STREAM, SOCKET_TYPES = 1, 0xF

LOAD, EQUAL, ANY_BIT, AND, RETURN = 0x20, 0x15, 0x45, 0x54, 0x06
ALLOW, ERROR = 0x7FFF0000, 0x50000
REFUSE = ERROR | errno.EPERM


class Program:
    """A filter in the kernel's machine language, for this machine."""

    def __init__(self) -> None:
        machine = os.uname().machine
        if machine not in MACHINES or sys.byteorder != "little":
            raise OSError(errno.ENOSYS, f"no table of system calls for {machine}")
        self._column = list(MACHINES).index(machine)
        self._code: list[bytes] = []
        # Calls of another machine, such as 32-bit ones, have other numbers: none is allowed.
        self._add((LOAD, 0, 0, 4), (EQUAL, 1, 0, MACHINES[machine]), (RETURN, 0, 0, REFUSE), (LOAD, 0, 0, 0))
        if machine == "x86_64":
            self._add((ANY_BIT, 0, 1, 0x40000000), (RETURN, 0, 0, REFUSE))  # those of x32 too

    def answer(self, numbers: Numbers, answer: int) -> None:
        """Never make these calls; give this answer."""
        for both in numbers.values():
            if (number := both[self._column]) is not None:
                self._add((EQUAL, 0, 1, number), (RETURN, 0, 0, answer))

    def only(
        self, both: Both, argument: int, allowed: Collection[int], *, mask: int | None = None, first: int | None = None
    ) -> None:
        """Allow a call only with these values of an argument, of which `mask` tells the bits that count.

        With `first`, also argument 0 must have that value.
        """
        cases = [(EQUAL, value, ALLOW) for value in allowed]
        self._judge(both, argument, mask, cases, otherwise=REFUSE, first=first)

    def all_but(self, both: Both, argument: int, refused: Collection[int], *, answer: int = REFUSE) -> None:
        """Refuse a call with these values of an argument, or give another answer."""
        self._judge(both, argument, None, [(EQUAL, value, answer) for value in refused], otherwise=ALLOW)

    def by_bits(self, both: Both, argument: int, bits: int, *, any_set: int, none_set: int) -> None:
        """Answer a call by whether one of these bits of an argument is set."""
        self._judge(both, argument, None, [(ANY_BIT, bits, any_set)], otherwise=none_set)

    def set_times(self) -> None:
        """Have utimensat() do nothing and return 0, except for a path and the present time, which is refused.

        So shutil.copystat() works. Path.touch() must not be told that the file exists: it goes on to make it.
        """
        done, path, times = ERROR, 16 + 8 * 1, 16 + 8 * 2
        self._add(
            (EQUAL, 0, 11, UTIMENSAT[self._column] or 0),
            (LOAD, 0, 0, path),
            (EQUAL, 0, 3, 0),
            (LOAD, 0, 0, path + 4),
            (EQUAL, 0, 1, 0),
            (RETURN, 0, 0, done),  # no path, but a file that is open
            (LOAD, 0, 0, times),
            (EQUAL, 0, 3, 0),
            (LOAD, 0, 0, times + 4),
            (EQUAL, 0, 1, 0),
            (RETURN, 0, 0, REFUSE),
            (RETURN, 0, 0, done),
        )

    def install(self) -> None:
        """Have the kernel use the filter for all threads of this process and its later ones, for good."""
        self._add((RETURN, 0, 0, ALLOW))
        code = ctypes.create_string_buffer(b"".join(self._code))
        # struct sock_fprog: the number of instructions, and their address.
        program = struct.pack("HP", len(self._code), ctypes.addressof(code))
        set_filter, all_threads = 1, 1
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.syscall(SECCOMP[self._column], set_filter, all_threads, program):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def _judge(
        self,
        both: Both,
        argument: int,
        mask: int | None,
        cases: list[tuple[int, int, int]],
        *,
        otherwise: int,
        first: int | None = None,
    ) -> None:
        if (number := both[self._column]) is None:
            return
        # The lower half of the argument: process ids, flags and types have 32 bits.
        steps = [] if first is None else [(LOAD, 0, 0, 16), (EQUAL, 1, 0, first), (RETURN, 0, 0, REFUSE)]
        steps += [(LOAD, 0, 0, 16 + 8 * argument)] + ([] if mask is None else [(AND, 0, 0, mask)])
        for test, value, answer in cases:
            steps += [(test, 0, 1, value & 0xFFFFFFFF), (RETURN, 0, 0, answer)]
        steps.append((RETURN, 0, 0, otherwise))
        self._add((EQUAL, 0, len(steps), number), *steps)

    def _add(self, *instructions: tuple[int, int, int, int]) -> None:
        self._code += [struct.pack("HBBI", *instruction) for instruction in instructions]


def refuse_calls(*, protected: Collection[int], signals_scoped: bool, truncation_known: bool) -> None:
    """Install the filter for code, for good; threads, and processes that this one starts, have it too.

    Args:
        protected: ids of processes that get no signals from it.
        signals_scoped: whether Landlock already keeps all signals among the processes of this one.
        truncation_known: whether Landlock knows truncate().

    Raises:
        OSError: the kernel has no filters, or refuses this one; or there is no table for this machine.
    """
    program = Program()
    for numbers in (SOCKETS, PROCESSES, SHARED_OBJECTS, NAMESPACES, KERNEL):
        program.answer(numbers, REFUSE)
    program.answer(FILES_IN_MEMORY, ERROR | errno.ENOSYS)
    program.answer(WITHOUT_EFFECT, ERROR)  # the error 0 is none
    program.answer(OLD_TIMES, REFUSE)
    program.set_times()
    # A socket of a pair that isn't a stream could send to any other.
    program.only(SOCKETPAIR, 1, {SOCK_STREAM}, mask=SOCKET_TYPES)
    for x86_64, aarch64, argument in OWN_PROCESS.values():
        program.only((x86_64, aarch64), argument, {0, os.getpid()})
    for x86_64, aarch64, process in OWN_PRIORITY.values():
        program.only((x86_64, aarch64), 1, {0, os.getpid()}, first=process)
    program.all_but(FCNTL, 1, SIGNAL_OWNERS)
    program.all_but(IOCTL, 1, SIGNAL_OWNERS_BY_IOCTL)
    program.all_but(PRCTL, 0, (PR_SET_PDEATHSIG, PR_SET_DUMPABLE), answer=ERROR)
    if not truncation_known:
        program.answer({"truncate": TRUNCATE}, REFUSE)
    refused = {*protected, *(-pid for pid in protected)}
    if not signals_scoped:
        refused |= {EVERYBODY, OWN_GROUP}
        program.answer({"tkill": SIGNALS["tkill"]}, REFUSE)  # it may name a thread of any process
    for both in SIGNALS.values():
        program.all_but(both, 0, refused)
    # The flags of clone3 are in memory. Without it, the C library uses clone.
    program.answer({"clone3": CLONE3}, ERROR | errno.ENOSYS)
    program.by_bits(CLONE, 0, CLONE_NEW_NAMESPACES, any_set=REFUSE, none_set=ALLOW)
    program.install()


def refuse_processes() -> None:
    """Add to the filter, for good: no process and no program is started, and no other one signalled. Threads are.

    For a program that reads a model file, before it does.

    Raises:
        OSError: the kernel has no filters, or refuses this one; or there is no table for this machine.
    """
    program = Program()
    program.answer(NEW_PROCESSES, REFUSE)
    program.answer({"clone3": CLONE3}, ERROR | errno.ENOSYS)
    program.by_bits(CLONE, 0, CLONE_THREAD, any_set=ALLOW, none_set=REFUSE)
    for both in SIGNALS.values():
        program.only(both, 0, {os.getpid()})
    program.install()
