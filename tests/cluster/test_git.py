"""A model from a git repository that is added while the cluster runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cluster.lane import Lane
from cluster.models import HERE
from cluster.running import SHARED, write_repositories

if TYPE_CHECKING:
    from cluster.running import Running

ORIGIN = f"{SHARED}/origin-of-there"
COMMITTED = f"""
set -e
test -d {ORIGIN}/.git || {{
  git init --quiet --initial-branch=main {ORIGIN}.new
  cp -r {SHARED}/{HERE}/. {ORIGIN}.new
  git -C {ORIGIN}.new add --all
  git -C {ORIGIN}.new -c user.name=ada -c user.email=ada@example.org commit --quiet --message "A model"
  mv {ORIGIN}.new {ORIGIN}
}}
git -C {ORIGIN} rev-parse HEAD
"""
VERSION = """
SELECT name, commit, dirty, version.status::text
FROM modelops.version JOIN modelops.job ON job.id = version.job_id WHERE run_id = %s
"""


def test_a_model_is_trained_on_workers_that_have_never_seen_its_repository(running: Running) -> None:
    code, said = running.run("observer", "sh", "-c", COMMITTED)
    assert code == 0, said
    home = running.cluster.state.parent
    write_repositories(home, there={"url": f"file://{ORIGIN}", "ref": "main"})
    assert set(json.loads((home / "repositories.yaml").read_text())["repositories"]) == {HERE, "there"}
    lane = Lane(running=running, number=1, repository="there")
    lane.begin()
    lane.await_question()
    with running.connect() as connection:
        versions = connection.execute(VERSION.encode(), (lane.runs[0][1],)).fetchall()
    assert versions == [("there/lane1", said.split()[-1], False, "evaluated")]
