"""Imported model files: what their format's library says of them, and how predictions are made with one."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

ModelType = Literal["binary", "multiclass", "regression"]

MAX_NAMES = 10_000
"""Maximum number of inputs, outputs, features or classes of a model file."""
MAX_NAME_CHARACTERS = 1_000
Label = str | int | float | bool
"""A class: what the target of a row may be."""


@dataclass(frozen=True, kw_only=True)
class ImportedModel:
    """How a model file is used: all that a version records of it besides the file itself.

    Attributes:
        format: the name of the format in `modelops.formats.catalogue`.
        file: the name of the file in the folder of the version's artifacts.
        type: binary, multiclass or regression.
        features: names of the dataset's features, in the order of the model's inputs.
        classes: the classes in the order of the model's probabilities; None: those in the file. Where the file has
            others, these replace them one by one.
        positive: of two classes the one whose probability is the prediction; None: the second.
        outputs: names of the model's outputs that have the predictions; empty: they are found by their types.
    """

    format: str
    file: str
    type: ModelType
    features: tuple[str, ...]
    classes: tuple[Label, ...] | None = None
    positive: Label | None = None
    outputs: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As a version records it, and child/imported.py reads it."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> ImportedModel:
        """From the registry."""
        lists = {name: tuple(record[name]) for name in ("features", "outputs")}
        classes = record["classes"]
        return cls(**dict(record) | lists | {"classes": None if classes is None else tuple(classes)})


@dataclass(frozen=True, kw_only=True)
class Port:
    """An input or an output of a model file: its name, the type of its elements, and its shape.

    In `shape`, None or a name stands for any number. `shape` is None if the file doesn't say it.
    """

    name: str
    type: str
    shape: tuple[int | str | None, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Description:
    """What the format's library found in a model file.

    Attributes:
        format: the name of the format.
        library, library_version: the library that read the file.
        producer: the program that wrote the file, as the file says; empty if it says nothing.
        inputs, outputs: as the library names them.
        features: the names of the features in their order; None: the file has no names, or only places such as
            Column_0.
        feature_count: how many features a row has; None: any number.
        float32: whether values are rounded to float32 before the model gets them.
        classes: the classes in the order of the probabilities; None: the file has none.
        probabilities: whether it gives a probability for each class, or that of the second one.
        types: the types of model that the file may be.
    """

    format: str
    library: str
    library_version: str
    producer: str = ""
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    features: tuple[str, ...] | None = None
    feature_count: int | None = None
    float32: bool = False
    classes: tuple[Label, ...] | None = None
    probabilities: bool = False
    types: tuple[ModelType, ...] = field(default=("binary", "multiclass", "regression"))

    def to_json(self) -> dict[str, Any]:
        """For the registry."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: Any, *, format_: str | None = None) -> Description:
        """From what a child wrote, or the registry.

        Raises:
            ValueError, TypeError: it isn't a description, or not of this format, or it has too many or too long names.
        """
        if not isinstance(found, dict) or set(found) != set(cls.__dataclass_fields__):
            raise ValueError("its fields are not those of a description")
        count = found["feature_count"]
        if not (count is None or (_is_integer(count) and 0 < count < 2**31)):
            raise ValueError("feature_count is not a positive number")
        if format_ not in (None, found["format"]):
            raise ValueError("it is of another format")
        return cls(
            format=_text(found["format"], "format"),
            library=_text(found["library"], "library"),
            library_version=_text(found["library_version"], "library_version"),
            producer=_text(found["producer"], "producer"),
            float32=_flag(found["float32"], "float32"),
            probabilities=_flag(found["probabilities"], "probabilities"),
            inputs=tuple(_port(each) for each in _items(found["inputs"], "inputs")),
            outputs=tuple(_port(each) for each in _items(found["outputs"], "outputs")),
            features=_names(found["features"], "features"),
            feature_count=count,
            classes=_classes(found["classes"]),
            types=_types(found["types"]),
        )


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or len(value) > MAX_NAME_CHARACTERS:
        raise ValueError(f"{name} is no text of at most {MAX_NAME_CHARACTERS:,} characters")
    if not value.isprintable():
        raise ValueError(f"{name} has characters that can't be printed")
    return value


def _flag(value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{name} is not true or false")
    return value


def _items(value: object, name: str) -> list[Any] | tuple[Any, ...]:
    if not isinstance(value, (list, tuple)) or len(value) > MAX_NAMES:
        raise ValueError(f"{name} is no list of at most {MAX_NAMES:,} elements")
    return value


def _names(value: object, name: str) -> tuple[str, ...] | None:
    return None if value is None else tuple(_text(each, name) for each in _items(value, name))


def _port(value: object) -> Port:
    if not isinstance(value, dict) or set(value) != set(Port.__dataclass_fields__):
        raise ValueError("an input or output has other fields than name, type and shape")
    shape = value["shape"]
    if shape is not None:
        for size in _items(shape, "shape"):
            if _is_integer(size) and not -(2**63) <= size < 2**63:
                raise ValueError("a shape has a number that is too large")
            if not (size is None or _is_integer(size)):
                _text(size, "shape")
    return Port(
        name=_text(value["name"], "name"),
        type=_text(value["type"], "type"),
        shape=None if shape is None else tuple(shape),
    )


def _classes(value: object) -> tuple[Label, ...] | None:
    if value is None:
        return None
    found = _items(value, "classes")
    for each in found:
        if isinstance(each, str):
            _text(each, "classes")
        elif not isinstance(each, (bool, int, float)) or not -(2**63) <= each < 2**63:
            raise ValueError("a class is neither text nor a number")
    return tuple(found)


def _types(value: object) -> tuple[ModelType, ...]:
    known: tuple[ModelType, ...] = ("binary", "multiclass", "regression")
    found = tuple(each for each in known if each in _items(value, "types"))
    if not found:
        raise ValueError("it fits no type of model")
    return found
