"""Writes the folder of a new model from a table. The folder passes `check`."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import yaml

from modelops.data.query import inspection_connection
from modelops.data.table import find_table, values_of
from modelops.domain.errors import BadInput, DatasetError, RepositoryError
from modelops.domain.findings import Findings
from modelops.kinds.model.preflight import target_of
from modelops.repository.kinds import MODELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelops.data.table import Table, TableColumn

FEW = 10
"""Maximum distinct whole numbers of a target that is treated as classes."""
MAX_CLASSES = 100
HYPERPARAMETERS = {"learning_rate": 0.1, "max_iter": 100}
REQUIREMENTS = "# What training.py imports, and what the standard evaluation and ModelScorer need.\n" + "".join(
    f"{name}\n" for name in ("pandas", "scikit-learn", "skops")
)
TRAINING = '''\
"""Trains {name}. What train() returns is stored, evaluated by standard metrics, and makes the predictions."""

from sklearn.ensemble import {estimator}


def train(context):
    names = context.dataset_info
    rows = context.read_pandas()
    model = {estimator}(**context.hyperparams, early_stopping=False, random_state=0)
    return model.fit(rows[names.feature_names], rows[names.target_names[0]])
'''
TRAINING_WITH_TEXTS = '''\
"""Trains {name}. What train() returns is stored, evaluated by standard metrics, and makes the predictions."""

from sklearn.compose import make_column_transformer
from sklearn.ensemble import {estimator}
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

TEXTS = {texts}


def train(context):
    names = context.dataset_info
    rows = context.read_pandas()
    numbered = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    model = make_pipeline(
        make_column_transformer((numbered, TEXTS), remainder="passthrough"),
        {estimator}(**context.hyperparams, early_stopping=False, random_state=0),
    )
    return model.fit(rows[names.feature_names], rows[names.target_names[0]])
'''
DATASETS = """# Each query gives the entity key and the features; train and evaluate the target too.
# The rows are split by a hash of their key: four fifths to train on, one to evaluate on.
# Whole numbers that may be null are cast to float8: pandas then has one type with and without nulls.{left_out}

entity_key: {key}
features: {features}
targets: {targets}

datasets:
  train: |
    {labelled}
    WHERE {known} AND hashtext({hashed}) % 5 <> 0
    ORDER BY {order}
  evaluate: |
    {labelled}
    WHERE {known} AND hashtext({hashed}) % 5 = 0
    ORDER BY {order}
  # The rows to predict once the model is deployed.
  predict: |
    {unlabelled}
"""


def init_model(place: Path, *, table: str, target: str, key: Sequence[str], sql_url: str) -> tuple[Path, str]:
    """Write the folder of a model; returns its path and a description of the model.

    For the place `<repository>/<name>`, the folder is `<repository>/model_definitions/<name>`. `sql_url` has the login
    for users' SQL. `key` may be empty if an index of the table identifies its rows.

    Raises:
        BadInput: the table, a column or the name is wrong, or the folder exists; SeveralErrors if there are several.
        Unavailable: the database can't be reached.
    """
    folder = place.parent / MODELS.folder / place.name
    findings = Findings()
    with findings.collecting():
        _check_place(folder)
    files: dict[str, str] = {}
    description = ""
    with findings.collecting(), inspection_connection(sql_url) as connection:
        found = find_table(connection, table, where="--from-table")
        label, keys = _roles(found, target, key)
        rows, values = values_of(connection, found, label, where="--target")
        kind = _kind(found, label, rows, values)
        files, features = _files(folder.name, found, label, keys, kind)
        description = f"a {kind} of {target} from {features} features of {table}"
    findings.raise_if_any()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".init-", dir=folder.parent) as scratch:
        made = Path(scratch) / folder.name
        for name, text in files.items():
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            (made / name).write_text(text, encoding="utf-8")
        try:
            made.rename(folder)
        except OSError as error:
            raise _already_exists(folder) from error
    return folder, description


def _check_place(folder: Path) -> None:
    if folder.name.startswith(".") or not folder.name.isprintable():
        raise RepositoryError(
            f"{folder.name!r} is not a valid name of a model",
            where="NAME",
            expected="letters, digits and _, after the folder of the repository: ../my-models/risk",
        )
    try:
        target_of(folder.name, None)
    except BadInput as error:
        raise RepositoryError(
            f"{error.what}; the view of a model's predictions has its name", where="NAME", expected=error.expected
        ) from None
    if folder.exists() or folder.is_symlink():
        raise _already_exists(folder)


def _already_exists(folder: Path) -> RepositoryError:
    return RepositoryError(
        f"{folder} already exists and is not overwritten", where="NAME", expected="another name, or no such folder"
    )


def _roles(table: Table, target: str, key: Sequence[str]) -> tuple[TableColumn, list[TableColumn]]:
    """The target and the columns of the entity key."""
    findings = Findings()
    keys: list[TableColumn] = []
    with findings.collecting():
        table.column(target, where="--target")
    for name in key or table.key:
        with findings.collecting():
            keys.append(table.column(name, where="--key"))
    if not key and not table.key:
        names = [column.name for column in table.columns if column.name != target]
        findings.errors.append(
            DatasetError(
                f"{table.name} has neither a primary key nor a unique index of NOT NULL columns that would identify a"
                " row",
                where="--key",
                expected=f"--key with a column, repeated for several columns: {', '.join(names)}",
            )
        )
    if target in (key or table.key):
        findings.errors.append(
            DatasetError(
                f"{target} is part of the key of {table.name}",
                where="--target",
                expected="a column outside of the key; or --key with other columns",
            )
        )
    findings.raise_if_any()
    return table.column(target, where="--target"), keys


def _kind(table: Table, target: TableColumn, rows: int, values: int) -> str:
    """The type of the model that the target needs: `classifier` or `regressor`."""
    wrong = ""
    if not rows:
        wrong = f"{target.name} is null in all rows of {table.name}"
    elif not target.kind:
        wrong = f"{target.name} is {target.type}"
    elif values < 2:
        wrong = f"{target.name} has the same value in all of the first {rows:,} rows"
    elif target.kind == "text" and values > MAX_CLASSES:
        wrong = f"{target.name} has {values:,} different texts"
    if wrong:
        raise DatasetError(
            f"{wrong}, so there is nothing to learn from it",
            where="--target",
            expected=f"a column of numbers, of true and false, or of at most {MAX_CLASSES} different texts",
        )
    few = target.kind == "whole" and values <= FEW
    return "classifier" if target.kind in ("bool", "text") or few else "regressor"


def _files(
    name: str, table: Table, target: TableColumn, keys: Sequence[TableColumn], kind: str
) -> tuple[dict[str, str], int]:
    """The files by their names in the model's folder, and the number of features."""
    others = [column for column in table.columns if column is not target and column not in keys]
    features = [column for column in others if column.kind]
    if not features:
        raise DatasetError(
            f"{table.name} has no column to learn from besides the target and the key",
            where="--from-table",
            expected="a table with columns of numbers, texts, or true and false",
        )
    left_out = [f"{column.name} ({column.type})" for column in others if not column.kind]
    order = ", ".join(column.quoted for column in keys)
    hashed = f"{order}::text" if len(keys) == 1 else f"ROW({order})::text"
    known = f"{target.quoted} IS NOT NULL"
    if target.type in ("real", "double precision") or target.type.startswith("numeric"):
        known += f" AND {target.quoted} <> 'NaN'"
    unlabelled = [*(column.quoted for column in keys), *map(_selected, features)]
    texts = [column.name for column in features if column.kind == "text"]
    template = TRAINING_WITH_TEXTS if texts else TRAINING
    estimator = f"HistGradientBoosting{kind.title()}"
    datasets = DATASETS.format(
        left_out=f"\n# Left out, for their types: {', '.join(left_out)}." if left_out else "",
        key=_flow([column.name for column in keys]),
        features=_flow([column.name for column in features]),
        targets=_flow([target.name]),
        labelled=_select([*unlabelled, target.quoted], table),
        unlabelled=_select(unlabelled, table),
        known=known,
        hashed=hashed,
        order=order,
    )
    return {
        "datasets.yaml": datasets,
        "config.json": json.dumps({"hyperParameters": HYPERPARAMETERS}, indent=2) + "\n",
        "model_modules/__init__.py": "",
        "model_modules/training.py": template.format(name=name, estimator=estimator, texts=json.dumps(texts)),
        "model_modules/requirements.txt": REQUIREMENTS,
    }, len(features)


def _selected(column: TableColumn) -> str:
    """The column's SQL, cast to a type that doesn't depend on whether a value is null."""
    if column.kind == "bool":
        return f"{column.quoted}::int::float8 AS {column.quoted}"
    if column.kind == "whole" and column.may_be_null:
        return f"{column.quoted}::float8 AS {column.quoted}"
    return column.quoted


def _select(columns: Sequence[str], table: Table) -> str:
    """A SELECT, broken into lines."""
    lines = ["SELECT"]
    for number, column in enumerate(columns):
        word = column + ("," if number + 1 < len(columns) else "")
        if len(lines[-1]) + len(word) > 105:
            lines.append("      ")
        lines[-1] += f" {word}"
    return "\n    ".join([*lines, f"FROM {table.quoted}"])


def _flow(names: Sequence[str]) -> str:
    text: str = yaml.safe_dump(list(names), default_flow_style=True, width=110, allow_unicode=True)
    return text.strip()
