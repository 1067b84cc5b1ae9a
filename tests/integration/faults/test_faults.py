"""Kills at each named step of batches, and at random moments. `./modelops faults` has more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from faults.campaign import at_each_step, at_random, campaign
from faults.ground import ground
from faults.reader import Reader

if TYPE_CHECKING:
    from pathlib import Path

SEED = 20130801


@pytest.mark.timeout(600)
def test_twenty_kills(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder: Path = tmp_path_factory.mktemp("faults")
    with ground(folder / "ground") as made:
        steps = made.work.steps
        findings = campaign(made, at_each_step(made.work, both=True), at_random(SEED), kills=20)
    assert findings.wrong == []
    assert findings.kills.total() == 20
    assert set(findings.ends) == {"completed"}
    assert {where for _, where in findings.kills} >= {
        f"{step}, {side} the commit" for step in steps for side in ("before", "at")
    }
    assert findings.polls > 100


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["sql", "python"])
def test_feature_batches(tmp_path_factory: pytest.TempPathFactory, kind: str) -> None:
    folder: Path = tmp_path_factory.mktemp(kind)
    with ground(folder / "ground", kind) as made:
        strikes = at_each_step(made.work, both=False)
        findings = campaign(made, strikes, iter(()), kills=len(strikes))
    assert findings.wrong == []
    assert findings.kills.total() == len(strikes)
    assert set(findings.ends) == {"completed"}
    assert {where.partition(",")[0] for _, where in findings.kills} == set(made.work.steps)
    assert findings.polls > 20


@pytest.mark.timeout(600)
def test_a_batch_in_parts(tmp_path_factory: pytest.TempPathFactory) -> None:
    """At the steps of its publication, and at random moments, most of which are in the scoring of a part."""
    folder: Path = tmp_path_factory.mktemp("parts")
    with ground(folder / "ground", "parts") as made:
        strikes = at_each_step(made.work, both=False)
        findings = campaign(made, strikes, at_random(SEED), kills=len(strikes) + 4)
    assert findings.wrong == []
    assert set(findings.ends) == {"completed"}
    assert {where.partition(",")[0] for _, where in findings.kills} == {*made.work.steps, "a random moment"}
    assert findings.polls > 10


@pytest.mark.parametrize(
    "seen",
    [[(1, 9, 9, 5)], [(1, 10, 9, 5)], [(1, 10, 10, 6)], [(1, 10, 10, 5), (2, 10, 10, 5)], []],
    ids=["a row lost", "a row twice", "a wrong row", "two runs", "nothing any more"],
)
def test_the_reader_notices(seen: list[tuple[int, ...]]) -> None:
    reader = Reader(lambda: pytest.fail("it isn't started"), "", (10, 10, 5))
    reader._judge([(1, 10, 10, 5)])
    reader._judge(seen)
    assert len(reader.violations) == 1
