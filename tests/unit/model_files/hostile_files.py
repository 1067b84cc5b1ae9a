"""Damages the real files of tests/models, by what is inside them."""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import TYPE_CHECKING, Any

import numpy

from unit.model_files.opening import Real

if TYPE_CHECKING:
    from collections.abc import Callable


def lightgbm(line: str, change: Callable[[list[str]], list[str]]) -> bytes:
    """A LightGBM file with other values in a line of each tree, and without the sizes of its trees."""
    text = Real("lightgbm_regressor").path.read_text(encoding="utf-8")
    changed = re.sub(rf"(?m)^{line}=(.*)$", lambda found: f"{line}={' '.join(change(found[1].split(' ')))}", text)
    assert changed != text
    return re.sub(r"(?m)^tree_sizes=.*\n", "", changed).encode()


def xgboost(change: Callable[[dict[str, Any]], None]) -> bytes:
    """An XGBoost file whose first tree is changed."""
    model = json.loads(Real("xgboost_binary").path.read_bytes())
    change(model["learner"]["gradient_booster"]["model"]["trees"][0])
    return json.dumps(model).encode()


def set_in(key: str, place: int, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(tree: dict[str, Any]) -> None:
        tree[key][place] = value

    return change


def skops_tree(child: int) -> bytes:
    """A forest of scikit-learn in which the first node of each tree has another left child."""
    made = io.BytesIO()
    with zipfile.ZipFile(Real("skops_forest").path) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            values = numpy.load(io.BytesIO(content)) if name.endswith(".npy") else None
            if values is not None and values.dtype.names and "left_child" in values.dtype.names:
                values["left_child"][0] = child
                changed = io.BytesIO()
                numpy.save(changed, values)
                content = changed.getvalue()
            new.writestr(name, content)
    return made.getvalue()


def skops_of(schema: dict[str, Any]) -> bytes:
    """A file of skops with only a schema."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as new:
        new.writestr("schema.json", json.dumps(schema | {"protocol": 2, "_skops_version": "0.15.0", "__id__": 1}))
    return made.getvalue()


def bomb(size: int) -> bytes:
    """A file of skops whose schema unpacks to much."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as zipped, zipped.open("schema.json", "w") as opened:
        for _ in range(size // 2**20):
            opened.write(bytes(2**20))
    return made.getvalue()
