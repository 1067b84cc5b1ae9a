"""A stand-in for the registry's published runs, whose making the registry's own tests cover."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Database


@pytest.fixture
def publish(database: Database) -> Callable[[str, int], None]:
    """Publishes a run of a target, as version 3, job 7, for the first of May."""
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("DROP VIEW IF EXISTS modelops.published_run CASCADE")
        admin.execute(
            "CREATE TABLE modelops.published_run (run_id bigint, target text, model_version integer, job_id bigint,"
            " published_at timestamptz, interval_start timestamptz, interval_end timestamptz)"
        )
        admin.execute("GRANT SELECT ON modelops.published_run TO modelops_jobs")

    def publish(target: str, run_id: int) -> None:
        with psycopg.connect(database.admin_url) as admin:
            admin.execute(
                "INSERT INTO modelops.published_run VALUES (%s, %s, 3, 7, now(), '2026-05-01Z', '2026-05-02Z')",
                (run_id, target),
            )

    return publish


@pytest.fixture
def jobs(database: Database, publish: Callable[[str, int], None]) -> Iterator[psycopg.Connection[Any]]:
    with closing(psycopg.connect(database.url("modelops_jobs"))) as connection:
        yield connection
