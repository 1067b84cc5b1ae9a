"""The approval, based on Airflow's human-in-the-loop task."""

from __future__ import annotations

from abc import abstractmethod
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param
from airflow.sdk.configuration import conf

from modelops.domain import bounds
from modelops.domain.decisions import Verdict
from modelops.domain.job_types import JobType
from modelops.domain.requests import ModelDecisionRequest, TaskDecisionRequest
from modelops.domain.versions import VersionKind
from modelops.operators.base import JobOperator
from modelops.operators.bases import ModelOperator, TaskOperator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context
    from airflow.sdk.bases.notifier import BaseNotifier

    from modelops.domain.decisions import ApprovalRequest
    from modelops.jobs.run import JobRun

MAX_RUNS = 1000
"""`max_active_runs` of a DAG with an approval. A run that waits for an answer counts as active but occupies no worker.
Airflow's workers and pools limit how many tasks run at a time."""
COMMENT, EVIDENCE = "comment", "evidence"
"""The fields of the reviewer's form."""
LINK_KEY = "review_link"
"""The name, in notifiers' templates, of the URL of the page on which reviewers answer."""


class ApproveOperator(JobOperator, ApprovalOperator):
    """Shows a version's evidence to the reviewers, waits for an answer, and returns the decision.

    The version's policy.yaml names the approvers; a requester can never decide. The HTTP request with an answer records
    the decision, or refuses the answer with the reason, and the task continues to wait. A rejection is an outcome, not
    an error: downstream tasks are skipped. The task fails if nobody answers within `response_timeout`. It occupies no
    worker while it waits. A retry, or a clear after the decision, returns the recorded decision.

    Args:
        response_timeout: the time within which a reviewer has to answer.
        notifiers: Airflow notifiers for the reviewers; their templates may use `{{ review_link }}`,
            `{{ task.subject }}`, and `{{ task.body }}`, which is the card.
    """

    kind: ClassVar[VersionKind]
    version: int | None

    def __init__(self, *, response_timeout: timedelta = timedelta(days=7), **kwargs: Any) -> None:
        kwargs.pop("params", None)  # Airflow passes the DAG's params here, and merges them again later
        super().__init__(
            subject="Approve?",
            params={
                COMMENT: Param(
                    "",
                    type=["null", "string"],
                    maxLength=bounds.COMMENT,
                    title="Comment",
                    description="Required to reject.",
                )
            },
            response_timeout=response_timeout,
            **kwargs,
        )

    def perform(self, run: JobRun) -> dict[str, Any]:
        """Show the evidence to the reviewers; there is no result before their answer."""
        from modelops.stages.approve import request_approval

        self.build_request()
        self._show(request_approval(self.initial_subject(), self.version, run, kind=self.kind), run)
        return {}

    def execute(self, context: Context) -> dict[str, Any]:
        """Show the card and wait without a worker, or return the recorded decision."""
        recorded = self.as_job(context, self.perform)
        return self._conclude(context, recorded) if recorded else self._defer(context)

    def execute_complete(self, context: Context, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return the decision that the answer led to; if there is none, show the card again.

        The HTTP request with the answer records the decision or refuses the answer (`jobs_api.approval_middleware`).
        """
        decided = self.as_job(context, partial(self._ask_again, event), resumed=True)
        return self._conclude(context, decided) if decided else self._defer(context)

    def _ask_again(self, event: Mapping[str, Any], run: JobRun) -> dict[str, Any]:
        from modelops.domain.errors import Unavailable
        from modelops.stages.approve import expired

        if event.get("error_type") == "timeout":
            raise expired(str(self.response_timeout))
        if "error" in event:
            raise Unavailable(f"Airflow returned an error instead of an answer: {event['error']}")
        run.log(
            "The answer that Airflow accepted led to no decision; the card is shown again with the current evidence."
        )
        return self.perform(run)

    @abstractmethod
    def card(self, request: ApprovalRequest, run: JobRun) -> str:
        """The evidence of the request, as Markdown."""

    def _show(self, request: ApprovalRequest, run: JobRun) -> None:
        """Make the card. The form returns the digest of the shown evidence with the answer."""
        self.subject, self.body = f"Approve {request.subject}?", self.card(request, run)
        self.params[EVIDENCE] = Param(
            request.digest,
            type="string",
            enum=[request.digest],
            title="Evidence",
            description="SHA-256 of the evidence on this card. The decision is bound to it.",
        )

    def _defer(self, context: Context) -> dict[str, Any]:
        """Defer the task until somebody answers. This raises an exception of Airflow's own."""
        # The link is made from "/", because Airflow's method drops the path of base_url, and fails if none is set.
        base = (conf.get("api", "base_url", fallback=None) or "").rstrip("/")
        page = self.generate_link_to_ui(task_instance=context["ti"], base_url="/")
        context[LINK_KEY] = f"{base}{page}"  # type: ignore[literal-required]
        self.notifiers = [partial(self._notify, notifier) for notifier in self.notifiers]  # type: ignore[misc]
        ApprovalOperator.execute(self, context)
        raise AssertionError("the task didn't wait")

    def _notify(self, notifier: BaseNotifier, context: Context) -> None:
        """Notify the reviewers. If that fails, the approval still waits and is among Airflow's required actions."""
        try:
            notifier(context)
        except Exception as error:  # noqa: BLE001 - notifiers are third-party code
            self.log.warning("%s failed; perhaps nobody was notified: %s", type(notifier).__name__, error)

    def _conclude(self, context: Context, result: dict[str, Any]) -> dict[str, Any]:
        comment = f": {result['comment']}" if result["comment"] else ""
        self.log.info("%s by %s on evidence %s%s", result["verdict"], result["approver"], result["digest"], comment)
        if result["verdict"] == Verdict.REJECTED:
            self.skip(ti=context["ti"], tasks=self.get_direct_relatives(upstream=False))
        return result


class ApproveModelOperator(ApproveOperator, ModelOperator):
    """Has a reviewer approve or reject a version of a model."""

    job_type = JobType.APPROVAL
    kind = VersionKind.MODEL
    request = ModelDecisionRequest
    reuse_key = ("model", "version")

    def card(self, request: ApprovalRequest, _run: JobRun) -> str:
        """The version's metrics, compared with the champion's, and its inputs."""
        from modelops.kinds.model.card import card_of

        return card_of(request)


class ApproveFeatureTaskOperator(ApproveOperator, TaskOperator):
    """Has a reviewer approve or reject a version of a feature task."""

    job_type = JobType.FEATURE_APPROVAL
    kind = VersionKind.FEATURE_TASK
    request = TaskDecisionRequest
    reuse_key = ("task", "version")

    def card(self, request: ApprovalRequest, run: JobRun) -> str:
        """The changes in columns, rows, drift and code, compared with the deployed version."""
        from modelops.kinds.feature_task.card import card_of, code_diff

        return card_of(request, code_diff(request, run))
