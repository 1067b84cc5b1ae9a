"""The state folder of an installation, its secrets, logs and ports."""

from __future__ import annotations

import base64
import json
import os
import secrets
import socket
from contextlib import closing
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import BadInput, Unavailable
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

EXTERNAL_PASSWORDS = "passwords_from_outside"
"""The key in secrets.json that records that the logins' passwords come from the environment."""
LOG_LIMIT = 10 * 2**20
"""Bytes; a longer log is rotated when its process starts."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The folders of one installation; `home` holds all of its state, `root` is the project."""

    home: Path
    root: Path = PROJECT_ROOT

    @property
    def postgres(self) -> Path:
        """The embedded PostgreSQL's data folder."""
        return self.home / "postgres"

    @property
    def airflow(self) -> Path:
        """AIRFLOW_HOME."""
        return self.home / "airflow"

    @property
    def passwords(self) -> Path:
        """The accounts' passwords, in the format of Airflow's SimpleAuthManager."""
        return self.airflow / "passwords.json"

    @property
    def logs(self) -> Path:
        """One log per component, and Airflow's task logs."""
        return self.home / "logs"

    @property
    def run(self) -> Path:
        """The folder with the state of the running installation and the port of the last start."""
        return self.home / "run"

    @property
    def secrets(self) -> Path:
        """The file with all generated secrets except the accounts' passwords; readable only by its owner."""
        return self.home / "secrets.json"

    def log(self, component: str) -> Path:
        """The log of one component."""
        return self.logs / f"{component}.log"

    def prepare(self) -> None:
        """Create the folders.

        Raises:
            Unavailable: a folder can't be created or written.
        """
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in (self.airflow, self.logs, self.run, self.home / "inbox"):
                folder.mkdir(mode=0o700, exist_ok=True)
                if not os.access(folder, os.W_OK):
                    raise PermissionError(f"{folder} is not writable")
        except OSError as error:
            raise Unavailable(
                f"The state folder {self.home} can't be used: {error}. "
                "Make it writable for the user of this command, or name another folder in MODELOPS_HOME."
            ) from None


def _password() -> str:
    return secrets.token_urlsafe(24)


def new_fernet_key() -> str:
    """Generate a key with which Airflow encrypts connections and variables."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """The secrets of an installation, generated once. The environment may provide the logins' passwords instead."""

    owner: str = field(default_factory=_password)
    jobs: str = field(default_factory=_password)
    reader: str = field(default_factory=_password)
    sql: str = field(default_factory=_password)
    features: str = field(default_factory=_password)
    airflow: str = field(default_factory=_password)
    fernet_key: str = field(default_factory=new_fernet_key)
    jwt_secret: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    api_secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def roles(self) -> dict[str, str]:
        """The login roles of the registry and their passwords, and Airflow's."""
        named = {f"modelops_{name}": getattr(self, name) for name in ("owner", "jobs", "reader", "sql", "features")}
        return {**named, "airflow": self.airflow}

    @classmethod
    def load(cls, path: Path, passwords: Mapping[str, str] = MappingProxyType({})) -> Secrets:
        """Read the secrets from a file. Missing ones, for example after an upgrade, are generated and written.

        Args:
            passwords: passwords from the environment, by role. They take precedence over the file, and are not written
                to it. Once they have been set, they must always be set: generated passwords would be set in the
                database, and other machines would no longer be able to connect.

        Raises:
            Unavailable: the file can't be read.
            BadInput: passwords were set before, and are not set now.
        """
        content = read_json(path)
        if content.get(EXTERNAL_PASSWORDS) and not passwords:
            raise BadInput(
                "the passwords of the logins were set in the environment before, and none is set now",
                where="the environment",
                expected=f"the same passwords; to have new ones generated, remove {EXTERNAL_PASSWORDS} from {path}",
            )
        known = {name: value for name, value in content.items() if name in cls.__dataclass_fields__}
        loaded = cls(**{**known, **passwords})
        stored = {name: value for name, value in asdict(loaded).items() if name not in passwords} | known
        stored |= {EXTERNAL_PASSWORDS: True} if passwords else {}
        if stored != content:
            write_json(path, stored)
        return loaded


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty if the file doesn't exist.

    Raises:
        Unavailable: the file exists and can't be read.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Unavailable(f"{path} can't be read: {error}") from error
    return dict(content)


def write_json(path: Path, content: object) -> None:
    """Replace a file atomically; only its owner can read it."""
    write_private(path, json.dumps(content, indent=2) + "\n")


def write_private(path: Path, text: str) -> None:
    """Replace a file atomically; only its owner can read it."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def private(path: str, flags: int) -> int:
    """An opener for `open`: only the owner of a new file can read it."""
    return os.open(path, flags, 0o600)


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        # Servers set this option too. Without it, the port is in use for a minute after the last connection.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port(*preferred: int | None) -> int:
    """The first of the preferred ports that is free, otherwise any free port."""
    for port in preferred:
        if port is not None and is_free(port):
            return port
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PortClaim(closing[socket.socket]):
    """A port that is reserved among the installations on this machine, until this is closed or the process ends."""

    def __init__(self, port: int, name: socket.socket) -> None:
        super().__init__(name)
        self.port = port


def claim_port(port: int) -> PortClaim | None:
    """Reserve a port before its server listens; None if the port is in use or another process has reserved it."""
    name = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        name.bind(f"\0modelops-port-{port}")
    except OSError:
        name.close()
        return None
    if is_free(port):
        return PortClaim(port, name)
    name.close()
    return None


def read_port(path: Path) -> int | None:
    """The port number in a file; None if there is none."""
    try:
        return int(path.read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None


def rotated(log: Path, limit: int = LOG_LIMIT) -> Path:
    """Rename a log to `<name>.1` if it is longer than `limit` bytes; returns the path of the log."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > limit:
        log.replace(log.with_name(f"{log.name}.1"))
    return log


def tail(log: Path, *, start: int = 0, lines: int = 15) -> str:
    """The last lines of a log, from byte `start` on."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(start if start <= size else 0, size - 64 * 1024))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
