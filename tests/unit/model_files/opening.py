"""Opens model files as jobs do, and the files of tests/models with what their libraries predict."""

from __future__ import annotations

import json
import resource
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modelops.domain.datasets import Dataset
from modelops.domain.errors import ModelFileError
from modelops.domain.model_files import ImportedModel
from modelops.domain.resources import Allowance, Limit, Limits
from modelops.formats.recognition import recognise
from modelops.runtime.model_files import describe
from modelops.runtime.scoring import SET_ASIDE, ScoringAssignment, run_scorer
from modelops.settings import LogBounds
from unit.runtime.scorers import answers

if TYPE_CHECKING:
    from modelops.domain.model_files import Description
    from modelops.runtime.environment import Environment

MODELS = Path(__file__).parents[2] / "models"
REAL = sorted(path.parent.name for path in MODELS.glob("*/expected.json"))
MOST_MEMORY = 50 * 2**20


@dataclass(frozen=True)
class Real:
    """A model file that its library has made, and what the library predicts for the rows of rows.parquet."""

    name: str

    @property
    def expected(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((MODELS / self.name / "expected.json").read_text(encoding="utf-8"))
        return found

    @property
    def path(self) -> Path:
        return MODELS / self.name / self.expected["file"]

    def imported(self, **others: Any) -> ImportedModel:
        expected = self.expected
        classes = expected["classes"]
        about = {
            "format": expected["format"],
            "file": expected["file"],
            "type": expected["type"],
            "features": tuple(expected["features"]),
            "classes": None if classes is None else tuple(classes),
        }
        return ImportedModel(**about | others)

    @staticmethod
    def rows() -> pa.Table:
        return pq.read_table(MODELS / "rows.parquet")


def within(*, cpu_seconds: float | None = None, memory: int | None = None) -> Allowance:
    """The limits of a job."""

    def limit(value: float | None, name: str) -> Limit | None:
        return None if value is None else Limit(value=value, source=name, expected=f"have {name} raised")

    return Allowance(limits=Limits(memory=limit(memory, "the memory"), cpu_seconds=limit(cpu_seconds, "the time")))


@dataclass
class Opener:
    """Opens model files in a folder of the test."""

    folder: Path
    environment: Environment
    lines: list[str] = field(default_factory=list)

    def describe(self, file: Path, *, name: str | None = None, allowance: Allowance | None = None) -> Description:
        """Recognise and describe a file, as an import does."""
        alone = self.folder / "alone"
        shutil.rmtree(alone, ignore_errors=True)
        alone.mkdir()
        format_ = recognise(file, name or file.name)
        shutil.copyfile(file, alone / format_.file)
        return describe(
            alone / format_.file,
            format_,
            environment=self.environment,
            workdir=self.folder / "work",
            allowance=allowance or Allowance(),
            log_bounds=LogBounds(),
            on_line=self.lines.append,
            job_id="a job",
        )

    def refusal(self, file: Path, *, name: str | None = None, allowance: Allowance | None = None) -> ModelFileError:
        """The error that a file gets; this process has hardly grown by it."""
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(ModelFileError) as refused:
            self.describe(file, name=name, allowance=allowance)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_MEMORY // 1024
        return refused.value

    def score(
        self, file: Path, imported: ImportedModel, rows: pa.Table, *, batch: int = 1_000_000, budget: int = 0
    ) -> dict[str, list[Any]]:
        """The predictions for rows in batches, as columns; SET_ASIDE is among them if rows are rejected."""
        model, sent, received = (self.folder / name for name in ("model", "sent", "received"))
        shutil.rmtree(model, ignore_errors=True)
        model.mkdir()
        shutil.copyfile(file, model / imported.file)
        with pa.OSFile(str(sent), "wb") as out, pa.ipc.new_stream(out, rows.schema) as writer:
            writer.write_table(rows, max_chunksize=batch)
        assignment = ScoringAssignment(
            model_folder=model,
            artifact_input=model,
            hyperparameters={},
            dataset=Dataset(
                name="predict",
                sql="SELECT 1",
                entity_key=("id",),
                feature_names=tuple(rows.schema.names),
                target_names=("late",),
            ),
            project_id="demo",
            model_id="late",
            model_version="1",
            job_id="a job",
            imported=imported,
            budget=budget,
        )
        with sent.open("rb") as source, received.open("wb") as sink:
            run_scorer(
                assignment,
                environment=self.environment,
                workdir=self.folder / "work",
                allowance=Allowance(),
                log_bounds=LogBounds(),
                on_line=self.lines.append,
                source_fd=source.fileno(),
                sink_fd=sink.fileno(),
            )
        found = pa.Table.from_batches(list(answers(received))).to_pydict()
        if not any(found[SET_ASIDE]):
            del found[SET_ASIDE]
        return found
