"""ONNX files that are damaged, mean harm or can't be used: each gets a sentence with the format and the cause."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from unit.model_files.opening import MODELS, Real, within

if TYPE_CHECKING:
    from modelops.runtime.environment import Environment
    from unit.model_files.opening import Opener

PROGRAM = Path(__file__).with_name("hostile_onnx.py")
REFUSED = {
    "external_above": "its tensor 'w' is in another file, '../secret'",
    "external_absolute": "its tensor 'w' is in another file, '/etc/passwd'",
    "external_beside": "its tensor 'w' is in another file, 'beside.bin'",
    "external_in_memory": "its tensor 'w' is in another file, '*/_ORT_MEM_ADDR_/*'",
    "external_in_branch": "its tensor 'w' is in another file, 'beside.bin'",
    "external_in_attribute": "its tensor 'w' is in another file, 'beside.bin'",
    "external_in_function": "its tensor 'w' is in another file, 'beside.bin'",
    "nested": "its graphs are nested more than 16 deep",
    "compiled": "it refers to a program that was compiled for some processor (EPContext)",
    "huge": "onnxruntime can't predict with it: it needs more memory than it may use",
    "expanded": "onnxruntime can't predict with it: it needs more memory than it may use",
    "tree_feature": "One path in the graph requests feature 1000000 but input tensor has 2 features",
    "tree_child": "onnxruntime can't load it: Exception during initialization: (coor.node_id >= 0 &&",
    "tree_cycle": "A node cannot point to itself",
    "tree_lengths": "nodes_falsenodeids size (3) must match nodes_values (1)",
    "unknown_operator": "No Op registered for Own",
    "other_domain": "of.somebody:Own(-1) is not a registered function/op",
    "one_row": "its input 'x' has the shape (1, 2): the number of rows is fixed",
    "one_number": "its output 'y' has the shape () for 3 rows",
    "no_numbers": "its outputs are of the types seq(tensor(float))",
}


@pytest.fixture(scope="session")
def hostile(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    subprocess.run([environment.python, PROGRAM, folder], check=True)
    (folder / "beside.bin").write_bytes(bytes(8))
    return folder


@pytest.mark.parametrize("name", REFUSED)
def test_refused(opener: Opener, hostile: Path, name: str) -> None:
    error = opener.refusal(hostile / f"{name}.onnx")

    assert error.what.startswith("this ONNX file can't be used: ")
    assert REFUSED[name] in error.what
    assert (error.where, len(error.what) < 500) == ("model.onnx", True)
    # A sentence without the paths of the machine, and nothing more in the log.
    assert str(opener.folder) not in str(error)
    assert not [line for line in opener.lines if "Traceback" in line]


def test_an_endless_loop(opener: Opener, hostile: Path) -> None:
    error = opener.refusal(hostile / "endless.onnx", allowance=within(cpu_seconds=2))

    assert error.what == (
        "onnxruntime used more than the 2 s of CPU time that the time allows while reading this ONNX file: it is"
        " damaged, made to do harm, or too large"
    )


def test_types_that_the_library_refuses(opener: Opener) -> None:
    error = opener.refusal(MODELS / "refused" / "double.onnx")

    assert error.what == (
        "this ONNX file can't be used: onnxruntime can't load it: Type Error: Type (tensor(double)) of output arg"
        " (probabilities) of node (N1) does not match expected type (tensor(float))."
    )


def test_damage_inside_the_file(opener: Opener, tmp_path: Path) -> None:
    content = bytearray(Real("onnx_boosting").path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(64)
    (tmp_path / "damaged.onnx").write_bytes(content)

    error = opener.refusal(tmp_path / "damaged.onnx")

    assert error.what.startswith("this ONNX file can't be used: onnx")
