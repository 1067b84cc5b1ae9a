"""One life cycle after the other of one model, each with batches in partitions, while the cluster is disturbed."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import httpx

from cluster.models import GATE, HERE, PARTS, ROWS
from modelops.polling import poll

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cluster.running import Running

OVER = {"success", "failed"}
ANSWER = {"chosen_options": ["Approve"], "params_input": {"comment": "as it should be"}}
HUNG_AFTER = 1500
"""Seconds after which what is waited for hangs: longer than Airflow needs for a task that was lost on its way twice."""
LOOK_EVERY = 1.0
"""Seconds: the api-server has other work than these requests."""
LIFE = "model_lifecycle"
TASKS_OF_LIFE = ("train", "evaluate", "approve", "deploy")
WAITERS = """
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objid = %s AND NOT granted
"""


class Phase(StrEnum):
    """What a lane is in the middle of."""

    IDLE = "idle"
    TRAINING = "training"
    """From the request to the approval: training and evaluation."""
    APPROVAL = "approval"
    """From the question to the deployment: before the answer, and after it."""
    BATCH = "batch"


class Hung(AssertionError):
    """What was waited for didn't come."""


class Ended(Exception):
    """A job failed, with a reason, so what follows it never comes."""


@dataclass(kw_only=True)
class Lane:
    """`phase` and `since` may be read by other threads: what it is in the middle of, and since when (monotonic)."""

    running: Running
    number: int
    repository: str = HERE
    phase: Phase = Phase.IDLE
    since: float = 0.0
    entered: int = 0
    """How many phases were entered: each is told from the next of its kind by this."""
    begun: int = field(default_factory=lambda: int(time.time()))
    """In the names of its runs and tables: the cluster may have seen other lanes."""
    lives: int = 0
    runs: list[tuple[str, str]] = field(default_factory=list)
    """DAG and id of each run of this life, in order."""

    @property
    def model(self) -> str:
        return f"{self.repository}/lane{self.number}"

    @property
    def target(self) -> str:
        """A table of its own for each life."""
        return self.name.replace("-", "_")

    @property
    def name(self) -> str:
        """Of this life."""
        return f"lane{self.number}-{self.begun}-{self.lives}"

    def begin(self) -> None:
        """Ask for a life cycle."""
        self.lives += 1
        self.runs = []
        self._enter(Phase.TRAINING)
        terms = {"model": self.model, "target": self.target, "parts": PARTS}
        self.start(LIFE, f"{self.name}-life", **terms)

    def await_question(self) -> None:
        """Wait until the reviewers are asked."""
        self.eventually("the approval waits", lambda: self.states()["approve", -1]["state"] == "awaiting_input")
        self._enter(Phase.APPROVAL)

    def approve(self) -> None:
        """Answer until the answer is on record: whoever gets no reply to their click clicks again."""
        question = f"{self.address()}/taskInstances/approve/-1/hitlDetails"

        def is_decided() -> bool:
            with self.running.connect() as connection:
                query = """
                    SELECT count(*) FROM modelops.decision JOIN modelops.job ON job.id = decision.job_id
                    WHERE dag_id = %s AND run_id = %s
                """
                return connection.execute(query, self.runs[0]).fetchone() == (1,)

        def answered() -> bool:
            return is_decided() or self.running.call("PATCH", question, "reviewer", json=ANSWER).is_success

        self.eventually("the answer is taken", answered)

    def await_deployment(self) -> int:
        """Wait for the deployment, and for its DAG; its number."""
        self.eventually("it is deployed", lambda: self.states()["deploy", -1]["state"] == "success")

        def number() -> int | None:
            result = self.running.get(f"{self.address()}/taskInstances/deploy/xcomEntries/return_value")["value"]
            return int(result["deployment"])

        deployment: int = self.eventually("the deployment has a number", number, may_fail=True)
        dag = f"dags/deployment_{deployment}"
        self.eventually("it has its DAG", lambda: self.running.call("GET", dag).is_success, may_fail=True)
        self._enter(Phase.IDLE)
        return deployment

    def batch(self, deployment: int) -> None:
        """Ask for a batch."""
        self._enter(Phase.BATCH)
        self.start(f"deployment_{deployment}", f"{self.name}-batch-{len(self.runs)}")

    def await_end(self) -> str:
        """Wait for the end of the run that was asked for last; its state."""
        self.eventually("the run ends", lambda: self.running.get(self.address(-1))["state"] in OVER, may_fail=True)
        self._enter(Phase.IDLE)
        return str(self.running.get(self.address(-1))["state"])

    def start(self, dag: str, run: str, **conf: Any) -> None:
        """Ask for a run until it is there."""
        self.runs.append((dag, run))
        body = {"logical_date": None, "dag_run_id": run, "conf": conf}

        def is_there() -> bool:
            answer = self.running.call("POST", f"dags/{dag}/dagRuns", json=body)
            # The connection may have broken after the first request was granted.
            return answer.is_success or answer.status_code == httpx.codes.CONFLICT

        self.eventually("the run is asked for", is_there)

    def address(self, which: int = 0) -> str:
        dag, run = self.runs[which]
        return f"dags/{dag}/dagRuns/{run}"

    def states(self, which: int = 0) -> dict[tuple[str, int], dict[str, Any]]:
        """The tasks of a run, by name and map index."""
        found = self.running.get(f"{self.address(which)}/taskInstances")["task_instances"]
        return {(task["task_id"], task["map_index"]): task for task in found}

    def eventually(self, what: str, look: Callable[[], Any], *, may_fail: bool = False) -> Any:
        """The first true answer; what can't be reached counts as "not yet".

        Raises:
            Ended: the run is over, so that it never comes; unless it `may_fail`.
            Hung: it didn't come.
        """
        last: object = None
        for _ in poll(every=LOOK_EVERY, within=HUNG_AFTER):
            try:
                if answer := look():
                    return answer
                if not may_fail and len(self.runs) == 1 and self.running.get(self.address())["state"] in OVER:
                    if answer := look():
                        return answer
                    raise Ended(f"{self.address()} is over before {what}")
            except httpx.TransportError as error:
                last = error
            except httpx.HTTPStatusError as error:
                if error.response.status_code != httpx.codes.NOT_FOUND and not error.response.is_server_error:
                    raise
                last = error
        raise Hung(f"lane {self.number}: after {HUNG_AFTER} s it isn't true that {what} ({last!r})")

    def _enter(self, phase: Phase) -> None:
        self.since = time.monotonic()
        self.phase = phase
        self.entered += 1

    @contextmanager
    def gate(self) -> Iterator[Gate]:
        """Its queries wait, until the gate is opened or the block ends."""
        with self.running.connect() as connection:
            connection.execute("SELECT pg_advisory_lock(%s, %s)", (GATE, self.number))
            yield Gate(connection=connection, lane=self)


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Where the queries of a lane wait."""

    connection: Any
    lane: Lane

    def await_queries(self, number: int = 1) -> None:
        """Wait until so many stand here."""
        self.lane.eventually(
            f"{number} queries wait at the gate",
            lambda: self.connection.execute(WAITERS, (GATE, self.lane.number)).fetchone()[0] >= number,
        )

    def open(self) -> None:
        self.connection.execute("SELECT pg_advisory_unlock(%s, %s)", (GATE, self.lane.number))


def whole() -> tuple[int, int, int]:
    """What a reader sees of a batch: its jobs, its rows, and their different keys."""
    return 1, ROWS, ROWS
