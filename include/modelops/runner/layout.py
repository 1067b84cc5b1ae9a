"""The state folder of an installation, with its secrets and ports."""

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

GIVEN = "passwords_from_outside"
"""The key of secrets.json that says that the logins' passwords are not in it."""
LOG_LIMIT = 10 * 2**20
"""A log longer than this, in bytes, is set aside when its process starts."""


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
        """The accounts' passwords, as Airflow's SimpleAuthManager reads and writes them."""
        return self.airflow / "passwords.json"

    @property
    def logs(self) -> Path:
        """One log per component, and Airflow's task logs."""
        return self.home / "logs"

    @property
    def run(self) -> Path:
        """The file with the state of the running installation, and the ports to use again next time."""
        return self.home / "run"

    @property
    def secrets(self) -> Path:
        """Every generated secret but the accounts' passwords; readable by its owner only."""
        return self.home / "secrets.json"

    def log(self, component: str) -> Path:
        """The log of one component."""
        return self.logs / f"{component}.log"

    def prepare(self) -> None:
        """Make the folders.

        Raises:
            Unavailable: the home can't be written.
        """
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in (self.airflow, self.logs, self.run):
                folder.mkdir(mode=0o700, exist_ok=True)
                if not os.access(folder, os.W_OK):
                    raise PermissionError(f"{folder} may not be written")
        except OSError as error:
            raise Unavailable(
                f"The folder for all state, {self.home}, can't be used: {error}. "
                "Give it to the user that runs this, or name another with MODELOPS_HOME."
            ) from None


def _password() -> str:
    return secrets.token_urlsafe(24)


def new_fernet_key() -> str:
    """A key for Airflow's encryption of connections and variables."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """Secrets, generated once per installation. The passwords of the database logins may be given from outside."""

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
    def of(cls, path: Path, given: Mapping[str, str] = MappingProxyType({})) -> Secrets:
        """Read the secrets; what isn't there yet, as after an upgrade, is generated and kept.

        `given` has passwords by role, which take precedence over the file and are not written into it. Once they are
        given, they must be: generated ones would be set in the database, where other machines have the given ones.

        Raises:
            Unavailable: the file can't be read.
            BadInput: passwords were given before, and are not now.
        """
        content = read_json(path)
        if content.get(GIVEN) and not given:
            raise BadInput(
                "the passwords of the logins were set in the environment before, and none is set now",
                where="the environment",
                expected=f"those that were set before; to have passwords generated, remove {GIVEN} from {path}",
            )
        known = {name: value for name, value in content.items() if name in cls.__dataclass_fields__}
        made = cls(**{**known, **given})
        kept = {name: value for name, value in asdict(made).items() if name not in given} | known
        kept |= {GIVEN: True} if given else {}
        if kept != content:
            write_json(path, kept)
        return made


def read_json(path: Path) -> dict[str, Any]:
    """A file's object, or an empty one when there is no such file.

    Raises:
        Unavailable: the file is there and can't be read.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Unavailable(f"{path} can't be read: {error}") from error
    return dict(content)


def write_json(path: Path, content: object) -> None:
    """Replace a file at once, readable by its owner only."""
    write_private(path, json.dumps(content, indent=2) + "\n")


def write_private(path: Path, text: str) -> None:
    """Replace a file at once, readable by its owner only: whoever looks sees the old text or the new."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def private(path: str, flags: int) -> int:
    """For `open`: a file that is made now is readable by its owner only."""
    return os.open(path, flags, 0o600)


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address now."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        # As servers do: without it a port counts as taken for a minute after the last connection.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port(*preferred: int | None) -> int:
    """The first of the preferred ports that is free, else any."""
    for port in preferred:
        if port is not None and is_free(port):
            return port
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PortClaim(closing[socket.socket]):
    """A port that other installations on this machine leave alone. The claim ends with this, or with the process."""

    def __init__(self, port: int, name: socket.socket) -> None:
        super().__init__(name)
        self.port = port


def claim_port(port: int) -> PortClaim | None:
    """Claim a port whose server listens only some time later; None: it is taken, or another process has claimed it."""
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


def kept_port(path: Path) -> int | None:
    """The port that was used last time, if any."""
    try:
        return int(path.read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None


def rotated(log: Path, limit: int = LOG_LIMIT) -> Path:
    """The same path, after what was there has been set aside as `<name>.1` if it was longer than `limit` bytes."""
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
