"""The part of main.py that scores: record batches in through one pipe, batches of predictions out through another.

Loaded by main.py, never imported. It imports the standard library and Arrow, and pandas or polars where the model's
environment has them.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import select
import threading
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modelops.runtime.child import predictions
    from modelops.runtime.child.predictions import Predictions
else:
    import _modelops_predictions as predictions

FRAMES = ("pandas", "polars", "arrow")
REASON_CHARACTERS = 500


class MissingScorerError(Exception):
    """There is no class ModelScorer, or the class has no predict()."""

    kind, name = "missing_function", ""


class OverBudgetError(Exception):
    """More rows than allowed can't be scored. The message is the reason for the first one, `name` its position."""

    kind = "over_budget"

    def __init__(self, reason: str, *, position: int) -> None:
        super().__init__(reason)
        self.name = str(position)


def score(
    assignment: dict[str, Any],
    context: Any,
    *,
    scorer_class: Callable[[], Any],
    to_text: Callable[[BaseException], str],
) -> None:
    """Score the stream at `source_fd` to its end, and write to `sink_fd`.

    For each batch, a batch with as many rows is written: the predictions, and in the last column the reason why a row
    has none. If the columns of the predictions aren't declared, they are unknown until a row is scored; a second stream
    begins when they are known.

    Args:
        assignment: from the job: `outputs` (column to Arrow type, or None), `budget`, `artifact_input`, and the pipes.
        context: the model's context; its methods that read rows are disabled.
        scorer_class: gives the model's ModelScorer, or the standard one; it imports the model's code.
        to_text: returns an error as one line.
    """
    source_fd, sink_fd = assignment["source_fd"], assignment["sink_fd"]
    for fd in (source_fd, sink_fd):
        os.set_inheritable(fd, False)
    done = threading.Event()
    threading.Thread(target=_leave_with_reader, args=(sink_fd, done), daemon=True).start()
    context._open = _no_rows
    scorer = make_scorer(scorer_class(), context, assignment["artifact_input"])
    columns = predictions.Predictions(
        scorer,
        targets=assignment["dataset"]["target_names"],
        key=assignment["dataset"]["entity_key"],
        outputs=assignment["outputs"],
    )
    scoring = Scoring(scorer, columns, context=context, budget=assignment["budget"], to_text=to_text)
    with os.fdopen(source_fd, "rb") as source, os.fdopen(sink_fd, "wb") as sink:
        answers = _Answers(sink)
        for batch in pa.ipc.open_stream(source):
            answers.write(scoring.score(batch))
        answers.end(columns.answer_schema)
        done.set()


def _leave_with_reader(sink_fd: int, done: threading.Event) -> None:
    """End this process when the reader of its output has gone, even during a long predict()."""
    poll = select.poll()
    poll.register(sink_fd, 0)
    gone = any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll())
    if gone and not done.is_set():
        os._exit(1)


def _no_rows() -> Any:
    raise RuntimeError("while scoring, the context has no rows to read: predict(data) gets them, batch by batch")


def make_scorer(kind: Any, context: Any, artifacts: str | None) -> Any:
    """A ModelScorer of this class.

    Raises:
        MissingScorerError: it is no class, or its objects have no predict().
    """
    if not isinstance(kind, type):
        raise MissingScorerError("class ModelScorer")
    if artifacts is not None:
        # A scorer without a context looks in the working directory; teradata.py may have made the links already.
        os.makedirs("artifacts", exist_ok=True)
        if not os.path.lexists("artifacts/input"):
            os.symlink(artifacts, "artifacts/input")
    scorer = kind(context) if _takes_argument(kind) else kind()
    if not callable(getattr(scorer, "predict", None)):
        raise MissingScorerError("method predict in its class ModelScorer")
    return scorer


def _takes_argument(kind: type) -> bool:
    one = inspect.Parameter
    positional = (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD, one.VAR_POSITIONAL)
    try:
        return any(parameter.kind in positional for parameter in inspect.signature(kind).parameters.values())
    except (TypeError, ValueError):
        return False  # a class of an extension module has no signature


def _kind_of_frame(scorer: Any) -> str:
    """The package whose frames predict() gets."""
    chosen: str | None = getattr(type(scorer), "frame", None)
    if chosen is None:
        return next((name for name in ("pandas", "polars") if importlib.util.find_spec(name)), "arrow")
    if chosen not in FRAMES:
        raise predictions.WrongResultError(
            f"ModelScorer.frame is {chosen!r}", right='frame = "pandas", "polars" or "arrow", or no such attribute'
        )
    return chosen


def _frame_of(kind: str, context: Any) -> Callable[[pa.RecordBatch], Any]:
    """A function that converts a record batch to the frame that predict() gets."""
    if kind == "arrow":
        return lambda batch: pa.Table.from_batches([batch])
    package = importlib.import_module(kind)
    if kind == "polars":
        return lambda batch: package.from_arrow(batch)
    # The copy costs little compared with predict(), and it lets user code modify its frame.
    return lambda batch: context._in_pandas(pa.Table.from_batches([batch]))


class _Answers:
    """The output stream of predictions."""

    def __init__(self, sink: IO[bytes]) -> None:
        self._sink = sink
        self._schema: Any = None
        self._writer: Any = None

    def write(self, batch: pa.RecordBatch) -> None:
        self._begin(batch.schema)
        self._writer.write_batch(batch)
        self._sink.flush()  # the sender waits for answers after a few batches

    def end(self, schema: pa.Schema) -> None:
        if self._writer is None:
            self._begin(schema)
        self._writer.close()
        self._sink.flush()

    def _begin(self, schema: pa.Schema) -> None:
        if schema == self._schema:
            return
        if self._writer is not None:
            self._writer.close()
        self._schema, self._writer = schema, pa.ipc.new_stream(self._sink, schema)


class Scoring:
    """Scores batches with a ModelScorer, one after another."""

    def __init__(
        self, scorer: Any, columns: Predictions, *, context: Any, budget: int, to_text: Callable[[BaseException], str]
    ) -> None:
        self._scorer, self._columns, self._budget, self._to_text = scorer, columns, budget, to_text
        kind = _kind_of_frame(scorer)
        self._frame = _frame_of(kind, context)
        # All types of Arrow and polars have null.
        self._never_null = context._never_null if kind == "pandas" else lambda _schema: []
        self._predict_proba = getattr(scorer, "predict_proba", None)
        self._pid = os.getpid()
        self._position = 0
        self._aside = 0
        self._first: tuple[str, int, Exception | None] = "", 0, None

    def score(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The predictions for a batch.

        A row is rejected if predict() can't get it in the types of the training.

        Raises:
            WrongResultError: predict() returned a wrong result.
            OverBudgetError: too many rows can't be scored.
        """
        unfit = self._unfit(batch)
        if unfit:
            return self._without(batch, unfit)
        answer = self._answer(batch, range(self._position, self._position + batch.num_rows))
        self._position += batch.num_rows
        return answer

    def _unfit(self, batch: pa.RecordBatch) -> list[tuple[pa.Array, str]]:
        """Masks of the rows that predict() must not get, each with the reason."""
        never_null = [name for name in self._never_null(batch.schema) if batch.column(name).null_count]
        unfit = [(batch.column(name).is_null(), f"{name} is null; in training it never was") for name in never_null]
        for field, column in zip(batch.schema, batch.columns, strict=True):
            if pa.types.is_list(field.type) and column.flatten().null_count:
                rows = predictions.rows_of(column, column.flatten().is_null())
                unfit.append((rows, f"{field.name} has an element that is null"))
        return unfit

    def _without(self, batch: pa.RecordBatch, unfit: list[tuple[pa.Array, str]]) -> pa.RecordBatch:
        """The predictions for a batch of which some rows are rejected before predict() is called."""
        whole = pc.invert(unfit[0][0])
        for rows, _ in unfit[1:]:
            whole = pc.and_(whole, pc.invert(rows))
        kept = pc.indices_nonzero(whole)
        answer = self._answer(batch.filter(whole), [self._position + row for row in kept.to_pylist()])
        reasons: list[str | None] = [None] * batch.num_rows
        for row in pc.indices_nonzero(pc.invert(whole)).to_pylist():
            reason = next(reason for rows, reason in unfit if rows[row].as_py())
            reasons[row] = self._set_aside(reason, self._position + row, None)
        self._position += batch.num_rows
        # The position of each row among the scored ones; null if it was not scored.
        places = pa.nulls(batch.num_rows, pa.int64())
        places = pc.replace_with_mask(places, whole, pa.array(range(len(kept)), pa.int64()))
        scored = [column.take(places) for column in answer.columns[:-1]]
        all_reasons = pc.coalesce(answer.columns[-1].take(places), pa.array(reasons, pa.string()))
        return pa.RecordBatch.from_arrays([*scored, all_reasons], schema=answer.schema)

    def _answer(self, batch: pa.RecordBatch, positions: Sequence[int]) -> pa.RecordBatch:
        """The predictions for rows at these positions in the stream.

        If predict() raises an error, the batch is halved repeatedly, until only rows that fail are without predictions.
        """
        parts: list[tuple[list[pa.Array] | None, pa.Array]] = []
        waiting = [(0, batch.num_rows)] if batch.num_rows else []
        while waiting:
            start, rows = waiting.pop()
            returned, error = self._try(batch.slice(start, rows))
            if error is None:
                parts.append(self._checked(returned, positions[start : start + rows]))
            elif rows > 1:
                half = rows // 2
                waiting += [(start + half, rows - half), (start, half)]
            else:
                reason = self._set_aside(self._to_text(error), positions[start], error)
                parts.append((None, pa.array([reason], pa.string())))
        return self._joined(parts)

    def _try(self, batch: pa.RecordBatch) -> tuple[tuple[Any, Any], Exception | None]:
        """The results of predict() and, for a single column, predict_proba(); or the error that they raise."""
        returned: tuple[Any, Any] = None, None
        caught: Exception | None = None
        try:
            predicted = self._scorer.predict(self._frame(batch))
            if callable(self._predict_proba) and predictions.is_column(predicted):
                returned = predicted, self._predict_proba(self._frame(batch))
            else:
                returned = predicted, None
        except MemoryError:
            raise
        except Exception as error:
            if os.getpid() != self._pid or getattr(error, "kind", None) == "wrong_result":
                raise  # the fault of the code, not of a row
            caught = error
        if os.getpid() != self._pid:
            os._exit(1)  # a process that predict() forked; only the original process writes predictions
        return returned, caught

    def _checked(self, returned: tuple[Any, Any], positions: Sequence[int]) -> tuple[list[pa.Array] | None, pa.Array]:
        """The predictions, with nulls for rejected rows, and the reasons for the rejections."""
        rows = len(positions)
        columns = self._columns.named(*returned, rows=rows)
        fitted = self._columns.fitted(columns)
        unusable = predictions.unusable(columns)
        if unusable is None:
            return fitted, pa.nulls(rows, pa.string())
        reasons: list[str | None] = [None] * rows
        for row in pc.indices_nonzero(unusable).to_pylist():
            reasons[row] = self._set_aside(predictions.fault_in(columns, row), positions[row], None)
        if fitted is not None:
            fitted = [pc.if_else(unusable, pa.scalar(None, array.type), array) for array in fitted]
        return fitted, pa.array(reasons, pa.string())

    def _set_aside(self, reason: str, position: int, error: Exception | None) -> str:
        # PostgreSQL's text can't contain NUL, and UTF-8 can't encode unpaired surrogates.
        reason = reason.replace("\0", "").encode("utf-8", errors="replace").decode()[:REASON_CHARACTERS]
        self._aside += 1
        if self._aside == 1 or position < self._first[1]:
            self._first = reason, position, error
        if self._aside > self._budget:
            reason, position, error = self._first
            raise OverBudgetError(reason, position=position) from error
        return reason

    def _joined(self, parts: list[tuple[list[pa.Array] | None, pa.Array]]) -> pa.RecordBatch:
        schema = self._columns.answer_schema
        whole = []
        for arrays, reasons in parts:
            if arrays is None:
                arrays = [pa.nulls(len(reasons), each) for each in schema.types[:-1]]
            whole.append([*arrays, reasons])
        if not whole:
            return pa.RecordBatch.from_pylist([], schema=schema)
        pieces = zip(*whole, strict=True)
        columns = whole[0] if len(whole) == 1 else [pa.concat_arrays(list(each)) for each in pieces]
        return pa.RecordBatch.from_arrays(columns, schema=schema)
