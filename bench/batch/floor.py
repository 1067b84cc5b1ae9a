"""The least that it takes to move the rows: psql's binary COPY of the input to a file, and of predictions from one."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from bench.timing import Times

if TYPE_CHECKING:
    from pathlib import Path

    from bench.installation import Installation

PREDICTED = "SELECT run_id, id, label, label_probability FROM {} WHERE run_id = {} ORDER BY id"


class Floor:
    """The two COPYs, over and over; `total` is the time of both, one after the other.

    Args:
        table: the input, with nothing but the key and the features.
        target: where predictions were written to.
        run: which of its rows are copied.
    """

    def __init__(self, installation: Installation, *, table: str, target: str, run: int) -> None:
        self._installation, self._table, self._target = installation, table, f"predictions.{target}_rows"
        self._input = installation.folder / "input.copy"
        self._predictions = installation.folder / "predictions.copy"
        self.forget()
        predicted = PREDICTED.format(self._target, run)
        self._psql(f"COPY ({predicted}) TO STDOUT (FORMAT binary)", out=self._predictions)

    def measure(self) -> None:
        """Measure both once. The table is a new one each time, of the target's shape and with its primary key."""
        name = f"{self._target}_floor"
        self._psql(f"CREATE TABLE {name} (LIKE {self._target} INCLUDING ALL) WITH (autovacuum_enabled = off)")
        self._installation.checkpoint()
        with self.out.measured():
            self._psql(f"COPY {self._table} TO STDOUT (FORMAT binary)", out=self._input)
        self._installation.checkpoint()
        with self.into.measured():
            self._psql(f"COPY {name} FROM STDIN (FORMAT binary)", from_=self._predictions)
        self.total.add(self.out.seconds[-1] + self.into.seconds[-1])
        self._psql(f"DROP TABLE {name}")

    def forget(self) -> None:
        """Leave out what was measured so far."""
        self.out, self.into, self.total = Times(), Times(), Times()

    def _psql(self, sql: str, *, out: Path | None = None, from_: Path | None = None) -> None:
        command = [self._installation.bin / "psql", self._installation.admin_url, "-X", "-q", "-v", "ON_ERROR_STOP=1"]
        with open(from_ or "/dev/null", "rb") as source, open(out or "/dev/null", "wb") as sink:
            subprocess.run([*command, "-c", sql], stdin=source, stdout=sink, check=True)
