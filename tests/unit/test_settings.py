"""Where things are, and what is bounded: for all machines of an installation, or for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelops.domain.datasets import ReadBounds
from modelops.domain.errors import BadInput
from modelops.domain.resources import Ceilings
from modelops.settings import PROJECT_ROOT, InstallationSettings, LogBounds, MachineSettings, Settings

OF_THE_INSTALLATION = {
    "MODELOPS_ARTIFACTS": "s3://bucket/artifacts",
    "MODELOPS_REPOSITORIES": "/etc/repositories.yaml",
    "MODELOPS_OUTPUT_FILES": "5000",
    "MODELOPS_OUTPUT_SIZE": "4096",
    "MODELOPS_DATASET_ROWS": "1000",
    "MODELOPS_DATASET_SIZE": "8",
    "MODELOPS_LOG_LINE": "8",
    "MODELOPS_LOG_SIZE": "1",
    "MODELOPS_CHILD_CPU_SECONDS": "3600",
    "MODELOPS_CHILD_SECONDS": "1800",
    "MODELOPS_QUEUES": "default, gpu,",
    "MODELOPS_POOLS": "database",
    "MODELOPS_MODEL_FILE_SIZE": "10",
    "MODELOPS_MODEL_SOURCES": "inbox, s3://models@bucket",
}
OF_THE_MACHINE = {
    "MODELOPS_HOME": "/srv/modelops",
    "MODELOPS_CHILD_MEMORY": "2048",
    "MODELOPS_FOREIGN": "unconfined",
    "MODELOPS_INBOX": "/srv/inbox",
}


def test_without_any_setting_all_is_in_the_project() -> None:
    settings = Settings.from_environment({})
    assert settings.machine == MachineSettings(home=PROJECT_ROOT / ".modelops", child_memory=None)
    assert settings.installation == InstallationSettings(
        artifacts=(PROJECT_ROOT / ".modelops/artifacts").as_uri(), repositories=PROJECT_ROOT / "repositories.yaml"
    )
    assert settings.installation.log_bounds == LogBounds(line=128 * 2**10, all=100 * 2**20)


def test_everything_can_be_set() -> None:
    settings = Settings.from_environment(OF_THE_INSTALLATION | OF_THE_MACHINE)
    assert settings.installation == InstallationSettings(
        artifacts="s3://bucket/artifacts",
        repositories=Path("/etc/repositories.yaml"),
        output_files=5000,
        output_bytes=4 * 2**30,
        read_bounds=ReadBounds(rows=1000, bytes=8 * 2**20),
        log_bounds=LogBounds(line=8 * 2**10, all=2**20),
        child_cpu_seconds=3600,
        child_seconds=1800,
        queues=("default", "gpu"),
        pools=("database",),
        model_file_bytes=10 * 2**20,
        model_sources=("inbox", "s3://models@bucket"),
    )
    assert settings.machine == MachineSettings(
        home=Path("/srv/modelops"),
        child_memory=2 * 2**30,
        inbox_folder=Path("/srv/inbox"),
        foreign_unconfined=True,
    )
    assert settings.machine.work == Path("/srv/modelops/work")


def test_machines_may_differ_in_theirs_alone() -> None:
    """With the settings of the installation set, those of a machine change nothing of them."""
    first = Settings.from_environment(OF_THE_INSTALLATION)
    other = Settings.from_environment(OF_THE_INSTALLATION | OF_THE_MACHINE)
    assert first.installation == other.installation
    assert first.machine == MachineSettings.from_environment({})
    assert other.machine == MachineSettings.from_environment(OF_THE_MACHINE)


def test_artifacts_are_in_the_state_folder_unless_set() -> None:
    installation = InstallationSettings.from_environment({"MODELOPS_HOME": "/srv/modelops"})
    assert installation.artifacts == "file:///srv/modelops/artifacts"


def test_an_amount_of_memory_that_is_none() -> None:
    with pytest.raises(BadInput, match=r"(?s)MODELOPS_CHILD_MEMORY is '2 GB'.*a whole number of MiB, at least 1"):
        Settings.from_environment({"MODELOPS_CHILD_MEMORY": "2 GB"})
    with pytest.raises(BadInput, match=r"(?s)MODELOPS_FOREIGN is 'yes'.*confined \(default\), or unconfined"):
        Settings.from_environment({"MODELOPS_FOREIGN": "yes"})


@pytest.mark.parametrize("name", [name for name, value in OF_THE_INSTALLATION.items() if value.isdecimal()])
def test_a_bound_that_is_none(name: str) -> None:
    with pytest.raises(BadInput, match=rf"(?s){name} is '0'.*a whole number.*, at least 1"):
        Settings.from_environment({name: "0"})


def test_what_folders_may_request_is_what_is_set() -> None:
    settings = Settings.from_environment(OF_THE_INSTALLATION | OF_THE_MACHINE)
    assert settings.ceilings == Ceilings(
        memory=2 * 2**30, cpu_seconds=3600, seconds=1800, queues=("default", "gpu"), pools=("database",)
    )


@pytest.mark.parametrize("name", ["MODELOPS_QUEUES", "MODELOPS_POOLS"])
def test_a_name_that_no_queue_can_have(name: str) -> None:
    with pytest.raises(BadInput, match=rf"(?s){name} has the name 'a b'.*separated by commas"):
        Settings.from_environment({name: "gpu,a b"})
