"""Rows through a real ModelScorer in its own process, and everything that may go wrong on the way."""

from __future__ import annotations

import contextlib
import itertools
import os
import resource
import signal
import threading
import time
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from modelops.domain.errors import ChildLost, DatasetError, ScoringError, Unavailable, UserCodeError
from modelops.scoring.engine import BATCHES_UNDER_WAY, RejectedRow, Scored
from unit.runtime.models import Model, gone
from unit.scoring.streams import (
    CAREFUL,
    PLAIN,
    ROWS,
    SCHEMA,
    SECONDS,
    STOP,
    TWO_BATCHES,
    Broke,
    Kept,
    Rows,
    Stuck,
    flights,
    for_ever,
    in_pieces,
    key,
    open_files,
    run,
    scorer,
    threads,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.timeout(30)  # most of what these tests look for shows as a hang


def test_rows_arrive_in_order_and_their_keys_stay_here(model: Model) -> None:
    scorer(model, "print(data.column_names, data.num_rows)\nreturn pc.multiply(data['x'], 2)")
    source, sink = Rows(in_pieces(10_000, itertools.cycle([1, 0, 997, 64, 1_501, 7]))), Kept()
    features: list[pa.RecordBatch] = []
    scored: list[pa.RecordBatch] = []
    progress: list[int] = []
    result = run(model, source, sink, on_features=features.append, on_scored=scored.append, on_progress=progress.append)
    assert result == Scored(rows=10_000, set_aside=(), outputs={"late": "double"})
    assert sink.rows == [key(place) | {"late": 2.0 * place} for place in range(10_000)]
    assert {line.rpartition(" ")[0] for line in model.lines} == {"['x', 'y']"}
    sizes = [int(line.rpartition(" ")[2]) for line in model.lines]
    assert (sum(sizes), max(sizes)) == (10_000, ROWS)
    assert len(sizes) < 30, "the many small ones are joined"
    assert pa.Table.from_batches(features).to_pydict() == {
        "x": [float(place) for place in range(10_000)],
        "y": [1] * 10_000,
    }
    assert scored == sink.predictions
    assert progress == list(itertools.accumulate(sizes))
    assert not source.cancelled.is_set()
    assert not sink.cancelled.is_set()


def test_rows_within_the_budget_are_set_aside(model: Model) -> None:
    bad = {0, 5, ROWS, 2 * ROWS - 1, 2_999}
    x = [-1.0 if place in bad - {5} else float("nan") if place == 5 else float(place) for place in range(3_000)]
    sink, progress = Kept(), list[int]()
    scorer(model, CAREFUL)
    result = run(model, Rows([flights(3_000, x=x)]), sink, budget=5, on_progress=progress.append)
    assert result.rows == 2_995
    assert result.set_aside == tuple(
        RejectedRow(
            position=place,
            key=key(place),
            reason="the prediction late is NaN" if place == 5 else "ValueError: negative",
        )
        for place in sorted(bad)
    )
    assert sink.rows == [key(place) | {"late": float(place)} for place in range(3_000) if place not in bad]
    assert progress[-1] == 3_000, "those that are set aside are done too"


def test_a_batch_without_a_row_that_can_be_scored_is_not_written(model: Model) -> None:
    sink, scored = Kept(), list[pa.RecordBatch]()
    bad = flights(5, x=[-1.0] * 5)
    result = run(scorer(model, CAREFUL), Rows([bad]), sink, budget=5, on_scored=scored.append)
    assert (result.rows, len(result.set_aside), result.outputs) == (0, 5, {})
    assert (sink.keys, scored) == ([], [])


@pytest.mark.parametrize(
    ("bad", "budget", "told"),
    [
        pytest.param([4], 0, "more than 0 rows can't be scored; the first is carrier = B, flight = 1", id="at once"),
        pytest.param([7, 2_000], 1, "more than 1 row can't be scored; the first is carrier = B, flight = 2", id="late"),
    ],
)
def test_rows_over_the_budget_are_told_by_the_first(model: Model, bad: list[int], budget: int, told: str) -> None:
    """That one may have been set aside batches ago, or be among those that are still under way."""
    x = [-1.0 if place in bad else float(place) for place in range(3_000)]
    with pytest.raises(ScoringError) as failed:
        run(scorer(model, CAREFUL), Rows([flights(3_000, x=x)]), Kept(), budget=budget)
    assert failed.value.what == f"{told}: ValueError: negative"
    assert failed.value.where == "model_modules/scoring.py:8"
    assert "a higher maximum" in failed.value.expected


def test_the_source_fails_in_the_middle(model: Model) -> None:
    """Though what the model got looks whole to it, and its answers are all there."""
    sink = Kept()
    source = Rows(in_pieces(2 * ROWS + 1, [ROWS] * 3), breaks=lambda: sink.begun.wait(SECONDS))
    with pytest.raises(Broke, match="the source"):
        run(scorer(model, PLAIN), source, sink)
    assert len(sink.rows) < source.read


def test_the_source_fails_while_the_sink_is_stuck(model: Model) -> None:
    sink = Stuck()
    source = Rows(in_pieces(2 * ROWS, [ROWS] * 2), breaks=lambda: sink.begun.wait(SECONDS))
    with pytest.raises(Broke, match=r"the source$"):
        run(scorer(model, PLAIN), source, sink)
    assert sink.cancelled.is_set()


def test_a_sink_that_is_not_within_reach_of_the_first_cancel_is_told_again(model: Model) -> None:
    class Late(Stuck):
        def write(self, keys: pa.RecordBatch, predictions: pa.RecordBatch) -> None:
            self.begun.set()
            assert self.cancelled.wait(SECONDS)
            self.cancelled.clear()
            super().write(keys, predictions)

    sink = Late()
    source = Rows(in_pieces(2 * ROWS, [ROWS] * 2), breaks=lambda: sink.begun.wait(SECONDS))
    with pytest.raises(Broke, match=r"the source$"):
        run(scorer(model, PLAIN), source, sink)
    assert sink.cancelled.is_set(), "once more"


def test_a_source_that_is_not_within_reach_of_the_first_cancel_is_told_again(model: Model) -> None:
    class Late(Rows):
        def _rows(self) -> Iterator[pa.RecordBatch]:
            yield flights(2 * ROWS)
            assert self.cancelled.wait(SECONDS)
            self.cancelled.clear()
            yield from super()._rows()

    class Full(Kept):
        def write(self, keys: pa.RecordBatch, predictions: pa.RecordBatch) -> None:
            raise Broke("the sink")

    # The model is stuck as well: only the end of the pipes ends it.
    scorer(model, TWO_BATCHES.replace(f"print('{STOP}')", "time.sleep(1000)"))
    source = Late([], waits=True)
    with pytest.raises(Broke, match="the sink"):
        run(model, source, Full())
    assert source.cancelled.is_set(), "once more"


def test_the_source_ends_without_a_word(model: Model) -> None:
    """Neither taken for complete, nor for the fault of the model that finds its stream cut off."""

    class Silent(Rows):
        def run(self, consume: Callable[[pa.RecordBatchReader], None]) -> None:
            with contextlib.suppress(Broke):
                super().run(consume)

    source = Silent(in_pieces(ROWS, [ROWS]), breaks=lambda: True)
    with pytest.raises(Unavailable, match="reading the rows ended in the middle, without an error"):
        run(scorer(model, PLAIN), source, Kept())

    class Idle(Rows):
        def run(self, consume: Callable[[pa.RecordBatchReader], None]) -> None: ...

    with pytest.raises(Unavailable, match="reading the rows ended in the middle, without an error"):
        run(model, Idle([]), Kept())


def test_the_source_fails_when_all_rows_are_read(model: Model) -> None:
    """Its transaction may say at the very end that the rows were none."""

    class Unsure(Rows):
        def run(self, consume: Callable[[pa.RecordBatchReader], None]) -> None:
            super().run(consume)
            raise Broke("the source, after all")

    with pytest.raises(Broke, match="after all"):
        run(scorer(model, PLAIN), Unsure([flights(1)]), Kept())


def test_the_source_lacks_a_column(model: Model) -> None:
    schema = SCHEMA.remove(SCHEMA.get_field_index("x"))
    with pytest.raises(DatasetError, match="the rows have no column 'x'") as failed:
        run(scorer(model, PLAIN), Rows([], schema=schema), Kept())
    assert failed.value.where == "dataset predict"


def test_the_sink_fails(model: Model) -> None:
    """However much is still to come, and though the source waits for it."""

    class Full(Kept):
        def write(self, keys: pa.RecordBatch, predictions: pa.RecordBatch) -> None:
            super().write(keys, predictions)
            if len(self.keys) == 3:
                raise Broke("the sink")

    source, sink = Rows(in_pieces(5 * ROWS, [ROWS] * 5), waits=True), Full()
    with pytest.raises(Broke, match="the sink"):
        run(scorer(model, PLAIN), source, sink)
    assert len(sink.keys) == 3, "nothing is written after an error"
    assert source.cancelled.is_set()


@pytest.mark.parametrize("name", ["on_features", "on_scored", "on_progress"])
def test_whoever_looks_on_fails(model: Model, name: str) -> None:
    def fail(_: object) -> None:
        raise Broke(name)

    with pytest.raises(Broke, match=name):
        run(scorer(model, PLAIN), Rows(for_ever()), Kept(), **{name: fail})


def test_the_model_dies_in_the_middle(model: Model) -> None:
    scorer(model, f"if data['x'][0].as_py() == {3 * ROWS}: os._exit(3)\nreturn data['x']")
    sink = Kept()
    with pytest.raises(UserCodeError, match="that ran ModelScorer ended in the middle with exit code 3"):
        run(model, Rows(for_ever()), sink)
    assert len(sink.rows) <= 3 * ROWS


def test_the_model_fails_while_the_source_is_stuck(model: Model) -> None:
    model.write(
        "class ModelScorer:\n    def __init__(self):\n        raise OSError('no model')",
        file="model_modules/scoring.py",
    )
    source = Rows([], waits=True)
    with pytest.raises(UserCodeError, match="ModelScorer raised OSError: no model"):
        run(model, source, Kept())
    assert source.cancelled.is_set()


def test_the_model_fails_while_the_sink_is_stuck(model: Model) -> None:
    sign = model.tmp_path / "sign"
    scorer(
        model,
        f"while data['x'][0].as_py() and not os.path.exists({str(sign)!r}): time.sleep(0.01)\n"
        "if data['x'][0].as_py(): raise SystemExit(3)\n"
        "return data['x']",
    )
    sink = Stuck(sign=sign)
    with pytest.raises(UserCodeError, match=r"sys\.exit\(3\)"):
        run(model, Rows(for_ever()), sink)
    assert sink.cancelled.is_set()


def test_the_model_is_killed_from_outside(model: Model) -> None:
    def kill(line: str) -> None:
        os.kill(int(line), signal.SIGKILL)

    scorer(model, f"if data['x'][0].as_py() == {ROWS}:\n    print(os.getpid())\n    time.sleep(1000)\nreturn data['x']")
    with pytest.raises(ChildLost, match="killed from outside by SIGKILL"):
        run(model, Rows(for_ever()), Kept(), on_line=kill)


def test_the_model_loses_a_pipe_and_believes_that_all_is_done(model: Model) -> None:
    """The source has more, and nothing will ever make room for it."""
    lost = threading.Event()

    def each() -> Iterator[pa.RecordBatch]:
        yield from in_pieces(2 * ROWS, [ROWS] * 2)
        assert lost.wait(SECONDS)
        yield from for_ever()

    scorer(
        model,
        """\
for number in range(3, 100):
    if os.path.exists(f'/proc/self/fd/{number}') and 'pipe' in os.readlink(f'/proc/self/fd/{number}'):
        if fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            os.dup2(os.open('/dev/null', os.O_RDONLY), number)
            print('lost')
return data['x']""",
    )
    with pytest.raises(UserCodeError, match=r"returned invalid data: 700 rows were returned of .* and more") as failed:
        run(model, Rows(each()), Kept(), on_line=lambda _: lost.set())
    assert "that they haven't opened themselves" in failed.value.expected


def test_only_so_much_is_under_way(model: Model) -> None:
    class Slow(Kept):
        go_on = threading.Event()

        def write(self, keys: pa.RecordBatch, predictions: pa.RecordBatch) -> None:
            super().write(keys, predictions)
            assert self.go_on.wait(SECONDS)

    most = (BATCHES_UNDER_WAY + 2) * ROWS  # one more waits for its turn, and one was read to see that it's full
    held: list[int] = []

    def look() -> None:
        sink.begun.wait(SECONDS)
        gone(lambda: [] if source.read >= most else [1], seconds=SECONDS)
        time.sleep(0.3)  # for a source that is read further
        held.extend((source.read, len(sink.keys)))
        sink.go_on.set()

    source, sink = Rows(in_pieces(50 * ROWS, [ROWS] * 50)), Slow()
    looking = threading.Thread(target=look)
    looking.start()
    result = run(scorer(model, PLAIN), source, sink)
    looking.join()
    assert held == [most, 1]
    assert result.rows == 50 * ROWS


@pytest.mark.parametrize(
    ("each", "declared"),
    [
        pytest.param([], None, id="no batch"),
        pytest.param([flights(0), flights(0)], {"late": "int32"}, id="no rows"),
    ],
)
def test_nothing_to_score(model: Model, each: list[pa.RecordBatch], declared: dict[str, str] | None) -> None:
    sink = Kept()
    result = run(scorer(model, "print('called')\nreturn data['x']"), Rows(each), sink, outputs=declared)
    assert result == Scored(rows=0, set_aside=(), outputs=declared or {})
    assert sink.keys == []
    assert model.lines == []


def test_no_more_files_may_be_opened(model: Model) -> None:
    """Wherever that happens, those that are open are closed, and no thread goes on."""
    scorer(model, PLAIN)
    before = open_files()
    free = [number for number in range(100) if number not in before]
    limit, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for more in range(8):
        resource.setrlimit(resource.RLIMIT_NOFILE, (free[more], hard))
        try:
            with pytest.raises(OSError, match="Too many open files"):
                run(model, Rows(for_ever()), Kept())
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        assert open_files() == before
        assert threads() == []
