"""Reads ONNX files with onnxruntime, after a look at them with the package onnx.

Loaded by main.py, see imported.py.
"""

from __future__ import annotations

import itertools
import os
import re
from typing import TYPE_CHECKING, Any

import numpy
import onnx
import onnxruntime

if TYPE_CHECKING:
    import pyarrow as pa

    from modelops.runtime.child import model_file
else:
    import _modelops_model_file as model_file

LIBRARY = "onnxruntime"
MAX_NODES, MAX_DEPTH = 1_000_000, 16
TYPES = {
    "tensor(float16)": numpy.float16,
    "tensor(float)": numpy.float32,
    "tensor(double)": numpy.float64,
    "tensor(int8)": numpy.int8,
    "tensor(int16)": numpy.int16,
    "tensor(int32)": numpy.int32,
    "tensor(int64)": numpy.int64,
    "tensor(uint8)": numpy.uint8,
    "tensor(uint16)": numpy.uint16,
    "tensor(uint32)": numpy.uint32,
    "tensor(uint64)": numpy.uint64,
    "tensor(bool)": numpy.bool_,
    "tensor(string)": numpy.object_,
}
FLOAT32 = {"tensor(float16)", "tensor(float)"}
VALUES = {"tensor(float16)", "tensor(float)", "tensor(double)"}
MAPS = "seq(map("
ONE_FILE = "a file that holds all its tensors: onnx.save_model(model, path, save_as_external_data=False)"
SAME_ROWS = "a model that takes any number of rows: the first axis of its inputs and outputs is a dynamic one"


class Model:
    """An ONNX file."""

    library = LIBRARY

    def __init__(self, path: str) -> None:
        graph = Graph(path)
        self.classes = graph.classes()
        self._producer = graph.producer
        try:
            self._session = onnxruntime.InferenceSession(path, _options(), providers=["CPUExecutionProvider"])
        except Exception as error:
            raise model_file.of_library(LIBRARY, "load", _clear(error)) from error
        self._inputs, self._outputs = self._session.get_inputs(), self._session.get_outputs()
        for each in self._inputs:
            _check_input(each)
        self._widths = [_width(each) for each in self._inputs]
        if self._widths.count(None) > 1 or not self._inputs:
            raise model_file.ModelFileError(
                f"it has {len(self._inputs)} inputs, and does not say how many features each of them takes",
                right="a model with one input, or whose inputs have a fixed number of columns",
            )

    def describe(self) -> dict[str, Any]:
        """What the file says, and what the model gives for a few rows."""
        tried = self._try()
        label, values = self._chosen([])
        classifies = label is not None or (values is not None and _is_map(values))
        columns = 0 if values is None or tried is None else _columns_of(tried[self._outputs.index(values)])
        if classifies:
            types = ["binary", "multiclass"] if self.classes is None else [_type_of(len(self.classes))]
        else:
            types = ["binary", "regression"] if columns in (0, 1) else [_type_of(columns)]
        names = None
        if len(self._inputs) > 1 and set(self._widths) == {1}:
            names = [each.name for each in self._inputs]
        return {
            "format": "onnx",
            "library": LIBRARY,
            "library_version": onnxruntime.__version__,
            "producer": self._producer,
            "inputs": [_port(each) for each in self._inputs],
            "outputs": [_port(each) for each in self._outputs],
            "features": names,
            "feature_count": None if None in self._widths else sum(filter(None, self._widths)),
            "float32": any(each.type in FLOAT32 for each in self._inputs),
            "classes": self.classes,
            "probabilities": (classifies and values is not None) or columns > 1,
            "types": types,
        }

    def run(self, table: pa.Table, outputs: list[str], classifies: bool) -> tuple[Any, Any]:
        """See imported.py."""
        label, values = self._chosen(outputs)
        if not classifies:
            label, values = None, values if values is not None else label
        wanted = [each.name for each in (label, values) if each is not None]
        found = dict(zip(wanted, self._session.run(wanted, self._feed(table)), strict=True))
        labels = None if label is None else _flat(found[label.name], label, table.num_rows)
        if values is None:
            return labels, None
        given = found[values.name]
        given = self._of_maps(given) if _is_map(values) else given
        if len(given) != table.num_rows:
            raise _other_rows(values, given, table.num_rows)
        return labels, given

    def _chosen(self, names: list[str]) -> tuple[Any, Any]:
        """The outputs with the labels and with the values; None: there is none. By name, or the first by its type."""
        known = {each.name: each for each in self._outputs}
        missing = [name for name in names if name not in known]
        if missing:
            raise model_file.ModelFileError(
                f"it has no output {missing[0]!r}", right=f"one of its outputs {', '.join(known)}"
            )
        among = [known[name] for name in names] or self._outputs
        values = next((each for each in among if each.type in VALUES or _is_map(each)), None)
        label = next((each for each in among if each.type in TYPES and each.type not in VALUES), None)
        if label is None and values is None:
            raise model_file.ModelFileError(
                f"its outputs are of the types {', '.join(sorted({each.type for each in among}))}",
                right="an output with a tensor of labels, of numbers or of probabilities",
            )
        return label, values

    def _feed(self, table: pa.Table) -> dict[str, Any]:
        """The inputs: each takes as many of the features as it has columns, in order."""
        free = table.num_columns - sum(filter(None, self._widths))
        if free < 0 or (free and None not in self._widths):
            raise model_file.other_count(sum(filter(None, self._widths)), table.num_columns)
        fed, place = {}, 0
        for each, width in zip(self._inputs, self._widths, strict=True):
            count = free if width is None else width
            kind = numpy.dtype(TYPES[each.type])
            values = model_file.matrix(table.select(range(place, place + count)), kind)
            fed[each.name] = values[:, 0] if len(each.shape) == 1 else values
            place += count
        return fed

    def _try(self) -> list[Any] | None:
        """What the model gives for a few rows, one after the other of zeros, ones and NaN; None: it can't be tried.

        Raises:
            ModelFileError: it can't predict.
        """
        if None in self._widths:
            return None
        rows = len(model_file.TRIAL_VALUES)
        fed = {each.name: _trial(each, width) for each, width in zip(self._inputs, self._widths, strict=True)}
        try:
            given: list[Any] = self._session.run(None, fed)
        except Exception as error:
            if any(numpy.dtype(TYPES[each.type]).kind != "f" for each in self._inputs):
                print(f"the model was not tried: {_clear(error)}", flush=True)  # it may know other values only
                return None
            raise model_file.of_library(LIBRARY, "predict with", _clear(error)) from error
        for each, values in zip(self._outputs, given, strict=True):
            if (each.type in TYPES or _is_map(each)) and (numpy.ndim(values) == 0 or len(values) != rows):
                raise _other_rows(each, values, rows)
        return given

    def _of_maps(self, maps: list[dict[Any, float]]) -> Any:
        """The values of maps from classes to probabilities, in the order of the classes."""
        if not maps:
            return numpy.empty((0, len(self.classes or ())), dtype=numpy.float32)
        keys = list(maps[0])  # onnxruntime sorts those of each map
        flat = itertools.chain.from_iterable(map(dict.values, maps))
        found = numpy.fromiter(flat, numpy.float32, count=len(maps) * len(keys)).reshape(len(maps), len(keys))
        if self.classes is None or self.classes == keys:
            self.classes = keys
            return found
        return found[:, [keys.index(each) for each in self.classes]]


def _clear(error: BaseException) -> str:
    """The message of onnxruntime without its place in the source."""
    text = model_file.one_line(error, 5_000)
    if "Failed to allocate memory" in text or "bad_alloc" in text:
        return "it needs more memory than it may use"
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", text)
    text = re.sub(r"Load model from \S+ failed: ?", "", text)
    text = re.sub(r"/onnxruntime_src/\S+ (?:.*\]|.*?\)) (?=\S)", "", text)
    return model_file.one_line(ValueError(text))


def _options() -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", "0"))
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # Not by its ending or first bytes: onnxruntime's own format is not looked at by Graph.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    # Threads that wait without sleeping take the time of those of other jobs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


class Graph:
    """What the package onnx finds in the file, before onnxruntime opens it.

    Raises:
        ModelFileError: it needs other files, or has too many nodes, or too deep ones.
    """

    def __init__(self, path: str) -> None:
        try:
            self._model = onnx.load_model(path, load_external_data=False)
        except Exception as error:
            raise model_file.of_library("onnx", "read", model_file.one_line(error)) from error
        self.producer = " ".join(f"{self._model.producer_name} {self._model.producer_version}".split())[:200]
        if self._model.training_info:
            raise model_file.ModelFileError("it holds a training", right="a model that only predicts")
        _check([self._model.graph, *self._model.functions])
        self._initializers = {each.name: each for each in self._model.graph.initializer}

    def classes(self) -> list[Any] | None:
        """The classes in the order of the probabilities, as a classifier has them in its attributes; None: none has.

        Those of the last such node count: a pipeline of several ends with it.
        """
        for node in reversed(self._model.graph.node):
            for attribute in node.attribute:
                if attribute.name in {"classlabels_int64s", "classlabels_ints"} and attribute.ints:
                    return [int(each) for each in attribute.ints]
                if attribute.name == "classlabels_strings" and attribute.strings:
                    return [each.decode("utf-8", errors="replace") for each in attribute.strings]
        return self._classes_chosen()

    def _classes_chosen(self) -> list[Any] | None:
        """The classes of a graph that takes the label from a constant by the place of the largest probability."""
        makers = {name: node for node in self._model.graph.node for name in node.output}
        for output in self._model.graph.output:
            name, steps = output.name, 0
            while (node := makers.get(name)) is not None and steps < 8:
                if not node.input:
                    break
                if node.op_type in {"ArrayFeatureExtractor", "Gather"} and node.input[0] in self._initializers:
                    return _labels(onnx.numpy_helper.to_array(self._initializers[node.input[0]]))
                if node.op_type not in {"Cast", "Reshape", "Identity", "Squeeze", "Flatten"}:
                    break
                name, steps = node.input[0], steps + 1
        return None


def _labels(values: Any) -> list[Any] | None:
    if values.ndim > 2 or values.dtype.kind not in "iuOSU":
        return None
    return [
        each.decode("utf-8", errors="replace") if isinstance(each, bytes) else each for each in values.ravel().tolist()
    ]


def _check(graphs: list[Any]) -> None:
    """Check the nodes and tensors of graphs and functions, and of the graphs in their attributes."""
    count = 0
    waiting = [(each, 1) for each in graphs]
    while waiting:
        graph, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise model_file.ModelFileError(
                f"its graphs are nested more than {MAX_DEPTH} deep", right="a model with fewer loops and branches"
            )
        for tensor in getattr(graph, "initializer", ()):
            _check_tensor(tensor)
        for sparse in getattr(graph, "sparse_initializer", ()):
            _check_sparse(sparse)
        for node in graph.node:
            count += 1
            if count > MAX_NODES:
                raise model_file.ModelFileError(f"it has more than {MAX_NODES:,} nodes", right="a smaller model")
            if node.op_type == "EPContext":
                raise model_file.ModelFileError(
                    "it refers to a program that was compiled for some processor (EPContext)", right=ONE_FILE
                )
            for attribute in node.attribute:
                _check_tensor(attribute.t)
                for tensor in attribute.tensors:
                    _check_tensor(tensor)
                _check_sparse(attribute.sparse_tensor)
                for sparse in attribute.sparse_tensors:
                    _check_sparse(sparse)
                if attribute.HasField("g"):
                    waiting.append((attribute.g, depth + 1))
                waiting += [(each, depth + 1) for each in attribute.graphs]


def _check_sparse(sparse: Any) -> None:
    _check_tensor(sparse.values)
    _check_tensor(sparse.indices)


def _check_tensor(tensor: Any) -> None:
    if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
        where = next((entry.value for entry in tensor.external_data if entry.key == "location"), "")
        raise model_file.ModelFileError(
            f"its tensor {tensor.name[:100]!r} is in another file, {where[:200]!r}", right=ONE_FILE
        )


def _check_input(each: Any) -> None:
    if each.type not in TYPES:
        raise model_file.ModelFileError(
            f"its input {each.name!r} is of the type {each.type}", right="inputs that are tensors of numbers or text"
        )
    if len(each.shape) not in (1, 2):
        raise model_file.ModelFileError(
            f"its input {each.name!r} has the shape {_shape(each)}",
            right="inputs of the shape (rows, features) or (rows,)",
        )
    if isinstance(each.shape[0], int):
        raise model_file.ModelFileError(
            f"its input {each.name!r} has the shape {_shape(each)}: the number of rows is fixed",
            right=SAME_ROWS,
        )


def _width(each: Any) -> int | None:
    """The number of features that an input takes; None: any."""
    if len(each.shape) == 1:
        return 1
    return each.shape[1] if isinstance(each.shape[1], int) else None


def _trial(each: Any, width: int | None) -> Any:
    kind = numpy.dtype(TYPES[each.type])
    values: list[Any] = [""] * len(model_file.TRIAL_VALUES)
    if kind.kind != "O":
        values = [numpy.nan_to_num(value) if kind.kind != "f" else value for value in model_file.TRIAL_VALUES]
    column = numpy.array(values, dtype=kind)
    return column if len(each.shape) == 1 else numpy.repeat(column[:, None], width or 1, axis=1)


def _is_map(each: Any) -> bool:
    return bool(each.type.startswith(MAPS))


def _columns_of(values: Any) -> int:
    """How many numbers a row of an output has."""
    if isinstance(values, list):
        return len(values[0]) if values else 0
    return int(numpy.prod(values.shape[1:])) if values.ndim else 0


def _type_of(classes: int) -> str:
    return "binary" if classes == 2 else "multiclass"


def _flat(labels: Any, each: Any, rows: int) -> Any:
    found = numpy.asarray(labels)
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if found.shape != (rows,):
        raise _other_rows(each, found, rows)
    return found


def _other_rows(each: Any, values: Any, rows: int) -> Exception:
    return model_file.ModelFileError(
        f"its output {each.name!r} has the shape {numpy.shape(values)} for {rows} rows", right=SAME_ROWS
    )


def _shape(each: Any) -> str:
    return f"({', '.join(map(str, each.shape))})"


def _port(each: Any) -> dict[str, Any]:
    shape = [size if isinstance(size, (int, str)) else None for size in each.shape or ()]
    return {"name": each.name, "type": each.type, "shape": shape}
