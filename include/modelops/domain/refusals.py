"""Reasons for refusals: a text in English, and a stable code with values from which other languages are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Value = str | int


class Code(StrEnum):
    """The code of a refusal. The docstring of each member names its values."""

    OWN_REQUEST = "own_request"
    """Requesters don't decide: `person`, `work` (training or import), `subject`."""
    REQUESTER_UNKNOWN = "requester_unknown"
    """Nobody can decide yet: `subject`, `work`, `attempts`."""
    NOT_AN_APPROVER = "not_an_approver"
    """The policy names others: `person`, `subject`, `approvers`."""
    COMMENT_MISSING = "comment_missing"
    COMMENT_TOO_LONG = "comment_too_long"
    """`length`, `most`."""
    UNSTORABLE = "unstorable"
    ANSWER_OUT_OF_BOUNDS = "answer_out_of_bounds"
    """`wrong`: which bound, in English."""
    OTHER_CARD = "other_card"
    EVIDENCE_CHANGED = "evidence_changed"
    NO_DECISION_AWAITED = "no_decision_awaited"
    """The version's status lets nobody decide."""
    DECIDED_ALREADY = "decided_already"
    """`person`, `subject`."""
    APPROVAL_ENDED = "approval_ended"
    """`status`."""
    TOO_EARLY = "too_early"
    APPROVAL_UNKNOWN = "approval_unknown"
    UNDECIDED_AWAY = "undecided_away"
    UNDECIDED_BUSY = "undecided_busy"
    LEDGER_AWAY = "ledger_away"
    UNKNOWN_JOB = "unknown_job"
    """`job`."""
    UNKNOWN_ATTEMPT = "unknown_attempt"
    """`job`, `attempt`."""
    UNKNOWN_DEPLOYMENT = "unknown_deployment"
    """`deployment`."""
    UNKNOWN_MODEL = "unknown_model"
    """`model`: or a feature task."""
    UNKNOWN_VERSION = "unknown_version"
    """`model`, `version`."""
    NOT_IN_PRODUCTION = "not_in_production"
    """`model`, `target`."""
    UNKNOWN_FILE = "unknown_file"
    """`job`, `sha256`."""
    UNKNOWN_EVALUATION = "unknown_evaluation"
    """`job`, `sha256`: the digest."""
    UNKNOWN_PAGE = "unknown_page"
    """`after`."""
    UNKNOWN_ZONE = "unknown_zone"
    """`zone`."""
    NO_LOG = "no_log"
    """`job`, `attempt`."""
    LOG_STORE_AWAY = "log_store_away"
    LOG_TOO_LONG = "log_too_long"
    """`line`, `seconds`."""
    TOO_MANY_LOGS = "too_many_logs"
    TOO_MANY_FILES = "too_many_files"
    TOO_MANY_PERIODS = "too_many_periods"
    """`most`."""
    EMPTY_PERIOD = "empty_period"
    NOTHING_CHECKED = "nothing_checked"
    """`job`."""
    NOTHING_PUBLISHED = "nothing_published"
    """`job`."""
    PREDICTIONS_UNREADABLE = "predictions_unreadable"
    """`target`, `reason` in English."""
    ARTIFACT_CHANGED = "artifact_changed"
    """`name`."""
    NOT_ALLOWED = "not_allowed"
    """Airflow's permissions: `dag`."""
    AUDIT_LOG_HIDDEN = "audit_log_hidden"
    OTHER_SITE = "other_site"
    NOT_JSON = "not_json"
    NOT_NOW = "not_now"
    """`job`, `status`, `action`."""
    DEPLOYMENT_ENDED = "deployment_ended"
    """`deployment`, `ending` (replaced or retired)."""
    NO_TRAINING = "no_training"
    NO_VERSION = "no_version"
    NOT_DEPLOYABLE = "not_deployable"
    """`subject`, `version_status`."""
    NO_DAG = "no_dag"
    NO_DAG_YET = "no_dag_yet"
    RECORD_GONE = "record_gone"
    AIRFLOW_FAILED = "airflow_failed"
    """`status` of Airflow's answer."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A reason with its text and values."""

    code: Code
    detail: str
    values: Mapping[str, Value] = field(default_factory=dict)
