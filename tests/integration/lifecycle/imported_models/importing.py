"""What tests of imported models share: the model, its file, its folder, and what an import says."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from integration.lifecycle.life import imported
from model_files import Made, byom_folder
from modelops.domain.errors import BadInput, SeveralErrors

if TYPE_CHECKING:
    from pathlib import Path

    from workplace import Workplace

MODEL, LOGISTIC = "here/late", "onnx_logistic"
FILE = f"{LOGISTIC}.onnx"


def with_environments(workplace: Workplace, environments: Path) -> Workplace:
    home = workplace.settings.machine.home
    home.mkdir(exist_ok=True)
    (home / "environments").symlink_to(environments)
    return workplace


def bring(workplace: Workplace, repository: Path, admin_url: str, name: str = LOGISTIC, **files: Any) -> Made:
    """Puts a file into the inbox, its rows into the table, and its folder into the repository."""
    made = Made.of(name)
    made.put_into(workplace.settings.machine.inbox)
    with psycopg.connect(admin_url, autocommit=True) as admin:
        made.fill(admin)
    shutil.rmtree(repository / "byom", ignore_errors=True)
    settings = {name: made.expected[name] for name in ("type", "classes") if made.expected[name] is not None}
    files.setdefault("config", {"model": settings})
    byom_folder(repository, "late", made.features, **files)
    return made


def numbers(workplace: Workplace) -> list[tuple[int, str]]:
    """The versions of the model and their statuses."""
    rows = workplace.connection.execute(
        "SELECT number, status::text FROM modelops.version WHERE name = %s ORDER BY number", (MODEL,)
    )
    return [(row[0], row[1]) for row in rows]


def refused(workplace: Workplace, file: str = FILE, **asked: Any) -> list[str]:
    """What an import says, which leaves no version."""
    before = numbers(workplace)
    with pytest.raises(BadInput) as caught:
        imported(workplace, MODEL, file, **asked)
    assert numbers(workplace) == before
    errors = caught.value.errors if isinstance(caught.value, SeveralErrors) else [caught.value]
    return [error.what for error in errors]
