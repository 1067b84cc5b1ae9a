"""Kills processes of batches, at named steps and at random moments, and looks at what is left."""

from __future__ import annotations

import contextlib
import itertools
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psutil

from e2e.gates import gates
from e2e.processes import code_of, guard_of, processes_of
from e2e.waiting import eventually
from faults.reader import Reader
from faults.task import RETRIES, TASK, TRY_AGAIN
from faults.works import ROWS
from modelops.polling import poll

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from faults.ground import Ground
    from faults.supervisor import Supervisor
    from faults.works import Work

VICTIMS = ("task", "supervisor", "child", "guard", "postgres")
AT_STEPS = ("task", "supervisor", "postgres")
"""Those that are there at every step."""
CODE = ("child", "guard")
"""Those that are there while user code is at work."""
PATIENCE = 60.0
LEFT_WITHIN = 10.0
"""Seconds that processes have to end, and files to go, when a job is over."""
RUNS = """
SELECT id, published_at IS NOT NULL, rows,
       (SELECT count(*) FROM {table}
        WHERE run_id = run.id OR run_id IN (SELECT id FROM modelops.batch_run WHERE whole_id = run.id)),
       (SELECT count(*) FROM modelops.statistics WHERE run_id = run.id)
FROM modelops.batch_run AS run WHERE job_id = %s
"""
"""The runs of a job: whether each is published, the rows on record and those in the table, and its statistics."""


@dataclass(frozen=True, kw_only=True)
class Strike:
    """One kill. At `step`: before its entry is committed, or while it is. Else at `moment`, a share of a job's time."""

    victim: str
    step: str | None = None
    committed: bool = False
    moment: float = 0.0

    def __str__(self) -> str:
        return f"{self.victim} at {self.where}" + (f" ({self.moment:.0%} of a job)" if self.step is None else "")

    @property
    def where(self) -> str:
        if self.step is None:
            return "a random moment"
        if self.victim in CODE:
            return f"{self.step}, while code is at work"
        return f"{self.step}, {'at' if self.committed else 'before'} the commit"


@dataclass(kw_only=True)
class Findings:
    """What a campaign has found: kills that hit, by victim and place; what was wrong; how often a job was tried."""

    kills: Counter[tuple[str, str]] = field(default_factory=Counter)
    missed: int = 0
    wrong: list[str] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    tries: Counter[int] = field(default_factory=Counter)
    polls: int = 0


def at_every_step(work: Work) -> list[Strike]:
    """Each victim that is there, at each step, on both sides of the commit."""
    return [
        *(
            Strike(victim=victim, step=step, committed=committed)
            for step, victim, committed in itertools.product(work.steps, AT_STEPS, (False, True))
        ),
        *while_code_is_at_work(work),
    ]


def at_each_step(work: Work, *, both: bool) -> list[Strike]:
    """At each step, on both sides of the commit or on one in turn; the victims that are always there take turns."""
    victims = itertools.cycle(AT_STEPS)
    sides = itertools.cycle((False, True))
    return [
        *(
            Strike(victim=next(victims), step=step, committed=committed)
            for step in work.steps
            for committed in ((False, True) if both else (next(sides),))
        ),
        *while_code_is_at_work(work),
    ]


def while_code_is_at_work(work: Work) -> list[Strike]:
    """The process of user code and its guard, as soon as they are there."""
    return [] if work.begun is None else [Strike(victim=victim, step=work.begun, committed=True) for victim in CODE]


def at_random(seed: int) -> Iterator[Strike]:
    """Strikes without end, the same for the same seed."""
    source = random.Random(seed)
    while True:
        yield Strike(victim=source.choice(VICTIMS), moment=source.random())


def campaign(ground: Ground, strikes: Sequence[Strike], more: Iterator[Strike], *, kills: int) -> Findings:
    """Strike until so many kills have hit: first these, then as many more as it takes."""
    findings = Findings()
    with Reader(ground.connect, ground.work.seen, ground.work.whole) as reader:
        duration = _undisturbed(ground, findings)
        planned = itertools.chain(strikes, more)
        for number in itertools.count(1):
            if findings.kills.total() >= kills or findings.wrong or reader.violations:
                break
            _strike(ground, next(planned), f"strike-{number}", duration, findings)
        _sweep(ground, findings)
    findings.polls = reader.polls
    findings.wrong += reader.violations
    return findings


def _undisturbed(ground: Ground, findings: Findings) -> float:
    """How long a job takes that nobody disturbs, in seconds."""
    began = time.monotonic()
    _start(ground, "undisturbed", 1).wait(PATIENCE)
    seconds = time.monotonic() - began
    _examine(ground, "undisturbed", "an undisturbed job", findings)
    return seconds


def _strike(ground: Ground, strike: Strike, run_id: str, duration: float, findings: Findings) -> None:
    if strike.step is None:
        supervisor = _start(ground, run_id, 1)
        time.sleep(strike.moment * duration)
        hit = _kill(ground, strike.victim, supervisor.pid, run_id)
    else:
        supervisor, hit = _strike_at_step(ground, strike, run_id)
    findings.kills[strike.victim, strike.where] += hit
    findings.missed += not hit
    _retry(ground, run_id, supervisor)
    _examine(ground, run_id, str(strike), findings)


def _strike_at_step(ground: Ground, strike: Strike, run_id: str) -> tuple[Supervisor, bool]:
    """Kill while the task writes down that it has come to a step; that it has come there is waited for."""
    with gates(ground) as shut:  # type: ignore[arg-type] # a ground connects as a system does
        gate = shut(_Run(run_id), strike.step, task=TASK, committed=strike.committed)
        supervisor = _start(ground, run_id, 1)
        task = gate.await_worker()
        if strike.victim in CODE:
            gate.open()  # only then do they begin
        for _ in poll(every=0.01, within=PATIENCE):
            hit = _kill(ground, strike.victim, supervisor.pid, run_id, task=task)
            if hit or supervisor.poll() is not None:
                break
        with contextlib.suppress(Exception):  # it goes with the server
            gate.open()
    return supervisor, hit


@dataclass(frozen=True)
class _Run:
    """As much of a run as a gate needs."""

    run_id: str

    def eventually(self, what: str, look: Callable[[], Any]) -> Any:
        return eventually(what, look, story=lambda: self.run_id, every=0.02)


def _start(ground: Ground, run_id: str, number: int) -> Supervisor:
    return ground.executor.start(str(ground.file), run_id, str(number), str(ground.deployment))


def _kill(ground: Ground, victim: str, supervisor: int, run_id: str, task: psutil.Process | None = None) -> bool:
    """`kill -9`; whether there was anybody to kill."""
    if victim == "postgres":
        return ground.kill_postgres()
    with contextlib.suppress(psutil.Error, ValueError, IndexError):
        parent = psutil.Process(supervisor)
        if parent.status() == psutil.STATUS_ZOMBIE:
            return False
        match victim:
            case "supervisor":
                process = parent
            case "task":
                process = task or parent.children()[0]
            case _:
                job = _job(ground, run_id)
                if job is None:
                    return False
                find = code_of if victim == "child" else guard_of
                process = find(ground, job["id"])  # type: ignore[arg-type] # likewise
        process.kill()
        return True
    return False


def _retry(ground: Ground, run_id: str, supervisor: Supervisor) -> None:
    """What Airflow does: wait until the try is over, and try again as long as it may."""
    for number in range(2, RETRIES + 3):
        code = supervisor.wait(PATIENCE)
        if ground.server.pid is None:
            ground.start()
        lost = code < 0 or code > TRY_AGAIN + 1
        job = _job(ground, run_id)
        if code != TRY_AGAIN and not lost and job is not None and job["status"] in ("completed", "failed"):
            return
        supervisor = _start(ground, run_id, number)
    supervisor.wait(PATIENCE)


def _examine(ground: Ground, run_id: str, strike: str, findings: Findings) -> None:
    """Whatever was killed: one whole run or none, a job with its end, and nothing left behind."""
    job = _job(ground, run_id)
    if job is None:
        findings.wrong.append(f"{strike}: there is no job")
        return
    findings.ends[job["status"]] += 1
    findings.tries[job["attempt"]] += 1

    def expect(what: str, found: object, right: object) -> None:
        if found != right:
            findings.wrong.append(f"{strike}: {what} is {found}, not {right} (job {job})")

    expect("the job", job["status"] == "completed" or (job["status"] == "failed" and bool(job["error"])), right=True)
    published = 1 if job["status"] == "completed" else 0
    with ground.connect("admin") as connection:
        query = RUNS.format(table=ground.work.table).encode()
        runs = connection.execute(query, (job["id"],)).fetchall()
    expect("the number of published runs", sum(run[1] for run in runs), published)
    for _, is_published, rows, kept, described in runs:
        if is_published:
            expect("what a run holds", (rows, kept, described), (ROWS, ROWS, ground.work.statistics))
        else:
            expect("what is told of a run", (rows, described), (None, 0))
            expect("its rows", kept if kept == 0 or not ground.work.staged else ROWS, kept if ground.work.staged else 0)
    for _ in poll(every=0.05, within=LEFT_WITHIN):
        left = processes_of(ground, job["id"])  # type: ignore[arg-type] # likewise
        if not left:
            break
    expect("what still runs", left, [])


def _sweep(ground: Ground, findings: Findings) -> None:
    """What a task that was killed right after its commit has left, the next job that begins removes."""
    _start(ground, "sweeping", 1).wait(PATIENCE)
    _examine(ground, "sweeping", "the job after the last kill", findings)
    with ground.connect("admin") as connection:
        query = f"SELECT count(DISTINCT run_id) FROM {ground.work.table}"
        kept = connection.execute(query.encode()).fetchall()
        staged = connection.execute(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'staging'::regnamespace"
        ).fetchall()
    if ground.work.staged and (kept, staged) != ([(2,)], [(0,)]):
        findings.wrong.append(f"rows of {kept} runs are left, and {staged} tables and views in staging")
    left = [path.name for folder in ("work", "artifacts/incoming") for path in (ground.home / folder).glob("job-*")]
    if left:
        findings.wrong.append(f"files are left: {', '.join(left)}")


def _job(ground: Ground, run_id: str) -> Any:
    from psycopg.rows import dict_row

    with ground.connect("admin") as connection:
        query = "SELECT id, status::text, attempt, error FROM modelops.job WHERE run_id = %s AND task_id = %s"
        return connection.cursor(row_factory=dict_row).execute(query, (run_id, TASK)).fetchone()
