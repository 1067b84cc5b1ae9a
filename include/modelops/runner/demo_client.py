"""Requests DAG runs with one account and answers approvals with another, through Airflow's REST API."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx

from modelops.domain.errors import ModelOpsError, Unavailable
from modelops.polling import poll

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from modelops.runner.installation import Installation
    from modelops.runner.steps import Steps

REQUESTER, REVIEWER = "trainer", "reviewer"
COMMENT = "as it should be"
"""The reviewer's comment."""
TASK_TIMEOUT = timedelta(minutes=10)
APPROVAL_TIMEOUT = timedelta(hours=8)
POLL_INTERVAL = 0.3
FINAL_STATES = {"success", "failed", "upstream_failed", "skipped", "removed"}
"""Airflow's states of a task that has ended."""


class Rejected(Exception):
    """A reviewer has rejected a version."""


class DagRuns:
    """Sequential DAG runs on an installation. The duration of each step is printed.

    Attributes:
        ids: the ids of the DAG runs so far.
    """

    def __init__(self, installation: Installation, steps: Steps, *, by_hand: bool) -> None:
        self._installation, self._steps, self._by_hand = installation, steps, by_hand
        self._stack = ExitStack()
        self.ids: list[str] = []

    def __enter__(self) -> DagRuns:
        self._requester = self._stack.enter_context(self._installation.api(REQUESTER))
        self._reviewer = self._stack.enter_context(self._installation.api(REVIEWER))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def version(self, title: str, stages: str, dag_id: str, conf: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make a new version, and have it approved and deployed; returns the result of the deployment.

        Args:
            stages: the stages before the approval, for the printed step.

        Raises:
            Rejected: the reviewer rejects the version.
            Unavailable: Airflow doesn't answer, or a task takes too long.
            UnexpectedState: a task fails.
        """
        with self._steps.step(f"{title} {stages}"):
            run_id = self._trigger(dag_id, conf)
            self._await(dag_id, run_id, "approve", {"awaiting_input"}, within=TASK_TIMEOUT)
        if self._by_hand:
            self._steps.say(self._where_to_click(dag_id, run_id))
            with self._steps.step("Answered by you"):
                self._await(dag_id, run_id, "approve", {"success"}, within=APPROVAL_TIMEOUT)
        else:
            with self._steps.step(f"Approved by {REVIEWER}"):
                self._approve(dag_id, run_id)
        if self._result(dag_id, run_id, "approve")["verdict"] == "rejected":
            raise Rejected(f"{title} was rejected.")
        with self._steps.step(f"{title} in production"):
            self._await(dag_id, run_id, "deploy", {"success"}, within=TASK_TIMEOUT)
        return self._result(dag_id, run_id, "deploy")

    def predict(self, title: str, deployment: int, interval: Mapping[str, str]) -> Mapping[str, Any]:
        """Run a batch of a deployment for a data interval; returns its result."""
        return self.run(title, "batch_prediction", {"deployment": deployment, **interval}, result="predict")

    def run(self, title: str, dag_id: str, conf: Mapping[str, Any], *, result: str) -> Mapping[str, Any]:
        """Run a DAG; returns the result of its task `result`.

        Raises:
            Unavailable: Airflow doesn't answer, or the task takes too long.
            UnexpectedState: the task fails.
        """
        with self._steps.step(title):
            run_id = self._trigger(dag_id, conf)
            self._await(dag_id, run_id, result, {"success"}, within=TASK_TIMEOUT)
        return self._result(dag_id, run_id, result)

    def whole_run(self, title: str, dag_id: str, conf: Mapping[str, Any]) -> None:
        """Run a DAG whose tasks are mapped, and wait for its end.

        Raises:
            Unavailable: Airflow doesn't answer, or the run takes too long.
            UnexpectedState: the run fails.
        """
        with self._steps.step(title):
            run_id = self._trigger(dag_id, conf)
            page = _page(dag_id, run_id)
            self._await_state(dag_id, _run(dag_id, run_id), {"success"}, page=page, within=TASK_TIMEOUT)

    def _trigger(self, dag_id: str, conf: Mapping[str, Any]) -> str:
        try:
            answer = self._requester.post(
                f"/api/v2/dags/{dag_id}/dagRuns", json={"logical_date": None, "conf": dict(conf)}
            )
            answer.raise_for_status()
        except httpx.HTTPStatusError as error:
            raise Unavailable(f"Airflow rejected the request for {dag_id}: {error.response.text}") from error
        except httpx.HTTPError as error:
            raise Unavailable(f"Airflow doesn't answer: {error}") from error
        run_id = str(answer.json()["dag_run_id"])
        self.ids.append(run_id)
        return run_id

    def _approve(self, dag_id: str, run_id: str) -> None:
        address = f"{_task(dag_id, run_id, 'approve')}/-1/hitlDetails"
        body = {"chosen_options": ["Approve"], "params_input": {"comment": COMMENT}}
        answer = self._reviewer.patch(address, json=body)
        if not answer.is_success:
            raise Unavailable(f"the reviewer's answer was rejected: {answer.text}")
        self._await(dag_id, run_id, "approve", {"success"}, within=TASK_TIMEOUT)

    def _await(self, dag_id: str, run_id: str, task_id: str, states: set[str], *, within: timedelta) -> str:
        """Wait until the task is in one of these states. Any other final state is an error."""
        address, page = _task(dag_id, run_id, task_id), _page(dag_id, run_id)
        return self._await_state(f"{task_id} of {dag_id}", address, states, page=page, within=within)

    def _await_state(self, what: str, address: str, states: set[str], *, page: str, within: timedelta) -> str:
        for _ in poll(every=POLL_INTERVAL, within=within.total_seconds()):
            state = self._get(address)["state"]
            if state in states:
                return str(state)
            if state in FINAL_STATES:
                raise UnexpectedState(f"{what} is {state}; see {self._installation.url}{page}")
        raise Unavailable(f"{what} took longer than {within}; see {self._installation.url}{page}")

    def _result(self, dag_id: str, run_id: str, task_id: str) -> Mapping[str, Any]:
        value: Mapping[str, Any] = self._get(f"{_task(dag_id, run_id, task_id)}/xcomEntries/return_value")["value"]
        return value

    def _get(self, address: str) -> Mapping[str, Any]:
        """A response of Airflow. Requests that fail are repeated, because a component may be restarting."""
        for left in poll(every=POLL_INTERVAL, within=TASK_TIMEOUT.total_seconds()):
            try:
                answer = self._requester.get(address)
            except httpx.TransportError as error:
                if not left:
                    raise Unavailable(f"Airflow doesn't answer: {error}") from error
            else:
                if not answer.is_server_error:
                    break
        if not answer.is_success:
            raise Unavailable(f"Airflow answered with an error: {answer.text}")
        found: Mapping[str, Any] = answer.json()
        return found

    def _where_to_click(self, dag_id: str, run_id: str) -> str:
        account = self._installation.accounts[REVIEWER]
        page = f"{self._installation.url}{_page(dag_id, run_id)}/tasks/approve/required_actions"
        return (
            f"\nThe run waits for a reviewer. Open\n  {page}\n"
            f"sign in as {account.name} (the password is in {self._installation.layout.passwords}), read the evidence,"
            " and press Approve or Reject.\n"
        )


class UnexpectedState(ModelOpsError):
    """A task or a run ended in another state than expected."""


def _run(dag_id: str, run_id: str) -> str:
    return f"/api/v2/dags/{dag_id}/dagRuns/{run_id}"


def _task(dag_id: str, run_id: str, task_id: str) -> str:
    return f"{_run(dag_id, run_id)}/taskInstances/{task_id}"


def _page(dag_id: str, run_id: str) -> str:
    return f"/dags/{dag_id}/runs/{run_id}"
