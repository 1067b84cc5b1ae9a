"""Tries a model without Airflow and without leaving a trace: the first thing that a data scientist runs."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from modelops.lifecycle.code import REQUIREMENTS, Code
from modelops.lifecycle.metrics import read_metrics
from modelops.lifecycle.workbench import Workbench
from modelops.repository.pin import pin_folder
from modelops.runtime.environment import resolve

if TYPE_CHECKING:
    from modelops.lifecycle.services import Log
    from modelops.settings import Settings

ROWS = 1000


def check_folder(folder: Path, *, sql_url: str, settings: Settings, echo: Log) -> None:
    """Read a model's folder, build its environment, train it on 1,000 rows, and evaluate it on as many.

    Files that aren't committed yet are used as they are. `sql_url` is that of the login for users' SQL.

    Raises:
        BadInput: the first thing that is wrong.
        Unavailable: the platform's trouble.
    """
    settings.work.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="check-", dir=settings.work) as scratch:
        pinned = pin_folder(folder, destination=Path(scratch) / "code", allow_dirty=True)
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

        evaluation = workbench("evaluation")
        dataset, rows = evaluation.read("evaluate", like=rows.columns, limit=ROWS)
        echo(f"✓ Dataset evaluate: {rows.rows} rows, in the same types")
        output = evaluation.run("evaluate", environment, dataset, rows, model=model)
        _say_what_it_left(output, "evaluate", echo)
        for name, value in read_metrics(output, required=True).items():
            echo(f"  {name} = {value}")
    echo("✓ This model can be trained and evaluated.")


def _unrecorded(_step: str, /, **_detail: object) -> None:
    """A check leaves no trace in the ledger."""


def _say_what_it_left(output: Path, verb: str, echo: Log) -> None:
    files = [path for path in sorted(output.rglob("*")) if path.is_file()]
    left = ", ".join(f"{path.relative_to(output)} ({path.stat().st_size:,} bytes)" for path in files)
    echo(f"✓ {verb}() left {left}")
