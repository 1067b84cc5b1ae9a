"""Files of LightGBM, XGBoost and skops that are damaged or mean harm: each gets a sentence with format and cause."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from modelops.domain.errors import ModelFileError
from modelops.formats.recognition import recognise
from unit.model_files import hostile_files
from unit.model_files.hostile_files import set_in
from unit.model_files.opening import Real, within

if TYPE_CHECKING:
    from pathlib import Path

    from unit.model_files.opening import Opener

CRASHED = r"{} crashed while reading this {} file \((SIGSEGV|SIGABRT|SIGBUS)\): it is damaged, or made to do harm"
ENDLESS = (
    "{} used more than the 2 s of CPU time that the time allows while reading this {} file: it is damaged, made to do"
    " harm, or too large"
)
FAR = 10**8


def refusal(opener: Opener, content: bytes, name: str, *, cpu_seconds: float | None = None) -> ModelFileError:
    file = opener.folder / "given"
    file.write_bytes(content)
    return opener.refusal(file, name=name, allowance=within(cpu_seconds=cpu_seconds))


@pytest.mark.parametrize("line", ["left_child", "split_feature"])
def test_lightgbm_crashes(opener: Opener, line: str) -> None:
    content = hostile_files.lightgbm(line, lambda values: [str(FAR), *values[1:]])

    error = refusal(opener, content, "model.txt")

    assert re.fullmatch(CRASHED.format("lightgbm", "LightGBM text"), error.what), error.what
    assert error.where == "model.txt"


def test_lightgbm_with_a_cycle(opener: Opener) -> None:
    content = hostile_files.lightgbm("left_child", lambda values: ["0", *values[1:]])
    content = content.replace(b"right_child=2", b"right_child=0")

    error = refusal(opener, content, "model.txt", cpu_seconds=2)

    assert error.what == ENDLESS.format("lightgbm", "LightGBM text")


def test_lightgbm_without_the_middle(opener: Opener) -> None:
    content = Real("lightgbm_regressor").path.read_bytes()
    content = content[:2000] + b"\nend of trees\n\nend of parameters\n"

    error = refusal(opener, content, "model.txt")

    assert error.what.startswith(("lightgbm crashed", "this LightGBM text file can't be used: lightgbm can't read it"))


@pytest.mark.parametrize("key", ["left_children", "split_indices"])
def test_xgboost_crashes(opener: Opener, key: str) -> None:
    error = refusal(opener, hostile_files.xgboost(set_in(key, 0, FAR)), "model.json")

    assert re.fullmatch(CRASHED.format("xgboost", "XGBoost JSON"), error.what), error.what


def test_xgboost_with_a_cycle(opener: Opener) -> None:
    def turn(tree: dict[str, list[int]]) -> None:
        tree["left_children"][0] = tree["right_children"][0] = 0

    error = refusal(opener, hostile_files.xgboost(turn), "model.json", cpu_seconds=2)

    # Which of the two depends on XGBoost's version.
    ended = ENDLESS.format("xgboost", "XGBoost JSON")
    assert error.what == ended or re.fullmatch(CRASHED.format("xgboost", "XGBoost JSON"), error.what), error.what


def test_xgboost_of_brackets(opener: Opener) -> None:
    error = refusal(opener, b'{"learner":' + b"[" * 5_000_000 + b"}", "model.json")

    assert re.fullmatch(CRASHED.format("xgboost", "XGBoost JSON"), error.what), error.what


def test_xgboost_with_other_bytes(opener: Opener) -> None:
    content = bytearray(Real("xgboost_ubj").path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40] = b"\xff" * 40

    error = refusal(opener, bytes(content), "model.ubj")

    assert error.what.startswith("this XGBoost UBJ file can't be used: xgboost can't read it: "), error.what


def test_skops_with_a_damaged_tree(opener: Opener) -> None:
    error = refusal(opener, hostile_files.skops_tree(FAR), "model.skops")

    assert re.fullmatch(CRASHED.format("skops", "skops"), error.what), error.what


@pytest.mark.parametrize(
    ("module", "name", "loader"),
    [
        ("os", "system", "FunctionNode"),
        ("lightgbm.sklearn", "LGBMClassifier", "ObjectNode"),
    ],
)
def test_skops_with_other_types(opener: Opener, module: str, name: str, loader: str) -> None:
    content = {"module_path": module, "function": name} if loader == "FunctionNode" else None
    schema = {"__class__": name, "__module__": module, "__loader__": loader, "content": content}

    error = refusal(opener, hostile_files.skops_of(schema), "model.skops")

    assert error.what == (
        f"this skops file can't be used: it holds {module}.{name}; that isn't among the types that are loaded from a"
        " file"
    )


def test_a_skops_bomb_is_not_opened(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(hostile_files.bomb(65 * 2**20))

    with pytest.raises(ModelFileError) as refused:
        recognise(file, "model.skops")

    assert refused.value.what == "model.skops is too large for a skops file: its schema.json has 65 MiB"


def test_skops_that_unpacks_to_too_much(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(hostile_files.bomb(60 * 2**20))

    with pytest.raises(ModelFileError, match="is too large for a skops file: it unpacks to 60 MiB"):
        recognise(file, "model.skops")
