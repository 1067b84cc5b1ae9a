"""Checks the folder of an imported model without Airflow; nothing is recorded, and no model file is read."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import BadInput
from modelops.domain.findings import Findings
from modelops.kinds.model.check import PREDICT, check_datasets, check_default_target, in_order
from modelops.repository.definition import CONFIG, read_datasets
from modelops.repository.kinds import IMPORTED_MODELS
from modelops.repository.pin import pin_folder

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg import Connection

    from modelops.jobs.run import Log
    from modelops.settings import Settings


def check_imported_folder(
    folder: Path, scratch: Path, *, sql_url: str, ledger: Connection[Any], settings: Settings, echo: Log
) -> None:
    """Check the files, the SQL of all datasets and the target of a deployment.

    Raises:
        BadInput: the folder has an error; SeveralErrors if it has several, sorted by file and line.
        Unavailable: a service is unavailable.
    """
    findings = Findings()
    datasets = definition = None
    with findings.collecting():
        pinned = pin_folder(IMPORTED_MODELS, folder, destination=scratch / "code", allow_dirty=True)
        definition, datasets = pinned.definition, pinned.definition.datasets
        echo(f"✓ {definition.name}: {len(datasets.features)} features")
    if definition is None:  # a file is wrong; others may be as well
        with suppress(BadInput):
            datasets = read_datasets(folder, str(folder))
    else:
        with findings.collecting():
            definition.resources.check(settings.ceilings, where=f"{folder}/{CONFIG}")
    if datasets is not None:
        slice_by = () if definition is None else definition.slice_by
        columns = check_datasets(str(folder), datasets, sql_url, findings, echo, slice_by=slice_by)
        if definition is not None and PREDICT in columns:
            with findings.collecting():
                check_default_target(IMPORTED_MODELS, folder, columns[PREDICT], ledger, settings.installation, echo)
    with in_order(folder):
        findings.raise_if_any()
    echo(
        "✓ A model file can be imported for this folder: DAG byom_lifecycle. The import reads the file and compares its"
    )
    echo("  inputs with the features.")
