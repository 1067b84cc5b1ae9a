"""Tries a model without Airflow and without leaving a trace: the first thing that a data scientist runs."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from modelops.data.snapshot import write_snapshot
from modelops.domain.errors import UserCodeError
from modelops.lifecycle.metrics import read_metrics
from modelops.repository.pin import pin_folder
from modelops.runtime.environment import build, resolve
from modelops.runtime.process import Assignment, run_child

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
        workdir = Path(scratch)
        pinned = pin_folder(folder, destination=workdir / "code", allow_dirty=True)
        definition = pinned.definition
        echo(f"✓ {definition.title}: {len(definition.datasets.features)} features, SHA-256 {pinned.code_sha256}")
        where = "requirements.txt"
        lock = resolve(definition.requirements, settings=settings, where=where, log=echo)
        environment = build(lock, settings=settings, where=where, log=echo)
        trained: Path | None = None
        for verb, name in (("train", "train"), ("evaluate", "evaluate")):
            dataset = definition.datasets.choose(name, where="datasets.yaml")
            step = workdir / verb
            output = step / "output"
            output.mkdir(parents=True)
            rows = write_snapshot(sql_url, dataset, step / "rows.arrow", where=f"dataset {name}", limit=ROWS)
            echo(f"✓ dataset {name}: {rows.rows} rows, {len(rows.columns)} columns")
            run_child(
                Assignment(
                    verb="train" if verb == "train" else "evaluate",
                    model_folder=pinned.folder,
                    rows=rows.path,
                    artifact_input=trained,
                    artifact_output=output,
                    hyperparameters=definition.hyperparameters,
                    dataset=dataset,
                    project_id="check",
                    model_id=definition.model_id,
                    model_version="0",
                    job_id="0",
                ),
                environment=environment,
                workdir=step,
                memory=settings.child_memory,
                on_line=lambda line: echo(f"  {line}"),
            )
            _say_what_it_left(output, verb, echo)
            trained = output
        echo("✓ This model can be trained and evaluated.")


def _say_what_it_left(output: Path, verb: str, echo: Log) -> None:
    files = [path for path in sorted(output.rglob("*")) if path.is_file()]
    if not files:
        raise UserCodeError(
            f"{verb}() left no file",
            where=f"model_modules/{'training' if verb == 'train' else 'evaluation'}.py",
            expected="files below context.artifact_output_path",
        )
    left = ", ".join(f"{path.relative_to(output)} ({path.stat().st_size:,} bytes)" for path in files)
    echo(f"✓ {verb}() left {left}")
    for name, value in read_metrics(output, required=verb == "evaluate").items():
        echo(f"  {name} = {value}")
