"""Recognises files of formats that can't be imported, to name an alternative."""

from __future__ import annotations

import zipfile
import zlib
from typing import TYPE_CHECKING, NamedTuple

from modelops.formats.archive import names_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelops.formats.sample import Sample

EXPORT = "export the model as ONNX"
WRAP = "or put it into a model folder whose ModelScorer opens it"
_GZIP, _ZLIB = b"\x1f\x8b", b"\x78"
_COMPRESSED = (_GZIP, b"BZh", b"\xfd7zXZ\x00", b"\x04\x22\x4d\x18", b"\x5d\x00\x00")
_ZLIB_SECOND_BYTES = b"\x01\x5e\x9c\xda"
_INFLATED_BYTES = 4096
_TEXT_BYTES = 4096


class LeftOut(NamedTuple):
    """Files that can't be imported: what they are, how they are recognised, and what to do instead."""

    what: str
    matches: Callable[[Sample], bool]
    instead: str


def _inflated(sample: Sample) -> bytes:
    """The first bytes of a file in a compression that gzip or zlib undoes; empty if it is in none."""
    head = sample.head
    if head[:2] == _GZIP:
        window = 16 + zlib.MAX_WBITS
    elif head[:1] == _ZLIB and head[1:2] in _ZLIB_SECOND_BYTES:
        window = zlib.MAX_WBITS
    else:
        return b""
    try:
        return zlib.decompressobj(window).decompress(head, _INFLATED_BYTES)
    except zlib.error:
        return b""


def _is_pickle(sample: Sample) -> bool:
    """Whether it begins as a pickle of protocol 2 to 5 does, also one that joblib has compressed, or is named so."""
    begins = any(
        len(head) > 2 and head[:1] == b"\x80" and head[1] in range(2, 6) for head in (sample.head, _inflated(sample))
    )
    return begins or sample.ending in {".pkl", ".pickle", ".joblib", ".cloudpickle"}


def _is_compressed(sample: Sample) -> bool:
    return sample.head.startswith(_COMPRESSED) or bool(_inflated(sample))


def _is_of_r(sample: Sample) -> bool:
    heads = (sample.head, _inflated(sample))
    return sample.ending in {".rds", ".rda", ".rdata"} or any(
        head.startswith((b"X\n\x00\x00\x00", b"RDX2\n", b"RDX3\n", b"A\n2\n", b"A\n3\n")) for head in heads
    )


def _is_pmml(sample: Sample) -> bool:
    return sample.ending == ".pmml" or b"<PMML" in sample.head[:_TEXT_BYTES]


def _has(*wanted: str) -> Callable[[Sample], bool]:
    """Whether it is a zip archive with a file of this name, in any folder; or, with a slash at its end, a folder."""

    def matches(sample: Sample) -> bool:
        if sample.head[:2] != b"PK":
            return False
        try:
            names = names_in(sample)
        except (zipfile.BadZipFile, ValueError):
            return False
        return any(f"/{name}".endswith(f"/{each}") or f"/{each}" in f"/{name}" for name in names for each in wanted)

    return matches


def _named(*endings: str) -> Callable[[Sample], bool]:
    return lambda sample: sample.ending in endings


def _begins(*heads: bytes) -> Callable[[Sample], bool]:
    return lambda sample: sample.head.startswith(heads)


def _either(*tests: Callable[[Sample], bool]) -> Callable[[Sample], bool]:
    return lambda sample: any(test(sample) for test in tests)


LEFT_OUT = (
    LeftOut(
        "an R object",
        _is_of_r,
        f"{EXPORT} (R packages for XGBoost and LightGBM save their own formats too), {WRAP}",
    ),
    LeftOut(
        "a pickle or a file of joblib",
        _is_pickle,
        f"a format that runs no code when it is opened: {EXPORT} (skl2onnx), or save it with skops.io.dump(); a pickle"
        f" runs code when it is opened. Or train the model here, from a model folder",
    ),
    LeftOut(
        "a CatBoost model", _either(_begins(b"CBM1"), _named(".cbm")), f"{EXPORT} (save_model(format='onnx')), {WRAP}"
    ),
    LeftOut("PMML", _is_pmml, f"{EXPORT}, {WRAP}"),
    LeftOut("an H2O MOJO or POJO", _either(_has("model.ini"), _named(".mojo", ".pojo")), f"{EXPORT}, {WRAP}"),
    LeftOut("a SAS analytic store", _named(".astore", ".sasast"), f"{EXPORT}, {WRAP}"),
    LeftOut("a scoring package of DataRobot", _has("com/datarobot/"), f"{EXPORT}, {WRAP}"),
    LeftOut("a scoring package of Dataiku", _has("com/dataiku/"), f"{EXPORT}, {WRAP}"),
    LeftOut("an archive of Java classes", _either(_has("META-INF/MANIFEST.MF"), _named(".jar")), f"{EXPORT}, {WRAP}"),
    LeftOut("an MLflow model", _either(_has("MLmodel"), lambda sample: sample.name == "MLmodel"), f"{EXPORT}, {WRAP}"),
    LeftOut(
        "a PyTorch model, whose tensors are in a pickle",
        _either(_has("data.pkl"), _named(".pt", ".pth")),
        f"{EXPORT} (torch.onnx.export), {WRAP}",
    ),
    LeftOut(
        "a Keras or HDF5 file",
        _either(_has("model.weights.h5"), _begins(b"\x89HDF\r\n\x1a\n"), _named(".keras", ".h5")),
        f"{EXPORT} (tf2onnx), {WRAP}",
    ),
    LeftOut("a TensorFlow SavedModel", lambda sample: sample.name == "saved_model.pb", f"{EXPORT} (tf2onnx), {WRAP}"),
    LeftOut("a file in ONNX Runtime's own format", _named(".ort"), "the ONNX file that it was made from"),
    LeftOut("a compressed file", _is_compressed, "the model file itself, without compression"),
)
"""In this order: the first one that matches names the file."""
