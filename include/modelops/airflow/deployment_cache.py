"""Reads deployments from the registry or, if it can't be reached, from a local copy.

The deployments are distributed over a fixed number of DAG files, the shards, by their numbers. For a change of a
deployment, Airflow then parses and writes only the DAGs of one shard, and no write takes so long that it delays the
heartbeat of the dag-processor.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from modelops.airflow.connections import url_of
from modelops.domain.deployments import DeploymentDagSpec
from modelops.domain.errors import ModelOpsError
from modelops.domain.schedules import Schedule
from modelops.domain.versions import VersionKind
from modelops.settings import MachineSettings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SHARDS = 64
"""The number of DAG files. With a thousand deployments, a file has sixteen DAGs. Airflow writes the new DAGs of two
files in a few seconds, and considers a dag-processor dead after thirty seconds without a heartbeat."""
TIME_FIELDS = ("started_at", "decided_at", "starts_at", "set_at")
REGISTRY_TIMEOUT = 5
"""Maximum seconds to wait for the registry. Airflow's limit for parsing a DAG file is 30 seconds."""
# PgBouncer rejects the connection parameter `options`, so a statement sets the timeout.
SET_STATEMENT_TIMEOUT = "SELECT set_config('statement_timeout', %s, false)"
log = logging.getLogger(__name__)


def load_shard(shard: int) -> list[DeploymentDagSpec]:
    """The deployments of one shard that have a DAG."""
    try:
        found = by_shard(read_registry())[shard]
    except ModelOpsError as error:
        _warn(error)
        return read_copy(shard)
    _write_copy(shard, found)
    return found


def load_deployment(number: int) -> list[DeploymentDagSpec]:
    """A list of one deployment; empty if it has no DAG."""
    try:
        return read_registry(number)
    except ModelOpsError as error:
        _warn(error)
        return [one for one in read_copy(number % SHARDS) if one.id == number]


def by_shard(deployments: Iterable[DeploymentDagSpec]) -> list[list[DeploymentDagSpec]]:
    """The deployments of each shard."""
    shards: list[list[DeploymentDagSpec]] = [[] for _ in range(SHARDS)]
    for one in deployments:
        shards[one.id % SHARDS].append(one)
    return shards


def read_registry(number: int | None = None) -> list[DeploymentDagSpec]:
    """All deployments that have a DAG, or one of them, in the order of their numbers.

    Raises:
        ModelOpsError: the registry can't be reached or read.
    """
    import psycopg

    from modelops.registry.translation import translated
    from modelops.registry.write import schedules

    with (
        translated(),
        psycopg.connect(
            url_of("modelops_reader"),
            autocommit=True,
            connect_timeout=REGISTRY_TIMEOUT,
            application_name="modelops dags",
            # A server that disappears from the network must not block the dag-processor.
            keepalives_idle=REGISTRY_TIMEOUT,
            keepalives_interval=1,
            keepalives_count=3,
            tcp_user_timeout=REGISTRY_TIMEOUT * 1000,
        ) as connection,
    ):
        connection.execute(SET_STATEMENT_TIMEOUT, (f"{REGISTRY_TIMEOUT}s",))
        return schedules.deployed(connection, number)


def read_copy(shard: int) -> list[DeploymentDagSpec]:
    """The deployments with which a shard was last parsed; empty if another release wrote them in another format."""
    file = _copy_of(shard)
    try:
        return [_deployed(record) for record in json.loads(file.read_text(encoding="utf-8"))]
    except FileNotFoundError:
        return []
    except (KeyError, TypeError, ValueError) as error:
        log.warning("%s can't be read: %r", file, error)
        return []


def has_copies() -> bool:
    """Whether each shard has a copy, which may be empty."""
    return all(_copy_of(shard).exists() for shard in range(SHARDS))


def replace(file: Path, text: str, *, time: float | None = None) -> None:
    """Replace a file atomically, even if processes of several containers do so concurrently.

    Args:
        time: the file's modification time; None: now.
    """
    descriptor, new = tempfile.mkstemp(dir=file.parent, suffix=".new")
    with os.fdopen(descriptor, "w", encoding="utf-8") as output:
        output.write(text)
    if time is not None:
        os.utime(new, (time, time))
    os.replace(new, file)


def _copy_of(shard: int) -> Path:
    return MachineSettings.from_environment().deployment_dags / f"deployments_{shard:02}.json"


def _write_copy(shard: int, found: Iterable[DeploymentDagSpec]) -> None:
    """Replace the copy atomically if anything has changed. A failure to write it is only logged."""
    file = _copy_of(shard)
    text = json.dumps([asdict(one) for one in found], default=_plain)
    try:
        if file.exists() and file.read_text(encoding="utf-8") == text:
            return
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace(file, text)
    except OSError as error:
        log.warning("The local copy of the deployments can't be written: %s", error)


def _warn(error: ModelOpsError) -> None:
    log.warning("The registry can't be read (%s); the deployments are read from the local copy", error)


def _plain(value: datetime | timedelta) -> str | float:
    return value.isoformat() if isinstance(value, datetime) else value.total_seconds()


def _deployed(record: dict[str, Any]) -> DeploymentDagSpec:
    moments = {name: record[name] and datetime.fromisoformat(record[name]) for name in TIME_FIELDS}
    seconds = record["schedule"].pop("late_after")
    schedule = Schedule(**record["schedule"], late_after=None if seconds is None else timedelta(seconds=seconds))
    parsed = {"kind": VersionKind(record["kind"]), "schedule": schedule}
    return DeploymentDagSpec(**record | moments | parsed)
