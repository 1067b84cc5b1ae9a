"""One cluster for all tests of this folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cluster import running as clusters
from modelops.domain.errors import Unavailable
from modelops.runner.hosts.namespaces import namespaces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cluster.running import Running


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    try:
        namespaces()
    except Unavailable as error:
        pytest.skip(str(error))
    if shutil.which("redis-server") is None:
        pytest.skip("there is no redis-server; `apt-get install redis-server` brings it")
    kept = os.environ.get(clusters.HOME)
    home = Path(kept) if kept else tmp_path_factory.mktemp("cluster")
    with clusters.running(home, keep=bool(kept)) as cluster:
        yield cluster
