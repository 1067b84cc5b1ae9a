"""The operator that checks the connections to the data database."""

from __future__ import annotations

from modelops.domain.job_types import JobType
from modelops.domain.requests import ConnectionCheckRequest
from modelops.operators.base import JobOperator


class CheckConnectionsOperator(JobOperator):
    """Tries what the logins of the data database must be able to do, and what they must not; fails if one is wrong."""

    job_type = JobType.CONNECTION_CHECK
    request = ConnectionCheckRequest
    use_case = "modelops.stages.connections:check_connections"

    def initial_subject(self) -> str:
        """The word "connections": the job is about no version."""
        return "connections"
