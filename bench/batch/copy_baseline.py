"""The minimum time to move the rows: psql's binary COPY of the input to a file, and of predictions from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.timing import Times

if TYPE_CHECKING:
    from bench.installation import Installation

PREDICTIONS = "SELECT run_id, id, label, label_probability FROM {} WHERE run_id = {} ORDER BY id"


class CopyBaseline:
    """Repeated measurements of both COPY commands; `total` is the sum of their times.

    Args:
        table: the input table, which has only the key and the features.
        target: the target of the predictions.
        run: the batch run whose predictions are copied.
    """

    def __init__(self, installation: Installation, *, table: str, target: str, run: int) -> None:
        self._installation, self._table, self._target = installation, table, f"predictions.{target}_rows"
        self._input = installation.folder / "input.copy"
        self._predictions = installation.folder / "predictions.copy"
        self.reset()
        query = PREDICTIONS.format(self._target, run)
        installation.psql(f"COPY ({query}) TO STDOUT (FORMAT binary)", output_file=self._predictions)

    def measure(self) -> None:
        """Measure both commands once. The predictions go to a new table with the target's columns and primary key."""
        name = f"{self._target}_baseline"
        psql = self._installation.psql
        psql(f"CREATE TABLE {name} (LIKE {self._target} INCLUDING ALL) WITH (autovacuum_enabled = off)")
        self._installation.checkpoint()
        with self.out.measured():
            psql(f"COPY {self._table} TO STDOUT (FORMAT binary)", output_file=self._input)
        self._installation.checkpoint()
        with self.into.measured():
            psql(f"COPY {name} FROM STDIN (FORMAT binary)", input_file=self._predictions)
        self.total.add(self.out.seconds[-1] + self.into.seconds[-1])
        psql(f"DROP TABLE {name}")

    def reset(self) -> None:
        """Discard the measurements made so far."""
        self.out, self.into, self.total = Times(), Times(), Times()
