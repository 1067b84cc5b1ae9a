"""Models in R and SQL, and those that work in a Teradata database, are refused with the reason; others are let pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import published
from modelops.domain.errors import RepositoryError
from modelops.repository.definition import read_model
from modelops.repository.kinds import MODELS
from modelops.repository.pin import pin_folder
from modelops.repository.unsupported import unsupported_reason

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import WriteModel

TRAINING = "model_modules/training.py"


def refused(**files: str) -> RepositoryError | None:
    """Why not, of a model with these modules; `about` is its model.json."""
    about = files.pop("about", None)
    code = {f"model_modules/{name}.py": text.encode() for name, text in files.items()}
    return unsupported_reason(code | ({} if about is None else {"model.json": about.encode()}), "here/model")


@pytest.mark.parametrize(
    ("language", "what", "right"),
    [
        ("R", "this model is written in R, and jobs run models in Python", "context.read_pandas()"),
        ("r", "this model is written in R, and jobs run models in Python", "context.read_pandas()"),
        ("sql", "this model is written in SQL, and jobs run models in Python", "in datasets.yaml"),
    ],
)
def test_a_language_in_model_json(language: str, what: str, right: str) -> None:
    error = refused(about=f'{{"name": "x", "language": "{language}"}}')
    assert error is not None
    assert (error.what, error.where) == (what, "here/model/model.json")
    assert right in error.expected


@pytest.mark.parametrize(("file", "language"), [("training.R", "R"), ("training.sql", "SQL")])
def test_a_language_by_the_name_of_the_file(file: str, language: str) -> None:
    error = unsupported_reason({f"model_modules/{file}": b""}, "here/model")
    assert error is not None
    assert error.what == f"this model is written in {language}, and jobs run models in Python"
    assert error.where == f"here/model/model_modules/{file}"
    assert (
        unsupported_reason({f"model_modules/{file}": b"", TRAINING: b"def train(context): ..."}, "here/model") is None
    )


@pytest.mark.parametrize(
    ("source", "uses", "line"),
    [
        ("\nfrom teradataml import DataFrame, GLM, XGBoost", "teradataml.GLM, teradataml.XGBoost", 2),
        ("from teradataml.analytics.mle import XGBoost", "teradataml.analytics.mle.XGBoost", 1),
        ("import teradataml.analytics.sqle", "teradataml.analytics.sqle", 1),
        ("import teradataml as tdml\n\ndef train(c):\n    tdml.KMeans()", "teradataml.KMeans", 4),
        (
            "import teradataml\nteradataml.dataframe.dataframe.in_schema()",
            "teradataml.dataframe.dataframe.in_schema",
            2,
        ),
        ("import aoa.util\naoa.util.execute_sql('')", "aoa.util.execute_sql", 2),
        ("from tmo import util\nutil.check_sto_version()", "tmo.util.check_sto_version", 2),
        ("from aoa import AoaClient", "aoa.AoaClient", 1),
        ("from teradatasqlalchemy.types import CLOB", "teradatasqlalchemy.types.CLOB", 1),
        ("import teradatasql", "teradatasql", 1),
    ],
)
def test_names_that_need_the_database(source: str, uses: str, line: int) -> None:
    error = refused(training=source)
    assert error is not None
    assert error.what == f"this model works in a Teradata database, which jobs don't have: it uses {uses}"
    assert error.where == f"here/model/{TRAINING}:{line}"
    assert "context.read_pandas()" in error.expected


def test_many_names_are_counted() -> None:
    names = [f"Function{number}" for number in range(7)]
    error = refused(training=f"from teradataml import {', '.join(names)}")
    assert error is not None
    assert error.what.endswith("teradataml.Function4 and 2 more")


@pytest.mark.parametrize(
    "source",
    [
        "from teradataml import *",
        "from aoa import aoa_create_context, ModelContext, record_training_stats, save_plot",
        "from aoa.stats import stats\nstats.record_training_stats()",
        "import teradataml as tdml\ntdml.DataFrame.from_query(''), tdml.__name__",
        "import tmo.util, tmo\ntmo.util.tmo_create_context(), tmo.save_plot('')",
        "from .teradataml import GLM",
        "teradataml = 1  # import teradataml, GLM",
        "import sklearn\nsklearn.anything",
        "from teradataml import (",  # said elsewhere
        "try:\n    import teradatasql\nexcept ImportError:\n    teradatasql = None",
        "try:\n    from teradataml import XGBoost\nexcept (KeyError, ModuleNotFoundError):\n    import teradatasql",
        "try:\n    import teradataml\n    teradataml.GLM\nexcept Exception:\n    pass\nelse:\n    import teradatasql",
        "def f():\n    try:\n        import teradatasql\n    except builtins.ImportError: ...",
        "try:\n    import teradatasql\nexcept:\n    pass",
        "import typing\nif typing.TYPE_CHECKING:\n    from teradataml import XGBoost",
        "if TYPE_CHECKING:\n    from teradatasqlalchemy import types",
        "import aoa\ndef f(aoa):\n    return aoa.x",
        "import aoa\ndef f():\n    aoa = 1\n    return aoa.x",
        "import aoa\ndef f():\n    for aoa in []:\n        aoa.x",
        "import aoa\ndef f():\n    from numpy import area as aoa\n    aoa.x",
        "import aoa\nfrom shared_modules import aoa\naoa.x",
    ],
)
def test_what_has_a_stand_in_and_what_is_something_else(source: str) -> None:
    assert refused(training=source) is None


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    import teradatasql\nexcept KeyError:\n    pass",
        "try:\n    pass\nexcept ImportError:\n    pass\nfinally:\n    import teradatasql",
        "if TYPE_CHECKING:\n    pass\nelse:\n    import teradatasql",
        "import teradataml as tdml, aoa\ndef f(aoa):\n    tdml.XGBoost()",
    ],
)
def test_what_the_code_can_not_do_without(source: str) -> None:
    assert refused(training=source) is not None


@pytest.mark.parametrize("own", ["aoa/__init__.py", "aoa.py"])
def test_a_package_of_the_models_own_comes_first(tmp_path: Path, write_model: WriteModel, own: str) -> None:
    files = {own: "class AoaClient: ...", TRAINING: "from aoa import AoaClient\ndef train(context): ..."}
    folder = write_model(tmp_path / "model", files)
    pin_folder(MODELS, folder, destination=tmp_path / "pinned", allow_dirty=True)
    assert unsupported_reason({name: text.encode() for name, text in files.items()}, "here/model") is None
    below = {f"model_modules/{own}": "", own: None}
    write_model(tmp_path / "other", files | below)
    with pytest.raises(RepositoryError, match="AoaClient"):
        pin_folder(MODELS, tmp_path / "other", destination=tmp_path / "again", allow_dirty=True)


def test_what_was_pinned_is_read_and_not_judged(tmp_path: Path, write_model: WriteModel) -> None:
    """A version may run that was trained before there was this check."""
    helper = {"model_modules/unused.py": "from teradataml import XGBoost"}
    folder = write_model(tmp_path / "model", helper)
    assert read_model(folder, "here/model").name == "model"
    with pytest.raises(RepositoryError, match="XGBoost"):
        pin_folder(MODELS, folder, destination=tmp_path / "pinned", allow_dirty=True)


def test_a_module_of_the_models_own_under_such_a_name() -> None:
    files = {"tmo.py": b"", TRAINING: b"from tmo import anything"}
    assert unsupported_reason(files, "here/model") is None


def test_the_reason_is_the_only_error(tmp_path: Path) -> None:
    """What else a model lacks, which was written for another system, says nothing to anybody."""
    for write in (published.in_r, published.refuse_without_stand_in):
        folder = write(tmp_path)
        with pytest.raises(RepositoryError, match="model") as caught:
            pin_folder(MODELS, folder, destination=tmp_path / f"pinned-{folder.name}", allow_dirty=True)
        assert type(caught.value) is RepositoryError


def test_a_function_score_takes_the_place_of_a_model_scorer(tmp_path: Path, write_model: WriteModel) -> None:
    folder = write_model(tmp_path, {"model_modules/scoring.py": "def score(context, **kwargs): ..."})
    assert read_model(folder, "here/model").has_scorer


@pytest.mark.parametrize(
    ("scoring", "what"),
    [
        ("def score(data_conf, model_conf, **kwargs): ...", "score also requires model_conf"),
        ("async def score(context): ...", "score is async"),
        ("def score(context): ...\nclass ModelScorer: ...", "class ModelScorer has no method predict"),
        ("def scores(context): ...", "there is no class ModelScorer"),
    ],
)
def test_a_wrong_function_score(tmp_path: Path, write_model: WriteModel, scoring: str, what: str) -> None:
    folder = write_model(tmp_path, {"model_modules/scoring.py": scoring})
    with pytest.raises(RepositoryError) as caught:
        read_model(folder, "here/model")
    assert caught.value.what == what
