"""Translates errors of the database driver into errors of the domain."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from modelops.domain import bounds
from modelops.domain.decisions import REQUESTER_LATER
from modelops.domain.errors import (
    AlertError,
    BadInput,
    Busy,
    DecisionRefused,
    EvidenceChanged,
    FenceLost,
    IllegalTransition,
    IntervalError,
    ModelOpsError,
    NotApproved,
    PartsError,
    ScheduleError,
    TargetError,
    Unavailable,
    UnknownDeployment,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import psycopg


CONNECTION_LOST = ("08", "57P")
"""Prefixes of the SQLSTATEs of a lost connection and of a server that shuts down."""
TIMED_OUT = ("55P03", "57014")
"""The SQLSTATEs of a lock timeout and of a statement timeout."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise errors of the driver as errors of the domain.

    Raises:
        Unavailable: there is no connection, or it was lost; Busy: a timeout.
        FenceLost or a BadInput: the error of the named constraint.
        ModelOpsError: any other error, with the message of the database.
    """
    import psycopg
    import sqlalchemy.exc

    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError, sqlalchemy.exc.OperationalError) as error:
        kind = Busy if getattr(error, "sqlstate", None) in TIMED_OUT else Unavailable
        raise kind(f"{_unavailable_message(error)}: {str(error).strip()}") from error
    except psycopg.IntegrityError as error:
        raise _refused(error) from error
    except psycopg.Error as error:
        raise ModelOpsError(f"the data database refused a statement: {str(error).strip()}") from error


def _unavailable_message(error: Exception) -> str:
    """The message: a server that reports an error, such as a deadlock or a full disk, was reached."""
    state = str(getattr(error, "sqlstate", None) or CONNECTION_LOST[0])
    return (
        "the data database can't be reached"
        if state.startswith(CONNECTION_LOST)
        else "the data database can't do this at the moment"
    )


_ANOTHER_REVIEWER = (DecisionRefused, "the answer", "the answer of another reviewer")
_DECIDED = (IllegalTransition, "the version's status", "a version that awaits a decision")
_MEANINGS: Mapping[str, tuple[type[BadInput], str, str]] = {
    "version_transition": (
        IllegalTransition,
        "the version's status",
        "a step that `modelops.transition` lists",
    ),
    "version_pinned_once": (IllegalTransition, "the version's hashes", "a new version"),
    "version_decided": (NotApproved, "modelops.decision", "a reviewer's decision"),
    "version_statistics": (
        IllegalTransition,
        "the version's statistics",
        "its statistics first: the DAG model_statistics computes them",
    ),
    "decision_four_eyes": _ANOTHER_REVIEWER,
    "decision_requesters_known": (DecisionRefused, "the requesters of the version", REQUESTER_LATER),
    "decision_by_policy": _ANOTHER_REVIEWER,
    "decision_once_per_person": _ANOTHER_REVIEWER,
    "decision_rejected_with_reason": (DecisionRefused, "the comment", "why this version may not be deployed"),
    "decision_on_this_evidence": (EvidenceChanged, "the evidence", "an answer for the present evidence"),
    "decision_comment_length": (DecisionRefused, "the comment", f"at most {bounds.COMMENT:,} characters"),
    "decision_of_evaluated": _DECIDED,
    "approval_request_of_evaluated": _DECIDED,
    "json_bounds": (bounds.OutOfBounds, "the registry", bounds.EXPECTED),
    "deployment_approved": (
        NotApproved,
        "modelops.decision",
        "an approval by a reviewer, of exactly these artifacts",
    ),
    "deployment_target_of_one_model": (TargetError, "the parameter target", "a target of this model's own"),
    "batch_run_deployment_active": (
        UnknownDeployment,
        "the parameter deployment",
        "a deployment that is active",
    ),
    "schedule_deployment_active": (
        UnknownDeployment,
        "the parameter deployment",
        "a deployment that is active",
    ),
    "alert_rule_deployment_active": (
        UnknownDeployment,
        "the parameter deployment",
        "a deployment that is active",
    ),
    "alert_rule_count": (
        AlertError,
        "the parameter deployment",
        "at most 50 rules: end one first (DAG alert_rule_end)",
    ),
    "alert_rule_ends_once": (AlertError, "the parameter rule", "a rule that has not ended"),
    "alert_snooze_until": (AlertError, "the parameter until", "a time within the next 366 days"),
    "schedule_time_zone": (ScheduleError, "the parameter time_zone", "a name that PostgreSQL's pg_timezone_names has"),
    "deployment_parts": (PartsError, "the parameter parts", "from 1 (no splitting) to 64"),
    "batch_run_part_of_deployment": (PartsError, "the parameter part", "the number of a partition of the batch"),
    "batch_run_all_parts": (
        PartsError,
        "the partitions of the batch",
        "all of its partitions, with the sum of their rows",
    ),
    "batch_run_part_stays": (
        PartsError,
        "the partitions of the batch",
        "clear all of its partitions, so that the batch runs again",
    ),
    "batch_run_overlap": (
        IntervalError,
        "the parameters interval_start and interval_end",
        "the interval of a published run, one that contains it, or one that does not overlap with it",
    ),
}
"""A named constraint → the error, its `where` and its `expected`. The message comes from the database."""


def _refused(error: psycopg.IntegrityError) -> ModelOpsError:
    message = error.diag.message_primary or str(error)
    match error.diag.constraint_name:
        case "job_status_guard":
            return FenceLost(message)
        case "deployment_champion":
            return FenceLost(f"another deployment has taken the target over at the same time: {message}")
        case "version_of_file":
            return Busy(f"another job has imported the same file at the same time: {message}")
        case str(name) if name in _MEANINGS:
            meaning, where, expected = _MEANINGS[name]
            return meaning(message, where=where, expected=expected)
        case name:
            return ModelOpsError(f"the registry refused a row ({name}): {message}")
