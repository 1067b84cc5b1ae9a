"""A model `here/late` whose file was imported, measured, evaluated and approved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integration.lifecycle.imported_models.importing import FILE, LOGISTIC, MODEL, bring, with_environments
from integration.lifecycle.life import answered, evaluated_version, imported, measured
from model_files import Made, byom_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modelops.runner.postgres import PostgresServer
    from workplace import Workplace


@pytest.fixture(scope="session")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The environments of the formats, which are built once."""
    return tmp_path_factory.mktemp("environments")


@pytest.fixture(scope="module")
def lives(environments: Path, server: PostgresServer) -> Callable[[Workplace, Path], None]:
    """`here/late` v1 is imported from the logistic regression, measured, evaluated and approved."""

    def live(workplace: Workplace, repository: Path) -> None:
        url = server.admin_url.rsplit("/", 1)[0] + f"/{workplace.connection.info.dbname}"
        bring(with_environments(workplace, environments), repository, url)
        imported(workplace, MODEL, FILE, external_id="mlflow/17")
        measured(workplace, MODEL, 1)
        evaluated_version(workplace, MODEL, 1)
        answered(workplace, 1, model=MODEL)

    return live


@pytest.fixture
def workplace(workplace: Workplace, repository: Path, environments: Path) -> Workplace:
    """With the folder and the file of `here/late`, as they were imported."""
    made = Made.of(LOGISTIC)
    made.put_into(workplace.settings.machine.inbox)
    byom_folder(repository, "late", made.features, config={"model": {"type": "binary"}})
    return with_environments(workplace, environments)
