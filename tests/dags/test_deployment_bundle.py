"""The bundle of the deployments' DAG files: it asks Airflow to parse the files that the registry has changed."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pkgutil import resolve_name
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from factories import deployed
from modelops.airflow import deployment_bundle
from modelops.airflow.deployment_bundle import DeploymentBundle
from modelops.airflow.deployment_cache import SHARDS, by_shard, load_shard, read_copy, read_registry
from modelops.airflow.parse_requests import move_to_front
from modelops.domain.errors import Unavailable
from modelops.domain.schedules import Plan, Schedule
from modelops.registry.write import deployments, schedules
from modelops.runner.configuration import PARSING

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg import Connection

    from conftest import Database
    from modelops.domain.deployments import Deployment

# Airflow's own, when it looks for plugins.
pytestmark = pytest.mark.filterwarnings("ignore:GitWildMatchPattern")
TICK = datetime(2026, 3, 20, 2, tzinfo=UTC)
LATE = Plan(
    schedule=Schedule(text="0 3 * * *", time_zone="Europe/Paris", late_after=timedelta(minutes=5)), starts_at=TICK
)


class Airflow:
    """The bundle as the dag-processor has it, the DAGs that are in its database, and which files it would parse."""

    def __init__(self, bundle: DeploymentBundle) -> None:
        self.bundle = bundle
        self.dags: list[set[str]] = [set() for _ in range(SHARDS)]
        self.at_front: list[str] = []

    def asked(self) -> set[int]:
        """The files that a refresh asks to parse."""
        before = self._times()
        self.bundle.refresh()
        return {shard for shard, (was, now) in enumerate(zip(before, self._times(), strict=True)) if was < now}

    def parse(self, *shards: int, written: bool = True) -> None:
        """Parse these files; unless `written`, what comes of it is lost on the way to Airflow's database."""
        for shard in shards:
            found = {f"deployment_{one.id}" for one in load_shard(shard)}
            if written:
                self.dags[shard] = found
            os.utime(self.bundle.path / f"deployments_{shard:02}.py", (0, 0))

    def _times(self) -> list[int]:
        return [(self.bundle.path / f"deployments_{shard:02}.py").stat().st_mtime_ns for shard in range(SHARDS)]


@pytest.fixture
def airflow(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Airflow:
    monkeypatch.setenv("MODELOPS_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW_CONN_MODELOPS_READER", database.url("modelops_reader"))
    made = Airflow(DeploymentBundle(name="deployments"))
    made.bundle.initialize()
    monkeypatch.setattr(made.bundle, "_present", lambda: made.dags)
    monkeypatch.setattr(deployment_bundle, "move_to_front", lambda _, files: made.at_front.extend(files))
    return made


@pytest.fixture
def two(connection: Connection[Any]) -> tuple[Deployment, Deployment]:
    """In different files, as their numbers follow each other."""
    return deployed(connection, plan=LATE), deployed(connection, "demo/other", target="predictions.other")


def test_airflow_finds_every_file_and_parses_those_without_deployments_last(airflow: Airflow) -> None:
    from airflow.utils.file import list_py_file_paths

    assert len(list_py_file_paths(airflow.bundle.path, safe_mode=True)) == SHARDS
    assert {file.stat().st_mtime for file in airflow.bundle.path.iterdir()} == {0}
    assert airflow.asked() == set()


def test_what_is_there_is_not_written_again(airflow: Airflow, two: tuple[Deployment, Deployment]) -> None:
    """A worker that initializes the bundle on the dag-processor's machine changes nothing; an upgrade does."""
    changed = airflow.asked()
    old = airflow.bundle.path / "deployments_31.py"
    old.write_text("globals().update(dags_as_they_were_made_once())")
    before = airflow._times()
    DeploymentBundle(name="deployments").initialize()
    assert changed == {one.id % SHARDS for one in two}
    assert airflow._times()[:31] == before[:31]
    assert "deployment_dags(shard=31)" in old.read_text()


def test_a_new_deployment_has_its_file_parsed_and_no_other(
    airflow: Airflow, two: tuple[Deployment, Deployment], connection: Connection[Any]
) -> None:
    first, second = (one.id % SHARDS for one in two)
    assert airflow.asked() == {first, second}
    airflow.parse(first, second)
    assert airflow.asked() == set()
    third = deployed(connection, "demo/third", target="predictions.third").id % SHARDS
    assert airflow.asked() == {third}


def test_it_asks_until_the_file_is_parsed_with_the_change(airflow: Airflow, two: tuple[Deployment, Deployment]) -> None:
    first, second = (one.id % SHARDS for one in two)
    # As one that is parsed while the change is made: Airflow takes it for parsed since.
    assert airflow.asked() == airflow.asked() == {first, second}
    airflow.parse(first)
    assert airflow.asked() == {second}


def test_a_change_is_moved_to_the_front_of_the_queue_once(
    airflow: Airflow, two: tuple[Deployment, Deployment], connection: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (f"deployments_{one.id % SHARDS:02}.py" for one in two)
    airflow.bundle.refresh()
    airflow.bundle.refresh()
    assert airflow.at_front == [first, second]
    third = f"deployments_{deployed(connection, 'demo/third', target='predictions.third').id % SHARDS:02}.py"
    airflow.bundle.refresh()
    assert airflow.at_front == [first, second, third]
    monkeypatch.setattr(deployment_bundle, "REQUEST_INTERVAL", -1.0)
    airflow.bundle.refresh()
    assert airflow.at_front[3:] == [first, second, third], "none of them has been parsed for long"


def test_airflow_takes_the_request(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow's own code reads it; a request that is there already is no error."""
    from airflow.dag_processing.manager import DagFileProcessorManager
    from airflow.models.dagbag import DagPriorityParsingRequest

    monkeypatch.setenv("MODELOPS_HOME", str(tmp_path))
    engine = create_engine(database.admin_url.replace("postgresql", "postgresql+psycopg2", 1))
    DagPriorityParsingRequest.metadata.create_all(engine, tables=[DagPriorityParsingRequest.__table__])
    monkeypatch.setattr("airflow.utils.session.create_session", sessionmaker(engine).begin)
    bundle = DeploymentBundle(name="deployments")
    for _ in range(2):
        move_to_front("deployments", ["deployments_07.py"])
    with Session(engine) as session:
        manager = SimpleNamespace(_dag_bundles=[bundle])
        [found] = DagFileProcessorManager._claim_priority_files(manager, session=session)
    assert found.absolute_path == bundle.path / "deployments_07.py"


def test_another_schedule_and_an_end_have_the_file_parsed(
    airflow: Airflow, two: tuple[Deployment, Deployment], connection: Connection[Any]
) -> None:
    from factories import job_on
    from modelops.domain.deployments import DeploymentEnd
    from modelops.domain.job_types import JobType
    from modelops.registry.write import versions

    first, second = two
    airflow.parse(*range(SHARDS))
    assert airflow.asked() == set()
    version = versions.find(connection, first.model, first.version)
    job = job_on(connection, version, JobType.SCHEDULE_CHANGE)
    schedules.set_schedule(
        connection, first.id, Plan(schedule=Schedule(text="@daily"), starts_at=TICK), job_id=job.job_id
    )
    assert airflow.asked() == {first.id % SHARDS}
    airflow.parse(*range(SHARDS))
    version = versions.find(connection, second.model, second.version)
    job = job_on(connection, version, JobType.RETIREMENT)
    deployments.end(connection, second.id, how=DeploymentEnd.RETIRED, job_id=job.job_id)
    assert airflow.asked() == {second.id % SHARDS}


def test_the_copy_is_what_the_registry_has(airflow: Airflow, connection: Connection[Any]) -> None:
    """Else the files would be parsed for ever."""
    after = Plan(schedule=Schedule(text="after features.delays", paused=True))
    deployed(connection, plan=LATE)
    deployed(connection, "demo/after", target="predictions.after", plan=after, parts=3)
    airflow.parse(*range(SHARDS))
    assert [read_copy(shard) for shard in range(SHARDS)] == by_shard(read_registry())


def test_a_file_that_was_removed_is_written_again(airflow: Airflow, two: tuple[Deployment, Deployment]) -> None:
    files = [airflow.bundle.path / f"deployments_{one.id % SHARDS:02}.py" for one in two]
    for file in files:
        file.unlink()
    airflow.bundle.refresh()
    assert all(file.exists() for file in files)


def test_what_airflow_has_lost_is_parsed_again_after_a_while(
    airflow: Airflow, two: tuple[Deployment, Deployment], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when its database failed while the DAGs were written, or the DAG of a deployment that ended isn't gone yet."""
    first, second = (one.id % SHARDS for one in two)
    assert airflow.asked() == {first, second}
    airflow.parse(first, second, written=False)
    assert airflow.asked() == set()
    monkeypatch.setattr(deployment_bundle, "REQUEST_INTERVAL", -1.0)
    assert airflow.asked() == {first, second}
    airflow.parse(first, second)
    airflow.dags[second].add("deployment_999")
    assert airflow.asked() == {second}


def test_while_the_registry_is_away_nothing_is_asked_and_the_log_says_it_once(
    airflow: Airflow,
    two: tuple[Deployment, Deployment],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    airflow.parse(*range(SHARDS))
    with monkeypatch.context() as away:
        away.setenv("AIRFLOW_CONN_MODELOPS_READER", "postgresql://nobody:none@127.0.0.1:1/none")
        assert airflow.asked() == airflow.asked() == set()
    assert len([record for record in caplog.records if "can't be read" in record.getMessage()]) == 1
    assert airflow.asked() == set()


def test_without_the_registry_and_a_copy_airflow_parses_nothing(
    airflow: Airflow, two: tuple[Deployment, Deployment], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would take all DAGs for gone, as at the first start of a release that keeps other copies."""
    with monkeypatch.context() as away:
        away.setenv("AIRFLOW_CONN_MODELOPS_READER", "postgresql://nobody:none@127.0.0.1:1/none")
        with pytest.raises(Unavailable):
            airflow.bundle.refresh()
    assert airflow.asked() == {one.id % SHARDS for one in two}


def test_the_configured_bundles_are_ones_that_airflow_can_make() -> None:
    listed = json.loads(PARSING["DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"])
    made = [resolve_name(one["classpath"])(name=one["name"], **one["kwargs"]) for one in listed]
    assert [type(one).__name__ for one in made] == ["DeploymentBundle", "DagsFolderBundle"]


@pytest.mark.filterwarnings("ignore")  # of Airflow's own imports
def test_airflow_parses_a_changed_file_at_once(airflow: Airflow, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the bundle relies on: other files wait until the interval between two parses is over."""
    from airflow._shared.timezones import timezone
    from airflow.dag_processing import manager

    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL", "300")
    monkeypatch.setenv(
        "AIRFLOW__DAG_PROCESSOR__FILE_PARSING_SORT_MODE", PARSING["DAG_PROCESSOR__FILE_PARSING_SORT_MODE"]
    )
    processor = manager.DagFileProcessorManager(max_runs=-1)
    files = {
        manager.DagFileInfo(rel_path=file.relative_to(airflow.bundle.path), bundle_name="b", bundle_path=file.parent)
        for file in airflow.bundle.path.glob("*.py")
    }
    just = manager.DagFileStat(last_finish_time=timezone.utcnow())
    processor._file_stats.update(dict.fromkeys(files, just))
    processor.prepare_file_queue({"b": files})
    assert list(processor._file_queue) == []
    os.utime(airflow.bundle.path / "deployments_07.py")
    processor.prepare_file_queue({"b": files})
    assert [str(file.rel_path) for file in processor._file_queue] == ["deployments_07.py"]
