"""The base class of all operators: a task that runs as a job. See `modelops.jobs.execution`."""

from __future__ import annotations

import inspect
from abc import abstractmethod
from collections.abc import Mapping
from difflib import get_close_matches
from pkgutil import resolve_name
from typing import IO, TYPE_CHECKING, Any, ClassVar, TypeVar

from airflow.sdk import BaseOperator, XComArg
from airflow.sdk.exceptions import AirflowFailException

from modelops.airflow.connections import url_of
from modelops.domain import bounds
from modelops.domain.alerts import CHALLENGER_RUN_PREFIX
from modelops.domain.errors import BadInput, FenceLost, UnknownParameter, UnknownVersion
from modelops.domain.jobs import Claim, TaskKey
from modelops.domain.parameters import parameters_of
from modelops.parent_death import die_with_parent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow.sdk import DAG, Context
    from psycopg import Connection

    from modelops.domain.job_types import JobType
    from modelops.domain.parameters import Parameter
    from modelops.jobs.run import JobRun, Resources

T = TypeVar("T")


class JobOperator(BaseOperator):
    """A task that is a job.

    A subclass is a docstring, a `job_type`, a `request` and a `use_case`. The parameters of the request are its
    arguments, attributes and template fields. The use case commits its work and the job's completion in one
    transaction. A retry of a completed job returns the recorded result. A BadInput fails the task at once; after an
    error of the platform, Airflow retries the task, up to its `retries`.

    Args:
        ledger_conn_id: Airflow connection of the login modelops_jobs.
        rows_conn_id: Airflow connection of the login that runs users' SQL.
        features_conn_id: Airflow connection of the login that adds the rows of feature tasks.
    """

    job_type: ClassVar[JobType]
    request: ClassVar[type]
    """The class of the job's request, from `modelops.domain.requests`."""
    use_case: ClassVar[str]
    """The function that does the work, `module:function`. Imported at run time; takes the request and the JobRun."""
    reuse_key: ClassVar[tuple[str, ...]] = ()
    """Parameters that a recorded result must match to be reused even after a clear; none: the job runs again."""
    extra_template_fields: ClassVar[tuple[str, ...]] = ()
    """Template fields that aren't parameters of the request."""

    arguments: ClassVar[Mapping[str, Any]] = {}
    """Default values for arguments of Airflow's BaseOperator."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "request" in vars(cls):
            parameters = list(parameters_of(cls.request))
            cls.template_fields = (*(each.name for each in parameters), *cls.extra_template_fields)
            cls.template_fields_renderers = {each.name: each.renderer for each in parameters if each.renderer}
            cls.__doc__ = f"{cls.__doc__ or ''}\n\n    Args:\n" + "\n".join(
                f"        {each.name}: {each.title}. {each.description}" for each in parameters
            )
            cls.__init__ = _make_init(cls, parameters)  # type: ignore[method-assign]

    def __init__(
        self,
        *,
        ledger_conn_id: str = "modelops",
        rows_conn_id: str = "modelops_sql",
        features_conn_id: str = "modelops_features",
        **kwargs: Any,
    ) -> None:
        values = {each.name: kwargs.pop(each.name, each.default) for each in parameters_of(self.request)}
        super().__init__(multiple_outputs=True, **kwargs)
        self.ledger_conn_id = ledger_conn_id
        self.rows_conn_id = rows_conn_id
        self.features_conn_id = features_conn_id
        self.from_tasks = {name for name, value in values.items() if isinstance(value, XComArg)}
        for name, value in values.items():
            setattr(self, name, value)

    @abstractmethod
    def initial_subject(self) -> str:
        """The job's subject in words, until the version or deployment is known."""

    def parameters(self) -> dict[str, Any]:
        """The parameters of the request, as the ledger stores them."""
        values = {each.name: getattr(self, each.name) for each in parameters_of(self.request)}
        return {name: dict(value) if isinstance(value, Mapping) else value for name, value in values.items()}

    def reusable_if(self) -> dict[str, Any] | None:
        """Fields that a recorded result must have to be reused even after a clear; None: the job runs again."""
        parameters = self.parameters()
        return {name: parameters[name] for name in self.reuse_key if parameters[name] is not None} or None

    def build_request(self) -> Any:
        """The request.

        Raises:
            UnknownVersion: the upstream task has not created a version.
        """
        if "version" in self.from_tasks and getattr(self, "version", None) is None:
            raise UnknownVersion(
                "the upstream task has made no version",
                where=f"the tasks upstream of {self.task_id}",
                expected="a training or an import that has completed; other DAGs take an older version of a model",
            )
        return self.request(**{each.name: each.read(getattr(self, each.name)) for each in parameters_of(self.request)})

    def perform(self, run: JobRun) -> dict[str, Any]:
        """Do the work and complete the job; returns the job's result."""
        result: dict[str, Any] = resolve_name(self.use_case)(self.build_request(), run)
        return result

    def execute(self, context: Context) -> dict[str, Any]:
        """Claim the job, perform it, and record its end."""
        return self.as_job(context, self.perform)

    def as_job(self, context: Context, work: Callable[[JobRun], T], *, resumed: bool = False) -> T | dict[str, Any]:
        """Run `work` as an attempt at the job, or return the recorded result.

        Args:
            resumed: the attempt continues after a person's answer.
        """
        from modelops.jobs.execution import execute

        def checked(run: JobRun) -> T:
            check_parameter_names(self.dag, context)
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
        """End `execute` now, with its child process, its working folder and its transaction."""
        from modelops.jobs.execution import Stopped

        if getattr(self, "_working", False):
            self._working = False
            raise Stopped("Airflow ended the task")

    def _claim(self, context: Context, *, resumed: bool) -> Claim:
        task_instance: Any = context["ti"]
        run = context["dag_run"]
        map_index = task_instance.map_index
        # A clear increases max_tries by the `retries` that the task had then; a retry doesn't.
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
            # Airflow may lose attempts before a worker starts them. After a clear, who cleared is the requester.
            asked_at=run.run_after if first <= 1 or task_instance.try_number == 1 else None,
            subject=bounds.shortened(self.initial_subject(), bounds.NAME),
            requested_by=getattr(run, "triggering_user_name", None)
            or self._challenger_author(task_instance.run_id)
            or self.owner,
            parameters=self.parameters(),
            reusable_if=self.reusable_if(),
            resumed=resumed,
        )

    def _challenger_author(self, run_id: str) -> str | None:
        """The author of the alert rule that started a DAG run, for which Airflow records no person."""
        if not run_id.startswith(CHALLENGER_RUN_PREFIX):
            return None
        from modelops.registry.write import alerts

        with self._ledger() as connection:
            return alerts.author_of_challenger(connection, run_id)

    def _ledger(self) -> Connection[Any]:
        import psycopg

        from modelops.registry.translation import translated

        with translated():
            return psycopg.connect(url_of(self.ledger_conn_id), autocommit=True, application_name="modelops job")

    def _resources(self) -> Resources:
        from airflow.sdk import ObjectStoragePath

        from modelops.airflow.timetables import plan
        from modelops.data.artifacts import ArtifactStore
        from modelops.jobs.run import Resources
        from modelops.settings import Settings

        settings = Settings.from_environment()
        return Resources(
            connect=self._ledger,
            ledger_url=url_of(self.ledger_conn_id),
            rows_url=url_of(self.rows_conn_id),
            features_url=url_of(self.features_conn_id),
            store=ArtifactStore(ObjectStoragePath(settings.installation.artifacts)),
            settings=settings,
            plan=plan,
            open_remote=_open_remote,
        )


def _open_remote(address: str) -> IO[bytes]:
    """Open a file of an object store, with the Airflow connection that the address names or that is the default."""
    from airflow.sdk import ObjectStoragePath

    path: Any = ObjectStoragePath(address)
    opened: IO[bytes] = path.open("rb")
    return opened


def check_parameter_names(dag: DAG, context: Context) -> None:
    """Reject parameters that the DAG doesn't have. Airflow accepts them, and a default would be used silently.

    Raises:
        UnknownParameter: there is one.
    """
    if "modelops" not in dag.tags:
        return  # the conf of a user's own DAG may have other parameters
    declared = list(dag.params)
    # Airflow's own names have a slash.
    unknown = [name for name in context["dag_run"].conf or {} if name not in declared and "/" not in name]
    if unknown:
        close = get_close_matches(unknown[0], declared, n=1)
        others = f"one of {', '.join(declared)}" if declared else "no parameter: this DAG has none"
        raise UnknownParameter(
            f"there is no parameter {', '.join(map(repr, unknown))}",
            where=f"the request for {dag.dag_id}",
            expected=f"perhaps {close[0]!r}" if close else others,
        )


def _make_init(cls: type[JobOperator], parameters: Sequence[Parameter]) -> Callable[..., None]:
    """A constructor with the parameters in its signature, which Airflow uses to check arguments of (mapped) tasks."""

    def __init__(self: JobOperator, **kwargs: Any) -> None:  # noqa: N807 - it becomes the constructor
        super(cls, self).__init__(**{**cls.arguments, **kwargs})

    keyword = inspect.Parameter.KEYWORD_ONLY
    named = [
        inspect.Parameter(each.name, keyword, default=inspect.Parameter.empty if each.is_required else each.default)
        for each in parameters
    ]
    of_self = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    others = inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD)
    __init__.__signature__ = inspect.Signature([of_self, *named, others])  # type: ignore[attr-defined]
    return __init__
