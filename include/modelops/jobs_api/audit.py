"""Entries of Airflow's audit log that its own list omits: requests for all DAGs, or for a DAG that doesn't exist."""

from typing import Annotated, Any

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Query
from pydantic import AwareDatetime, StringConstraints

from modelops.domain.refusals import Code
from modelops.jobs_api.permissions import may
from modelops.jobs_api.refusals import Refused
from modelops.jobs_api.schemas import NO_NUL, SEVERAL

PAGE = 100
ALL = "~"

router = APIRouter(prefix="/api", include_in_schema=False)


@router.get("/hidden-audit-log")
def list_hidden(
    user: GetUserDep,
    included_events: Annotated[
        list[Annotated[str, StringConstraints(pattern=NO_NUL, max_length=250)]], Query(max_length=SEVERAL)
    ],
    after: AwareDatetime,
    before: AwareDatetime | None = None,
    offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> dict[str, Any]:
    """Entries in the format of Airflow's `/api/v2/eventLogs`, a hundred per page.

    Requires Airflow's permission to read the audit log of all DAGs."""
    from airflow.models import DagModel, Log
    from airflow.utils.session import create_session
    from sqlalchemy import func, select

    if not may(user, ALL, "GET", DagAccessEntity.AUDIT_LOG):
        raise Refused(403, Code.AUDIT_LOG_HIDDEN, "you may not read the audit log of all DAGs")
    conditions = [Log.event.in_(included_events), Log.dttm > after, Log.dag_id.not_in(select(DagModel.dag_id))]
    if before is not None:
        conditions.append(Log.dttm < before)
    with create_session() as session:
        total = session.scalar(select(func.count()).select_from(Log).where(*conditions))
        page = session.scalars(select(Log).where(*conditions).order_by(Log.id).limit(PAGE).offset(offset))
        return {"event_logs": [_as_json(entry) for entry in page], "total_entries": total}


def _as_json(entry: Any) -> dict[str, Any]:
    named = {
        name: getattr(entry, name) for name in ("event", "owner", "dag_id", "run_id", "task_id", "map_index", "extra")
    }
    return {"event_log_id": entry.id, "when": entry.dttm, **named}
