"""Checks the folder of a model without Airflow; nothing is recorded."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from modelops.data.artifacts import list_output
from modelops.data.target import check_target, columns_for
from modelops.domain.errors import BadInput, SeveralErrors, Unavailable
from modelops.domain.findings import Findings, sorted_by_place
from modelops.domain.labels import TRUTH
from modelops.domain.resources import Meter
from modelops.kinds.model.code import REQUIREMENTS, SAMPLE
from modelops.kinds.model.details import Details, read_details
from modelops.kinds.model.metrics import read_metrics
from modelops.kinds.model.preflight import (
    check_labelled,
    check_labels,
    check_own_target,
    check_scored,
    target_of,
)
from modelops.kinds.model.sample import ROWS as SAMPLE_ROWS
from modelops.kinds.model.sample import compare_with_sample, outputs_of, take_sample
from modelops.kinds.model.scored_rows import FILE, score_rows
from modelops.kinds.model.standard import check_packages, stored_estimator
from modelops.kinds.model.workbench import Workbench
from modelops.repository.catalogue import index_of, reference_of
from modelops.repository.definition import (
    CONFIG,
    EVALUATION,
    OPTIONAL_FILES,
    REQUIRED_DATASETS,
    SCORING,
    place_of_query,
    read_datasets,
)
from modelops.repository.kinds import MODELS
from modelops.repository.pin import pin_folder
from modelops.repository.reading import read_text_if_any
from modelops.runtime.environment import resolve
from modelops.stages.code import Code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    from modelops.data.checks import DatasetColumns
    from modelops.data.snapshot import Snapshot
    from modelops.domain.datasets import Dataset, Datasets
    from modelops.jobs.run import Log
    from modelops.plain_files import HeldFolder
    from modelops.repository.definition import ModelDefinition
    from modelops.repository.kinds import Kind
    from modelops.runtime.environment import Environment
    from modelops.settings import InstallationSettings, Settings

ROWS = 1000
PREDICT = "predict"
SHOWN = 20
"""Maximum number of rejected rows that are shown."""


def check_folder(folder: Path, *, sql_url: str, ledger: Connection[Any], settings: Settings, echo: Log) -> None:
    """Read a model's folder, build its environment, train it on 1,000 rows, evaluate it on as many, and score some.

    The files, the SQL of all datasets and the target are checked first, and all errors are reported before an
    environment is built. Uncommitted files are used as they are. `sql_url` has the login for users' SQL; `ledger` is
    used to check whether the model's target can be created.

    Raises:
        BadInput: the folder has an error; SeveralErrors if it has several, sorted by file and line.
        Unavailable: a service is unavailable.
    """
    settings.machine.work.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="check-", dir=settings.machine.work) as scratch:
        code = read_folder(folder, Path(scratch), sql_url=sql_url, ledger=ledger, settings=settings, echo=echo)
        try_code(code, folder, Path(scratch), sql_url=sql_url, settings=settings, echo=echo)


def read_folder(
    folder: Path, scratch: Path, *, sql_url: str, ledger: Connection[Any], settings: Settings, echo: Log
) -> Code[ModelDefinition]:
    """Check everything that needs no environment.

    Raises:
        BadInput, Unavailable: as `check_folder`.
    """
    findings = Findings()
    pinned = lock = datasets = requirements = None
    with findings.collecting():
        pinned = pin_folder(MODELS, folder, destination=scratch / "code", allow_dirty=True)
        _report_definition(pinned.definition, echo)
        datasets, requirements = pinned.definition.datasets, pinned.definition.requirements
    if pinned is None:  # a file is wrong; others may be as well
        with suppress(BadInput):
            datasets = read_datasets(folder, str(folder))
        with suppress(BadInput):
            requirements = read_text_if_any(folder / REQUIREMENTS, f"{folder}/{REQUIREMENTS}")
    if pinned is not None:
        with findings.collecting():
            pinned.definition.resources.check(settings.ceilings, where=f"{folder}/{CONFIG}")
    if datasets is not None:
        slice_by = () if pinned is None else pinned.definition.slice_by
        columns = check_datasets(str(folder), datasets, sql_url, findings, echo, slice_by=slice_by)
        if pinned is not None and pinned.definition.has_scorer and PREDICT in columns:
            with findings.collecting():
                check_default_target(MODELS, folder, columns[PREDICT], ledger, settings.installation, echo)
    where = f"{folder}/{REQUIREMENTS}"
    try:
        with findings.collecting():
            index = index_of(MODELS, folder, settings.installation)
            lock = resolve(requirements, machine=settings.machine, where=where, log=echo, index=index)
            if pinned is not None:
                check_packages(pinned.definition, lock, where=where)
    except Unavailable:
        if not findings.errors:
            raise
    with in_order(folder):
        findings.raise_if_any()
    assert pinned is not None
    assert lock is not None
    return Code(definition=pinned.definition, folder=pinned.folder, lock=lock)


def try_code(
    code: Code[ModelDefinition], folder: Path, scratch: Path, *, sql_url: str, settings: Settings, echo: Log
) -> None:
    """Train, score and evaluate.

    Raises:
        BadInput, Unavailable: as `check_folder`.
    """
    with in_order(folder):
        _try(code, scratch, sql_url=sql_url, settings=settings, echo=echo)


@contextmanager
def in_order(folder: Path) -> Iterator[None]:
    """Sort errors by file and line; those of a dataset by its place in datasets.yaml."""
    try:
        yield
    except SeveralErrors as error:
        raise sorted_by_place(SeveralErrors([_in_file(one, folder) for one in error.errors]), str(folder)) from error
    except BadInput as error:
        located = _in_file(error, folder)
        if located is error:
            raise
        raise located from error


def _in_file(error: BadInput, folder: Path) -> BadInput:
    found = re.fullmatch(rf"{re.escape(str(folder))}, dataset (\w+)(?:, line (\d+) of its SQL)?", error.where)
    if found is None and error.where.startswith("model_modules/"):
        return type(error)(error.what, where=f"{folder}/{error.where}", expected=error.expected)
    if found is None:
        return error
    where = place_of_query(folder, str(folder), found[1], int(found[2]) if found[2] else None)
    return type(error)(error.what, where=where, expected=error.expected)


def _report_definition(definition: ModelDefinition, echo: Log) -> None:
    echo(f"✓ {definition.title}: {len(definition.datasets.features)} features")
    for file in definition.left_out:
        if file != SCORING or definition.has_scorer:
            echo(f"  without {file}: {OPTIONAL_FILES[file]}")


def check_datasets(
    reference: str, datasets: Datasets, url: str, findings: Findings, echo: Log, *, slice_by: tuple[str, ...]
) -> dict[str, DatasetColumns]:
    """Check the SQL of all datasets; returns the columns of those without errors."""
    found: dict[str, DatasetColumns] = {}
    checked: list[str] = []
    training_types = key = None
    for name in (*REQUIRED_DATASETS, *(name for name in datasets.sql if name not in REQUIRED_DATASETS)):
        with findings.collecting():
            if name in REQUIRED_DATASETS:
                sliced = slice_by if name == "evaluate" else ()
                found[name] = check_labelled(
                    reference, datasets, name, url, training_types=training_types, slice_by=sliced
                )
            elif name == TRUTH and datasets.targets:
                check_labels(reference, datasets, name, url, key=key, training_types=training_types)
            else:
                dataset = datasets.choose(name, where=f"{reference}/datasets.yaml")
                found[name] = check_scored(reference, dataset, url, training_types=training_types)
            checked.append(name)
            if "train" in found:
                training_types, key = found["train"].types, found["train"].key
    if checked:
        echo(f"✓ SQL of the datasets {', '.join(checked)}")
    return found


def check_default_target(
    kind: Kind[Any],
    folder: Path,
    columns: DatasetColumns,
    ledger: Connection[Any],
    installation: InstallationSettings,
    echo: Log,
) -> None:
    """Check the target of a deployment whose request names none."""
    target = target_of(str(folder), None)
    reference = reference_of(kind, folder, installation)
    if reference is not None:
        check_own_target(ledger, target, reference)
    key, _ = columns_for(columns.key, {})
    check_target(ledger, target, key=key)
    echo(f"✓ Target {target}")


def _try(code: Code[ModelDefinition], scratch: Path, *, sql_url: str, settings: Settings, echo: Log) -> None:
    """Train, score and evaluate."""

    def workbench(name: str) -> Workbench:
        work = scratch / name
        work.mkdir()
        return Workbench(
            code=code,
            folder=work,
            hyperparameters=code.definition.hyperparameters,
            project_id="check",
            model_version="0",
            job_id="0",
            rows_url=sql_url,
            settings=settings,
            log=lambda line: echo(f"  {line}"),
            step=_unrecorded,
            meter=Meter(),
        )

    training = workbench("training")
    environment = training.build()
    dataset, rows = training.read("train", limit=ROWS)
    echo(f"✓ Dataset train: {rows.rows} rows, {len(rows.columns)} columns")
    model = training.run("train", environment, dataset, rows)
    _report_output(model, "train", settings.installation, echo)
    findings = Findings()
    scored = ""
    with findings.collecting():
        if code.definition.has_scorer or stored_estimator(model) is not None:
            scored = _score(training, environment, dataset, rows, model=model.path, scratch=scratch, echo=echo)
    with findings.collecting():
        _evaluate(workbench("evaluation"), environment, rows, model=model.path, echo=echo)
    findings.raise_if_any()
    echo(f"✓ This model can be trained and evaluated{', and scores rows' if scored else ''}.")
    if not scored:
        echo("  To deploy it, it needs model_modules/scoring.py with a class ModelScorer, or a train(context)")
        echo("  that returns the fitted estimator.")
    elif PREDICT not in code.definition.datasets.sql:
        echo(f"  To deploy it, it needs a dataset {PREDICT} in datasets.yaml, or a SELECT in the request.")


def _evaluate(bench: Workbench, environment: Environment, trained_on: Snapshot, *, model: Path, echo: Log) -> None:
    standard = EVALUATION in bench.code.definition.left_out
    dataset, rows = bench.read("evaluate", trained_on=trained_on, every_label=not standard, limit=ROWS)
    echo(f"✓ Dataset evaluate: {rows.rows} rows, in the same types")
    dataset = _allowing_nulls(dataset, trained_on, rows, echo)
    scored = None
    if standard:
        scored = bench.folder / FILE
        with score_rows(bench, environment, dataset, rows, model=model, outputs=None, budget=None) as found:
            found.write(scored)
    output = bench.run("evaluate", environment, dataset, rows, model=model, scored=scored)
    _report_output(output, "evaluate", bench.settings.installation, echo)
    metrics = read_metrics(output, required=True)
    details = read_details(output, metrics) or Details()
    for name, value in metrics.items():
        echo(f"  {name} = {f'none: {details.undefined[name]}' if name in details.undefined else value}")


def _score(
    bench: Workbench,
    environment: Environment,
    dataset: Dataset,
    rows: Snapshot,
    *,
    model: Path,
    scratch: Path,
    echo: Log,
) -> str:
    """Score rows of the training twice and compare the results; returns the columns of the predictions, as text."""
    sample = scratch / SAMPLE
    left_out = take_sample(bench, environment, dataset, rows, model=model, path=sample)
    if left_out:
        echo(f"! {len(left_out)} of the first {min(SAMPLE_ROWS, rows.rows)} rows can't be scored:")
    for row in left_out[:SHOWN]:
        echo(f"  {row.named}: {row.reason}")
    if len(left_out) > SHOWN:
        echo(f"  and {len(left_out) - SHOWN} more")
    compare_with_sample(bench, environment, dataset, model=model, path=sample)
    given = ", ".join(f"{name} ({kind})" for name, kind in outputs_of(sample).items())
    echo(f"✓ ModelScorer gives {given}")
    return given


def _allowing_nulls(dataset: Dataset, trained_on: Snapshot, rows: Snapshot, echo: Log) -> Dataset:
    """Allow nulls in columns that have some in the evaluation only: a full training may have nulls in them, too."""
    new = [name for name, has_nulls in rows.had_nulls.items() if has_nulls and not trained_on.had_nulls.get(name, True)]
    if new:
        echo(f"  {', '.join(new)}: null in rows of evaluate, but in none of these {trained_on.rows} rows of train;")
        echo(
            "  after a training without nulls in a column, read_pandas() refuses nulls, and predict() gets no such rows"
        )
    return replace(dataset, had_nulls={**trained_on.had_nulls, **dict.fromkeys(new, True)})


def _unrecorded(_step: str, /, **_detail: object) -> None:
    """Ignore a step, because a check is not recorded in the ledger."""


def _report_output(output: HeldFolder, verb: str, bounds: InstallationSettings, echo: Log) -> None:
    files = list_output(output, most_files=bounds.output_files, most_bytes=bounds.output_bytes)
    left = ", ".join(f"{name} ({size:,} bytes)" for name, size in files)
    echo(f"✓ {verb}() left {left}")
