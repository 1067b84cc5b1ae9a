"""Where things are."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelops.domain.errors import BadInput
from modelops.settings import PROJECT_ROOT, LogBounds, Settings


def test_without_any_setting_all_is_in_the_project() -> None:
    settings = Settings.from_environment({})
    assert settings.home == PROJECT_ROOT / ".modelops"
    assert settings.artifacts == (PROJECT_ROOT / ".modelops/artifacts").as_uri()
    assert settings.repositories == PROJECT_ROOT / "repositories.yaml"
    assert settings.child_memory is None


def test_everything_can_be_set() -> None:
    settings = Settings.from_environment(
        {
            "MODELOPS_HOME": "/srv/modelops",
            "MODELOPS_ARTIFACTS": "s3://bucket/artifacts",
            "MODELOPS_REPOSITORIES": "/etc/repositories.yaml",
            "MODELOPS_CHILD_MEMORY": "2048",
            "MODELOPS_OUTPUT_FILES": "5000",
            "MODELOPS_OUTPUT_SIZE": "4096",
            "MODELOPS_DATASET_ROWS": "1000",
            "MODELOPS_DATASET_SIZE": "8",
        }
    )
    assert settings.work == Path("/srv/modelops/work")
    assert settings.artifacts == "s3://bucket/artifacts"
    assert settings.repositories == Path("/etc/repositories.yaml")
    assert settings.child_memory == 2 * 2**30
    assert (settings.output_files, settings.output_bytes) == (5000, 4 * 2**30)
    assert (settings.queries.rows, settings.queries.bytes) == (1000, 8 * 2**20)


def test_an_amount_of_memory_that_is_none() -> None:
    with pytest.raises(BadInput, match=r"(?s)MODELOPS_CHILD_MEMORY is '2 GB'.*a whole number of MiB, at least 1"):
        Settings.from_environment({"MODELOPS_CHILD_MEMORY": "2 GB"})


def test_bounds_of_the_log() -> None:
    assert LogBounds.from_environment({}) == LogBounds(line=128 * 2**10, all=100 * 2**20)
    bounds = LogBounds.from_environment({"MODELOPS_LOG_LINE": "8", "MODELOPS_LOG_SIZE": "1"})
    assert bounds == LogBounds(line=8 * 2**10, all=2**20)
    with pytest.raises(BadInput, match=r"(?s)MODELOPS_LOG_LINE is '0'.*a whole number of KiB, at least 1"):
        LogBounds.from_environment({"MODELOPS_LOG_LINE": "0"})
