"""Results of drift checks for web pages. See `sql/drift_list.sql`.

Those who may see the job of a batch see the results of its drift check.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.domain.jobs import JobId
from modelops.registry.queries import Queries
from modelops.registry.translation import translated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection


QUERIES = Queries("drift_list")


def of_job(connection: Connection[Any], job_id: JobId) -> list[Mapping[str, Any]]:
    """The results of a drift check for each column, the greatest changes first."""
    with translated():
        return list(QUERIES.execute(connection, "of_job", id=job_id))


def finding(connection: Connection[Any], job_id: JobId, role: str, variable: str) -> Mapping[str, Any] | None:
    """`id`, `run_id` and `batch_job_id` of the result of a drift check for a column; None if there is none."""
    with translated():
        return QUERIES.execute(connection, "finding", id=job_id, role=role, variable=variable).fetchone()


def distribution(connection: Connection[Any], drift_id: int) -> list[Mapping[str, Any]]:
    """The bins of a compared column, with their rows in the reference and in the batch.

    There are none if the batch was not counted in the bins of the reference.
    """
    with translated():
        return list(QUERIES.execute(connection, "distribution", drift_id=drift_id))


def reference_job(connection: Connection[Any], dag_ids: Sequence[str], deployment: int) -> JobId | None:
    """The job that recorded the newest reference of the features of a deployment."""
    with translated():
        row = QUERIES.execute(connection, "reference_job", deployment_id=deployment, dag_ids=list(dag_ids)).fetchone()
    return None if row is None else JobId(row["id"])


def of_target(
    connection: Connection[Any], dag_ids: Sequence[str], target: str, *, batches: int, columns: int
) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]], bool]:
    """The latest batches of a target, the columns with the greatest changes, and whether there are earlier batches.

    `results` of a column has those of the newest check of each batch run; `number` is the number of columns in all.
    """
    with translated():
        asked = {"dag_ids": list(dag_ids), "target": target, "limit": batches + 1}
        rows: list[Mapping[str, Any]] = list(QUERIES.execute(connection, "batches", **asked))
        page = rows[:batches]
        checked = [one for one in page if one["any_check"] is not None]
        found = QUERIES.execute(
            connection,
            "columns",
            run_ids=[one["run_id"] for one in checked],
            job_ids=[one["any_check"] for one in checked],
            attempts=[one["attempt"] for one in checked],
            limit=columns,
        )
        return page, list(found), len(rows) > batches
