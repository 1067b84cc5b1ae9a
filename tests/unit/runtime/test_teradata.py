"""The stand-ins for the packages of models that were written for Teradata."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pyarrow as pa
import pytest
from pyarrow import parquet

import published
from modelops.domain import teradata
from modelops.runtime.child import main as child
from unit.runtime.models import Model, failure_of, write_rows
from unit.runtime.scorers import columns, features, run
from unit.runtime.scorers import failure_of as failure_of_scorer

CONTEXT = "from teradataml import DataFrame, copy_to_sql\nfrom aoa import *\n\n"
SCORE = """
def score(context, **kwargs):
    frame = DataFrame.from_query(context.dataset_info.sql).to_pandas()
    frame["late"] = frame["x"] * 2
    {body}
    copy_to_sql(df=frame[[{columns}]], table_name=context.dataset_info.predictions_table, if_exists="append")
"""


def training(model: Model, body: str, imports: str = CONTEXT) -> Model:
    """A model whose train(context) runs these lines, and leaves a file."""
    lines = "\n".join(f"    {line}" for line in [*body.splitlines(), "open('artifacts/output/m', 'w').close()"])
    return model.write(f"{imports}\ndef train(context: ModelContext, **kwargs):\n{lines}\n")


def scoring(model: Model, body: str = "pass", columns: str = "'id', 'late'") -> Model:
    return model.write(CONTEXT + SCORE.format(body=body, columns=columns), file="model_modules/scoring.py")


def test_the_names_that_a_check_lets_pass_are_those_that_there_are() -> None:
    part = child._load_with([child.TERADATA_RUN], child.TERADATA)
    assert {module: frozenset(names) for module, names in part.MODULES.items()} == dict(teradata.MODULES)
    assert {*part.CLIENT_PACKAGES, part.DATABASE_PACKAGE} == teradata.STAND_INS == set(child.STAND_IN_PACKAGES)


def test_the_rows_are_those_of_the_context_and_the_key_is_the_index_too(model: Model) -> None:
    write_rows(model.tmp_path / "rows.arrow", [{"id": n, "x": n / 2, "late": n > 7} for n in (7, 9, 8)])
    training(
        model,
        """
frame = DataFrame.from_query(context.dataset_info.sql + " ; ").to_pandas(all_rows=True)
print(frame.index.tolist(), frame["id"].tolist(), frame["x"].tolist(), frame.index.name)
print(context.dataset_info.entity_key, context.dataset_info.get_predictions_metadata_fqtn())
some = DataFrame.from_query("SELECT * FROM (SELECT id, x, late\\n FROM t) AS d")
print(some.columns, some.shape, some[["x"]].columns, some.drop("x").columns, some.head(2).shape)
print(some.to_pandas(num_rows=1).shape, some.sample(n=2).shape)
""",
    )
    assert model.run()[:5] == [
        "[7, 9, 8] [7, 9, 8] [3.5, 4.5, 4.0] None",
        "id modelops.predictions",
        "['id', 'x', 'late'] (3, 3) ['x'] ['id', 'late'] (2, 3)",
        "(1, 3) (2, 3)",
    ]


def test_connections_statistics_and_plots_do_no_harm(model: Model) -> None:
    training(
        model,
        """
import matplotlib.pyplot as plt
import teradataml
teradataml.create_context(host="h", username="u", password="p")
frame = DataFrame.from_query(context.dataset_info.sql)
for _ in range(2):
    record_training_stats(frame, features=["x"], targets=["late"], categorical=["late"], context=context)
plt.plot([1, 2])
save_plot("ROC Curve", context=context)
plt.plot([1, 2])
save_plot("../all/of it.svg", dpi=50)
tmo_create_context()
teradataml.remove_context()
""",
    )
    assert model.run() == ["record_training_stats: jobs compute the statistics of their rows themselves"]
    assert sorted(path.name for path in model.output.iterdir()) == ["all_of_it.svg", "m", "roc_curve.png"]


def test_a_table_that_the_code_writes_can_be_read_again(model: Model) -> None:
    training(
        model,
        """
rows = DataFrame.from_query(context.dataset_info.sql)
rows.to_sql("Mine", temporary=True)
copy_to_sql(df=rows.to_pandas(), table_name="mine", if_exists="append")
print(DataFrame("mine").shape, DataFrame.from_query("sel * from db.MINE").shape)
copy_to_sql(rows.to_pandas(), "mine", None, "replace", True, "number")
print(DataFrame.from_table("mine").columns)
""",
    )
    assert model.run() == [
        "the table Mine is kept in memory for this run only",
        "the table mine is kept in memory for this run only",
        "(2, 3) (2, 3)",
        "['number', 'id', 'x', 'late']",
    ]


@pytest.mark.parametrize(
    ("body", "what", "right"),
    [
        (
            "DataFrame.from_query('SELECT * FROM customers')",
            "there is no table 'customers'",
            "with that table in the SQL of datasets.yaml",
        ),
        (
            "DataFrame.from_query('SELECT id FROM t')",
            "there is no database for the query 'SELECT id FROM t'",
            "Write any other query into the SQL of datasets.yaml",
        ),
        (
            "DataFrame.from_query(context.dataset_info.sql).map_row(lambda row: row)",
            "DataFrame.map_row has no stand-in",
            "to_pandas() first",
        ),
        (
            "frame = DataFrame.from_query(context.dataset_info.sql)\nframe[frame.x > 1]",
            "DataFrame.x has no stand-in",
            "to_pandas() first",
        ),
        ("import teradataml\nteradataml.XGBoost()", "teradataml.XGBoost has no stand-in", "datasets.yaml"),
        ("from teradataml import GLM", "teradataml.GLM has no stand-in", "datasets.yaml"),
        ("import teradataml.analytics.sqle", "the module teradataml.analytics has no stand-in", "SQL"),
        ("aoa_create_context().execute('SELECT 1')", "the connection's execute has no stand-in", "datasets.yaml"),
        (
            "record_training_stats(DataFrame.from_query(context.dataset_info.sql), features=['z'])",
            "record_training_stats() names z; the columns are id, x, late",
            "names of these columns",
        ),
        ("record_training_stats([1], features=['z'])", "record_training_stats() got list where", "DataFrame.from"),
        ("copy_to_sql(df=[1], table_name='t')", "copy_to_sql() got a builtins.list", "a pandas DataFrame"),
    ],
)
def test_what_needs_a_database_is_refused_with_what_to_do(model: Model, body: str, what: str, right: str) -> None:
    error = failure_of(training(model, body))
    assert what in error.what
    assert right in error.expected
    assert error.where.startswith("model_modules/training.py:")
    assert "tmo" not in error.expected, "who owns that name on the index is not known"


def test_a_module_of_the_models_own_comes_first(model: Model) -> None:
    model.write("ModelContext = None\nSAID = 'own'\n", file="tmo.py")
    training(model, "print(SAID)", imports="from tmo import SAID, ModelContext").write("", file="unused.py")
    error = failure_of(model)
    assert "artifacts/output/m" in error.what, "without stand-ins there is no such folder"
    assert model.lines[0] == "own"


def test_an_installed_package_comes_first(model: Model) -> None:
    """An environment has one only if it was pinned before there were stand-ins."""
    installed = model.folder / "installed"
    installed.mkdir(parents=True)
    (installed / "teradataml.py").write_text("def XGBoost():\n    return 'installed'\n")
    path = f"import sys\nsys.path.append({str(installed)!r})\n"
    model.write(f"{path}from teradataml import XGBoost\ndef train(context):\n    print(XGBoost())\n")
    assert model.run() == ["installed"]


def test_code_may_do_without_what_has_no_stand_in(model: Model) -> None:
    training(
        model,
        """
for missing in ("from teradataml import XGBoost", "import teradataml.analytics.mle", "import teradatasql"):
    try:
        exec(missing)
    except ImportError as error:
        print(type(error).__name__)
""",
    )
    assert model.run() == ["NoStandInError", "NoStandInError", "ModuleNotFoundError"]


def test_two_threads_that_import_at_once_get_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []

    def load(*_names: str) -> SimpleNamespace:
        loaded.append(1)
        time.sleep(0.1)
        return SimpleNamespace(begin=lambda _context, verb: None, spec=lambda name: name)

    monkeypatch.setattr(child, "_load_with", load)
    stand_ins = child.StandIns(None, verb="train")
    with ThreadPoolExecutor() as pool:
        assert sorted(pool.map(stand_ins.find_spec, ["aoa", "teradataml"])) == ["aoa", "teradataml"]
    assert loaded == [1]


def test_nothing_is_there_for_those_who_do_not_import_it(model: Model) -> None:
    model.write(
        "import os, sys\ndef train(context):\n    print(os.listdir(), [m for m in sys.modules if 'tera' in m])\n"
        "    print(context.dataset_info.entity_key)\n"
    )
    assert model.run() == ["[] []", "['id']"]


@pytest.mark.parametrize("body", ["pass", "frame = frame.sort_values('x', ascending=False)", "frame['job_id'] = 'a'"])
def test_score_is_called_batch_by_batch_and_predictions_go_to_their_rows(model: Model, body: str) -> None:
    scoring(model, body, columns="'late', 'id'")
    assert columns(*run(model, features(3.0, 1.0, 2.0), features(5.0))) == {"late": [6.0, 2.0, 4.0, 10.0]}


def test_score_writes_further_columns_and_the_job_is_none_of_them(model: Model) -> None:
    scoring(
        model, "frame['job_id'], frame['json_report'] = context.job_id, ''", "'job_id', 'id', 'late', 'json_report'"
    )
    assert columns(*run(model, features(3.0))) == {"late": [6.0], "json_report": [""]}


def test_score_of_several_columns_as_key(model: Model) -> None:
    scoring(model, "print(sorted(frame.columns))", columns="'id', 'late', 'day'")
    assert columns(*run(model, features(3.0, 1.0), key=("id", "day"))) == {"late": [6.0, 2.0]}
    assert model.lines == ["['day', 'id', 'late', 'x']"]
    error = failure_of_scorer(scoring(model, "frame['day'] = 0", "'id', 'late', 'day'"), key=("id", "day"))
    assert "score() wrote a prediction for the entity key 1, 0, which is not among" in error.what


@pytest.mark.parametrize(
    ("body", "wrote", "what"),
    [
        ("frame = frame[1:]", "'id', 'late'", "score() wrote predictions for 1 of 2 rows"),
        ("frame['id'] = 0", "'id', 'late'", "score() wrote 2 predictions for one row"),
        ("frame['id'] += 1", "'id', 'late'", "score() wrote a prediction for the entity key 2, which is not among"),
        (
            "frame['id'] = None",
            "'id', 'late'",
            "score() wrote a prediction for the entity key None, which is not among",
        ),
        ("pass", "'late'", "the predictions that score() wrote have no single column 'id'"),
        ("pass", "'id'", "score() wrote only id, and no column of predictions"),
        ("return", "'id', 'late'", "score() wrote no table, and so no predictions"),
        ("return (n for n in [])", "'id'", "score() returned a generator, so none of its code has run"),
        (
            "copy_to_sql(df=frame, table_name='a'); copy_to_sql(df=frame, table_name='b'); return",
            "'id'",
            "score() wrote the tables a, b, and so no predictions",
        ),
        ("DataFrame('other')", "'id', 'late'", "there is no table 'other'"),
    ],
)
def test_score_must_write_each_row_once(model: Model, body: str, wrote: str, what: str) -> None:
    """That is the fault of the code and not of a row: a budget does not hide it."""
    error = failure_of_scorer(scoring(model, body, wrote), budget=100)
    assert what in error.what
    assert error.expected


def test_a_table_of_another_name_is_taken_where_it_is_the_only_one(model: Model) -> None:
    body = (
        "copy_to_sql(df=frame, table_name='x', temporary=True); copy_to_sql(df=frame[['id', 'late']], table_name='y')"
    )
    scoring(model, f"{body}; return")
    assert columns(*run(model, features(3.0))) == {"late": [6.0]}


def test_a_row_that_score_can_not_do_is_rejected_like_any_other(model: Model) -> None:
    scoring(model, "assert (frame['x'] > 0).all(), 'negative'")
    answered = run(model, features(3.0, -1.0, 2.0), budget=1)
    told = pa.Table.from_batches(answered).to_pydict()
    assert told["late"] == [6.0, None, 4.0]
    assert told["__set_aside__"] == [None, "AssertionError: negative", None]


def test_score_reads_its_rows_from_the_context_too(model: Model) -> None:
    scoring(model, "assert context.read_pandas().equals(frame.drop(columns='late'))")
    assert columns(*run(model, features(3.0))) == {"late": [6.0]}


def test_a_model_scorer_is_used_where_there_is_one(model: Model) -> None:
    scoring(model, "raise RuntimeError")
    file = model.folder / "model_modules/scoring.py"
    file.write_text(file.read_text() + "\nclass ModelScorer:\n    def predict(self, data):\n        return data['x']\n")
    assert columns(*run(model, features(3.0))) == {"late": [3.0]}


def test_the_standard_evaluation_measures_what_score_has_given(model: Model) -> None:
    scoring(model)
    found = columns(*run(model, features(*map(float, range(5)))))
    write_rows(model.tmp_path / "rows.arrow", [{"id": n, "x": float(n), "late": 2.0 * n} for n in range(5)])
    structs = [
        {"key": {"id": n}, "target": {"late": 2.0 * n}, "prediction": {"late": found["late"][n]}} for n in range(5)
    ]
    scored = model.tmp_path / "scored.parquet"
    parquet.write_table(pa.Table.from_pylist(structs), scored)
    model.run(verb="evaluate", standard=("evaluate",), artifact_input=model.tmp_path, scored=scored)
    metrics = json.loads((model.output / "metrics.json").read_text())
    assert (metrics["rows"], metrics["mse"]) == (5, 0.0)


def test_the_published_shape_trains(model: Model) -> None:
    write_rows(model.tmp_path / "rows.arrow", [{"id": n, "x": float(n), "late": n % 2 == 0} for n in range(20)])
    model.write(published.TRAINING)
    model.run(hyperparameters={"C": 1.0})
    assert {path.name for path in model.output.iterdir()} == {"model.joblib", "feature_importance.png"}
