"""The DAG bundle of the deployments: its files are parsed when the registry has changed.

Airflow's dag-processor parses all files every few minutes, and a file whose modification time is newer than its last
parse once its queue is empty. So this bundle sets the time of a file to ask for a parse, and puts the file at the front
of the queue. It compares states rather than reporting changes: a request that is lost, as by a change in the middle of
a parse, is made again.
"""

from __future__ import annotations

import logging
import os
import time
from importlib.util import cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.dag_processing.bundles.base import BaseDagBundle

from modelops.airflow.deployment_cache import SHARDS, by_shard, read_copy, read_registry, replace
from modelops.domain.deployments import dag_id_of
from modelops.domain.errors import Unavailable
from modelops.settings import MachineSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelops.domain.deployments import DeploymentDagSpec

AGAIN_AFTER = 30.0
"""Seconds after which a file is parsed again whose DAGs Airflow does not have as the registry has them."""
SOURCE = '''\
"""The DAGs of the deployments whose numbers leave {shard} when divided by {shards}.

Written by modelops/airflow/deployment_bundle.py for Airflow's dag-processor; changes of this file are lost.
"""

from modelops.operators.deployment_dags import deployment_dags

globals().update(deployment_dags(shard={shard}))
'''
log = logging.getLogger(__name__)


class DeploymentBundle(BaseDagBundle):
    """One DAG file for each shard of the deployments, in the state folder.

    The dag-processor refreshes the bundle every few seconds; workers only initialize it.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._is_away = False
        self._requested: dict[int, tuple[float, list[DeploymentDagSpec]]] = {}

    @property
    def path(self) -> Path:
        """The folder of the files."""
        return MachineSettings.from_environment().deployment_dags

    def get_current_version(self) -> None:
        """The files have no versions: each is parsed as the registry is then."""

    def initialize(self) -> None:
        """Write the files that are not there as this release writes them."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for shard in range(SHARDS):
            _write(self._file(shard), SOURCE.format(shard=shard, shards=SHARDS))
        super().initialize()

    def refresh(self) -> None:
        """Ask for a parse of each file that was parsed with other deployments than the registry has now."""
        try:
            shards = by_shard(read_registry())
        except Unavailable as error:
            if not self._is_away:
                log.warning("The registry can't be reached (%s); the DAGs of deployments stay as they are", error)
            self._is_away = True
            return
        self._is_away = False
        present = self._present()
        urgent = []
        for shard, wanted in enumerate(shards):
            differs = read_copy(shard) != wanted
            if differs or present[shard] != {dag_id_of(one.id) for one in wanted}:
                due = self._is_due(shard, wanted)
                if differs or due:
                    os.utime(self._file(shard))
                if due:
                    urgent.append(self._file(shard))
                    self._requested[shard] = time.monotonic(), wanted
        self._move_to_front(urgent)

    def _present(self) -> list[set[str]]:
        """The DAGs of each file that Airflow has, and does not take for gone."""
        from airflow.models.dag import DagModel
        from airflow.utils.session import create_session
        from sqlalchemy import select

        query = select(DagModel.relative_fileloc, DagModel.dag_id).where(
            DagModel.bundle_name == self.name, ~DagModel.is_stale
        )
        with create_session() as session:
            found = session.execute(query).all()
        return [{dag_id for name, dag_id in found if name == self._file(shard).name} for shard in range(SHARDS)]

    def _move_to_front(self, files: Sequence[Path]) -> None:
        """Put files at the front of the queue, as the button "reparse" of Airflow's web page does."""
        from airflow.models.dagbag import DagPriorityParsingRequest
        from airflow.utils.session import create_session
        from sqlalchemy.dialects.postgresql import insert

        requests = [{"bundle_name": self.name, "relative_fileloc": file.name} for file in files]
        if requests:
            with create_session() as session:
                session.execute(insert(DagPriorityParsingRequest.__table__).on_conflict_do_nothing(), requests)

    def _is_due(self, shard: int, wanted: list[DeploymentDagSpec]) -> bool:
        """Whether no parse with these deployments has been requested yet, or not for a while."""
        requested_at, deployments = self._requested.get(shard, (float("-inf"), []))
        return deployments != wanted or time.monotonic() - requested_at > AGAIN_AFTER

    def _file(self, shard: int) -> Path:
        return self.path / f"deployments_{shard:02}.py"


def _write(file: Path, text: str) -> None:
    """Replace a file unless it has this text; its time is old, so that files with changes are parsed first."""
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return
    replace(file, text, time=0)
    # Python knows compiled code by the time and the size of its source.
    Path(cache_from_source(str(file))).unlink(missing_ok=True)
