"""Recognises ONNX files: a ModelProto in the encoding of protocol buffers (onnx.proto of github.com/onnx/onnx)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelops.domain.errors import ModelFileError

if TYPE_CHECKING:
    from modelops.formats.sample import Sample

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_FIELDS = {1: _VARINT, 5: _VARINT} | dict.fromkeys((2, 3, 4, 6, 7, 8, 14, 20, 25, 26), _LENGTH)
"""The numbers of ModelProto's fields and how they are encoded."""
_GRAPH, _OPSET = 7, 8
_MAX_FIELDS = 100_000
_LONGEST_VARINT = 10
EXPECTED = "an ONNX file as its exporter wrote it; export it again, or copy it again"


def matches(sample: Sample) -> bool:
    """Whether a file begins with ModelProto's field `ir_version`, or is named like an ONNX file."""
    return (sample.head[:1] == b"\x08" and sample.head[2:3] in b"\x12\x1a\x22\x28\x32\x3a\x42") or (
        sample.ending == ".onnx"
    )


def check(sample: Sample) -> None:
    """Follow the fields of the outermost message by their lengths, without reading what they hold.

    Raises:
        ModelFileError: the file is cut off, or isn't a ModelProto with a graph.
    """
    place, seen = 0, set[int]()
    for _ in range(_MAX_FIELDS):
        if place == sample.size:
            break
        begin = place
        key, place = _varint(sample, place)
        field, encoding = key >> 3, key & 7
        if _FIELDS.get(field) != encoding:
            raise _refusal(sample, f"at byte {begin:,} it has something that no ONNX file has")
        seen.add(field)
        value, place = _varint(sample, place)
        if encoding == _LENGTH:
            if place + value > sample.size:
                raise _refusal(
                    sample, f"it is cut off: {place + value:,} bytes are announced, and it has {sample.size:,}"
                )
            place += value
    else:
        raise _refusal(sample, f"it has more than {_MAX_FIELDS:,} parts")
    for field, name in ((_GRAPH, "graph"), (_OPSET, "version of its operators")):
        if field not in seen:
            raise _refusal(sample, f"it has no {name}")


def _varint(sample: Sample, place: int) -> tuple[int, int]:
    """The number at a place, and the place after it."""
    value = 0
    for count, byte in enumerate(sample.at(place, _LONGEST_VARINT)):
        value |= (byte & 0x7F) << (7 * count)
        if not byte & 0x80:
            return value, place + count + 1
    raise _refusal(sample, f"it is cut off or damaged at byte {place:,}")


def _refusal(sample: Sample, what: str) -> ModelFileError:
    return ModelFileError(f"{sample.name} is no whole ONNX file: {what}", where=sample.name, expected=EXPECTED)
