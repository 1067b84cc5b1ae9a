"""Who may see and do what, by Airflow's own permissions on each DAG."""

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.base_auth_manager import ResourceMethod
from airflow.api_fastapi.auth.managers.models.batch_apis import IsAuthorizedDagRequest
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from psycopg import Connection

from modelops.domain.jobs import JobId
from modelops.domain.refusals import Code
from modelops.jobs_api.refusals import Refused
from modelops.registry.read import catalogue, job_list

LIST_ACCESS = (DagAccessEntity.TASK_INSTANCE,)
"""What a person must be allowed to read in Airflow to see a job in lists."""
DETAIL_ACCESS = (DagAccessEntity.TASK_INSTANCE, DagAccessEntity.RUN, DagAccessEntity.XCOM, DagAccessEntity.TASK_LOGS)
"""What a person must be allowed to read to see a job with its parameters, result and error."""

PARTS = 8
"""Number of parts into which DAGs are split if not all are allowed; 200 DAGs, all hidden, take 265 questions."""


def may(user: Any, dag_id: str, method: ResourceMethod, entity: DagAccessEntity) -> bool:
    """Whether Airflow allows this user a method on an entity of a DAG, which need not exist any more."""
    details = DagDetails(id=dag_id)
    return bool(get_auth_manager().is_authorized_dag(method=method, access_entity=entity, details=details, user=user))


def visible_dags(
    user: Any, connection: Connection[Any], entities: Sequence[DagAccessEntity] = LIST_ACCESS
) -> list[str]:
    """The DAGs that have had a job and of which Airflow lets this user read all of these entities."""
    return allowed(user, sorted(job_list.dag_ids(connection)), [("GET", entity) for entity in entities])


def allowed(user: Any, dag_ids: Sequence[str], needed: Sequence[tuple[ResourceMethod, DagAccessEntity]]) -> list[str]:
    """The DAGs for which Airflow allows this person everything in `needed`.

    Airflow's check for many DAGs only answers whether all of them are allowed; its filter of DAGs takes no entities. So
    all DAGs are checked at once, which is enough if nothing is hidden. If the answer is no, each part is checked.
    """
    if not dag_ids:
        return []
    asked = [
        IsAuthorizedDagRequest(method=method, access_entity=entity, details=DagDetails(id=dag_id))
        for dag_id in dag_ids
        for method, entity in needed
    ]
    if get_auth_manager().batch_is_authorized_dag(asked, user=user):
        return list(dag_ids)
    if len(dag_ids) == 1:
        return []
    size = -(-len(dag_ids) // PARTS)
    parts = (dag_ids[start : start + size] for start in range(0, len(dag_ids), size))
    return [dag_id for part in parts for dag_id in allowed(user, part, needed)]


def without_hidden_errors(user: Any, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Rows of jobs, without the errors that this person may not see."""
    failed = sorted({row["dag_id"] for row in rows if row["error"] is not None})
    seen = set(allowed(user, failed, [("GET", entity) for entity in DETAIL_ACCESS]))
    return [row if row["dag_id"] in seen else {**row, "error": None} for row in rows]


def whole_job(user: Any, connection: Connection[Any], job_id: int) -> Mapping[str, Any]:
    """A job with everything on record, if this person may see it.

    Raises:
        Refused: 404, there is no such job, or this person may not see it; the answer is the same.
    """
    row = job_list.find(connection, JobId(job_id))
    if row is None or not allowed(user, [row["dag_id"]], [("GET", entity) for entity in DETAIL_ACCESS]):
        raise Refused(404, Code.UNKNOWN_JOB, f"there is no job {job_id}, or you may not see it", job=job_id)
    return row


def whole_deployment(connection: Connection[Any], dag_ids: Sequence[str], number: int) -> Mapping[str, Any]:
    """A deployment, as in the list of all, if the jobs of these DAGs may be seen.

    Raises:
        Refused: 404, there is no such deployment, or it may not be seen; the answer is the same.
    """
    row = catalogue.deployment(connection, dag_ids, number)
    if row is None:
        detail = f"there is no deployment {number}, or you may not see it"
        raise Refused(404, Code.UNKNOWN_DEPLOYMENT, detail, deployment=number)
    return row
