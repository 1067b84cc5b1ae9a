"""Entry points are found by reading the code, never by running it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modelops.domain.errors import RepositoryError
from modelops.repository.entry_points import require_function, require_method

if TYPE_CHECKING:
    from pathlib import Path


def check_train(folder: Path, source: str) -> None:
    (folder / "training.py").write_text(source)
    require_function(folder / "training.py", "training.py", "train")


def check_scorer(folder: Path, source: str) -> None:
    (folder / "scoring.py").write_text(source)
    require_method(folder / "scoring.py", "scoring.py", "ModelScorer", "predict")


@pytest.mark.parametrize(
    "source",
    [
        "def train(context, **kwargs): pass",
        "def train(context, /): pass",
        "def train(*args): pass",
        "def train(context, other=1, *, more=2): pass",
        "@wrap\ndef train(): pass",
        "from .work import fit as train",
        "from .work import *",
        "train = make_train()",
        "try:\n    from fast import train\nexcept ImportError:\n    def train(context): pass",
        "def train(): pass\ndef train(context): pass",
        "pattern = '\\d'\ndef train(context): pass",
        "raise RuntimeError('this file was run')\ndef train(context): pass",
    ],
)
def test_a_function_that_can_be_called(tmp_path: Path, source: str) -> None:
    check_train(tmp_path, source)


@pytest.mark.parametrize(
    ("source", "what", "place"),
    [
        ("", "there is no function train", ""),
        ("class A:\n    def train(context): pass", "there is no function train", ""),
        ("def outer():\n    def train(context): pass", "there is no function train", ""),
        ("\ndef train(): pass", "train takes too few arguments", ":2"),
        ("def train(*, context): pass", "train takes too few arguments", ":1"),
        ("def train(context, rows, *, seed): pass", "train also requires rows, seed", ":1"),
        ("async def train(context): pass", "train is async", ":1"),
        ("class train: pass", "train is a class", ":1"),
        ("import os\ndef train(context)\n    pass", "this isn't Python: expected ':'", ":2"),
        ("def train(context): pass\nreturn 1", "this isn't Python: 'return' outside function", ":2"),
        ("x = '\0'", "this isn't Python: source code string cannot contain null bytes", ""),
        ("x = " + "(" * 500, "this isn't Python: too many nested parentheses", ":1"),
    ],
)
def test_a_function_that_can_not_be_called(tmp_path: Path, source: str, what: str, place: str) -> None:
    with pytest.raises(RepositoryError) as refusal:
        check_train(tmp_path, source)
    assert refusal.value.what == what
    assert refusal.value.where == f"training.py{place}"


@pytest.mark.parametrize(
    "source",
    [
        "class ModelScorer:\n    def predict(self, data): pass",
        "class ModelScorer:\n    @staticmethod\n    def predict(data): pass",
        "class ModelScorer(Base): pass",
        "from .work import ModelScorer",
    ],
)
def test_a_scorer_that_can_be_used(tmp_path: Path, source: str) -> None:
    check_scorer(tmp_path, source)


@pytest.mark.parametrize(
    ("source", "what", "place"),
    [
        ("def ModelScorer(): pass", "there is no class ModelScorer", ""),
        ("\nclass ModelScorer: pass", "class ModelScorer has no method predict", ":2"),
        ("class ModelScorer:\n    def predict(self): pass", "predict takes too few arguments", ":2"),
        ("class ModelScorer:\n    async def predict(self, data): pass", "predict is async", ":2"),
    ],
)
def test_a_scorer_that_can_not_be_used(tmp_path: Path, source: str, what: str, place: str) -> None:
    with pytest.raises(RepositoryError) as refusal:
        check_scorer(tmp_path, source)
    assert refusal.value.what == what
    assert refusal.value.where == f"scoring.py{place}"
