"""What stands in for the files that a model leaves out, and what a training left for it.

The estimator that train() returned is only ever loaded in the confined child; here its description is read, which is
JSON (child/standard.py writes both).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from modelops.domain import bounds
from modelops.domain.errors import RequirementsError
from modelops.repository.definition import EVALUATION, MAY_BE_LEFT_OUT, SCORING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelops.plain_files import HeldFolder
    from modelops.repository.definition import ModelDefinition
    from modelops.runtime.environment import Lock

ABOUT = "model.skops.json"
MOST_BYTES = 2**16


def stored_estimator(output: HeldFolder) -> Mapping[str, str] | None:
    """What train() returned and was stored: its class as `estimator`, its `kind`, and the `format`; None: nothing."""
    try:
        with output.open(ABOUT) as file:
            about = bounds.read_json(file.read(MOST_BYTES))
        return {name: str(about[name]) for name in ("estimator", "format", "kind")}
    except (FileNotFoundError, ValueError, LookupError, TypeError):  # or a file of the model's own
        return None


def check_packages(definition: ModelDefinition, lock: Lock, *, where: str) -> None:
    """Refuse packages that lack those of the standard functions, before an environment is built of them.

    Raises:
        RequirementsError: one is missing.
    """
    if lock.text is None or EVALUATION not in definition.left_out:
        return
    needed = ("scikit-learn", "skops") if SCORING in definition.left_out else ("scikit-learn",)
    missing = [name for name in needed if not re.search(rf"(?m)^{name}==", lock.text)]
    if missing:
        raise RequirementsError(
            f"the packages lack {' and '.join(missing)}, which a model without {EVALUATION} needs",
            where=where,
            expected=f"a line {' and a line '.join(missing)}; or {EVALUATION}"
            + (f" and {SCORING}" if SCORING in definition.left_out else ""),
        )


def stand_ins(definition: ModelDefinition, estimator: Mapping[str, str] | None) -> dict[str, str]:
    """What is used in the place of each file that was left out, for the record: file → what it is."""
    found = {file: MAY_BE_LEFT_OUT[file] for file in definition.left_out}
    if EVALUATION in found and estimator is not None:
        found[EVALUATION] = f"standard evaluation ({estimator['kind']})"
    if SCORING in found:
        del found[SCORING]
        if estimator is not None:
            found[SCORING] = f"standard ModelScorer ({estimator['kind']}), {estimator['format']}"
    return found
