"""One life cycle and one batch in partitions, while each host is struck in the middle of something."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cluster.examination import examine
from cluster.lane import ANSWER, Lane
from cluster.models import PARTS
from cluster.strikes import start, strike

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cluster.running import Running

LOST = """
SELECT count(DISTINCT map_index) FROM modelops.job_event JOIN modelops.job ON job.id = job_id
WHERE run_id = %s AND task_id = 'predict' AND event IN ('lost', 'retrying')
"""
BEGUN = """
SELECT count(*) FROM modelops.job WHERE run_id = %s AND task_id = 'predict' AND status = 'running'
"""


@pytest.fixture(scope="module")
def lane(running: Running) -> Lane:
    return Lane(running=running, number=0)


def kill_and_start(running: Running, hosts: Sequence[str]) -> None:
    for host in hosts:
        strike(running, host, cut=False)
        assert running.told(host)["state"] == "killed"
    for host in hosts:
        start(running, host)


def test_each_host_is_lost_in_the_middle_of_something(running: Running, lane: Lane) -> None:
    with lane.gate() as gate:
        lane.begin()
        gate.await_queries()
        kill_and_start(running, ["scheduler", "metadata"])
        gate.open()
        lane.await_question()

    question = f"{lane.address()}/taskInstances/approve/-1/hitlDetails"
    assert running.call("PATCH", question, "viewer", json=ANSWER).status_code == 403
    assert running.call("PATCH", question, "trainer", json=ANSWER).status_code == 403
    assert running.call("POST", "dags/model_lifecycle/dagRuns", "reviewer", json={"conf": {}}).status_code == 403
    kill_and_start(running, ["api-server", "observer", "dag-processor", "triggerer"])
    lane.approve()
    deployment = lane.await_deployment()

    with lane.gate() as gate, running.connect() as ledger:

        def count(query: str) -> int:
            row = ledger.execute(query.encode(), (lane.runs[-1][1],)).fetchone()
            assert row is not None
            return int(row[0])

        lane.batch(deployment)
        gate.await_queries(PARTS)
        assert {"w1", "w2"} == {task["hostname"] for task in lane.states(-1).values() if task["task_id"] == "predict"}
        strike(running, "w1", cut=False)
        strike(running, "w2", cut=True)
        assert not running.told("w2")["well"]
        strike(running, "broker", cut=False)
        start(running, "broker")
        start(running, "w1")
        lane.eventually("each partition is lost", lambda: count(LOST) == PARTS, may_fail=True)
        running.ask("heal", "w2")
        lane.eventually("a partition is tried again", lambda: count(BEGUN) > 0, may_fail=True)
        gate.open()
        assert lane.await_end() == "success", running.story()

    found = examine(lane)
    assert found.violations == []
    assert set(found.ends) == {"completed"}, found.reasons
    tried = {key: task["try_number"] for key, task in lane.states(-1).items() if key[0] == "predict"}
    assert min(tried.values()) > 1, tried
    running.eventually("all hosts are well again", lambda: all(host["well"] for host in running.cluster.hosts()))
