"""The operator that checks the privileges of the logins of the data database."""

from __future__ import annotations

from modelops.domain.job_types import JobType
from modelops.domain.requests import ConnectionCheckRequest
from modelops.operators.base import JobOperator


class CheckConnectionsOperator(JobOperator):
    """Tests the privileges of the logins of the data database, and fails if there is a finding."""

    job_type = JobType.CONNECTION_CHECK
    request = ConnectionCheckRequest
    use_case = "modelops.stages.connections:check_connections"

    def initial_subject(self) -> str:
        """The constant "connections", because the job has no version or deployment."""
        return "connections"
