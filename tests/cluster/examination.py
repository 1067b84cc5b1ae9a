"""Looks at what is left of a life cycle and its batches: in the ledger, in the registry, and what readers see."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.rows import dict_row

from cluster.lane import LIFE, OVER, TASKS_OF_LIFE, whole
from cluster.models import PARTS

if TYPE_CHECKING:
    from psycopg import Connection

    from cluster.lane import Lane

TASKS_OF_BATCH = (*[("predict", part) for part in range(PARTS)], ("publish", -1), ("check_drift", -1))
FINAL = {"completed", "failed", "cancelled", "skipped"}
JOBS = """
SELECT id, dag_id, run_id, task_id, map_index, status::text, attempt, error, max_tries,
       (SELECT count(*) FROM modelops.job_event AS e WHERE e.job_id = job.id AND event = 'completed') AS completions,
       (SELECT array_agg(DISTINCT attempt) FROM modelops.job_event AS e
        WHERE e.job_id = job.id AND event IN ('retrying', 'lost', 'failed', 'completed')) AS told,
       (SELECT array_agg(DISTINCT attempt) FROM modelops.job_event AS e
        WHERE e.job_id = job.id AND event = 'running') AS begun
FROM modelops.job WHERE (dag_id, run_id) IN (SELECT * FROM unnest(%s::text[], %s::text[])) ORDER BY id
"""
EVENTS = """
SELECT to_char(at, 'HH24:MI:SS.MS') AS at, job_id, task_id, map_index, e.attempt, event, actor, detail
FROM modelops.job_event AS e JOIN modelops.job ON job.id = e.job_id
WHERE (dag_id, run_id) IN (SELECT * FROM unnest(%s::text[], %s::text[])) ORDER BY e.at, e.id
"""
VERSIONS = "SELECT number, status::text FROM modelops.version WHERE name = %s AND job_id = %s"
DECISIONS = """
SELECT approver, verdict::text FROM modelops.decision JOIN modelops.version ON version.id = decision.version_id
WHERE version.job_id = %s
"""
DEPLOYMENTS = "SELECT count(*) FROM modelops.deployment WHERE target = %s"
VISIBLE = """
SELECT count(*) FROM modelops.batch_run
WHERE target = %s AND published_at IS NOT NULL AND superseded_at IS NULL AND part IS NULL
"""
SEEN = "SELECT count(DISTINCT job_id), count(*), count(DISTINCT id) FROM {}"


@dataclass(kw_only=True)
class Examined:
    """What was found: how jobs ended, how often they were tried, reasons of failures, and what must never be."""

    ends: Counter[str] = field(default_factory=Counter)
    tries: Counter[int] = field(default_factory=Counter)
    reasons: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)


def seen_by_readers(lane: Lane, connection: Connection[Any]) -> tuple[int, int, int] | None:
    """The jobs, rows and different keys in the lane's view; None as long as nothing is in it."""
    if connection.execute("SELECT to_regclass(%s)", (f"predictions.{lane.target}",)).fetchone() == (None,):
        return None
    row = connection.execute(sql.SQL(SEEN).format(sql.Identifier("predictions", lane.target))).fetchone()
    return None if row in {None, (0, 0, 0)} else row


def examine(lane: Lane) -> Examined:
    """Judge the lane's present life, whose last run is over."""
    found = Examined()
    with lane.running.connect() as connection:
        what = "the ledger has the end of every job"
        lane.eventually(what, lambda: _are_final(_jobs(lane, connection)), may_fail=True)
        jobs = _jobs(lane, connection)
        _judge_jobs(jobs, found)
        _judge_completeness(lane, jobs, found)
        _judge_registry(lane, jobs, connection, found)
        if found.violations:
            found.violations.append(_story(lane, connection))
    for which in range(len(lane.runs)):
        states = {key: task["state"] for key, task in lane.states(which).items()}
        left = {key: state for key, state in states.items() if state not in OVER | {"skipped", "upstream_failed"}}
        if left:
            found.violations.append(f"in Airflow something of {lane.runs[which]} is left: {left}")
    return found


def _jobs(lane: Lane, connection: Connection[Any]) -> list[dict[str, Any]]:
    dags, runs = (list(names) for names in zip(*lane.runs, strict=True))
    return connection.cursor(row_factory=dict_row).execute(JOBS, (dags, runs)).fetchall()


def _are_final(jobs: list[dict[str, Any]]) -> bool:
    return bool(jobs) and all(job["status"] in FINAL for job in jobs)


def _judge_jobs(jobs: list[dict[str, Any]], found: Examined) -> None:
    for job in jobs:
        name = f"job {job['id']} ({job['task_id']} {job['map_index']} of {job['run_id']})"
        found.ends[job["status"]] += 1
        found.tries[job["attempt"]] += 1
        if job["completions"] != (1 if job["status"] == "completed" else 0):
            found.violations.append(f"{name} is {job['status']} and was completed {job['completions']} times")
        if job["status"] == "failed":
            found.reasons.append(f"{job['task_id']}, attempt {job['attempt']}: {job['error']}")
            if job["attempt"] <= (job["max_tries"] or 0):
                found.violations.append(f"{name} failed in attempt {job['attempt']}: {job['error']}")
        if job["status"] == "cancelled":
            found.violations.append(f"{name} is cancelled, and nobody stopped it: {job['error']}")
        # Of an attempt that ended before a worker began it Airflow keeps no record.
        untold = set(job["begun"] or ()) - {job["attempt"]} - set(job["told"] or ())
        if untold:
            found.violations.append(f"{name}: the ledger doesn't tell what became of the attempts {untold}")


def _judge_completeness(lane: Lane, jobs: list[dict[str, Any]], found: Examined) -> None:
    """Each task has one job."""
    wanted = Counter((lane.runs[0][1], task, -1) for task in TASKS_OF_LIFE)
    for _, run in lane.runs[1:]:
        wanted.update((run, task, index) for task, index in TASKS_OF_BATCH)
    known = Counter((job["run_id"], job["task_id"], job["map_index"]) for job in jobs)
    if known != wanted:
        found.violations.append(f"jobs beside those wanted: {known - wanted}; missing: {wanted - known}")


def _judge_registry(lane: Lane, jobs: list[dict[str, Any]], connection: Connection[Any], found: Examined) -> None:
    done = {(job["run_id"], job["task_id"], job["map_index"]) for job in jobs if job["status"] == "completed"}
    life = lane.runs[0][1]
    training = next(job["id"] for job in jobs if (job["dag_id"], job["task_id"]) == (LIFE, "train"))

    def expect(what: str, query: str, arguments: tuple[Any, ...], right: list[tuple[Any, ...]]) -> None:
        answer = connection.execute(query.encode(), arguments).fetchall()
        if answer != right:
            found.violations.append(f"{what}: {answer}, not {right}")

    versions = connection.execute(VERSIONS, (lane.model, training)).fetchall()
    if len(versions) > 1 or (not versions and (life, "train", -1) in done):
        found.violations.append(f"the training made {len(versions)} versions: {versions}")
    decided = [("reviewer", "approved")] if (life, "approve", -1) in done else []
    expect("decisions", DECISIONS, (training,), decided)
    target = f"predictions.{lane.target}"
    expect("deployments", DEPLOYMENTS, (target,), [(int((life, "deploy", -1) in done),)])
    published = [run for _, run in lane.runs[1:] if (run, "publish", -1) in done]
    expect("visible runs", VISIBLE, (target,), [(1 if published else 0,)])
    seen = seen_by_readers(lane, connection)
    if seen != (whole() if published else None):
        found.violations.append(f"readers see {seen} (jobs, rows, keys) after {len(published)} published batches")


def _story(lane: Lane, connection: Connection[Any]) -> str:
    dags, runs = (list(names) for names in zip(*lane.runs, strict=True))
    lines = [" ".join(map(str, row)) for row in connection.execute(EVENTS, (dags, runs)).fetchall()]
    return "\n".join(["what the ledger tells:", *lines])
