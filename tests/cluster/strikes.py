"""Faults: which host, in the middle of what, how long."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cluster.lane import Phase
from modelops.domain.errors import ModelOpsError
from modelops.polling import poll

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cluster.running import Running

WORKERS = ("w1", "w2")
"""Killed or cut off. As one of the two stays, their faults come one after the other, and last longest."""
SERVICES = ("scheduler", "api-server", "broker", "metadata", "observer")
"""Killed."""
PHASES = (Phase.TRAINING, Phase.APPROVAL, Phase.BATCH, Phase.BATCH)
"""In the middle of what: of batches twice as often, as each life has two of them."""
LATEST = 8.0
"""Seconds after the beginning of a phase until which it is struck."""
DOWN = (0.5, 8.0)
"""Seconds until a killed host is started again."""
CUT = ((3.0, 15.0), (65.0, 80.0))
"""Seconds until a cut is healed: within Airflow's limit for a missing heartbeat, or after it."""
BACK_WITHIN = 600
"""Seconds after which a host that is not at work again hangs."""


@dataclass(frozen=True, kw_only=True)
class Strike:
    """One fault, `moment` seconds after the beginning of the phase, healed after `down` seconds."""

    host: str
    phase: Phase
    moment: float
    down: float
    cut: bool = False

    @property
    def victim(self) -> str:
        """As reports name it."""
        name = "worker" if self.host in WORKERS else self.host
        return f"{name}, cut off for {'over' if self.is_long else 'under'} a minute" if self.cut else name

    @property
    def is_long(self) -> bool:
        return self.down > max(CUT[0])

    def __str__(self) -> str:
        how = "cut off" if self.cut else "killed"
        return f"{self.host} {how} for {self.down:.1f} s, {self.moment:.1f} s into {self.phase}"


def at_random(seed: int) -> Iterator[Strike]:
    """Strikes without end, the same for the same seed."""
    source = random.Random(seed)
    kinds = [*(((name,), False) for name in SERVICES), (WORKERS, False), (WORKERS, True)]
    while True:
        hosts, cut = source.choice(kinds)
        yield Strike(
            host=source.choice(hosts),
            phase=source.choice(PHASES),
            moment=source.uniform(0, LATEST),
            down=source.uniform(*(source.choice(CUT) if cut else DOWN)),
            cut=cut,
        )


def strike(running: Running, host: str, *, cut: bool) -> None:
    running.ask("partition" if cut else "kill", host)


def heal(running: Running, host: str, *, cut: bool) -> None:
    """Connect it again; or start it again, and wait until it is at work.

    Raises:
        AssertionError: it isn't in time.
    """
    if cut:
        running.ask("heal", host)
        return
    start(running, host)
    await_work(running, host)


def start(running: Running, host: str) -> None:
    """Start a killed host, and wait until its processes run."""
    running.ask("start", host)
    for _ in poll(every=0.1, within=BACK_WITHIN):
        if running.told(host)["state"] == "running":
            return
    raise AssertionError(f"{host} isn't running {BACK_WITHIN} s after it was started again")


def await_work(running: Running, host: str) -> None:
    """Wait until a host that was started again is at work."""
    since = datetime.now(UTC).isoformat()
    began = time.monotonic()
    for _ in poll(every=0.5, within=BACK_WITHIN):
        try:
            if running.is_at_work(host, since=since):
                return
        except ModelOpsError:  # it is being started again by itself
            continue
    raise AssertionError(f"{host} isn't at work {time.monotonic() - began:.0f} s after it was started again")
