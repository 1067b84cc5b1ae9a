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

MOST_RUNS = 1000
"""`max_active_runs` of a DAG in which a person is asked: one that waits for an answer counts among its active runs, and
holds nothing else. What is at work at a time is bounded by Airflow's workers and pools."""
COMMENT, EVIDENCE = "comment", "evidence"
"""The fields of the reviewer's form."""
LINK = "review_link"
"""What notifiers' templates call the address of the page where the answer is given."""


class ApproveOperator(JobOperator, ApprovalOperator):
    """Puts a version's evidence before the reviewers, waits for one of them, and returns the decision.

    Who may decide stands in its policy.yaml; whoever asked for the version never may. The request that brings an
    answer records the decision or refuses the answer with the reason, and then the task waits on. Rejecting is an
    outcome, not an error: what follows is skipped. No answer within `response_timeout` fails the task. No worker is
    held while it waits. A decision that is on record is returned to who clears the task, and to a retry.

    Args:
        response_timeout: how long the reviewers have.
        notifiers: Airflow notifiers that tell the reviewers; their templates may use `{{ review_link }}`, and
            `{{ task.subject }}` and `{{ task.body }}`, the card.
    """

    kind: ClassVar[VersionKind]
    version: int | None

    def __init__(self, *, response_timeout: timedelta = timedelta(days=7), **kwargs: Any) -> None:
        kwargs.pop("params", None)  # those of the DAG, which Airflow puts here; it merges them again
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
        """Put the evidence before the reviewers; there is no result before their answer."""
        from modelops.stages.approve import ask

        self.requested()
        self._show(ask(self.about(), self.version, run, kind=self.kind), run)
        return {}

    def execute(self, context: Context) -> dict[str, Any]:
        """Ask, and wait without a worker; or return the decision that is on record."""
        recorded = self.as_job(context, self.perform)
        return self._conclude(context, recorded) if recorded else self._wait(context)

    def execute_complete(self, context: Context, event: Mapping[str, Any]) -> dict[str, Any]:
        """Return the decision that the answer has become; where it has become none, ask again.

        The request that brings an answer writes the decision (`jobs_api.answers`), or refuses the answer.
        """
        decided = self.as_job(context, partial(self._ask_again, event), resumed=True)
        return self._conclude(context, decided) if decided else self._wait(context)

    def _ask_again(self, event: Mapping[str, Any], run: JobRun) -> dict[str, Any]:
        from modelops.domain.errors import Unavailable
        from modelops.stages.approve import expired

        if event.get("error_type") == "timeout":
            raise expired(str(self.response_timeout))
        if "error" in event:
            raise Unavailable(f"Airflow gave no person's answer: {event['error']}")
        run.log("The answer that Airflow took is no decision on record; the evidence of now is shown.")
        return self.perform(run)

    @abstractmethod
    def card(self, request: ApprovalRequest, run: JobRun) -> str:
        """The evidence of the request, as Markdown."""

    def _show(self, request: ApprovalRequest, run: JobRun) -> None:
        """Make the card. The form sends the digest of what it showed back with the answer."""
        self.subject, self.body = f"Approve {request.subject}?", self.card(request, run)
        self.params[EVIDENCE] = Param(
            request.digest,
            type="string",
            enum=[request.digest],
            title="Evidence",
            description="SHA-256 of all that this card shows. The decision is bound to it.",
        )

    def _wait(self, context: Context) -> dict[str, Any]:
        """Give the task back to Airflow until somebody answers. This ends by an exception of Airflow's own."""
        # Made from "/", since Airflow's method loses the path of base_url, and fails where none is set.
        base = (conf.get("api", "base_url", fallback=None) or "").rstrip("/")
        page = self.generate_link_to_ui(task_instance=context["ti"], base_url="/")
        context[LINK] = f"{base}{page}"  # type: ignore[literal-required]
        self.notifiers = [partial(self._tell, notifier) for notifier in self.notifiers]  # type: ignore[misc]
        ApprovalOperator.execute(self, context)
        raise AssertionError("the task didn't wait")

    def _tell(self, notifier: BaseNotifier, context: Context) -> None:
        """Tell the reviewers. Where that fails the approval waits all the same, and is among the required actions."""
        try:
            notifier(context)
        except Exception as error:  # noqa: BLE001 - notifiers are other people's code
            self.log.warning("%s failed; perhaps nobody was notified: %s", type(notifier).__name__, error)

    def _conclude(self, context: Context, result: dict[str, Any]) -> dict[str, Any]:
        said = f": {result['comment']}" if result["comment"] else ""
        self.log.info("%s by %s on evidence %s%s", result["verdict"], result["approver"], result["digest"], said)
        if result["verdict"] == Verdict.REJECTED:
            self.skip(ti=context["ti"], tasks=self.get_direct_relatives(upstream=False))
        return result


class ApproveModelOperator(ApproveOperator, ModelOperator):
    """Has a model's version approved by a reviewer, or rejected."""

    job_type = JobType.APPROVAL
    kind = VersionKind.MODEL
    request = ModelDecisionRequest
    reusable_by = ("model", "version")

    def card(self, request: ApprovalRequest, _run: JobRun) -> str:
        """The metrics beside the champion's, and what the version is made of."""
        from modelops.kinds.model.card import card_of

        return card_of(request)


class ApproveFeatureTaskOperator(ApproveOperator, TaskOperator):
    """Has a feature task's version approved by a reviewer, or rejected."""

    job_type = JobType.FEATURE_APPROVAL
    kind = VersionKind.FEATURE_TASK
    request = TaskDecisionRequest
    reusable_by = ("task", "version")

    def card(self, request: ApprovalRequest, run: JobRun) -> str:
        """What changes: columns, rows, drift and code, beside what is deployed."""
        from modelops.kinds.feature_task.card import card_of, code_diff

        return card_of(request, code_diff(request, run))
