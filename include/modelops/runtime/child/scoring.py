"""The part of main.py that scores: record batches in through one pipe, batches of predictions out through another.

Loaded by child.py, never imported. It imports the standard library and Arrow, and pandas or polars where the model's
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
    """There is no class ModelScorer, or it has no predict()."""

    kind, name = "missing_function", ""


class OverBudgetError(Exception):
    """More rows than allowed can't be scored. The message says why the first can't, `name` is its position."""

    kind = "over_budget"

    def __init__(self, reason: str, *, position: int) -> None:
        super().__init__(reason)
        self.name = str(position)


def score(
    assignment: dict[str, Any], context: Any, *, scorer_class: Callable[[], Any], tell: Callable[[BaseException], str]
) -> None:
    """Score the stream at `source_fd` to its end, and write to `sink_fd`.

    Each batch is answered by one of as many rows: the predictions, and last the reason why a row has none. As long as
    no row could be scored and nothing was declared, the columns of the predictions aren't known; when they are, a
    second stream begins.

    Args:
        assignment: from the job: `outputs` (column to Arrow type, or None), `budget`, `artifact_input`, and the pipes.
        context: the model's context; its methods that read rows are taken away.
        scorer_class: gives the model's ModelScorer, or the standard one; it imports the model's code.
        tell: an error in one line.
    """
    source_fd, sink_fd = assignment["source_fd"], assignment["sink_fd"]
    for fd in (source_fd, sink_fd):
        os.set_inheritable(fd, False)
    done = threading.Event()
    threading.Thread(target=_leave_with_reader, args=(sink_fd, done), daemon=True).start()
    context._open = _no_rows
    scorer = made(scorer_class(), context, assignment["artifact_input"])
    columns = predictions.Predictions(
        scorer,
        targets=assignment["dataset"]["target_names"],
        key=assignment["dataset"]["entity_key"],
        outputs=assignment["outputs"],
    )
    scoring = Scoring(scorer, columns, context=context, budget=assignment["budget"], tell=tell)
    with os.fdopen(source_fd, "rb") as source, os.fdopen(sink_fd, "wb") as sink:
        answers = _Answers(sink)
        for batch in pa.ipc.open_stream(source):
            answers.write(scoring.score(batch))
        answers.end(columns.answer_schema)
        done.set()


def _leave_with_reader(sink_fd: int, done: threading.Event) -> None:
    """End this process when nobody reads its answers any more, even in the middle of a predict() that takes long."""
    poll = select.poll()
    poll.register(sink_fd, 0)
    gone = any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll())
    if gone and not done.is_set():
        os._exit(1)


def _no_rows() -> Any:
    raise RuntimeError("while scoring, the context has no rows to read: predict(data) gets them, batch by batch")


def made(kind: Any, context: Any, artifacts: str | None) -> Any:
    """A ModelScorer of this class.

    Raises:
        MissingScorerError: it is no class, or its objects have no predict().
    """
    if not isinstance(kind, type):
        raise MissingScorerError("class ModelScorer")
    if artifacts is not None:
        # In the working directory, where a scorer without a context looks; teradata.py may have made them already.
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
        return False  # a class of an extension module doesn't say


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
    """What makes of a batch what predict() gets."""
    if kind == "arrow":
        return lambda batch: pa.Table.from_batches([batch])
    package = importlib.import_module(kind)
    if kind == "polars":
        return lambda batch: package.from_arrow(batch)
    # It copies, which takes a fraction of what any predict() does; without that, code couldn't change its own frame.
    return lambda batch: context._in_pandas(pa.Table.from_batches([batch]))


def all_rows(scorer: Any, context: Any) -> Any:
    """The features of all rows of the context, as this scorer's predict() gets them."""
    names, kind = context.dataset_info.feature_names, _kind_of_frame(scorer)
    if kind == "arrow":
        return context.read_arrow().select(names)
    return context.read_pandas()[names] if kind == "pandas" else context.read_polars().select(names)


class _Answers:
    """The predictions on their way."""

    def __init__(self, sink: IO[bytes]) -> None:
        self._sink = sink
        self._schema: Any = None
        self._writer: Any = None

    def write(self, batch: pa.RecordBatch) -> None:
        self._begin(batch.schema)
        self._writer.write_batch(batch)
        self._sink.flush()  # the other side sends only so many batches without an answer

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
    """A ModelScorer at work on one batch after the other."""

    def __init__(
        self, scorer: Any, columns: Predictions, *, context: Any, budget: int, tell: Callable[[BaseException], str]
    ) -> None:
        self._scorer, self._columns, self._budget, self._tell = scorer, columns, budget, tell
        kind = _kind_of_frame(scorer)
        self._frame = _frame_of(kind, context)
        # In Arrow and in polars, types know null.
        self._never_null = context._never_null if kind == "pandas" else lambda _schema: []
        self._predict_proba = getattr(scorer, "predict_proba", None)
        self._pid = os.getpid()
        self._position = 0
        self._aside = 0
        self._first: tuple[str, int, Exception | None] = "", 0, None

    def score(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The answer to a batch.

        A row is set aside that can't be given to predict() in the types of the training.

        Raises:
            WrongResultError: predict() returned what it must not.
            OverBudgetError: too many rows can't be scored.
        """
        unfit = self._unfit(batch)
        if unfit:
            return self._without(batch, unfit)
        answer = self._answer(batch, range(self._position, self._position + batch.num_rows))
        self._position += batch.num_rows
        return answer

    def _unfit(self, batch: pa.RecordBatch) -> list[tuple[pa.Array, str]]:
        """The rows that predict() must not get, as masks, each with the reason."""
        never_null = [name for name in self._never_null(batch.schema) if batch.column(name).null_count]
        unfit = [(batch.column(name).is_null(), f"{name} is null; in training it never was") for name in never_null]
        for field, column in zip(batch.schema, batch.columns, strict=True):
            if pa.types.is_list(field.type) and column.flatten().null_count:
                rows = predictions.rows_of(column, column.flatten().is_null())
                unfit.append((rows, f"{field.name} has an element that is null"))
        return unfit

    def _without(self, batch: pa.RecordBatch, unfit: list[tuple[pa.Array, str]]) -> pa.RecordBatch:
        """The answer to a batch with rows that are set aside before predict() is called."""
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
        # Each row's place among those that were scored; null where it wasn't.
        places = pa.nulls(batch.num_rows, pa.int64())
        places = pc.replace_with_mask(places, whole, pa.array(range(len(kept)), pa.int64()))
        scored = [column.take(places) for column in answer.columns[:-1]]
        told = pc.coalesce(answer.columns[-1].take(places), pa.array(reasons, pa.string()))
        return pa.RecordBatch.from_arrays([*scored, told], schema=answer.schema)

    def _answer(self, batch: pa.RecordBatch, positions: Sequence[int]) -> pa.RecordBatch:
        """What predict() makes of rows at these positions in the stream.

        Where it raises an error, the batch is halved until only the rows that it can't do are left.
        """
        parts: list[tuple[list[pa.Array] | None, pa.Array]] = []
        waiting = [(0, batch.num_rows)] if batch.num_rows else []
        while waiting:
            start, rows = waiting.pop()
            returned, error = self._try(batch.slice(start, rows))
            if error is None:
                parts.append(self._judged(returned, positions[start : start + rows]))
            elif rows > 1:
                half = rows // 2
                waiting += [(start + half, rows - half), (start, half)]
            else:
                reason = self._set_aside(self._tell(error), positions[start], error)
                parts.append((None, pa.array([reason], pa.string())))
        return self._joined(parts)

    def _try(self, batch: pa.RecordBatch) -> tuple[tuple[Any, Any], Exception | None]:
        """What predict() and, for a single column, predict_proba() return; or what they raise."""
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
            os._exit(1)  # a fork that predict() made and didn't end; it has no say
        return returned, caught

    def _judged(self, returned: tuple[Any, Any], positions: Sequence[int]) -> tuple[list[pa.Array] | None, pa.Array]:
        """The predictions, with nulls where a row is set aside, and the reasons."""
        rows = len(positions)
        columns = self._columns.named(*returned, rows=rows)
        fitted = self._columns.fitted(columns)
        unusable = predictions.unusable(columns)
        if unusable is None:
            return fitted, pa.nulls(rows, pa.string())
        reasons: list[str | None] = [None] * rows
        for row in pc.indices_nonzero(unusable).to_pylist():
            reasons[row] = self._set_aside(predictions.why(columns, row), positions[row], None)
        if fitted is not None:
            fitted = [pc.if_else(unusable, pa.scalar(None, array.type), array) for array in fitted]
        return fitted, pa.array(reasons, pa.string())

    def _set_aside(self, reason: str, position: int, error: Exception | None) -> str:
        # PostgreSQL's text holds no NUL, and UTF-8 no half of a surrogate pair.
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
