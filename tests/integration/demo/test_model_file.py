"""The model file of the demonstration, on the flights, by the folder that its tutorial prints."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
import yaml

from documents import ROOT, blocks
from integration.demo.conftest import FLIGHTS
from integration.lifecycle.conftest import workplace_in
from integration.lifecycle.life import answered, evaluated_version, imported, measured, predicted, put_into_production
from modelops.kinds.check import check
from modelops.runner.demo import FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from conftest import Database
    from workplace import Workplace

PAGE = ROOT / "docs/tutorial/your-own-model-file.md"
DEMO = ROOT / "include/demo/byom/arrival_delay_onnx"
MODEL = "here/late"
AUGUST = 29_327


@pytest.fixture
def workplace(
    flights: Database, copy_of: Callable[[str], AbstractContextManager[Database]], tmp_path: Path
) -> Iterator[Workplace]:
    assert flights.name == FLIGHTS
    with copy_of(FLIGHTS) as database:
        (tmp_path / "artifacts").mkdir()
        with database.connect() as connection:
            yield workplace_in(tmp_path, database, connection, [])


def test_the_life_of_the_page(workplace: Workplace, tmp_path: Path) -> None:
    folder = tmp_path / "repository" / "byom" / "late"
    folder.mkdir(parents=True)
    datasets, *_ = [block.text for block in blocks(PAGE, "yaml") if "entity_key" in block.text]
    (folder / "datasets.yaml").write_text(datasets)
    (folder / "config.json").write_text('{"model": {"type": "binary"}}')
    lines: list[str] = []
    urls = {"sql_url": workplace.resources.rows_url, "ledger": workplace.connection}
    for each in (folder, DEMO):
        check(each, **urls, settings=workplace.settings, echo=lines.append)
    assert "✓ late: 4 features" in lines
    assert "✓ arrival_delay_onnx: 4 features" in lines
    workplace.settings.machine.inbox.mkdir(parents=True)
    shutil.copyfile(FILE, workplace.settings.machine.inbox / FILE.name)
    result = imported(workplace, MODEL, FILE.name)
    assert (result["mapped"], result["warnings"]) == ("by_name", 0)
    assert measured(workplace, MODEL, 1)["warnings"] == []
    assert evaluated_version(workplace, MODEL, 1)["metrics"]["auc"] == pytest.approx(0.71, abs=0.005)
    answered(workplace, 1, model=MODEL)
    deployment = put_into_production(workplace, 1, MODEL)
    assert predicted(workplace, deployment["deployment"])["rows"] == AUGUST


def test_the_demonstration_has_the_datasets_of_the_page() -> None:
    page, *_ = [block.text for block in blocks(PAGE, "yaml") if "entity_key" in block.text]
    of_page, of_demo = yaml.safe_load(page), yaml.safe_load((DEMO / "datasets.yaml").read_text())
    assert of_demo["features"] == of_page["features"]
    assert of_demo["entity_key"] == of_page["entity_key"]
