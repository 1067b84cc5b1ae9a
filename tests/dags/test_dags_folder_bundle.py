"""The bundle of the folder dags: files of which Airflow has no DAG are parsed again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modelops.airflow import dags_folder_bundle
from modelops.airflow.dags_folder_bundle import DagsFolderBundle

if TYPE_CHECKING:
    from pathlib import Path

# Airflow's own, when it looks for plugins.
pytestmark = pytest.mark.filterwarnings("ignore:GitWildMatchPattern")


def test_what_airflow_has_lost_is_parsed_again_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after an import that took too long on a busy machine, or a DAG that was deleted in Airflow's page."""
    for name in ("kept.py", "lost.py", "below/lost.py"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("from airflow.sdk import DAG")
    (tmp_path / "notes.txt").write_text("airflow dag")
    requested: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(dags_folder_bundle, "live_dags", lambda _: [("kept.py", "kept")])
    monkeypatch.setattr(dags_folder_bundle, "move_to_front", lambda bundle, files: requested.append((bundle, files)))
    bundle = DagsFolderBundle(name="dags-folder", path=str(tmp_path))
    bundle.refresh()
    assert requested == [], "all files are parsed at the start"
    monkeypatch.setattr(dags_folder_bundle, "REQUEST_INTERVAL", -1.0)
    bundle.refresh()
    assert requested == [("dags-folder", ["below/lost.py", "lost.py"])]
