"""Tries a model without Airflow and without leaving a trace: the first thing that a data scientist runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from modelops.lifecycle.code import REQUIREMENTS, SAMPLE, Code
from modelops.lifecycle.metrics import read_metrics
from modelops.lifecycle.sample import compare_with_sample, outputs_of, take_sample
from modelops.lifecycle.workbench import Workbench
from modelops.repository.kinds import MODELS
from modelops.repository.pin import pin_folder
from modelops.runtime.environment import resolve

if TYPE_CHECKING:
    from modelops.data.snapshot import Snapshot
    from modelops.domain.datasets import Dataset
    from modelops.lifecycle.services import Log
    from modelops.plain_files import HeldFolder
    from modelops.runtime.environment import Environment
    from modelops.settings import Settings

ROWS = 1000


def check_folder(folder: Path, *, sql_url: str, settings: Settings, echo: Log) -> None:
    """Read a model's folder, build its environment, train it on 1,000 rows, evaluate it on as many, and score some.

    Files that aren't committed yet are used as they are. `sql_url` is that of the login for users' SQL.

    Raises:
        BadInput: the first thing that is wrong.
        Unavailable: the platform's trouble.
    """
    settings.work.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="check-", dir=settings.work) as scratch:
        pinned = pin_folder(MODELS, folder, destination=Path(scratch) / "code", allow_dirty=True)
        definition = pinned.definition
        echo(f"✓ {definition.title}: {len(definition.datasets.features)} features")
        lock = resolve(definition.requirements, settings=settings, where=REQUIREMENTS, log=echo)
        code = Code(definition=definition, folder=pinned.folder, lock=lock)

        def workbench(name: str) -> Workbench:
            work = Path(scratch) / name
            work.mkdir()
            return Workbench(
                code=code,
                folder=work,
                hyperparameters=definition.hyperparameters,
                project_id="check",
                model_version="0",
                job_id="0",
                rows_url=sql_url,
                settings=settings,
                log=lambda line: echo(f"  {line}"),
                reach=_unrecorded,
            )

        training = workbench("training")
        environment = training.build()
        dataset, rows = training.read("train", limit=ROWS)
        echo(f"✓ Dataset train: {rows.rows} rows, {len(rows.columns)} columns")
        model = training.run("train", environment, dataset, rows)
        _say_what_it_left(model, "train", echo)
        scored = _score(training, environment, dataset, rows, model=model.path, scratch=Path(scratch))
        if scored:
            echo(f"✓ ModelScorer gives {scored}")

        evaluation = workbench("evaluation")
        trained_on = rows
        dataset, rows = evaluation.read("evaluate", trained_on=trained_on, limit=ROWS)
        echo(f"✓ Dataset evaluate: {rows.rows} rows, in the same types")
        dataset = _allowing_nulls(dataset, trained_on, rows, echo)
        output = evaluation.run("evaluate", environment, dataset, rows, model=model.path)
        _say_what_it_left(output, "evaluate", echo)
        for name, value in read_metrics(output, required=True).items():
            echo(f"  {name} = {value}")
    echo(f"✓ This model can be trained and evaluated{', and scores rows' if scored else ''}.")
    if not scored:
        echo("  To deploy it, it needs model_modules/scoring.py with a class ModelScorer.")


def _score(
    bench: Workbench, environment: Environment, dataset: Dataset, rows: Snapshot, *, model: Path, scratch: Path
) -> str:
    """What the ModelScorer gives for some rows of the training, twice the same; empty where there is none."""
    if not bench.code.definition.has_scorer:
        return ""
    sample = scratch / SAMPLE
    take_sample(bench, environment, dataset, rows, model=model, path=sample)
    compare_with_sample(bench, environment, dataset, model=model, path=sample)
    return ", ".join(f"{name} ({kind})" for name, kind in outputs_of(sample).items())


def _allowing_nulls(dataset: Dataset, trained_on: Snapshot, rows: Snapshot, echo: Log) -> Dataset:
    """Let the evaluation have nulls where the training had none: so few of its rows may not show those that it has."""
    new = [name for name, has_nulls in rows.had_nulls.items() if has_nulls and not trained_on.had_nulls.get(name, True)]
    if new:
        echo(f"  {', '.join(new)}: null in evaluate, and in none of these {trained_on.rows} rows of train;")
        echo(
            "  after a training that has no null there, read_pandas() refuses one, and predict() doesn't get such rows"
        )
    return replace(dataset, had_nulls={**trained_on.had_nulls, **dict.fromkeys(new, True)})


def _unrecorded(_step: str, /, **_detail: object) -> None:
    """A check leaves no trace in the ledger."""


def _say_what_it_left(output: HeldFolder, verb: str, echo: Log) -> None:
    left = ", ".join(f"{name} ({size:,} bytes)" for name, size in output.files())
    echo(f"✓ {verb}() left {left}")
