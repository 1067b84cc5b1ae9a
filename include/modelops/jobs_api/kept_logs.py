"""The log of an attempt from the log store, even if Airflow no longer has the record of the task.

Airflow's own route finds a log through the task instance, which `airflow db clean` and a deletion remove. The log store
keeps the log under the same name. So a task instance is made in memory, from the ledger's row, and Airflow's handler
reads the log with it. Nothing is written to Airflow's database.
"""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path as FilePath
from pathlib import PurePosixPath
from typing import Annotated, Any

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from modelops.domain.jobs import JobId
from modelops.domain.refusals import Code
from modelops.jobs_api.database import limited_connection
from modelops.jobs_api.permissions import may
from modelops.jobs_api.refusals import Refused
from modelops.jobs_api.schemas import JobNumber
from modelops.registry.read import job_list
from modelops.registry.write import jobs

log = logging.getLogger(__name__)

APPLICATION = "modelops logs"
MAX_LINES = 20_000
"""Maximum lines of a page."""
MAX_CHARACTERS = 4 * 2**20
"""Maximum characters of a page as JSON; a page has at least one line."""
LONGEST_LINE = 64 * 2**10
"""Maximum characters of a line; the rest is cut off."""
SECONDS = 10
"""Maximum seconds to read one page. A later page is found by reading the log from its beginning."""
AT_ONCE = 2
"""Maximum number of logs that are read concurrently."""
PATIENCE = 5
"""Seconds that a request waits for its turn."""
_readers = threading.BoundedSemaphore(AT_ONCE)

router = APIRouter(prefix="/api/jobs/{id}")


class KeptLog(BaseModel):
    """A page of an attempt's log."""

    content: list[dict[str, Any]] = Field(description="Lines as Airflow's own route gives them.")
    next: int | None = Field(description="The `offset` of the next page; null on the last one.")


@router.get(
    "/logs/{attempt}",
    responses={404: {"description": "The log store has no such log, or you may not see it."}},
)
def show_kept_log(
    user: GetUserDep,
    id: JobNumber,  # noqa: A002 - the name in the API
    attempt: Annotated[int, Path(ge=1, le=2**31 - 1, description="Airflow's try number.")],
    offset: Annotated[int, Query(ge=0, le=2**31 - 1, description="Lines to skip: `next` of the page before.")] = 0,
) -> KeptLog:
    """The log of an attempt from the log store, whether or not Airflow still has the record of the task."""
    with limited_connection(APPLICATION) as connection:
        row = job_list.find(connection, JobId(id))
        if row is None or not may(user, row["dag_id"], "GET", DagAccessEntity.TASK_LOGS):
            raise Refused(404, Code.UNKNOWN_JOB, f"there is no job {id}, or you may not see its logs", job=id)
        known = {event["attempt"] for event in jobs.events(connection, JobId(id))}
    if attempt not in known:
        raise Refused(404, Code.UNKNOWN_ATTEMPT, f"job {id} has no attempt {attempt}", job=id, attempt=attempt)
    with _reading():
        entries = _opened(row, attempt)
        if entries is None:
            detail = f"the log store has no log of attempt {attempt} of job {id}"
            raise Refused(404, Code.NO_LOG, detail, job=id, attempt=attempt)
        return _page(entries, offset)


@contextmanager
def _reading() -> Iterator[None]:
    """Wait for a turn to read a log.

    Raises:
        Refused: 503, too many logs are being read.
    """
    if not _readers.acquire(timeout=PATIENCE):
        raise Refused(503, Code.TOO_MANY_LOGS, "Too many logs are being read at once; try again in a moment.")
    try:
        yield
    finally:
        _readers.release()


def _opened(row: Mapping[str, Any], attempt: int) -> Iterator[Any] | None:
    """The entries of the log, read lazily; None if the log store has no such log.

    Airflow keeps each template of file names that it has ever used. The template of a removed run is not known, so the
    newest one that leads to a log is used.

    Raises:
        Refused: 503, the log store or Airflow's database can't be read.
    """
    from airflow.models.tasklog import LogTemplate
    from airflow.utils.log.file_task_handler import FileTaskHandler, _interleave_logs
    from airflow.utils.log.log_reader import TaskLogReader
    from airflow.utils.session import create_session
    from sqlalchemy import select

    handler = TaskLogReader().log_handler
    if not isinstance(handler, FileTaskHandler) or not _are_path_components(row["dag_id"], row["task_id"]):
        return None
    try:
        with create_session() as session:
            templates = list(session.scalars(select(LogTemplate.id).order_by(LogTemplate.id.desc())))
        for template in templates:
            if streams := _streams(handler, _task_instance(row, attempt, template), attempt):
                return _interleave_logs(*streams)
    except Exception as error:
        log.warning("the log of attempt %s of job %s can't be read: %r", attempt, row["id"], error)
        detail = "The log store can't be read; try again in a moment."
        raise Refused(503, Code.LOG_STORE_AWAY, detail) from error
    return None


def _are_path_components(*ids: str) -> bool:
    """Whether each id is a single path component: Airflow puts ids into the path of a log unquoted.

    A run id may contain slashes if `allowed_run_id_pattern` allows them.
    """
    return not any("/" in one or one in {".", ".."} for one in ids)


def _streams(handler: Any, task_instance: Any, attempt: int) -> list[Any]:
    """The lines of each file of the log: of the remote store where there is one and it has the log, else local."""
    from airflow.utils.log.file_task_handler import _get_compatible_log_stream

    path = PurePosixPath(handler._render_filename(task_instance, attempt))
    if path.is_absolute() or ".." in path.parts:
        return []
    try:
        _, remote = handler._read_remote_logs(task_instance, attempt)
    except NotImplementedError:  # there is no remote store
        remote = []
    if remote:
        return [_get_compatible_log_stream(remote)] if isinstance(remote[0], str) else list(remote)
    _, local = handler._read_from_local(FilePath(handler.local_base, path))
    return list(local)


def _task_instance(row: Mapping[str, Any], attempt: int, template: int) -> Any:
    """A finished task instance with its run, as the handler needs them; they are in no session."""
    from airflow.models import DagRun, TaskInstance

    key = {name: row[name] for name in ("dag_id", "run_id")}
    run = _in_memory(DagRun, **key, log_template_id=template, run_after=row["created_at"])
    task = {name: row[name] for name in ("task_id", "map_index")}
    return _in_memory(TaskInstance, **key, **task, try_number=attempt, state="success", hostname="", dag_run=run)


def _in_memory(model: type[Any], **values: Any) -> Any:
    """An instance of one of Airflow's models that is not in its database, made without its validation."""
    from sqlalchemy.orm import class_mapper
    from sqlalchemy.orm.attributes import set_committed_value

    made = class_mapper(model).class_manager.new_instance()
    for name, value in values.items():
        set_committed_value(made, name, value)
    return made


def _page(entries: Iterator[Any], offset: int) -> KeptLog:
    """A page of the log.

    Raises:
        Refused: 503, there are too many lines before it.
    """
    until = time.monotonic() + SECONDS
    content: list[dict[str, Any]] = []
    left = MAX_CHARACTERS
    for number, entry in enumerate(entries):
        late = time.monotonic() > until
        if number < offset:
            if late:
                detail = f"line {offset} of the log can't be reached within {SECONDS} seconds"
                raise Refused(503, Code.LOG_TOO_LONG, detail, line=offset, seconds=SECONDS)
            continue
        if len(content) == MAX_LINES or (content and (late or left <= 0)):
            return KeptLog(content=content, next=number)
        line, size = _line(entry)
        content.append(line)
        left -= size
    return KeptLog(content=content, next=None)


def _line(entry: Any) -> tuple[dict[str, Any], int]:
    """An entry as Airflow gives it, cut off if it is too long, and its length."""
    size = len(entry.model_dump_json())
    if size <= LONGEST_LINE:
        return entry.model_dump(mode="json"), size
    level = (entry.model_extra or {}).get("level")
    short = {"timestamp": entry.model_dump(mode="json")["timestamp"], "event": f"{entry.event[:LONGEST_LINE]}…"}
    return short | ({"level": level} if isinstance(level, str) else {}), LONGEST_LINE
