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

from modelops.airflow.deployment_cache import SHARDS, by_shard, has_copies, read_copy, read_registry, replace
from modelops.airflow.parse_requests import live_dags, move_to_front
from modelops.domain.deployments import dag_id_of
from modelops.domain.errors import ModelOpsError
from modelops.settings import MachineSettings

if TYPE_CHECKING:
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
        """Write the files that are missing, or that another release has written."""
        for shard in range(SHARDS):
            self._write(shard)
        super().initialize()

    def refresh(self) -> None:
        """Request a parse of each file that was parsed with other deployments than the registry has now.

        Raises:
            ModelOpsError: the registry can't be read, and there is no copy of it. Airflow then parses no file; it would
                take all DAGs of deployments for gone.
        """
        try:
            shards = by_shard(read_registry())
        except ModelOpsError as error:
            if not self._is_away:
                log.warning("The registry can't be read (%s); the DAGs of deployments stay as they are", error)
            self._is_away = True
            if not has_copies():
                raise
            return
        self._is_away = False
        present = self._present()
        urgent = []
        for shard, wanted in enumerate(shards):
            differs = read_copy(shard) != wanted
            if differs or present[shard] != {dag_id_of(one.id) for one in wanted}:
                due = self._is_due(shard, wanted)
                if differs or due:
                    self._write(shard)  # it may have been removed
                    os.utime(self._file(shard))
                if due:
                    urgent.append(self._file(shard).name)
                    self._requested[shard] = time.monotonic(), wanted
        move_to_front(self.name, urgent)

    def _present(self) -> list[set[str]]:
        """The DAGs of each file that Airflow has, and does not take for gone."""
        found: dict[str, set[str]] = {self._file(shard).name: set() for shard in range(SHARDS)}
        for name, dag_id in live_dags(self.name):
            found.setdefault(name, set()).add(dag_id)
        return [found[self._file(shard).name] for shard in range(SHARDS)]

    def _is_due(self, shard: int, wanted: list[DeploymentDagSpec]) -> bool:
        """Whether no parse with these deployments has been requested yet, or not for a while."""
        requested_at, deployments = self._requested.get(shard, (float("-inf"), []))
        return deployments != wanted or time.monotonic() - requested_at > AGAIN_AFTER

    def _write(self, shard: int) -> None:
        """Replace a file unless it is as this release writes it; its time is old, so that changed files come first."""
        file, text = self._file(shard), SOURCE.format(shard=shard, shards=SHARDS)
        if file.exists() and file.read_text(encoding="utf-8") == text:
            return
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace(file, text, time=0)
        # Python knows compiled code by the time and the size of its source.
        Path(cache_from_source(str(file))).unlink(missing_ok=True)

    def _file(self, shard: int) -> Path:
        return self.path / f"deployments_{shard:02}.py"
