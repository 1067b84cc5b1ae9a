"""Sources, sinks and models to score with, and what a run may leave behind."""

from __future__ import annotations

import itertools
import os
import threading
from typing import TYPE_CHECKING, Any

import psutil
import pyarrow as pa

from modelops.domain.datasets import Dataset
from modelops.domain.resources import Allowance
from modelops.runtime.scoring import ScoringAssignment
from modelops.scoring.engine import Scored, score
from modelops.settings import LogBounds
from unit.runtime.models import HERE, Model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

ROWS = 700
SECONDS = 10
SCHEMA = pa.schema(
    {"flight": pa.int64(), "y": pa.int32(), "note": pa.string(), "carrier": pa.string(), "x": pa.float64()}
)
DATASET = Dataset(
    name="predict",
    sql="SELECT * FROM flights",
    entity_key=("carrier", "flight"),
    feature_names=("x", "y"),
    target_names=("late",),
)
PLAIN = "return data['x']"
CAREFUL = "if pc.min(data['x']).as_py() < 0: raise ValueError('negative')\nreturn data['x']"
STOP = "the second batch"
TWO_BATCHES = f"if data['x'][0].as_py() >= {ROWS}: print('{STOP}')\nreturn data['x']"
"""What a predict(data) does."""


class Broke(Exception):
    """What a source or a sink raises here."""


class Rows:
    """A source of rows in memory, which then breaks, or waits until it is cancelled."""

    def __init__(
        self,
        each: Iterable[pa.RecordBatch],
        *,
        schema: pa.Schema = SCHEMA,
        breaks: Callable[[], bool] | None = None,
        waits: bool = False,
    ) -> None:
        self._each, self._schema, self._breaks, self._waits = each, schema, breaks, waits
        self.read = 0
        self.cancelled = threading.Event()

    def run(self, consume: Callable[[pa.RecordBatchReader], None]) -> None:
        consume(pa.RecordBatchReader.from_batches(self._schema, self._rows()))

    def _rows(self) -> Iterator[pa.RecordBatch]:
        for batch in self._each:
            self.read += batch.num_rows
            yield batch
        if self._waits:
            assert self.cancelled.wait(SECONDS)
            raise Broke("the source was cancelled")
        if self._breaks:
            assert self._breaks()
            raise Broke("the source")

    def cancel(self) -> None:
        self.cancelled.set()


class Kept:
    """A sink that keeps what it gets."""

    def __init__(self, *, sign: Path | None = None) -> None:
        self._sign = sign  # appears with the first rows
        self.keys: list[pa.RecordBatch] = []
        self.predictions: list[pa.RecordBatch] = []
        self.begun, self.cancelled = threading.Event(), threading.Event()

    def write(self, keys: pa.RecordBatch, predictions: pa.RecordBatch) -> None:
        self.keys.append(keys)
        self.predictions.append(predictions)
        self.begun.set()
        if self._sign:
            self._sign.touch()

    def cancel(self) -> None:
        self.cancelled.set()

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Keys and predictions side by side."""
        told = zip(self.keys, self.predictions, strict=True)
        return [
            key | prediction
            for keys, predictions in told
            for key, prediction in zip(keys.to_pylist(), predictions.to_pylist(), strict=True)
        ]


class Stuck(Kept):
    """A sink whose first write ends only when it is cancelled."""

    def write(self, keys: pa.RecordBatch, predictions: pa.RecordBatch) -> None:
        super().write(keys, predictions)
        assert self.cancelled.wait(SECONDS)
        raise Broke("the sink was cancelled")


def flights(rows: int, *, first: int = 0, **columns: Sequence[Any]) -> pa.RecordBatch:
    """Rows whose feature x is their place in the stream."""
    places = range(first, first + rows)
    values = {
        "flight": [place // 3 for place in places],
        "y": [1] * rows,
        "note": ["unused"] * rows,
        "carrier": ["ABC"[place % 3] for place in places],
        "x": [float(place) for place in places],
    }
    return pa.record_batch(values | columns, schema=SCHEMA)


def key(place: int) -> dict[str, Any]:
    return {"carrier": "ABC"[place % 3], "flight": place // 3}


def in_pieces(rows: int, sizes: Iterable[int]) -> Iterator[pa.RecordBatch]:
    first = 0
    for size in sizes:
        yield flights(min(size, rows - first), first=first)
        first += size
        if first >= rows:
            return


def for_ever() -> Iterator[pa.RecordBatch]:
    return (flights(ROWS, first=first) for first in itertools.count(step=ROWS))


def scorer(model: Model, body: str) -> Model:
    """A model whose predict(data) has this body and gets Arrow tables: pandas takes long to import."""
    lines = "\n".join(f"        {line}" for line in body.splitlines())
    return model.write(
        "import fcntl, os, time\nimport pyarrow.compute as pc\n\n"
        f"class ModelScorer:\n    frame = 'arrow'\n\n    def predict(self, data):\n{lines}\n",
        file="model_modules/scoring.py",
    )


def run(
    model: Model,
    source: Any,
    sink: Any,
    *,
    on_line: Callable[[str], None] | None = None,
    outputs: dict[str, str] | None = None,
    budget: int = 0,
    **callables: Any,
) -> Scored:
    assignment = ScoringAssignment(
        model_folder=model.folder,
        hyperparameters={},
        dataset=DATASET,
        project_id="demo",
        model_id="late",
        model_version="3",
        job_id=model.job_id,
        outputs=outputs,
        budget=budget,
    )
    return score(
        source,
        sink,
        assignment=assignment,
        environment=HERE,
        workdir=model.workdir,
        allowance=Allowance(),
        log_bounds=LogBounds(),
        on_line=model.hear(on_line),
        **callables,
    )


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("scoring: ")]


def children() -> set[psutil.Process]:
    """This process's own; the tests' PostgreSQL may be one of them, whose own come and go."""
    return set(psutil.Process().children())


def open_files() -> set[int]:
    """The numbers of the open files; but for that of the folder which tells them, which is closed by now."""
    return {number for number in map(int, os.listdir("/proc/self/fd")) if os.path.exists(f"/proc/self/fd/{number}")}
