"""Strikes the cluster while lanes of life cycles and batches go on in it, and collects what is found."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cluster.examination import Examined, examine, seen_by_readers
from cluster.lane import Ended, Lane, Phase, whole
from cluster.models import LANES
from cluster.strikes import WORKERS, Strike, heal, strike

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cluster.running import Running

BATCHES = 2
"""Of each life."""
THINKING = 4.0
"""Seconds that the reviewer takes, so that a strike may come before the answer as well as after it."""
LOOK_AHEAD = 40
"""Of so many planned strikes the first one that can be comes next: a host that is starting cannot be struck. There are
other hosts among them also after a worker was cut off for long, during which the other one cannot be struck."""
PATIENCE = 5.0
"""Seconds after which another phase is struck, if no lane comes to the one that is to be."""
PAUSE = 2.0
"""Seconds from one strike to the next, at least."""
MAX_OF_A_PHASE = 3
"""How often a lane is struck in one phase. The strikes at other lanes strike it too; without a limit it never ends."""
LULL = 15.0
"""Seconds without a strike after which a lane is struck beyond this limit: all of them wait for what was lost."""
MAX_DOWN = 3
"""How many hosts may be down or starting at once, besides those that are cut off."""
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'modelops job'"
OPEN = "SELECT count(*) FROM modelops.job WHERE ended_at IS NULL"


@dataclass(kw_only=True)
class Findings:
    """What a campaign has found."""

    strikes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By victim and by what was struck."""
    examined: Examined = field(default_factory=Examined)
    lives: int = 0
    batches: int = 0
    polls: int = 0
    longest: dict[str, float] = field(default_factory=dict)
    """The longest time that a phase took, in seconds."""


class Campaign:
    """All lanes, and what strikes them. `say` gets a line for each thing that happens."""

    def __init__(self, running: Running, *, say: Callable[[str], None]) -> None:
        self.running = running
        self.findings = Findings()
        self.lanes = [Lane(running=running, number=number) for number in range(LANES)]
        self._say = say
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._down: set[str] = set()
        self._cut: set[str] = set()
        self._struck: Counter[tuple[int, int]] = Counter()

    def run(self, strikes: Iterator[Strike], *, faults: int) -> Findings:
        """Strike so often; stop at the first violation, and when a person interrupts it."""
        threads = [threading.Thread(target=self._live, args=(lane,), daemon=True) for lane in self.lanes]
        threads.append(threading.Thread(target=self._read, daemon=True))
        for thread in threads:
            thread.start()
        try:
            ahead = [next(strikes) for _ in range(LOOK_AHEAD)]
            for number in range(1, faults + 1):
                struck = self._await_moment(ahead)
                if struck is None:
                    break
                self._strike(number, *struck)
                ahead.remove(struck[0])
                ahead.append(next(strikes))
        except KeyboardInterrupt:
            self._say("interrupted: what has begun ends")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            self._wrong(f"the campaign itself: {error!r}")
        finally:
            self._over.set()
        for thread in threads:
            thread.join()
        self._sweep()
        return self.findings

    def _strike(self, number: int, planned: Strike, lane: Lane) -> None:
        self._struck[lane.number, lane.entered] += 1
        self._down.add(planned.host)
        if planned.cut:
            self._cut.add(planned.host)
        strike(self.running, planned.host, cut=planned.cut)
        self.findings.strikes[planned.victim, lane.phase] += 1
        doing = ", ".join(one.phase for one in self.lanes)
        self._say(f"{number}: {planned}; lane {lane.number} of {doing}; down: {', '.join(sorted(self._down))}")
        threading.Thread(target=self._heal, args=(planned,), daemon=True).start()
        time.sleep(PAUSE)

    def _heal(self, planned: Strike) -> None:
        try:
            time.sleep(planned.down)
            heal(self.running, planned.host, cut=planned.cut)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            self._wrong(f"{planned}: {error!r}")
        finally:
            self._down.discard(planned.host)
            self._cut.discard(planned.host)

    def _await_moment(self, ahead: Sequence[Strike]) -> tuple[Strike, Lane] | None:
        """The next strike whose host may fall, and the lane that is so far into the phase to be struck, or into another
        one if none comes; None at the end."""
        began = time.monotonic()
        while not self._over.is_set():
            is_late = time.monotonic() - began > PATIENCE
            is_lull = time.monotonic() - began > LULL
            for planned in ahead:
                for lane in self.lanes:
                    if self._struck[lane.number, lane.entered] >= MAX_OF_A_PHASE and not is_lull:
                        continue
                    may_be = lane.phase is planned.phase or (is_late and lane.phase is not Phase.IDLE)
                    if may_be and time.monotonic() - lane.since >= planned.moment and self._may_fall(planned.host):
                        return planned, lane
            time.sleep(0.2)
        return None

    def _may_fall(self, host: str) -> bool:
        """Whether it is at work, and not too much else is down. One worker stays, or nothing would be under way."""
        is_last = host in WORKERS and bool(self._down & set(WORKERS))
        return host not in self._down and not is_last and len(self._down - self._cut) < MAX_DOWN

    def _live(self, lane: Lane) -> None:
        try:
            time.sleep(lane.number * THINKING)  # so that they are in the middle of different things
            while not self._over.is_set():
                self._one_life(lane)
                found = examine(lane)
                with self._lock:
                    self.findings.lives += 1
                    self.findings.examined.ends += found.ends
                    self.findings.examined.tries += found.tries
                    self.findings.examined.reasons += found.reasons
                for violation in found.violations:
                    self._wrong(f"{lane.name}: {violation}")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            self._wrong(f"{lane.name} in {lane.phase}: {error!r}")

    def _one_life(self, lane: Lane) -> None:
        try:
            with self._timed("a life cycle up to the question"):
                lane.begin()
                lane.await_question()
            time.sleep(THINKING)
            with self._timed("from the answer to the deployment"):
                lane.approve()
                deployment = lane.await_deployment()
        except Ended as error:
            self._say(f"lane {lane.number}: {error}")
            return
        for _ in range(BATCHES):
            with self._timed("a batch"):
                lane.batch(deployment)
                lane.await_end()
            self.findings.batches += 1

    def _timed(self, what: str) -> _Timed:
        return _Timed(what, self.findings.longest, self._lock)

    def _read(self) -> None:
        """Look at every lane's view all the while, as a reader does."""
        with self.running.connect() as connection:
            while not self._over.is_set():
                for lane in self.lanes:
                    if not lane.lives:
                        continue
                    seen = seen_by_readers(lane, connection)
                    self.findings.polls += 1
                    if seen not in {None, whole()}:
                        self._wrong(f"a reader of {lane.name} sees {seen} (jobs, rows, keys)")
                time.sleep(0.5)

    def _sweep(self) -> None:
        """Nothing is left when all is over."""
        while self._down:
            time.sleep(0.2)
        with self.running.connect() as connection:
            for what, query in (("jobs are open", OPEN), ("sessions of jobs are open", SESSIONS)):
                for _ in range(60):
                    row = connection.execute(query.encode()).fetchone()
                    if row == (0,):
                        break
                    time.sleep(1)
                else:
                    self._wrong(f"when all is over, {row} {what}")

    def _wrong(self, what: str) -> None:
        self._over.set()
        with self._lock:
            self.findings.examined.violations.append(what)
        self._say(f"VIOLATION: {what}")


class _Timed:
    """Keeps the longest time that something took."""

    def __init__(self, what: str, longest: dict[str, float], lock: threading.Lock) -> None:
        self._what, self._longest, self._lock = what, longest, lock

    def __enter__(self) -> None:
        self._began = time.monotonic()

    def __exit__(self, *_: object) -> None:
        seconds = time.monotonic() - self._began
        with self._lock:
            self._longest[self._what] = max(seconds, self._longest.get(self._what, 0.0))
