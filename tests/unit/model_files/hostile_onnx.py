"""Makes ONNX files that mean harm or can't be used; run with the Python of the format's environment.

Usage: hostile_onnx.py FOLDER    makes FOLDER/<name>.onnx
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import onnx
from onnx import TensorProto, helper

if TYPE_CHECKING:
    from collections.abc import Iterator

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


def model(nodes: list[Any], *, initializers: list[Any] = (), rows: int | None = None, **others: Any) -> Any:  # type: ignore[assignment]
    """A model of two features and one output y."""
    graph = helper.make_graph(
        nodes,
        "hostile",
        [helper.make_tensor_value_info("x", FLOAT, [rows, 2])],
        [helper.make_tensor_value_info("y", others.pop("output", FLOAT), others.pop("shape", None))],
        list(initializers),
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, **others)


def external(location: str) -> Any:
    """A tensor whose values are in another file."""
    tensor = TensorProto(name="w", data_type=FLOAT, dims=[2, 1], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=location)
    return tensor


def of_external(location: str) -> Any:
    return model([helper.make_node("MatMul", ["x", "w"], ["y"])], initializers=[external(location)])


def constant(name: str, values: list[Any], kind: int = INT64, shape: list[int] | None = None) -> Any:
    return helper.make_tensor(name, kind, [len(values)] if shape is None else shape, values)


def subgraph(nodes: list[Any], output: str, **others: Any) -> Any:
    return helper.make_graph(nodes, output, [], [helper.make_tensor_value_info(output, FLOAT, None)], **others)


def in_branch() -> Any:
    inner = subgraph([helper.make_node("MatMul", ["x", "w"], ["inner"])], "inner", initializer=[external("beside.bin")])
    node = helper.make_node("If", ["yes"], ["y"], then_branch=inner, else_branch=inner)
    return model([node], initializers=[constant("yes", [True], BOOL, [])])


def nested(depth: int) -> Any:
    graph = subgraph([helper.make_node("Identity", ["x"], ["leaf"])], "leaf")
    for level in range(depth):
        name = f"level{level}"
        graph = subgraph([helper.make_node("If", ["yes"], [name], then_branch=graph, else_branch=graph)], name)
        if level > 8:  # not twice as large with each level
            del graph.node[0].attribute[1].g.node[:]
    node = helper.make_node("If", ["yes"], ["y"], then_branch=graph, else_branch=graph)
    return model([node], initializers=[constant("yes", [True], BOOL, [])])


def endless() -> Any:
    body = helper.make_graph(
        [helper.make_node("Identity", ["going"], ["on"]), helper.make_node("Add", ["sum", "sum"], ["more"])],
        "body",
        [
            helper.make_tensor_value_info("round", INT64, []),
            helper.make_tensor_value_info("going", BOOL, []),
            helper.make_tensor_value_info("sum", FLOAT, None),
        ],
        [helper.make_tensor_value_info("on", BOOL, []), helper.make_tensor_value_info("more", FLOAT, None)],
    )
    return model(
        [helper.make_node("Loop", ["", "yes", "x"], ["y"], body=body)],
        initializers=[constant("yes", [True], BOOL, [])],
    )


def trees(**changes: Any) -> Any:
    """A regressor with one tree of three nodes."""
    attributes: dict[str, Any] = {
        "nodes_treeids": [0, 0, 0],
        "nodes_nodeids": [0, 1, 2],
        "nodes_featureids": [0, 0, 0],
        "nodes_values": [0.5, 0.0, 0.0],
        "nodes_modes": ["BRANCH_LEQ", "LEAF", "LEAF"],
        "nodes_truenodeids": [1, 0, 0],
        "nodes_falsenodeids": [2, 0, 0],
        "target_treeids": [0, 0],
        "target_nodeids": [1, 2],
        "target_ids": [0, 0],
        "target_weights": [1.0, 2.0],
        "n_targets": 1,
    }
    return model([helper.make_node("TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", **attributes | changes)])


def models() -> Iterator[tuple[str, Any]]:
    for name, location in (
        ("external_above", "../secret"),
        ("external_absolute", "/etc/passwd"),
        ("external_beside", "beside.bin"),
        ("external_in_memory", "*/_ORT_MEM_ADDR_/*"),
    ):
        yield name, of_external(location)
    yield "external_in_branch", in_branch()
    yield (
        "external_in_attribute",
        model(
            [
                helper.make_node("Constant", [], ["w"], value=external("beside.bin")),
                helper.make_node("MatMul", ["x", "w"], ["y"]),
            ]
        ),
    )
    function = helper.make_function(
        "own",
        "F",
        ["a"],
        ["b"],
        [
            helper.make_node("Constant", [], ["w"], value=external("beside.bin")),
            helper.make_node("MatMul", ["a", "w"], ["b"]),
        ],
        [helper.make_opsetid("", 17)],
    )
    with_function = model([helper.make_node("F", ["x"], ["y"], domain="own")], functions=[function])
    with_function.opset_import.append(helper.make_opsetid("own", 1))
    yield "external_in_function", with_function
    yield "nested", nested(20)
    yield (
        "huge",
        model(
            [helper.make_node("ConstantOfShape", ["n"], ["c"]), helper.make_node("ReduceSum", ["c"], ["y"])],
            initializers=[constant("n", [10**12])],
        ),
    )
    yield (
        "expanded",
        model(
            [
                helper.make_node("Expand", ["x", "n"], ["wide"]),
                helper.make_node("ReduceSum", ["wide", "axes"], ["y"], keepdims=0),
            ],
            initializers=[constant("n", [50_000, 50_000, 1, 2]), constant("axes", [0, 1])],
        ),
    )
    yield "endless", endless()
    yield "tree_feature", trees(nodes_featureids=[1_000_000, 0, 0])
    yield "tree_child", trees(nodes_truenodeids=[1_000_000, 0, 0])
    yield "tree_cycle", trees(nodes_truenodeids=[0, 0, 0])
    yield "tree_lengths", trees(nodes_values=[0.5])
    yield "unknown_operator", model([helper.make_node("Own", ["x"], ["y"], domain="")])
    other = model([helper.make_node("Own", ["x"], ["y"], domain="of.somebody")])
    other.opset_import.append(helper.make_opsetid("of.somebody", 1))
    yield "other_domain", other
    yield "one_row", model([helper.make_node("Identity", ["x"], ["y"])], rows=1)
    yield "one_number", model([helper.make_node("ReduceMean", ["x"], ["y"], keepdims=0)])
    yield (
        "no_numbers",
        model(
            [
                helper.make_node("SequenceConstruct", ["x"], ["y"]),
            ]
        ),
    )
    yield "compiled", model([helper.make_node("EPContext", ["x"], ["y"], domain="com.microsoft")])


def main(folder: Path) -> None:
    for name, made in models():
        if name == "no_numbers":
            del made.graph.output[:]
            made.graph.output.append(helper.make_tensor_sequence_value_info("y", FLOAT, None))
        (folder / f"{name}.onnx").write_bytes(made.SerializeToString())


if __name__ == "__main__":
    assert onnx.__version__
    main(Path(sys.argv[1]))
