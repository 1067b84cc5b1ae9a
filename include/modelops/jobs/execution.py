"""How an attempt begins and ends: claim the job, perform the work, and record the end.

Airflow's operators and the fault campaign both run jobs through `execute`. If an attempt ends without an exception
(SIGKILL, a lost machine), the observer or the next attempt records its end.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from modelops.domain import bounds
from modelops.domain.errors import BadInput, FenceLost, ModelOpsError, Unavailable
from modelops.domain.resources import Meter
from modelops.jobs.run import JobRun
from modelops.loaded_code import LOADED
from modelops.registry.schema import check_schema
from modelops.registry.write import jobs

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    from modelops.domain.jobs import Attempt, Claim
    from modelops.domain.resources import Usage
    from modelops.jobs.run import Log, Resources

T = TypeVar("T")


class Stopped(BaseException):
    """Airflow ended the task: a person stopped it, or its worker is shutting down."""


def execute(
    claim: Claim,
    work: Callable[[JobRun], T],
    *,
    connect: Callable[[], Connection[Any]],
    resources: Callable[[], Resources],
    log: Log,
) -> T | dict[str, Any]:
    """Claim the job, perform `work`, and return its result; if the job had completed, return the recorded result.

    `work` commits its effects and the job's completion in one transaction. If it raises, the attempt's end is recorded:
    the job is failed after BadInput and after the last try, and waits for a retry otherwise. A stopped attempt and one
    that a newer attempt has replaced write nothing.

    Args:
        connect: opens a connection to the ledger (login modelops_jobs, autocommit).
        resources: creates the resources; called after the claim, so that its failure is recorded too.

    Raises:
        FenceLost: a newer attempt has the job.
        Unavailable: the ledger can't be reached, or has the schema of another release; the product's code has changed
            since this process was started.
    """
    with connect() as ledger:
        check_schema(ledger)
        attempt = jobs.claim(ledger, claim)
        if attempt.recorded_result is not None:
            log("This job had completed already; its recorded result is returned.")
            return dict(attempt.recorded_result)
        meter = Meter()
        try:
            _check_code()
            return work(JobRun(attempt=attempt, ledger=ledger, resources=resources(), log=log, meter=meter))
        except (FenceLost, Stopped, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # Airflow's timeout isn't an Exception
            again = not isinstance(error, BadInput) and claim.may_retry
            if meter.total is not None:
                log(f"The code of this attempt has used {meter.total}.")
            _give_up(attempt, ledger, connect, error, again=again, usage=meter.total)
            raise


def _check_code() -> None:
    """Refuse to run old and new code together, as after a `git pull` under a running installation.

    Raises:
        Unavailable: the code on this machine is not what this process has loaded.
    """
    if not LOADED.matches_disk():
        raise Unavailable(
            "the product's code on this machine has changed since this process was started: restart it, with"
            " `./modelops down` and `./modelops up`"
        )


def _give_up(
    attempt: Attempt,
    ledger: Connection[Any],
    connect: Callable[[], Connection[Any]],
    error: BaseException,
    *,
    again: bool,
    usage: Usage | None,
) -> None:
    """Record the end of an attempt, through a new connection if the old one is broken.

    A failure to record it must not hide the error itself: the observer records what Airflow knows later.
    """
    reason = bounds.shortened(str(error) or repr(error))
    with suppress(ModelOpsError):
        try:
            jobs.give_up(ledger, attempt, error=reason, again=again, usage=usage)
        except Unavailable:
            with connect() as another:
                jobs.give_up(another, attempt, error=reason, again=again, usage=usage)
