"""A version in production: deployed, scored, replaced, rolled back, retired; a real child process, a real COPY."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from factories import DATASETS, SCORING, model_folder
from integration.lifecycle.life import approved, deployed, evaluated, predicted, put_into_production, retired, scorer
from modelops.domain.errors import (
    ArtifactChanged,
    BadInput,
    DatasetError,
    IntervalError,
    NotApproved,
    RepositoryError,
    ScoringError,
    TargetError,
    UnknownDeployment,
)
from modelops.domain.versions import VersionStatus
from modelops.registry.write import deployments, evidence, versions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Database
    from workplace import Workplace

MODEL = "here/scored"
AUGUST = {"interval_start": "2013-08-01T00:00:00Z", "interval_end": "2013-09-01T00:00:00Z"}
BY_INTERVAL = """
SELECT id, x, y FROM measured
WHERE date '2013-08-01' + id >= current_setting('modelops.interval_start')::timestamptz
  AND date '2013-08-01' + id < current_setting('modelops.interval_end')::timestamptz
"""


@pytest.fixture(scope="module")
def lives() -> Callable[[Workplace, Path], None]:
    """`here/scored` v1 is approved."""

    def live(workplace: Workplace, repository: Path) -> None:
        model_folder(repository, "scored", scoring=SCORING)
        approved(workplace)

    return live


@pytest.fixture
def folder(repository: Path) -> Path:
    """The folder of `here/scored`, for who wants another version."""
    return model_folder(repository, "scored", scoring=SCORING)


def test_a_batch(workplace: Workplace, look: Any, log: list[str]) -> None:
    made = put_into_production(workplace, 1)
    assert (made["target"], made["replaced"], made["approved_by"]) == ("predictions.scored", None, "grace")
    result = predicted(workplace, made["deployment"])
    assert (result["rows"], result["set_aside"], result["view"]) == (100, 0, "predictions.scored")
    assert "TABLE predictions.scored" in result["psql"]
    [(rows, versions_, least, most)] = look(
        "SELECT count(*), array_agg(DISTINCT model_version), min(late_probability), max(late_probability)"
        " FROM predictions.scored"
    )
    assert (rows, versions_) == (100, [1])
    assert 0 < least < most < 1
    [(id_, label)] = look("SELECT id, late FROM predictions.scored ORDER BY late_probability DESC LIMIT 1")
    assert (id_, label) == (100, 1)
    said = look(
        "SELECT role, variable, kind, values->'rows' FROM modelops.statistics WHERE run_id IS NOT NULL ORDER BY 1, 2"
    )
    assert said == [
        ("feature", "x", "continuous", 100),
        ("feature", "y", "continuous", 100),
        ("prediction", "late", "continuous", 100),
        ("prediction", "late_probability", "continuous", 100),
    ]
    assert any("100 rows in" in line and "rows/s" in line for line in log)


def test_a_run_takes_the_place_of_the_one_before(workplace: Workplace, look: Any) -> None:
    made = put_into_production(workplace, 1)
    first, second = (predicted(workplace, made["deployment"]) for _ in range(2))
    assert look("SELECT count(*), count(DISTINCT job_id) FROM predictions.scored") == [(100, 1)]
    assert look(f"SELECT superseded_by FROM modelops.batch_run WHERE id = {first['run']}") == [(second["run"],)]


def test_replaced_and_rolled_back(workplace: Workplace, folder: Path, look: Any) -> None:
    first = put_into_production(workplace, 1)
    predicted(workplace, first["deployment"])
    second = deployed(workplace)
    assert second["replaced"] == {"deployment": first["deployment"], "version": 1}
    with pytest.raises(UnknownDeployment, match="was replaced at"):
        predicted(workplace, first["deployment"])
    assert look("SELECT DISTINCT model_version FROM predictions.scored") == [(1,)]
    predicted(workplace, second["deployment"])
    assert look("SELECT DISTINCT model_version FROM predictions.scored") == [(2,)]

    back = put_into_production(workplace, 1)
    assert back["replaced"] == {"deployment": second["deployment"], "version": 2}
    predicted(workplace, back["deployment"])
    assert look("SELECT DISTINCT model_version FROM predictions.scored") == [(1,)]


def test_a_target_released_by_a_retirement(workplace: Workplace, repository: Path, look: Any, log: list[str]) -> None:
    """Deployed by mistake where the table has other columns than those of the model that takes the name later."""
    model_folder(repository, "other", scoring=SCORING)
    by_price = DATASETS.replace("entity_key: id", "entity_key: price").replace("SELECT id", "SELECT price")
    (repository / "model_definitions/other/datasets.yaml").write_text(by_price)
    mistaken = deployed(workplace, "here/other", target="shared")
    retired(workplace, mistaken["deployment"])
    assert "predictions.shared has no published rows and is released" in log[-1]
    made = put_into_production(workplace, 1, target="shared")
    predicted(workplace, made["deployment"])
    assert look("SELECT count(*) > 0 FROM predictions.shared WHERE id IS NOT NULL") == [(True,)]
    retired(workplace, made["deployment"])
    assert "predictions.shared still shows its published rows" in log[-1]
    with pytest.raises(BadInput, match="holds the predictions of here/scored"):
        deployed(workplace, "here/other", target="shared")


def test_retired(workplace: Workplace, look: Any) -> None:
    made = put_into_production(workplace, 1)
    predicted(workplace, made["deployment"])
    retired(workplace, made["deployment"])
    assert versions.find(workplace.connection, MODEL, 1).status is VersionStatus.RETIRED
    assert deployments.active(workplace.connection) == []
    assert look("SELECT count(*) FROM predictions.scored") == [(100,)]
    for again in (lambda: predicted(workplace, made["deployment"]), lambda: retired(workplace, made["deployment"])):
        with pytest.raises(UnknownDeployment, match="was retired"):
            again()
    with pytest.raises(NotApproved, match="v1 is retired"):
        put_into_production(workplace, 1)


def test_intervals(workplace: Workplace, look: Any) -> None:
    made = put_into_production(workplace, 1, dataset=BY_INTERVAL)
    assert predicted(workplace, made["deployment"], **AUGUST)["rows"] == 30
    september = {"interval_start": "2013-09-01T00:00:00Z", "interval_end": "2013-10-01T00:00:00Z"}
    assert predicted(workplace, made["deployment"], **september)["rows"] == 30
    assert predicted(workplace, made["deployment"], **AUGUST)["rows"] == 30
    counted = "SELECT interval_start::date::text, count(*) FROM predictions.scored GROUP BY 1 ORDER BY 1"
    assert look(counted) == [("2013-08-01", 30), ("2013-09-01", 30)]
    with pytest.raises(IntervalError, match="which overlaps with"):
        predicted(workplace, made["deployment"], **AUGUST | {"interval_end": "2013-08-15T00:00:00Z"})
    empty = {"interval_start": "2020-01-01T00:00:00Z", "interval_end": "2020-01-02T00:00:00Z"}
    assert predicted(workplace, made["deployment"], **empty)["rows"] == 0
    assert look(counted) == [("2013-08-01", 30), ("2013-09-01", 30)]


def test_what_readers_saw(workplace: Workplace, look: Any) -> None:
    made = put_into_production(workplace, 1)
    first, second = (predicted(workplace, made["deployment"])["run"] for _ in range(2))
    [(count,)] = look("SELECT count(*) FROM predictions.scored")
    history = "SELECT job_id, count(*), bool_and(superseded_at IS NULL) FROM predictions.scored_history GROUP BY 1"
    told = "SELECT id, job_id, published_at FROM modelops.batch_run ORDER BY id"
    runs = {run: (job, at) for run, job, at in look(told)}
    assert sorted(look(history)) == [(runs[first][0], count, False), (runs[second][0], count, True)]

    def as_of(moment: datetime) -> Any:
        return look(f"SELECT job_id, count(*) FROM predictions.scored_as_of('{moment.isoformat()}') GROUP BY 1")

    assert as_of(runs[first][1]) == [(runs[first][0], count)]
    assert as_of(runs[second][1] - timedelta(microseconds=1)) == [(runs[first][0], count)]
    assert as_of(runs[second][1]) == [(runs[second][0], count)]
    assert as_of(runs[first][1] - timedelta(microseconds=1)) == []
    now = look("SELECT * FROM predictions.scored_as_of(now()) ORDER BY id")
    assert [row[:-1] for row in now] == look("SELECT * FROM predictions.scored ORDER BY id")


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2013-08-01T00:00:00Z", None, "only one end"),
        ("yesterday", "today", "'yesterday' is not a time"),
        ("2013-08-01T00:00:00", "2013-09-01T00:00:00Z", "has no time zone"),
        ("2013-09-01T00:00:00Z", "2013-08-01T00:00:00Z", "which isn't after"),
        ("2013-09-01T00:00:00Z", "2999-01-01T00:00:00Z", "ends at 2999-01-01T00:00:00Z, which is in the future"),
    ],
)
def test_an_interval_that_is_none(workplace: Workplace, start: str, end: str | None, said: str) -> None:
    with pytest.raises(IntervalError, match=said):
        predicted(workplace, 1, interval_start=start, interval_end=end)


def test_the_sql_asks_for_an_interval_that_there_is_not(workplace: Workplace) -> None:
    made = put_into_production(workplace, 1, dataset=BY_INTERVAL)
    with pytest.raises(DatasetError, match="reads the data interval, but this job has none"):
        predicted(workplace, made["deployment"])


# What is wrong with a deployment ----------------------------------------------------------------------------------


def test_not_approved(workplace: Workplace) -> None:
    evaluated(workplace, "here/iris")
    with pytest.raises(NotApproved, match="v1 is evaluated: nobody has approved it"):
        put_into_production(workplace, 1, "here/iris")
    with pytest.raises(NotApproved, match="no version of here/iris is approved"):
        put_into_production(workplace, None, "here/iris")


def test_one_byte_of_the_artifact_was_changed(workplace: Workplace, tmp_path: Path) -> None:
    found = versions.find(workplace.connection, MODEL, 1)
    for name in ("model.json", "sample.arrow"):
        [stored] = [one for one in evidence.artifacts_of(workplace.connection, found.id) if one.name == name]
        file = tmp_path / "artifacts/sha256" / stored.sha256[:2] / stored.sha256
        whole = file.read_bytes()
        file.write_bytes(whole[:-2] + bytes([whole[-2] ^ 1]) + whole[-1:])
        with pytest.raises(ArtifactChanged, match="was changed after it was recorded"):
            put_into_production(workplace, 1)
        file.write_bytes(whole)
    assert deployments.active(workplace.connection) == []
    put_into_production(workplace, 1)


def test_a_model_without_a_scorer(workplace: Workplace) -> None:
    version = approved(workplace, "here/iris")
    with pytest.raises(RepositoryError, match="v1 has no ModelScorer"):
        put_into_production(workplace, version, "here/iris")


def test_a_model_that_scores_otherwise_than_after_its_training(
    workplace: Workplace, folder: Path, tmp_path: Path
) -> None:
    mark = tmp_path / "later"
    (folder / "model_modules/scoring.py").write_text(
        scorer(f"import os\nreturn data['x'] * (2.0 if os.path.exists({str(mark)!r}) else 1.0)")
    )
    version = approved(workplace)
    mark.touch()
    with pytest.raises(
        ScoringError, match=r"row 0 of the sample has another prediction .*: late was 0.1, now it is 0.2"
    ):
        put_into_production(workplace, version)


@pytest.mark.parametrize(
    ("dataset", "said"),
    [
        ("nonsense", "there is no dataset 'nonsense'"),
        ("SELECT id, x FROM measured", "lacks the feature column y"),
        ("SELECT id, x, y::text AS y FROM measured", "column y is string; in training it was double"),
        ("SELECT id, x, y FROM measurd", 'relation "measurd" does not exist'),
        ("SELECT 1; SELECT 2", "refuses the dataset's SQL"),
    ],
)
def test_a_dataset_that_does_not_fit(workplace: Workplace, dataset: str, said: str) -> None:
    with pytest.raises(DatasetError, match=said):
        put_into_production(workplace, 1, dataset=dataset)


def test_targets_that_do_not_fit(workplace: Workplace, database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("CREATE SCHEMA closed")
        admin.execute("CREATE TABLE predictions.theirs (id int)")
    for target, said in (
        ("nowhere.scores", "nowhere"),
        ("closed.scores", "GRANT USAGE, CREATE ON SCHEMA closed TO modelops_jobs"),
        ("theirs", "theirs"),
        ("modelops.scores", "can't have predictions"),
        ("a.b.c", "isn't a plain name"),
    ):
        with pytest.raises(TargetError, match=said):
            put_into_production(workplace, 1, target=target)
    assert deployments.active(workplace.connection) == []
    assert versions.find(workplace.connection, MODEL, 1).status is VersionStatus.APPROVED


def test_a_version_that_gives_other_columns(workplace: Workplace, folder: Path) -> None:
    put_into_production(workplace, 1)
    (folder / "model_modules/scoring.py").write_text(scorer("return data[['x']].rename(columns={'x': 'risk'})"))
    version = approved(workplace)
    with pytest.raises(TargetError, match="late_probability"):
        put_into_production(workplace, version)
    assert [one.version for one in deployments.active(workplace.connection)] == [1]
    assert put_into_production(workplace, version, target="risk")["target"] == "predictions.risk"
