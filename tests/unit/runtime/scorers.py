"""A ModelScorer in its own process, with files for pipes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from modelops.domain.errors import UserCodeError
from modelops.runtime.scoring import SET_ASIDE, ScoringAssignment, run_scorer
from modelops.settings import LogBounds
from unit.runtime.models import HERE, Model, of_memory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from modelops.domain.datasets import Dataset


def scorer(model: Model, body: str, *, imports: str = "", attributes: str = "pass") -> Model:
    """A model whose predict(data) has this body, indented by four."""
    lines = "\n".join(f"        {line.removeprefix('    ')}" for line in body.strip("\n").splitlines())
    return model.write(
        f"{imports}\n\nclass ModelScorer:\n    {attributes}\n\n    def predict(self, data):\n{lines}\n",
        file="model_modules/scoring.py",
    )


def features(*values: Any, **more: list[Any]) -> pa.RecordBatch:
    return pa.record_batch({"x": list(values)} | more)


def run(
    model: Model,
    *batches: pa.RecordBatch,
    schema: pa.Schema | None = None,
    memory: int | None = None,
    targets: tuple[str, ...] = ("late",),
    **values: Any,
) -> list[pa.RecordBatch]:
    """The answers to the batches. Files stand in for the pipes."""
    sent, received = model.tmp_path / "sent", model.tmp_path / "received"
    with pa.OSFile(str(sent), "wb") as file, pa.ipc.new_stream(file, schema or batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    with sent.open("rb") as source, received.open("wb") as sink:
        run_scorer(
            assignment(model, targets, **values),
            environment=HERE,
            workdir=model.workdir,
            allowance=of_memory(memory),
            log_bounds=LogBounds(),
            on_line=model.hear(),
            source_fd=source.fileno(),
            sink_fd=sink.fileno(),
        )
    return list(answers(received))


def assignment(
    model: Model,
    targets: tuple[str, ...],
    *,
    key: tuple[str, ...] = ("id",),
    had_nulls: dict[str, bool] | None = None,
    **values: Any,
) -> ScoringAssignment:
    plain = model.assignment()
    dataset: Dataset = plain.dataset
    subject = {
        name: getattr(plain, name)
        for name in ("model_folder", "hyperparameters", "project_id", "model_id", "model_version", "job_id")
    }
    dataset = type(dataset)(
        name="predict",
        sql=dataset.sql,
        entity_key=key,
        feature_names=("x",),
        target_names=targets,
        had_nulls=had_nulls,
    )
    return ScoringAssignment(**subject | {"dataset": dataset} | values)


def answers(received: Path) -> Iterator[pa.RecordBatch]:
    with received.open("rb") as file:
        while file.peek(1):
            yield from pa.ipc.open_stream(file)


def columns(*answered: pa.RecordBatch) -> dict[str, Any]:
    """All the answers, column by column; without the last where every row is scored."""
    found = pa.Table.from_batches(answered).to_pydict()
    if not any(found[SET_ASIDE]):
        del found[SET_ASIDE]
    return found


def types(answer: pa.RecordBatch) -> dict[str, str]:
    return {field.name: str(field.type) for field in answer.schema if field.name != SET_ASIDE}


def failure_of(model: Model, *batches: pa.RecordBatch, **values: Any) -> UserCodeError:
    with pytest.raises(UserCodeError) as failed:
        run(model, *(batches or [features(1.0, 2.0)]), **values)
    return failed.value
