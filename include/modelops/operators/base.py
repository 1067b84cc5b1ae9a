"""What every job's operator has in common: it takes the job, calls one use case, and says how it ended."""

from __future__ import annotations

import signal
import sys
from abc import abstractmethod
from contextlib import suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowTaskTimeout

from modelops.connections import url_of
from modelops.domain import bounds
from modelops.domain.errors import BadInput, FenceLost, ModelOpsError, Unavailable, UnknownParameter
from modelops.domain.jobs import TaskKey

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow.sdk import Context
    from psycopg import Connection

    from modelops.domain.jobs import Attempt, JobType
    from modelops.lifecycle.services import Services

PR_SET_PDEATHSIG = 1
T = TypeVar("T")


class Stopped(BaseException):
    """Airflow told the task to end: a person stopped it, or its worker is shutting down."""


class JobOperator(BaseOperator):
    """A task that is a job.

    A subclass names its `job_type` and does its work in `perform`, which commits the work and the job's completion in
    one transaction. A retry of a job that had completed returns the recorded result. What a person got wrong fails
    the task at once; trouble of the platform is tried again, as often as the task's `retries` say.

    Args:
        ledger_conn_id: Airflow connection of the login modelops_jobs.
        rows_conn_id: Airflow connection of the login that runs users' SQL.
        features_conn_id: Airflow connection of the login that adds the rows of feature tasks.
    """

    job_type: ClassVar[JobType]

    def __init__(
        self,
        *,
        ledger_conn_id: str = "modelops",
        rows_conn_id: str = "modelops_sql",
        features_conn_id: str = "modelops_features",
        **kwargs: Any,
    ) -> None:
        super().__init__(multiple_outputs=True, **kwargs)
        self.ledger_conn_id = ledger_conn_id
        self.rows_conn_id = rows_conn_id
        self.features_conn_id = features_conn_id

    @abstractmethod
    def parameters(self) -> Mapping[str, Any]:
        """What was asked for, as the ledger keeps it."""

    @abstractmethod
    def about(self) -> str:
        """What the job is about, in words, as long as no more is known of it."""

    def lasting(self) -> Mapping[str, Any] | None:
        """What a recorded result must hold to be returned even to who cleared the task; None: the job runs anew."""
        return None

    @abstractmethod
    def perform(self, attempt: Attempt, services: Services) -> dict[str, Any]:
        """Do the work and complete the job; returns the job's result."""

    def execute(self, context: Context) -> dict[str, Any]:
        """Take the job, perform it, and put its end on record."""
        return self.as_job(context, self.perform)

    def as_job(
        self, context: Context, work: Callable[[Attempt, Services], T], *, resumed: bool = False
    ) -> T | dict[str, Any]:
        """Take the job, do this piece of its work, and put its end on record; or return the recorded result.

        Args:
            resumed: the attempt goes on after a person has answered what it asked.
        """
        self._working = True
        _die_with_parent()
        try:
            with self._ledger() as connection:
                attempt = self._take(connection, context, resumed=resumed)
                if attempt.recorded_result is not None:
                    self.log.info("This job had completed already; its recorded result is returned.")
                    return dict(attempt.recorded_result)
                return self._perform(attempt, connection, context, work)
        except FenceLost as error:
            raise AirflowFailException(str(error)) from None
        finally:
            self._working = False

    def on_kill(self) -> None:
        """End `execute` now. Whatever it holds goes with it: the child process, the working folder, the transaction."""
        if getattr(self, "_working", False):
            self._working = False
            raise Stopped("the task was told to end")

    def _take(self, connection: Connection[Any], context: Context, *, resumed: bool) -> Attempt:
        from modelops.registry import jobs

        task_instance: Any = context["ti"]
        run = context["dag_run"]
        map_index = task_instance.map_index
        # Clearing a task raises max_tries, by the `retries` that the DAG had then; a retry doesn't.
        first = task_instance.max_tries - (self.retries or 0) + 1
        return jobs.take(
            connection,
            TaskKey(
                dag_id=task_instance.dag_id,
                run_id=task_instance.run_id,
                task_id=task_instance.task_id,
                map_index=-1 if map_index is None else map_index,
            ),
            type=self.job_type,
            number=task_instance.try_number,
            first=first,
            max_tries=task_instance.max_tries,
            # Airflow may lose attempts before a worker has them. Once a person has cleared the task, they are who asks.
            asked_at=run.run_after if first <= 1 or task_instance.try_number == 1 else None,
            subject=bounds.shortened(self.about(), bounds.NAME),
            requested_by=getattr(run, "triggering_user_name", None) or self.owner,
            parameters=self.parameters(),
            lasting=self.lasting(),
            resumed=resumed,
        )

    def _perform(
        self,
        attempt: Attempt,
        connection: Connection[Any],
        context: Context,
        work: Callable[[Attempt, Services], T],
    ) -> T:
        task_instance: Any = context["ti"]
        again = task_instance.try_number <= task_instance.max_tries
        try:
            self._check_names(context)
            bounds.check(self.parameters(), where=f"the request for {self.dag_id}")
            return work(attempt, self._services(connection))
        except FenceLost:
            raise
        except BadInput as error:
            self._give_up(attempt, connection, error, again=False)
            raise AirflowFailException(str(error)) from None
        except (Exception, AirflowTaskTimeout) as error:
            self._give_up(attempt, connection, error, again=again)
            raise

    def _give_up(self, attempt: Attempt, connection: Connection[Any], error: BaseException, *, again: bool) -> None:
        """Put the end of an attempt on record, on a new connection if the old one broke meanwhile.

        That must never take the place of the error itself. What can't be written, the observer writes down later, as
        far as Airflow knows it.
        """
        from modelops.registry import jobs

        said = bounds.shortened(str(error) or repr(error))
        with suppress(ModelOpsError):
            try:
                jobs.give_up(connection, attempt, error=said, again=again)
            except Unavailable:
                with self._ledger() as another:
                    jobs.give_up(another, attempt, error=said, again=again)

    def _check_names(self, context: Context) -> None:
        """Refuse a parameter that the DAG doesn't have. Airflow lets it pass, and a default would stand in for it."""
        if "modelops" not in self.dag.tags:
            return  # a DAG of the user's own may have more in its conf
        declared = list(self.dag.params)
        # Names with a slash are Airflow's own.
        unknown = [name for name in context["dag_run"].conf or {} if name not in declared and "/" not in name]
        if unknown:
            close = get_close_matches(unknown[0], declared, n=1)
            raise UnknownParameter(
                f"there is no parameter {', '.join(map(repr, unknown))}",
                where=f"the request for {self.dag_id}",
                expected=f"perhaps {close[0]!r}" if close else f"one of {', '.join(declared)}",
            )

    def _ledger(self) -> Connection[Any]:
        import psycopg

        from modelops.registry.translation import translated

        with translated():
            return psycopg.connect(url_of(self.ledger_conn_id), autocommit=True, application_name="modelops job")

    def _services(self, connection: Connection[Any]) -> Services:
        from airflow.sdk import ObjectStoragePath

        from modelops.data.artifacts import ArtifactStore
        from modelops.lifecycle.services import Services
        from modelops.settings import Settings
        from modelops.timetables import plan

        settings = Settings.from_environment()
        return Services(
            connection=connection,
            connect=self._ledger,
            ledger_url=url_of(self.ledger_conn_id),
            rows_url=url_of(self.rows_conn_id),
            features_url=url_of(self.features_conn_id),
            store=ArtifactStore(ObjectStoragePath(settings.artifacts)),
            settings=settings,
            log=self.log.info,
            plan=plan,
        )


def _die_with_parent() -> None:
    """Let the kernel end this task when its supervisor dies: Airflow will start the task again elsewhere."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
