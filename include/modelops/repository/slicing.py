"""Reads `slice_by` of config.json: the columns by whose values the standard evaluation repeats its metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from modelops.domain.errors import RepositoryError
from modelops.repository.fields import Columns
from modelops.repository.reading import read_json

if TYPE_CHECKING:
    from pathlib import Path

KEY = "slice_by"
MOST = 3


def _few(columns: list[str]) -> list[str]:
    if len(columns) > MOST:
        raise ValueError(f"has {len(columns)} columns")
    return columns


class _ConfigFile(BaseModel):
    model_config = ConfigDict(strict=True)

    slice_by: Annotated[Columns, AfterValidator(_few)] = Field(
        default=[],
        description=f'at most {MOST} columns of the dataset evaluate, each once: {{"slice_by": ["carrier"]}}',
    )


def read_slice_by(file: Path, shown: str, *, own_evaluation: bool) -> tuple[str, ...]:
    """The columns; none if there is no file or no such key. Datasets are checked for them later.

    Raises:
        RepositoryError: it is not a list of at most three columns, its key is misspelt, or the model has an evaluation
            of its own, which makes its slices itself.
    """
    if not file.exists():
        return ()
    document = read_json(file, shown, expected=f'{{"{KEY}": […]}}')
    found = document.read_as(_ConfigFile)
    for key in document.value if isinstance(document.value, dict) else ():
        if key != KEY and key.replace("_", "").casefold() == KEY.replace("_", ""):
            raise RepositoryError(f"the key {key!r} is misspelt", where=document.where(key), expected=f"the key {KEY}")
    if found.slice_by and own_evaluation:
        raise RepositoryError(
            f"there is {KEY}, and an evaluation of the model's own, which makes its slices itself",
            where=document.where(KEY),
            expected=f"no {KEY}, or no model_modules/evaluation.py",
        )
    return tuple(found.slice_by)
