"""What a person can get wrong fails at once, says what, where and what would be right, and leaves nothing behind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import psycopg
import pytest

from factories import DATASETS, EVALUATION, TRAINING, model_folder, take, task_key
from integration.lifecycle.test_check import said_of
from modelops.domain.errors import BadInput, DatasetError, Unavailable, UnknownVersion, UserCodeError
from modelops.domain.job_types import JobType
from modelops.domain.requests import EvaluationRequest, TrainingRequest
from modelops.kinds.model.evaluate import evaluate
from modelops.kinds.model.train import train
from unit.runtime.package_index import serving

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Database
    from workplace import Workplace


def refusal(workplace: Workplace, request: TrainingRequest) -> BadInput:
    """The error that a training ends with, after a look at what it left: nothing."""
    attempt = take(workplace.connection, subject=request.model)
    with pytest.raises(BadInput) as caught:
        train(request, workplace.run(attempt))
    assert list(workplace.settings.machine.work.glob("*")) == []
    with workplace.connection.cursor() as cursor:
        assert cursor.execute("SELECT count(*) FROM modelops.artifact WHERE role = 'output'").fetchone() == (0,)
    return caught.value


SQL = [
    pytest.param("SELEC 1", 'syntax error at or near "1"', "line 1 of its SQL", id="doesn't parse"),
    pytest.param(
        "SELECT id,\n x, y, late\nFROM nowhere", 'relation "nowhere" does not exist', "line 3 of its SQL", id="no table"
    ),
    pytest.param("SELECT id, x, y, late FROM nowhere", "", "an existing table or view", id="no table: what is right"),
    pytest.param(
        "SELECT id, z, y, late FROM measured", "", "a column that the tables of its FROM have", id="no column"
    ),
    pytest.param(
        "SELECT 1 / (x - x)::int AS x, id, y, late FROM measured", "", "over all of its rows", id="while it runs"
    ),
    pytest.param("SELECT id, x, y, late FROM measured WHERE id < 0", "has no rows", "at least one row", id="no rows"),
    pytest.param("SELECT x, y, late FROM measured", "lacks the entity key column id", "gives x, y, late", id="no key"),
    pytest.param("SELECT id, y, late FROM measured", "lacks the feature column x", "gives id, y", id="no feature"),
    pytest.param("SELECT id, x, y FROM measured", "lacks the target column late", "gives id, x, y", id="no target"),
    pytest.param(
        "SELECT id % 10 AS id, x, y, late FROM measured",
        "10 entity keys appear in more than one row; id =",
        "one row per entity key",
        id="duplicate key",
    ),
    pytest.param(
        "SELECT nullif(id, 7) AS id, x, y, late FROM measured",
        "the entity key column id is null in 1 of 100 rows",
        "a key in every row",
        id="null key",
    ),
    pytest.param(
        "SELECT id, x, y, CASE WHEN id > 90 THEN 'NaN'::float8 ELSE late END AS late FROM measured",
        "the target late is null or NaN in 10 of 100 rows",
        "WHERE late IS NOT NULL",
        id="NaN target",
    ),
    pytest.param(
        "SELECT id, x, y, nullif(late, 1) AS late FROM measured",
        "the target late is null or NaN in 50 of 100 rows",
        "WHERE late IS NOT NULL",
        id="null target",
    ),
    pytest.param(
        "SELECT id, x, x, y, late FROM measured",
        "more than one column named x",
        "a name of its own",
        id="same column twice",
    ),
    pytest.param(
        "SELECT id, x / 0 AS x, y, late FROM measured", "division by zero", "here/iris", id="fails while it runs"
    ),
    pytest.param("DELETE FROM measured", "refuses the dataset's SQL", "one SELECT statement", id="no SELECT"),
    pytest.param(
        "SELECT 1) AS d; DROP TABLE measured; SELECT * FROM (SELECT 1",
        "cannot insert multiple commands into a prepared statement",
        "one SELECT statement",
        id="several statements",
    ),
    pytest.param(
        "SELECT id, subject AS x, 1 AS y, 1 AS late FROM modelops.job",
        "permission denied for schema modelops",
        "one SELECT statement",
        id="reads the ledger",
    ),
    pytest.param(
        "WITH gone AS (DELETE FROM measured RETURNING *) SELECT * FROM gone",
        "refuses the dataset's SQL",
        "one SELECT statement",
        id="writes",
    ),
]


MISSING_GRANTS = [
    ("SELECT id, x, y, late FROM Hidden", 'run: GRANT SELECT ON "public"."hidden" TO modelops_sql'),
    (
        'SELECT * FROM closed."Their Table"',
        'run: GRANT USAGE ON SCHEMA "closed" TO modelops_sql; GRANT SELECT ON "closed"."Their Table" TO modelops_sql',
    ),
]


@pytest.mark.parametrize(("sql", "right"), MISSING_GRANTS)
def test_a_missing_grant_is_told_so_that_it_can_be_run(
    workplace: Workplace, database: Database, sql: str, right: str
) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("CREATE SCHEMA closed")
        admin.execute('CREATE TABLE closed."Their Table" (id int, x float8, y float8, late int)')
        admin.execute("CREATE TABLE hidden (id int, x float8, y float8, late int)")
        error = refusal(workplace, TrainingRequest(model="here/iris", dataset=sql))
        assert error.expected == right
        admin.execute(error.expected.removeprefix("run: "))
    after = refusal(workplace, TrainingRequest(model="here/iris", dataset=sql))
    assert "permission denied" not in str(after)


def test_sql_that_ends_with_a_comment(workplace: Workplace) -> None:
    sql = "SELECT id, x, y, late FROM measured; -- end of file"
    attempt = take(workplace.connection, subject="here/iris")
    assert train(TrainingRequest(model="here/iris", dataset=sql), workplace.run(attempt))["rows"] == 100


@pytest.mark.parametrize(("sql", "what", "hint"), SQL)
def test_a_dataset(workplace: Workplace, sql: str, what: str, hint: str) -> None:
    error = refusal(workplace, TrainingRequest(model="here/iris", dataset=sql))
    assert isinstance(error, DatasetError)
    assert what in str(error)
    assert hint in str(error)


def test_a_dataset_that_is_not_there(workplace: Workplace) -> None:
    error = refusal(workplace, TrainingRequest(model="here/iris", dataset="trian"))
    assert "there is no dataset 'trian'" in str(error)
    assert "evaluate, predict, train" in str(error)


def test_an_unknown_model(workplace: Workplace) -> None:
    error = refusal(workplace, TrainingRequest(model="here/irsi"))
    assert "irsi" in str(error)
    assert "here/iris" in str(error)
    with workplace.connection.cursor() as cursor:
        assert cursor.execute("SELECT count(*) FROM modelops.version").fetchone() == (0,)


@pytest.mark.parametrize(
    ("training", "what"),
    [
        ("def train(context):\n    raise ValueError('no good')\n", "ValueError: no good"),
        ("def train(context):\n    pass\n", "train() left no file"),
        ("import sys\n\ndef train(context):\n    sys.exit(3)\n", "exit"),
        ("def train(context):\n    import nothing_like_it\n", "nothing_like_it"),
    ],
)
def test_a_training_that_goes_wrong(workplace: Workplace, repository: Path, training: str, what: str) -> None:
    model_folder(repository, "bad", training=training)
    error = refusal(workplace, TrainingRequest(model="here/bad"))
    assert isinstance(error, UserCodeError)
    assert what in str(error)
    assert "training.py" in str(error)


@pytest.mark.parametrize(
    ("put", "what"),
    [
        ("os.rename(out, out + '.mine'); os.symlink('/etc/apt', out)", "train() raised PermissionError"),
        ("os.link(os.path.abspath(__file__), out + '/model.json')", "train() raised OSError"),
        ("open(out + '/a', 'w'); os.link(out + '/a', out + '/b')", "a is not a file of its own but a hard"),
        ("os.symlink('/etc/passwd', out + '/metrics.json')", "metrics.json is not a plain file but a symbolic link"),
        ("os.mkfifo(out + '/metrics.json')", "metrics.json is not a plain file but a named pipe"),
    ],
)
def test_a_training_that_leaves_what_is_not_its_own(
    workplace: Workplace, repository: Path, put: str, what: str
) -> None:
    body = f"    out = context.artifact_output_path\n    {put}\n"
    model_folder(repository, "bad", training=f"import os\n\ndef train(context):\n{body}")
    assert what in refusal(workplace, TrainingRequest(model="here/bad")).what


def test_a_folder_that_somebody_keeps_beside_the_work_folders(workplace: Workplace) -> None:
    kept = workplace.settings.machine.work / "job-old-backup"
    kept.mkdir(parents=True)
    with workplace.job(JobType.TRAINING).workdir() as workdir:
        assert workdir.is_dir()
    assert list(workplace.settings.machine.work.iterdir()) == [kept]


@pytest.mark.parametrize(
    ("left", "what"),
    [
        ("", "evaluate() left no file"),
        ("{'auc': 1}", "metrics.json is not JSON"),
        ("[1]", "metrics.json is not an object"),
        ('{"auc": NaN}', "metrics.json auc is not a finite number"),
        ('{"auc": 1, "auc": 2}', "metrics.json is not JSON: the name 'auc' appears twice"),
        ('{"note": "a\\u0000b"}', "metrics.json note holds the character U\\+0000"),
        ('{"auc": ' + "[" * 300 + "]" * 300 + "}", "metrics.json auc.* is 17 levels deep"),
        ('{"auc": [1e20]}', r"metrics.json auc\[0\] is 1e\+20, which is out of range"),
        ('{"' + "m" * 201 + '": 1}', "metrics.json the name 'mmm.*has 201 characters"),
        ("[" * 100_000, "metrics.json is not JSON"),
    ],
)
def test_metrics(workplace: Workplace, repository: Path, left: str, what: str) -> None:
    write = f"open(context.artifact_output_path + '/metrics.json', 'w').write({left!r})" if left else "pass"
    model_folder(repository, "bad", evaluation=f"def evaluate(context):\n    {write}\n")
    train(TrainingRequest(model="here/bad"), workplace.run(take(workplace.connection, subject="here/bad")))
    attempt = take(workplace.connection, task_key(task_id="evaluate"), type=JobType.EVALUATION)
    with pytest.raises(UserCodeError, match=what.replace("(", r"\(").replace(")", r"\)")):
        evaluate(EvaluationRequest(model="here/bad"), workplace.run(attempt))


def test_columns_that_differ_from_training(workplace: Workplace) -> None:
    train(TrainingRequest(model="here/iris"), workplace.run(take(workplace.connection)))
    attempt = take(workplace.connection, task_key(task_id="evaluate"), type=JobType.EVALUATION)
    sql = "SELECT id, x::int AS x, y, late FROM measured"
    with pytest.raises(DatasetError, match="column x is int32; in training it was double"):
        evaluate(EvaluationRequest(model="here/iris", dataset=sql), workplace.run(attempt))


@pytest.mark.parametrize(("version", "what"), [(None, "here/iris has no version"), (7, "here/iris has no version")])
def test_a_version_that_is_not_there(workplace: Workplace, version: int | None, what: str) -> None:
    attempt = take(workplace.connection, task_key(task_id="evaluate"), type=JobType.EVALUATION)
    with pytest.raises(UnknownVersion, match=what):
        evaluate(EvaluationRequest(model="here/iris", version=version), workplace.run(attempt))


def test_a_failed_version_is_not_evaluated(workplace: Workplace, repository: Path) -> None:
    model_folder(repository, "bad", training="def train(context):\n    pass\n")
    attempt = take(workplace.connection, subject="here/bad")
    with pytest.raises(UserCodeError) as caught:
        train(TrainingRequest(model="here/bad"), workplace.run(attempt))
    from modelops.registry.write import jobs

    jobs.give_up(workplace.connection, attempt, error=str(caught.value), again=False)
    later = take(workplace.connection, task_key(task_id="evaluate"), type=JobType.EVALUATION)
    with pytest.raises(UnknownVersion, match="here/bad v1 is failed and can't be evaluated"):
        evaluate(EvaluationRequest(model="here/bad", version=1), workplace.run(later))


def test_a_database_that_can_not_be_reached(workplace: Workplace) -> None:

    nowhere = workplace.with_resources(rows_url="postgresql://modelops_sql:x@127.0.0.1:1/none")
    with pytest.raises(Unavailable, match="the data database can't be reached"):
        train(TrainingRequest(model="here/iris"), nowhere.run(take(workplace.connection)))


def test_requirements_that_do_not_resolve(workplace: Workplace, repository: Path) -> None:
    model_folder(repository, "bad", requirements="no-such-package-anywhere==1.2.3\n")
    error = refusal(workplace, TrainingRequest(model="here/bad"))
    assert "no-such-package-anywhere" in str(error)
    assert "requirements.txt" in str(error)


def test_packages_that_the_index_of_the_repository_lacks(workplace: Workplace, repository: Path) -> None:
    folder = model_folder(repository, "bad", requirements="six\n")
    with serving({"pyarrow": "1.0"}) as url:
        source = {"path": str(repository), "index": url}
        workplace.settings.installation.repositories.write_text(json.dumps({"repositories": {"here": source}}))
        error = refusal(workplace, TrainingRequest(model="here/bad"))
        assert "six was not found in the package registry" in str(error)
        with pytest.raises(BadInput) as checked:
            said_of(workplace, folder)
        assert checked.value.what == error.what


def test_datasets_yaml(workplace: Workplace, repository: Path) -> None:
    model_folder(repository, "bad", datasets=DATASETS.replace("targets:", "tragets:"))
    assert "tragets" in str(refusal(workplace, TrainingRequest(model="here/bad")))


def test_an_entry_point(workplace: Workplace, repository: Path) -> None:
    model_folder(repository, "bad", training=TRAINING.replace("def train(", "def fit("), evaluation=EVALUATION)
    error = str(refusal(workplace, TrainingRequest(model="here/bad")))
    assert "training.py" in error
    assert "train(context" in error
