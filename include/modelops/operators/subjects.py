"""What jobs are about, of models and of feature tasks alike: an existing version, a deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import XComArg

from modelops.domain.errors import UnknownVersion
from modelops.operators.base import JobOperator

if TYPE_CHECKING:
    from modelops.domain.jobs import Attempt
    from modelops.domain.versions import VersionKind
    from modelops.lifecycle.services import Services


class VersionOperator(JobOperator):
    """A job on an existing version.

    Args:
        version: its number; None: the newest that will do. A task's output that is None, since that task has made no
            version, is refused.
    """

    def __init__(self, *, version: int | XComArg | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.version: Any = version
        self.version_of_task = isinstance(version, XComArg)

    def require_version(self) -> None:
        """Refuse to fall back on the newest version where the task before should have made one.

        Raises:
            UnknownVersion: it hasn't.
        """
        if self.version_of_task and self.version is None:
            raise UnknownVersion(
                "the task before has left no version",
                where=f"the tasks before {self.task_id}",
                expected="a training or an import that has completed; there are DAGs for an older version of a model",
            )


class DeploymentOperator(JobOperator):
    """A job on a deployment.

    Args:
        deployment: its number.
    """

    def __init__(self, *, deployment: int | XComArg, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.deployment: Any = deployment

    def about(self) -> str:
        """The deployment's number, until it is known."""
        return f"deployment {self.deployment}"


class RetireOperator(DeploymentOperator):
    """Ends a deployment, at once. A retirement that is on record is returned to who clears the task.

    Args:
        reason: why, for the record.
    """

    kind: ClassVar[VersionKind]
    template_fields = ("deployment", "reason")

    def __init__(self, *, reason: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reason = reason

    def parameters(self) -> dict[str, Any]:
        """What was asked for."""
        return {"deployment": self.deployment, "reason": self.reason}

    def lasting(self) -> dict[str, Any]:
        """The retirement of the same deployment."""
        return {"deployment": self.deployment}

    def perform(self, attempt: Attempt, services: Services) -> dict[str, Any]:
        """Retire, and return when."""
        from modelops.lifecycle.retire import retire

        return retire(int(self.deployment), self.reason, attempt, services, kind=self.kind)
