"""The base class of all operators: a task that runs as a job. See `modelops.jobs.execution`."""

from __future__ import annotations

from abc import abstractmethod
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from modelops.connections import url_of
from modelops.domain import bounds
from modelops.domain.errors import BadInput, FenceLost, UnknownParameter
from modelops.domain.jobs import Claim, TaskKey
from modelops.parent_death import die_with_parent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow.sdk import Context
    from psycopg import Connection

    from modelops.domain.jobs import JobType
    from modelops.jobs.run import JobRun, Resources

T = TypeVar("T")


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

    def reusable_if(self) -> Mapping[str, Any] | None:
        """Fields that a recorded result must have to be returned even after a clear; None: the job runs anew."""
        return None

    @abstractmethod
    def perform(self, run: JobRun) -> dict[str, Any]:
        """Do the work and complete the job; returns the job's result."""

    def execute(self, context: Context) -> dict[str, Any]:
        """Claim the job, perform it, and record its end."""
        return self.as_job(context, self.perform)

    def as_job(self, context: Context, work: Callable[[JobRun], T], *, resumed: bool = False) -> T | dict[str, Any]:
        """Run `work` as this attempt at the job, or return the recorded result.

        Args:
            resumed: the attempt goes on after a person has answered what it asked.
        """
        from modelops.jobs.execution import execute

        def checked(run: JobRun) -> T:
            self._check_names(context)
            bounds.check(self.parameters(), where=f"the request for {self.dag_id}")
            return work(run)

        self._working = True
        die_with_parent()
        try:
            return execute(
                self._claim(context, resumed=resumed),
                checked,
                connect=self._ledger,
                resources=self._resources,
                log=self.log.info,
            )
        except (BadInput, FenceLost) as error:
            raise AirflowFailException(str(error)) from None  # no retry would help
        finally:
            self._working = False

    def on_kill(self) -> None:
        """End `execute` now. Whatever it holds goes with it: the child process, the working folder, the transaction."""
        from modelops.jobs.execution import Stopped

        if getattr(self, "_working", False):
            self._working = False
            raise Stopped("the task was told to end")

    def _claim(self, context: Context, *, resumed: bool) -> Claim:
        task_instance: Any = context["ti"]
        run = context["dag_run"]
        map_index = task_instance.map_index
        # Clearing a task raises max_tries, by the `retries` that the DAG had then; a retry doesn't.
        first = task_instance.max_tries - (self.retries or 0) + 1
        return Claim(
            key=TaskKey(
                dag_id=task_instance.dag_id,
                run_id=task_instance.run_id,
                task_id=task_instance.task_id,
                map_index=-1 if map_index is None else map_index,
            ),
            type=self.job_type,
            number=task_instance.try_number,
            first=first,
            max_tries=task_instance.max_tries,
            # Airflow may lose attempts before a worker has them. After a clear, the person who cleared is who asks.
            asked_at=run.run_after if first <= 1 or task_instance.try_number == 1 else None,
            subject=bounds.shortened(self.about(), bounds.NAME),
            requested_by=getattr(run, "triggering_user_name", None) or self.owner,
            parameters=self.parameters(),
            reusable_if=self.reusable_if(),
            resumed=resumed,
        )

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

    def _resources(self) -> Resources:
        from airflow.sdk import ObjectStoragePath

        from modelops.data.artifacts import ArtifactStore
        from modelops.jobs.run import Resources
        from modelops.settings import Settings
        from modelops.timetables import plan

        settings = Settings.from_environment()
        return Resources(
            connect=self._ledger,
            ledger_url=url_of(self.ledger_conn_id),
            rows_url=url_of(self.rows_conn_id),
            features_url=url_of(self.features_conn_id),
            store=ArtifactStore(ObjectStoragePath(settings.artifacts)),
            settings=settings,
            plan=plan,
        )
