"""The formats that can be imported."""

from __future__ import annotations

from modelops.formats import onnx
from modelops.formats.format import Format

FORMATS = {
    each.name: each
    for each in (
        Format(
            name="onnx",
            title="ONNX",
            library="onnxruntime",
            file="model.onnx",
            matches=onnx.matches,
            check=onnx.check,
            unconfined=True,
        ),
    )
}
"""By their names."""
