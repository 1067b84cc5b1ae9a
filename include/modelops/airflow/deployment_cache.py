"""Deployments from the registry or, while it can't be reached, from the last good copy."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from modelops.airflow.connections import url_of
from modelops.domain.deployments import Deployed
from modelops.domain.errors import Unavailable
from modelops.domain.schedules import Schedule
from modelops.domain.versions import VersionKind
from modelops.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MOMENTS = ("started_at", "decided_at", "starts_at", "set_at")
PATIENCE = 5
"""Seconds within which the registry has to answer. Airflow's limit for parsing a DAG file is 30."""
log = logging.getLogger(__name__)


def load_deployments(number: int | None = None) -> list[Deployed]:
    """All deployments that have a DAG, or one of them."""
    cache = Settings.from_environment().home / "deployments.json"
    try:
        found = _read_registry(number)
    except Unavailable as error:
        log.warning("The registry can't be reached (%s); the deployments are from the last good copy", error)
        return [one for one in _read_cache(cache) if number in (None, one.id)]
    if number is None:
        _write_cache(cache, found)
    return found


_BOUND = "SELECT set_config('statement_timeout', %s, false)"  # PgBouncer refuses options of a connection


def _read_registry(number: int | None) -> list[Deployed]:
    import psycopg

    from modelops.registry.translation import translated
    from modelops.registry.write import schedules

    with (
        translated(),
        psycopg.connect(
            url_of("modelops_reader"),
            autocommit=True,
            connect_timeout=PATIENCE,
            application_name="modelops dags",
        ) as connection,
    ):
        connection.execute(_BOUND, (f"{PATIENCE}s",))
        return schedules.deployed(connection, number)


def _write_cache(file: Path, found: Iterable[Deployed]) -> None:
    """Replace the file atomically if anything has changed. A failure to write it is only logged."""
    text = json.dumps([asdict(one) for one in found], default=_plain)
    try:
        if file.exists() and file.read_text(encoding="utf-8") == text:
            return
        new = file.with_suffix(f".{os.getpid()}.new")
        new.write_text(text, encoding="utf-8")
        new.replace(file)
    except OSError as error:
        log.warning("The copy of the deployments, for times without the registry, can't be written: %s", error)


def _plain(value: datetime | timedelta) -> str | float:
    return value.isoformat() if isinstance(value, datetime) else value.total_seconds()


def _read_cache(file: Path) -> list[Deployed]:
    """The deployments in the copy; none if another release has written it in a different format."""
    try:
        return [_deployed(record) for record in json.loads(file.read_text(encoding="utf-8"))]
    except FileNotFoundError:
        return []
    except (KeyError, TypeError, ValueError) as error:
        log.warning("%s can't be read: %r", file, error)
        return []


def _deployed(record: dict[str, Any]) -> Deployed:
    moments = {name: record[name] and datetime.fromisoformat(record[name]) for name in MOMENTS}
    seconds = record["schedule"].pop("late_after")
    schedule = Schedule(**record["schedule"], late_after=None if seconds is None else timedelta(seconds=seconds))
    parsed = {"kind": VersionKind(record["kind"]), "schedule": schedule}
    return Deployed(**record | moments | parsed)
