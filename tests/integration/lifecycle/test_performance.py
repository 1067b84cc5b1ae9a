"""Performance of published predictions, with labels that come late."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from factories import DATASETS, SCORING, doubled_folder, model_folder
from integration.lifecycle.features import life as features
from integration.lifecycle.labels import AUGUST, DAYS, OBSERVED, OF_INTERVAL, deployed, measured, metrics
from integration.lifecycle.life import approved, predicted, put_into_production, retired
from integration.lifecycle.test_parts import PARTS, Batch
from modelops.domain.errors import DatasetError, IntervalError, LabelsError, UnknownBatch, UnknownDeployment
from modelops.registry.write import performance, sweeping

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Database
    from workplace import Workplace

NAMES = ("accuracy", "brier", "log_loss", "positive_rate", "predicted_rate")
BY_HAND = """
SELECT avg((p.late = o.late)::int)::float8, avg((late_probability - o.late) ^ 2)::float8,
       avg(-ln(CASE o.late WHEN 1 THEN late_probability ELSE 1 - late_probability END))::float8,
       avg(o.late)::float8, avg(late_probability)::float8
FROM {} AS p JOIN observed AS o USING (id)
"""
"""These metrics, in this order, by a join of a relation of predictions with the labels."""


@pytest.fixture(scope="module")
def lives() -> Callable[[Workplace, Path], None]:
    """`here/scored` has two approved versions, which predict differently; its labels arrive in the table `observed`."""

    def live(workplace: Workplace, repository: Path) -> None:
        model_folder(repository, "scored", scoring=SCORING)
        approved(workplace)
        approved(workplace, dataset="SELECT id, x * 3 AS x, y, late FROM measured WHERE id > 50")

    return live


@pytest.fixture
def observed(database: Database) -> Callable[[str], None]:
    """Labels of the rows that a condition holds for arrive; there are none before."""
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("CREATE TABLE observed (id int, late int)")
        admin.execute("GRANT SELECT ON observed TO modelops_sql, modelops_reader")

    def arrive(condition: str, label: str = "late", key: str = "id") -> None:
        with psycopg.connect(database.admin_url) as admin:
            admin.execute(f"INSERT INTO observed SELECT {key}, {label} FROM measured WHERE {condition}")

    return arrive


@pytest.mark.usefixtures("observed")
def test_without_labels_all_are_missing(workplace: Workplace, look: Any) -> None:
    deployment = deployed(workplace)
    predicted(workplace, deployment)
    job_id, result = measured(workplace, deployment)
    assert (result["batches"], result["rows"], result["labelled"]) == (1, 100, 0)
    assert metrics(look, job_id) == {}
    assert result["next_due_at"] is not None


def test_the_metrics_are_those_of_a_join_by_hand(
    workplace: Workplace, observed: Callable[[str], None], look: Any
) -> None:
    deployment = deployed(workplace)
    predicted(workplace, deployment)
    observed("id > 20")
    job_id, result = measured(workplace, deployment)
    assert (result["rows"], result["labelled"]) == (100, 80)
    found = metrics(look, job_id)
    [joined] = look(BY_HAND.format("predictions.scored"))
    [(auc,)] = look("""
        SELECT avg(CASE WHEN a.late_probability > b.late_probability THEN 1
                        WHEN a.late_probability = b.late_probability THEN 0.5 ELSE 0 END)::float8
        FROM (SELECT late_probability FROM predictions.scored JOIN observed AS o USING (id) WHERE o.late = 1) AS a,
             (SELECT late_probability FROM predictions.scored JOIN observed AS o USING (id) WHERE o.late = 0) AS b
    """)
    by_hand = {"auc": auc, **dict(zip(NAMES, joined, strict=True))}
    assert {name: found[name] for name in by_hand} == pytest.approx(by_hand, rel=1e-12)
    assert found.keys() == by_hand.keys() | {"f1", "precision", "recall"}
    ends = look("SELECT metric, lower, value, upper FROM modelops.performance_metric")
    assert all(lower < value < upper for _, lower, value, upper in ends), ends


def test_predictions_are_measured_as_they_were_published(
    workplace: Workplace, observed: Callable[[str], None], look: Any
) -> None:
    """Labels of half of August arrive, the model is replaced and August predicted again, then the others arrive."""
    first = deployed(workplace, dataset=OF_INTERVAL)
    run = predicted(workplace, first, **AUGUST)["run"]
    observed("id % 2 = 0")
    assert measured(workplace, first)[1]["labelled"] == 50
    [(then,)] = look(f"SELECT published_at FROM modelops.batch_run WHERE id = {run}")

    second = deployed(workplace, 2, dataset=OF_INTERVAL)
    predicted(workplace, second, **AUGUST)
    observed("id % 2 = 1")
    job_id, result = measured(workplace, first, also_missing=True)
    assert (result["batches"], result["labelled"]) == (1, 100)

    [of_then] = look(BY_HAND.format(f"predictions.scored_as_of('{then.isoformat()}')"))
    [of_now] = look(BY_HAND.format("predictions.scored"))
    found = metrics(look, job_id)
    assert [found[name] for name in NAMES] == pytest.approx(of_then, rel=1e-12)
    assert not math.isclose(found["brier"], of_now[NAMES.index("brier")], rel_tol=1e-3)

    of_second, result = measured(workplace, second)
    assert (result["batches"], result["labelled"]) == (1, 100)
    found = metrics(look, of_second)
    assert [found[name] for name in NAMES] == pytest.approx(of_now, rel=1e-12)


def test_each_interval_is_measured_once_its_labels_are_due(
    workplace: Workplace, observed: Callable[[str], None], look: Any, log: list[str]
) -> None:
    deployment = deployed(workplace, dataset=OF_INTERVAL, maturity_days=1)
    for day in DAYS:
        predicted(workplace, deployment, **day)
    assert performance.due_deployments(workplace.connection, most=10) == [deployment]
    observed("id < 48")
    job_id, result = measured(workplace, deployment)
    assert [(one["rows"], one["labelled"]) for one in result["measured"]] == [(23, 23), (24, 24), (24, 0)]
    assert look(f"SELECT DISTINCT run_id FROM modelops.newest_performance WHERE job_id = {job_id}") != []
    # Those that are complete are never due again; the other is, an hour later.
    assert performance.due_deployments(workplace.connection, most=10) == []
    assert measured(workplace, deployment)[1]["batches"] == 0
    assert log[-1].startswith("No labels are due; the next ones are due at ")
    [(again, missing)] = look("SELECT min(labels_due_at - now()), count(labels_due_at) FROM modelops.batch_run")
    assert timedelta(minutes=30) < again <= timedelta(hours=1)
    assert missing == 1
    observed("id >= 48")
    assert measured(workplace, deployment, also_missing=True)[1]["labelled"] == 24


def test_labels_are_awaited(workplace: Workplace, observed: Callable[[str], None]) -> None:
    observed("true")
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=2)
    interval = {"interval_start": hour.isoformat(), "interval_end": (hour + timedelta(hours=1)).isoformat()}
    deployment = deployed(workplace, dataset=OF_INTERVAL, maturity_days=3)
    predicted(workplace, deployment, **interval)
    whole = deployed(workplace, target="whole", maturity_days=1)
    predicted(workplace, whole)
    for number in (deployment, whole):
        assert measured(workplace, number)[1]["batches"] == 0
        assert measured(workplace, number, also_missing=True)[1]["batches"] == 0
    assert performance.due_deployments(workplace.connection, most=10) == []
    with pytest.raises(LabelsError, match=r"the labels of \[.*\) are complete from .* on"):
        measured(workplace, deployment, **interval)


def test_a_job_begins_no_batch_when_its_time_is_over(
    workplace: Workplace, observed: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, log: list[str]
) -> None:
    deployment = deployed(workplace)
    predicted(workplace, deployment)
    observed("true")
    monkeypatch.setattr("modelops.kinds.model.measure_performance.LONGEST", -60)
    assert measured(workplace, deployment)[1]["batches"] == 0
    assert "After -1 minutes 1 batches are left for the next job" in log
    assert performance.due_deployments(workplace.connection, most=10) == [deployment]


def test_an_interval_is_measured_again_on_request(workplace: Workplace, observed: Callable[[str], None]) -> None:
    deployment = deployed(workplace, dataset=OF_INTERVAL)
    predicted(workplace, deployment, **DAYS[0])
    observed("true")
    measured(workplace, deployment)
    assert measured(workplace, deployment, **DAYS[0])[1]["labelled"] == 23
    with pytest.raises(UnknownBatch, match=r"has published no batch for \[2013-08-02"):
        measured(workplace, deployment, **DAYS[1])
    with pytest.raises(IntervalError, match="only one end"):
        measured(workplace, deployment, interval_start=DAYS[0]["interval_start"])


def test_a_deployment_that_has_ended_is_still_measured(workplace: Workplace, observed: Callable[[str], None]) -> None:
    deployment = deployed(workplace)
    predicted(workplace, deployment)
    retired(workplace, deployment)
    observed("true")
    assert performance.due_deployments(workplace.connection, most=10) == [deployment]
    assert measured(workplace, deployment)[1]["labelled"] == 100


def test_parts_are_measured_together(workplace: Workplace, observed: Callable[[str], None], look: Any) -> None:
    deployment = deployed(workplace, parts=PARTS)
    batch = Batch(workplace, deployment)
    for number in range(PARTS):
        batch.score(number)
    batch.publish()
    observed("id <= 60")
    assert measured(workplace, deployment)[1]["labelled"] == 60


def test_null_and_nan_are_missing_labels(
    workplace: Workplace, observed: Callable[..., None], look: Any, database: Database
) -> None:
    deployment = deployed(workplace)
    predicted(workplace, deployment)
    observed("id <= 50")
    observed("id > 50", "NULL")
    assert measured(workplace, deployment)[1]["labelled"] == 50


def test_one_class_has_no_auc(workplace: Workplace, observed: Callable[[str], None], look: Any, log: list[str]) -> None:
    deployment = deployed(workplace)
    predicted(workplace, deployment)
    observed("late = 0")
    job_id, _ = measured(workplace, deployment)
    found = metrics(look, job_id)
    assert "auc" not in found
    assert found["positive_rate"] == 0
    assert "recall" not in found
    assert "auc is left out: every label of late is 0" in log
    assert "recall is left out: no label is of the positive class" in log


def test_labels_that_do_not_fit_are_refused(workplace: Workplace, look: Any) -> None:
    def refused(truth: str, match: str, error: type[Exception] = LabelsError) -> None:
        with pytest.raises(error, match=match):
            put_into_production(workplace, 1, truth=truth)

    refused("SELECT id::text AS id, late FROM measured", "the entity key column id of the labels is text, and that of")
    refused(
        "SELECT id, late::text AS late FROM measured", "column late is string; in training it was int32", DatasetError
    )
    refused("SELECT id FROM measured", "the dataset lacks the target column late", DatasetError)
    refused("SELECT late FROM measured", "the dataset lacks the entity key column id", DatasetError)
    refused("trth", "there is no dataset 'trth'", DatasetError)
    with pytest.raises(LabelsError, match="maturity_days is given, and here/scored has no dataset for labels"):
        put_into_production(workplace, 1, maturity_days=3)
    assert look("SELECT count(*) FROM modelops.deployment") == [(0,)]


def test_a_key_with_two_labels_is_named(workplace: Workplace, observed: Callable[..., None], look: Any) -> None:
    deployment = deployed(workplace)
    predicted(workplace, deployment)
    observed("true")
    observed("id = 7")
    observed("id <= 2", "NULL", "NULL")
    with pytest.raises(LabelsError, match="an entity key has more than one row of labels; id = 7 has 2"):
        measured(workplace, deployment)
    assert look("SELECT labelled, left(error, 16) FROM modelops.performance") == [(0, "an entity key ha")]


def test_what_is_wrong_with_one_batch_does_not_stop_the_others(
    workplace: Workplace, observed: Callable[[str], None], look: Any, database: Database
) -> None:
    deployment = deployed(workplace, dataset=OF_INTERVAL)
    for day in DAYS:
        predicted(workplace, deployment, **day)
    observed("true")
    observed("id = 30")
    with pytest.raises(LabelsError, match=r"where: .*batch run \d+ for \[2013-08-02T00:00:00\+00:00, 2013-08-03"):
        measured(workplace, deployment)
    found = look("SELECT labelled, error IS NULL FROM modelops.newest_performance ORDER BY interval_start")
    assert found == [(23, True), (0, False), (24, True)]
    assert performance.due_deployments(workplace.connection, most=10) == [], "it is tried again an hour later"
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("DELETE FROM observed WHERE ctid = (SELECT min(ctid) FROM observed WHERE id = 30)")
    assert measured(workplace, deployment, also_missing=True)[1]["labelled"] == 24
    assert look("SELECT count(error) FROM modelops.newest_performance") == [(0,)]


def test_a_request_measures_batches_with_missing_labels_in_turn(
    workplace: Workplace, observed: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, look: Any
) -> None:
    monkeypatch.setattr("modelops.kinds.model.measure_performance.MOST", 2)
    deployment = deployed(workplace, dataset=OF_INTERVAL)
    for day in DAYS:
        predicted(workplace, deployment, **day)
    observed("id % 2 = 0")
    for _ in range(3):
        measured(workplace, deployment, also_missing=True)
    assert look("SELECT count(*) FROM modelops.performance GROUP BY run_id ORDER BY 1") == [(2,), (2,), (2,)]


def test_rows_that_nobody_has_measured_yet_are_kept(
    workplace: Workplace, observed: Callable[[str], None], look: Any
) -> None:
    deployment = deployed(workplace, maturity_days=30)
    predicted(workplace, deployment)
    other = deployed(workplace, target="other")
    for number in (deployment, other):
        predicted(workplace, number)
        predicted(workplace, number)
    observed("true")
    measured(workplace, other)
    with workplace.connection.transaction():
        assert sweeping.superseded(workplace.connection, "predictions.scored", days=0, most=10) == []
        assert len(sweeping.superseded(workplace.connection, "predictions.other", days=0, most=10)) == 1


def test_a_type_that_is_not_built_in_is_a_key_too(workplace: Workplace, database: Database, look: Any) -> None:
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("CREATE TYPE mark AS ENUM ('a', 'b')")
    marks = "(CASE id % 2 WHEN 0 THEN 'a' ELSE 'b' END)::mark AS id"
    sql = f"SELECT DISTINCT ON (id % 2) {marks}, x, y, late FROM measured"
    number = put_into_production(workplace, 1, dataset=sql, truth=f"SELECT id, late FROM ({sql}) AS marked")[
        "deployment"
    ]
    predicted(workplace, number)
    assert measured(workplace, number)[1]["labelled"] == 2


def test_labels_without_an_interval_are_those_of_batches_without_one(workplace: Workplace) -> None:
    truth = "SELECT id, late FROM measured WHERE current_setting('modelops.interval_end') <> ''"
    with pytest.raises(LabelsError, match="reads the data interval, but that of the predictions doesn't"):
        put_into_production(workplace, 1, truth=truth)
    assert put_into_production(workplace, 1, dataset=OF_INTERVAL, truth=truth)["truth"] == "given as SQL"


def test_a_deployment_without_measurement(workplace: Workplace, repository: Path) -> None:
    datasets = DATASETS.replace("[late]", "[]") + "  truth: SELECT 1 AS of_all\n"
    model_folder(repository, "unrelated", scoring=SCORING, datasets=datasets)
    approved(workplace, "here/unrelated")
    assert put_into_production(workplace, 1, "here/unrelated")["truth"] is None
    assert put_into_production(workplace, 1, truth=OBSERVED, measure_performance=False)["truth"] is None


@pytest.mark.parametrize("days", [-3, 1e12, math.nan])
def test_so_long_nobody_waits(workplace: Workplace, days: float) -> None:
    with pytest.raises(LabelsError, match="labels can't be complete after"):
        put_into_production(workplace, 1, truth="SELECT id, late FROM measured", maturity_days=days)


def test_too_many_labels(
    workplace: Workplace, observed: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = deployed(workplace)
    predicted(workplace, deployment)
    observed("true")
    monkeypatch.setattr("modelops.data.labels.MAX_VALUES", 299)
    with pytest.raises(LabelsError, match="more than 99 predictions have labels"):
        measured(workplace, deployment)
    monkeypatch.setattr("modelops.data.labels.MAX_VALUES", 300)
    assert measured(workplace, deployment, also_missing=True)[1]["labelled"] == 100


def test_a_column_that_the_labels_have_lost(workplace: Workplace, database: Database) -> None:
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("CREATE TABLE lost AS SELECT id, late FROM measured")
        admin.execute("GRANT SELECT ON lost TO modelops_sql")
    deployment = put_into_production(workplace, 1, truth="SELECT * FROM lost")["deployment"]
    predicted(workplace, deployment)
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("ALTER TABLE lost DROP COLUMN late")
    with pytest.raises(LabelsError, match="the SQL of the labels doesn't give late any more"):
        measured(workplace, deployment)


def test_unknown_and_unlabelled_deployments_are_refused(workplace: Workplace, repository: Path) -> None:
    deployment = put_into_production(workplace, 1)["deployment"]
    with pytest.raises(LabelsError, match="has no labels to compare its predictions with"):
        measured(workplace, deployment)
    with pytest.raises(UnknownDeployment, match="there is no deployment 99"):
        measured(workplace, 99)
    doubled_folder(repository)
    of_features = features.deployed(workplace)["deployment"]
    with pytest.raises(UnknownDeployment, match="is one of the feature task here/doubled"):
        measured(workplace, of_features)


def test_rows_that_were_removed_are_not_measured(
    workplace: Workplace, observed: Callable[[str], None], database: Database
) -> None:
    deployment = deployed(workplace)
    predicted(workplace, deployment)
    observed("true")
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("DELETE FROM predictions.scored_rows WHERE id <= 10")
    with pytest.raises(LabelsError, match=r"only 90 of the batch's 100 predictions are in predictions\.scored_history"):
        measured(workplace, deployment)


def test_the_dataset_truth_of_the_model_is_taken(workplace: Workplace, repository: Path, look: Any) -> None:
    datasets = DATASETS + "  truth: SELECT id, late FROM measured\nlabels: {maturity_days: 0.5}\n"
    model_folder(repository, "labelled", scoring=SCORING, datasets=datasets)
    approved(workplace, "here/labelled")
    deployment = put_into_production(workplace, 1, "here/labelled")
    assert deployment["truth"] == "truth"
    assert look("SELECT truth ->> 'name', maturity FROM modelops.deployment") == [("truth", timedelta(hours=12))]
