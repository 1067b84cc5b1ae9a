"""Reads Airflow's records of DAGs, and requests parses of DAG files."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


def live_dags(bundle: str) -> list[tuple[str, str]]:
    """The DAGs of a bundle that are not stale: the path of the file, relative to the bundle, and the DAG id."""
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    query = select(DagModel.relative_fileloc, DagModel.dag_id).where(DagModel.bundle_name == bundle, ~DagModel.is_stale)
    with create_session() as session:
        return [(str(file), dag_id) for file, dag_id in session.execute(query)]


def move_to_front(bundle: str, files: Collection[str]) -> None:
    """Put files, relative to the bundle, at the front of the queue, like the reparse button of Airflow's web UI."""
    from airflow.models.dagbag import DagPriorityParsingRequest
    from airflow.utils.session import create_session
    from sqlalchemy.dialects.postgresql import insert

    requests = [{"bundle_name": bundle, "relative_fileloc": file} for file in files]
    if requests:
        with create_session() as session:
            session.execute(insert(DagPriorityParsingRequest.__table__).on_conflict_do_nothing(), requests)
