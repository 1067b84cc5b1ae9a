"""Who may see and do what: Airflow's own permissions, DAG by DAG."""

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
from modelops.registry.read import job_list

LISTED = (DagAccessEntity.TASK_INSTANCE,)
"""What somebody must be allowed to read in Airflow, to see a job in lists."""
WHOLE = (DagAccessEntity.TASK_INSTANCE, DagAccessEntity.RUN, DagAccessEntity.XCOM, DagAccessEntity.TASK_LOGS)
"""And to see its parameters, result and error."""

PARTS = 8
"""Into which DAGs are cut of which not all are allowed: 200 DAGs, all of them hidden, take 265 questions."""


def may(user: Any, dag_id: str, method: ResourceMethod, entity: DagAccessEntity) -> bool:
    """Whether Airflow lets this person do that with a DAG, which need not be there any more."""
    details = DagDetails(id=dag_id)
    return bool(get_auth_manager().is_authorized_dag(method=method, access_entity=entity, details=details, user=user))


def seen_by(user: Any, connection: Connection[Any], entities: Sequence[DagAccessEntity] = LISTED) -> list[str]:
    """The DAGs of which this person may see all of these in Airflow, among those that have had a job."""
    return allowed(user, sorted(job_list.dag_ids(connection)), [("GET", entity) for entity in entities])


def allowed(user: Any, dag_ids: Sequence[str], needed: Sequence[tuple[ResourceMethod, DagAccessEntity]]) -> list[str]:
    """Those of the DAGs with which Airflow lets this person do all of that.

    Airflow answers for many DAGs at once, but only whether all is allowed: its other question for many knows no
    entities. So it is asked once for all, which is enough for whom nothing is hidden from. A no is about one DAG at
    least, and the same is asked for each part of them.
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


def whole_job(user: Any, connection: Connection[Any], job_id: int) -> Mapping[str, Any]:
    """A job that this person may see the whole of.

    Raises:
        Refused: 404, there is none; which of the two it is, isn't told.
    """
    row = job_list.find(connection, JobId(job_id))
    if row is None or not allowed(user, [row["dag_id"]], [("GET", entity) for entity in WHOLE]):
        raise Refused(404, Code.UNKNOWN_JOB, f"there is no job {job_id}, or it isn't yours to see", job=job_id)
    return row
