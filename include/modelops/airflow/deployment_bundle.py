"""The DAG bundle of the deployments: its files are parsed when the registry has changed.

Airflow's dag-processor parses all files every few minutes. When its queue is empty, it also parses files whose
modification time is newer than their last parse. To request a parse, this bundle sets the modification time of a file
and puts the file at the front of the queue. The bundle compares states instead of reporting changes, so it repeats a
request that was lost, for example because of a change during a parse.
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

REQUEST_INTERVAL = 30.0
"""Seconds after which a request is repeated if Airflow's DAGs still differ from the registry."""
SOURCE = '''\
"""The DAGs of the deployments whose numbers leave {shard} when divided by {shards}.

modelops/airflow/deployment_bundle.py writes this file for Airflow's dag-processor, and overwrites changes.
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
        self._registry_failed = False
        self._requested: dict[int, tuple[float, list[DeploymentDagSpec]]] = {}

    @property
    def path(self) -> Path:
        """The folder of the files."""
        return MachineSettings.from_environment().deployment_dags

    def get_current_version(self) -> None:
        """Return None: the bundle has no versions."""

    def initialize(self) -> None:
        """Write files that are missing or were written by another release."""
        for shard in range(SHARDS):
            self._write(shard)
        super().initialize()

    def refresh(self) -> None:
        """Request a parse of each file whose DAGs differ from the deployments in the registry.

        Raises:
            ModelOpsError: the registry can't be read, and there is no copy of it. Airflow then parses no file, so that
                the DAGs of deployments do not become stale.
        """
        try:
            shards = by_shard(read_registry())
        except ModelOpsError as error:
            if not self._registry_failed:
                log.warning("The registry can't be read (%s); the DAGs of deployments stay as they are", error)
            self._registry_failed = True
            if not has_copies():
                raise
            return
        self._registry_failed = False
        present = self._present()
        urgent = []
        for shard, deployments in enumerate(shards):
            differs = read_copy(shard) != deployments
            if differs or present[shard] != {dag_id_of(one.id) for one in deployments}:
                due = self._is_due(shard, deployments)
                if differs or due:
                    self._write(shard)  # the file may have been removed
                    os.utime(self._file(shard))
                if due:
                    urgent.append(self._file(shard).name)
                    self._requested[shard] = time.monotonic(), deployments
        move_to_front(self.name, urgent)

    def _present(self) -> list[set[str]]:
        """The ids of the DAGs of each file that Airflow has and has not marked as stale."""
        found: dict[str, set[str]] = {self._file(shard).name: set() for shard in range(SHARDS)}
        for name, dag_id in live_dags(self.name):
            found.setdefault(name, set()).add(dag_id)
        return [found[self._file(shard).name] for shard in range(SHARDS)]

    def _is_due(self, shard: int, deployments: list[DeploymentDagSpec]) -> bool:
        """Whether no parse with these deployments was requested within `REQUEST_INTERVAL`."""
        requested_at, requested = self._requested.get(shard, (float("-inf"), []))
        return requested != deployments or time.monotonic() - requested_at > REQUEST_INTERVAL

    def _write(self, shard: int) -> None:
        """Replace a file unless this release has written it. Its old modification time gives changed files priority."""
        file, text = self._file(shard), SOURCE.format(shard=shard, shards=SHARDS)
        if file.exists() and file.read_text(encoding="utf-8") == text:
            return
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace(file, text, time=0)
        # Python identifies compiled code by the modification time and the size of its source.
        Path(cache_from_source(str(file))).unlink(missing_ok=True)

    def _file(self, shard: int) -> Path:
        return self.path / f"deployments_{shard:02}.py"
