"""Formats are recognised by bytes, without any library."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import struct
import sys
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest

from modelops.domain.errors import ModelFileError
from modelops.formats.catalogue import FORMATS
from modelops.formats.recognition import recognise
from unit.model_files.opening import REAL, Real

if TYPE_CHECKING:
    from pathlib import Path


def refused(tmp_path: Path, content: bytes, name: str = "model.onnx") -> ModelFileError:
    file = tmp_path / "file"
    file.write_bytes(content)
    with pytest.raises(ModelFileError) as error:
        recognise(file, name)
    assert error.value.where == name
    return error.value


def archive(*names: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as zipped:
        for name in names:
            zipped.writestr(name, "content")
    return made.getvalue()


@pytest.mark.parametrize("name", REAL)
def test_real_files_by_any_name(name: str) -> None:
    real = Real(name)

    assert recognise(real.path, "some file").name == real.expected["format"]


@pytest.mark.parametrize("name", REAL)
def test_files_that_are_cut_off(tmp_path: Path, name: str) -> None:
    real = Real(name)
    content = real.path.read_bytes()

    error = refused(tmp_path, content[: len(content) * 2 // 3], real.expected["file"])

    assert FORMATS[real.expected["format"]].title in error.what
    assert "cut off" in error.what or "damaged" in error.what


def test_an_archive_with_a_large_directory_before_a_long_comment(tmp_path: Path) -> None:
    """Its end record is at the beginning of the bytes that are read, and what stands before says 64 bits."""
    made = archive("schema.json")
    body, end = made[:-22], made[-22:]
    record = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 1, 1, 46, len(body) - 57)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, len(body), 1)
    comment = 2**16 - 22 - 1

    error = refused(
        tmp_path, body + record + locator + end[:-2] + struct.pack("<H", comment) + b" " * comment, "a.skops"
    )

    assert "4 GiB" in error.what


def test_an_empty_file(tmp_path: Path) -> None:
    assert refused(tmp_path, b"").what == "model.onnx is empty"


def test_random_bytes(tmp_path: Path) -> None:
    content = bytes(range(1, 256)) * 100

    assert refused(tmp_path, content).what == (
        "model.onnx is no whole ONNX file: at byte 0 it has something that no ONNX file has"
    )
    error = refused(tmp_path, content, "model")
    assert error.what.startswith("model is in no format that can be imported: it begins with b'\\x01\\x02")
    assert error.expected == f"a model file in one of the formats {', '.join(each.title for each in FORMATS.values())}"


def test_a_sparse_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    with file.open("wb") as opened:
        opened.write(b"\x08\x08")
        opened.truncate(10 * 2**30)
    if file.stat().st_blocks > 2**20:
        pytest.skip("this file system has no sparse files")

    with pytest.raises(ModelFileError, match=r"holes: the file system holds fewer bytes of it than the 10,737,418,240"):
        recognise(file, "model.onnx")


LEFT_OUT = {
    "a pickle or a file of joblib": [
        ("model.onnx", pickle.dumps({"a": 1}, protocol=protocol)) for protocol in range(2, 6)
    ]
    + [
        ("m", zlib.compress(pickle.dumps([1]))),
        ("m", gzip.compress(pickle.dumps([1]))),
        ("m.joblib", b"anything"),
        ("m.pkl", b"(lp0\n."),
    ],
    "an R object": [("model", gzip.compress(b"X\n\x00\x00\x00\x03\x00")), ("fit.rds", b"anything")],
    "a CatBoost model": [("model", b"CBM1\x00\x00")],
    "PMML": [("model", b"<?xml version='1.0'?><PMML version='4.4'>"), ("m.pmml", b"<a/>")],
    "an H2O MOJO or POJO": [("model.zip", archive("model.ini", "domains/d000.txt"))],
    "a SAS analytic store": [("m.astore", b"anything")],
    "a scoring package of DataRobot": [("m.jar", archive("META-INF/MANIFEST.MF", "com/datarobot/A.class"))],
    "a scoring package of Dataiku": [("m.jar", archive("META-INF/MANIFEST.MF", "com/dataiku/A.class"))],
    "an archive of Java classes": [("m", archive("META-INF/MANIFEST.MF"))],
    "an MLflow model": [("m.zip", archive("model/MLmodel", "model/model.pkl"))],
    "a PyTorch model, whose tensors are in a pickle": [("m", archive("archive/data.pkl", "archive/data/0"))],
    "a Keras or HDF5 file": [("m", b"\x89HDF\r\n\x1a\n"), ("m", archive("config.json", "model.weights.h5"))],
    "a TensorFlow SavedModel": [("saved_model.pb", b"\x08\x01\x12\x02")],
    "a compressed file": [("m.onnx.gz", gzip.compress(b"\x08\x08\x12\x00"))],
}


@pytest.mark.parametrize("what", LEFT_OUT)
def test_formats_that_are_left_out(tmp_path: Path, what: str) -> None:
    for name, content in LEFT_OUT[what]:
        error = refused(tmp_path, content, name)
        assert error.what == f"{name} is {what}, which can't be imported"
        assert "export the model as ONNX" in error.expected or what == "a compressed file"


def test_a_pickle_is_explained(tmp_path: Path) -> None:
    error = refused(tmp_path, pickle.dumps(object()), "model.pkl")

    assert "a pickle runs code when it is opened" in error.expected


def test_a_large_archive_is_not_read(tmp_path: Path) -> None:
    """A directory that announces much is refused before it is read."""
    content = bytearray(archive("a"))
    end = content.rindex(b"PK\x05\x06")
    content[end + 10 : end + 12] = b"\xff\xff"

    assert "is in no format that can be imported" in refused(tmp_path, bytes(content), "m").what


def test_no_library_is_loaded() -> None:
    assert not {"onnx", "onnxruntime", "lightgbm", "xgboost"} & set(sys.modules)


def test_nothing_is_opened_for_long(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    refused(tmp_path, b"nothing", "model")

    assert len(os.listdir("/proc/self/fd")) == before
